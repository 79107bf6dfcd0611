"""Case analysis: the grounds, from the facts alone."""

from __future__ import annotations

from collections.abc import Iterator

from legaltune.config.schema import TaskName
from legaltune.corpus.example import Example
from legaltune.corpus.tasks.base import TaskContext, View, chat_example, leading_text
from legaltune.corpus.tasks.case import Case
from legaltune.corpus.tasks.checks import Rejection, has_words, is_own_text

_MIN_WORDS = 20
_MAX_SHARE_OF_FACTS = 0.5


def examples(case: Case, view: View, context: TaskContext) -> Iterator[Example | Rejection]:
    """One example where the decision tells its facts apart from its grounds."""
    if not case.facts or not case.grounds:
        return
    target = leading_text(case.grounds, context.limits.max_target_characters)
    facts = view.facts
    rejection = (
        (None if target else Rejection.TARGET_TOO_LONG)
        or has_words(target, at_least=_MIN_WORDS)
        or is_own_text(target, facts.text, max_copied_share=_MAX_SHARE_OF_FACTS)
    )
    yield rejection or chat_example(
        case,
        context,
        TaskName.CASE_ANALYSIS,
        document=facts,
        instruction=context.choose(context.phrasings.case_analysis, case.decision, TaskName.CASE_ANALYSIS),
        target=target,
    )
