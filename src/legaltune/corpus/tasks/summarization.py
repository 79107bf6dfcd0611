"""Summarization: the Leitsätze, from the decision or from the parts of it that support them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from legaltune.config.schema import TaskName
from legaltune.corpus.document import SectionName
from legaltune.corpus.example import Example
from legaltune.corpus.tasks.base import Shown, TaskContext, View, chat_example, show_grounds
from legaltune.corpus.tasks.case import Case
from legaltune.corpus.tasks.checks import Rejection, has_words, is_finished, is_own_text, is_shorter, says_something
from legaltune.corpus.tasks.windows import OMISSION, Piece, total, windows

_MIN_WORDS = 6
# Of the content words of a Leitsatz, the share that must stand in the prompt, and the share of those in the grounds
# that the leading window must hold to be preferred to a selection. The facts tell the same words but not the answer.
_MIN_SUPPORT = 0.4
_LEAD_IS_ENOUGH = 0.85
_WINDOWS_PER_PROMPT = 4

# What a publisher adds: a prompt shows no Randnummern.
_ADDED = re.compile(
    r"\s*\((?:Rn\.|Randnr\.|Randnummern?)\s[\d\s,–u.nd-]+\)|\s*\((?:redaktioneller|(?:nicht\s?)?amtlicher) Leitsatz\)"
)
_CONTENT_WORD = re.compile(r"[a-zäöüß]{5,}")
_STEM_CHARACTERS = 7


def examples(case: Case, view: View, context: TaskContext) -> Iterator[Example | Rejection]:
    """One example where the decision has grounds and a Leitsatz."""
    leitsatz = case.decision.section(SectionName.LEITSATZ)
    target = _ADDED.sub("", "\n".join(paragraph.text for paragraph in leitsatz)).strip()
    if not case.grounds or not target:
        return
    if len(target) > context.limits.max_target_characters:
        yield Rejection.TARGET_TOO_LONG
        return
    wanted = stems(target)
    document = _supporting(case, view, context, wanted)
    rejection = (
        has_words(target, at_least=_MIN_WORDS)
        or is_finished(target)
        or says_something(target)
        or is_shorter(target, document.text)
        or is_own_text(target, document.text)
        or (None if support(wanted, document.text) >= _MIN_SUPPORT else Rejection.TARGET_UNSUPPORTED)
    )
    yield rejection or chat_example(
        case,
        context,
        TaskName.SUMMARIZATION,
        document=document,
        instruction=context.choose(context.phrasings.summarization, case.decision, TaskName.SUMMARIZATION),
        target=target,
    )


def stems(text: str) -> list[str]:
    """The content words of a text, each once, without most of their endings."""
    return list(dict.fromkeys(word[:_STEM_CHARACTERS] for word in _CONTENT_WORD.findall(text.lower())))


def support(wanted: Sequence[str], document: str) -> float:
    """Share of the stems that occur in the document (0 to 1)."""
    lowered = document.lower()
    return sum(stem in lowered for stem in wanted) / len(wanted) if wanted else 0.0


def _supporting(case: Case, view: View, context: TaskContext, wanted: Sequence[str]) -> Shown:
    """The leading window, or where it holds too little of what the Leitsatz speaks of, the windows that hold most."""
    if not view.grounds:
        return view.lead
    whole = "\n".join(piece.text for block in view.grounds for piece in block)
    leading = view.lead.text[len(view.facts.text) :]
    if support(wanted, leading) >= _LEAD_IS_ENOUGH * support(wanted, whole):
        return view.lead
    gap = context.count(OMISSION) + 1
    candidates = windows(view.grounds, view.grounds_budget // _WINDOWS_PER_PROMPT)
    return show_grounds(case, context, view, select_windows(candidates, wanted, view.grounds_budget, gap=gap))


def select_windows(
    candidates: Sequence[Sequence[Piece]], wanted: Sequence[str], budget: int, *, gap: int = 0
) -> list[Piece]:
    """Windows that together hold most of the stems, in the order of the text.

    A window costs its length and that of the mark for the gap before it. A stem counts the more, the fewer windows hold
    it; one that is held by a window chosen before counts no more.
    """
    held = [{stem for stem in wanted if stem in text} for text in (_lowered(window) for window in candidates)]
    weights = {stem: 1 / max(1, sum(stem in stems_held for stems_held in held)) for stem in wanted}
    open_stems = list(wanted)
    chosen: set[int] = set()
    while True:
        fitting = [i for i, window in enumerate(candidates) if i not in chosen and total(window) + gap <= budget]
        gains = {i: _gain(held[i], open_stems, weights) for i in fitting}
        best = max(fitting, key=lambda i: (gains[i], -i), default=None)
        if best is None or not gains[best]:
            return [piece for i in sorted(chosen) for piece in candidates[i]]
        chosen.add(best)
        budget -= total(candidates[best]) + gap
        open_stems = [stem for stem in open_stems if stem not in held[best]]


def _gain(held: set[str], open_stems: Sequence[str], weights: Mapping[str, float]) -> float:
    return sum(weights[stem] for stem in open_stems if stem in held)


def _lowered(window: Sequence[Piece]) -> str:
    return "\n".join(piece.text for piece in window).lower()
