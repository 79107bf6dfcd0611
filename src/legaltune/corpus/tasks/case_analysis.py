"""Case analysis: the grounds, from the facts alone."""

from __future__ import annotations

from collections.abc import Iterator

from legaltune.config.schema import TaskName
from legaltune.corpus.document import Decision
from legaltune.corpus.example import Example
from legaltune.corpus.tasks.base import TaskContext, chat_example, facts_text, join_paragraphs, leading_paragraphs

_INSTRUCTION = "Würdige diesen Sachverhalt rechtlich. Schreibe die Entscheidungsgründe."


def examples(decision: Decision, context: TaskContext) -> Iterator[Example]:
    """One example where the decision has a Tatbestand and its grounds begin with a paragraph that fits."""
    facts = facts_text(decision)
    target = join_paragraphs(leading_paragraphs(decision.grounds, context.limits.max_target_characters))
    if not facts or not target:
        return
    example = chat_example(decision, TaskName.CASE_ANALYSIS, document=facts, instruction=_INSTRUCTION, target=target)
    if example:
        yield example
