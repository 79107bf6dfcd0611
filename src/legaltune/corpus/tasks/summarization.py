"""Summarization: the Leitsätze, from the whole decision."""

from __future__ import annotations

from collections.abc import Iterator

from legaltune.config.schema import TaskName
from legaltune.corpus.document import Decision, SectionName
from legaltune.corpus.example import Example
from legaltune.corpus.tasks.base import TaskContext, chat_example, decision_text, join_paragraphs

_INSTRUCTION = "Fasse die tragenden Rechtssätze dieser Entscheidung als Leitsatz zusammen."


def examples(decision: Decision, context: TaskContext) -> Iterator[Example]:
    """One example where the decision has grounds and a Leitsatz."""
    if not decision.grounds:
        return
    example = chat_example(
        decision,
        TaskName.SUMMARIZATION,
        document=decision_text(decision),
        instruction=_INSTRUCTION,
        target=join_paragraphs(decision.section(SectionName.LEITSATZ)),
    )
    if example:
        yield example
