"""A decision as the tasks see it: facts and grounds, without what gives the answer away.

An order, and a judgment without Tatbestand, mostly tells the facts under the first number of its grounds ("I.", "A.")
and reasons from the second on; a judgment on appeal sums up the one appealed against there. Both are split accordingly.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from legaltune.corpus.document import Decision, Paragraph, SectionName
from legaltune.corpus.sentences import first_sentence, split_sentences
from legaltune.corpus.tasks.leaks import announces_outcome

Paragraphs = tuple[Paragraph, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """Facts and grounds of a decision, either may be empty; nothing of its Rubrum or Tenor.

    Attributes:
        shown_grounds: The grounds as a prompt shows them, without the closing sentences that announce the outcome.
    """

    decision: Decision
    facts: Paragraphs
    grounds: Paragraphs
    shown_grounds: Paragraphs


def read_case(decision: Decision) -> Case:
    """Split a decision into facts and grounds and drop the formulas at their end."""
    facts = decision.section(SectionName.TATBESTAND)
    history, reasoning = split_history(decision.grounds, has_facts=bool(facts))
    grounds = _without_letterhead(drop_formulas(reasoning), decision.court)
    return Case(
        decision,
        facts=_without_letterhead(facts + history, decision.court),
        grounds=grounds,
        shown_grounds=drop_announcements(grounds),
    )


# --- facts told in the grounds ---

_NUMBERING = (
    (re.compile(r"I(?:\.\s+(?=[A-ZÄÖÜ„])|\.?$)"), re.compile(r"II(?:\.\s+|\.?$)")),
    (re.compile(r"A(?:\.\s+(?=[A-ZÄÖÜ„])|\.?$)"), re.compile(r"B(?:\.\s+|\.?$)")),
)
# What a court begins to reason with, and what it decides beside the matter.
_REASONS = re.compile(
    r"\bErfolg\b|\b(?:un)?(?:zulässig|begründet|statthaft)\b|^(?:Die|Der|Das)\s(?:\S+\s){0,12}?(?:zulässige|statthafte)\s"
    r"|\bVoraussetzungen\b|zuzulassen|\bzurückzuweisen|\bzu\s(?:verwerfen|versagen)|\babzu(?:lehnen|weisen)|auszulegen"
    r"|\bDarstellung\b"
    r"|^Die\s\w+(?:entscheidung|setzung)\s"
)
_SIDE_MATTER = re.compile(r"^Die\s(?:Kostenentscheidung|Entscheidung über die Kosten|\w*[Ff]estsetzung)\b")
_SUMS_UP = re.compile(r"^(?:Das|Die)\s(?:\w*[gG]ericht|Vorinstanz|\w*[kK]ammer)\shat\b")
_MIN_PART_CHARACTERS = 200
# Facts are told without references to case law and literature.
_REFERENCE_MARKS = ("gl. ", "Rn. ", "Rdn", "Rz. ", "mwN")
_MIN_CHARACTERS_PER_REFERENCE = 1000


def split_history(grounds: Sequence[Paragraph], *, has_facts: bool) -> tuple[Paragraphs, Paragraphs]:
    """What the grounds tell before they reason, and the reasoning; the numbers above both are left out.

    Args:
        grounds: Paragraphs of the grounds, which may be numbered.
        has_facts: The decision tells its facts elsewhere; then only a summary of the decision appealed against is split
            off.
    """
    whole = tuple(grounds)
    above = () if has_facts else _introduction(whole)
    numbered = whole[len(above) :]
    numbering = next((n for n in _NUMBERING if numbered and n[0].match(numbered[0].text)), None)
    if numbering is None:
        return (), whole
    first, second = numbering
    start = next((i for i, paragraph in enumerate(numbered) if second.match(paragraph.text)), None)
    if start is None or any(first.match(paragraph.text) for paragraph in numbered[1:start]):
        return (), whole
    history, reasoning = _without_number(numbered[:start], first), _without_number(numbered[start:], second)
    splits = _is_history(history, has_facts=has_facts) and _is_reasoning(reasoning)
    return (above + _without_result(history), reasoning) if splits else ((), whole)


def _introduction(whole: Paragraphs) -> Paragraphs:
    """A paragraph above the first number that says what is in dispute ("Streitig ist ...")."""
    if not whole or whole[0].is_heading or any(first.match(whole[0].text) for first, _ in _NUMBERING):
        return ()
    return () if _REASONS.search(first_sentence(whole[0].text)) else whole[:1]


_RESULT = re.compile(
    r"\b(?:hat|haben|erzielt|erzielen|bleibt|bleiben)\b[^.;]*\bErfolg\b|\bEntscheidungsformel\b"
    r"|\b(?:un)?begründet\sim\sSinne\b"
)


def _without_result(history: Paragraphs) -> Paragraphs:
    """The history without closing sentences that say how the court decides."""
    sentences = split_sentences(history[-1].text)
    num_kept = len(sentences)
    while num_kept and _RESULT.search(sentences[num_kept - 1]):
        num_kept -= 1
    if num_kept == len(sentences):
        return history
    return history[:-1] + _rewritten(history[-1:], [" ".join(sentences[:num_kept])])


def _is_history(paragraphs: Sequence[Paragraph], *, has_facts: bool) -> bool:
    length = _length(paragraphs)
    text = _opening(paragraphs)
    if length < _MIN_PART_CHARACTERS or not text:
        return False
    if has_facts:
        return _SUMS_UP.match(text) is not None
    if _REASONS.search(first_sentence(text)):
        return False
    num_references = sum(paragraph.text.count(mark) for paragraph in paragraphs for mark in _REFERENCE_MARKS)
    return num_references * _MIN_CHARACTERS_PER_REFERENCE <= length


def _is_reasoning(paragraphs: Sequence[Paragraph]) -> bool:
    return _length(paragraphs) >= _MIN_PART_CHARACTERS and _SIDE_MATTER.match(_opening(paragraphs)) is None


def _opening(paragraphs: Sequence[Paragraph]) -> str:
    """The first paragraph that is no heading, empty where there is none."""
    return next((p.text for p in paragraphs if not p.is_heading and p.text.strip()), "")


def _length(paragraphs: Sequence[Paragraph]) -> int:
    return sum(len(paragraph.text) for paragraph in paragraphs)


def _without_number(paragraphs: Paragraphs, number: re.Pattern[str]) -> Paragraphs:
    first, *others = paragraphs
    text = number.sub("", first.text, count=1)
    return (replace(first, text=text), *others) if text else tuple(others)


# --- formulas that name the kind of the decision or its effect ---

_NUMBER = r"(?:(?:[IVX]{1,4}|[A-H]|\d{1,2}|[a-h])[.)]\s*)*"
_FORMULA = re.compile(
    rf"{_NUMBER}(?:"
    r"(?:Hinweis|Rechts(?:mittel|behelfs)belehrung)\s*:?$"
    r"|(?:Der|Die|Das|Diese[rs]?)\s(?:\w+\s)?(?:Beschluss|Beschluß|Urteil|Entscheidung|Gerichtsbescheid)\s"
    r"(?:des\s[^.]{1,80}\s)?(?:ist|wird|kann)\s.*(?:anfechtbar|angefochten|rechtskräftig)"
    r"|Gegen\s(?:diese[ns]?|den|das|die)\s(?:\w+\s)?(?:Beschluss|Beschluß|Urteil|Entscheidung|Gerichtsbescheid)\s"
    r"|Mit\s(?:der|dieser)\s(?:Ablehnung|Zurückweisung|Verwerfung|Entscheidung)\b.*\brechtskräftig"
    r"|Eine\s(?:weitere\s)?(?:Beschwerde|Anfechtung)\b.*\b(?:nicht statthaft|ausgeschlossen|nicht gegeben)"
    r")"
)
_INSTRUCTION = re.compile(r"Rechts(?:mittel|behelfs)belehrung\b(?!\s\w+\s(?:der|des)\b)")
_LAST_PARAGRAPHS = 8
_MAX_ANNOUNCEMENT_CHARACTERS = 200
_HINTS = (
    "fechtbar",
    "fochten",
    "rechtskräftig",
    "elehrung",
    "Gegen ",
    "Hinweis",
    "Eine weitere",
    "Eine Beschwerde",
    "Eine Anfechtung",
)


def drop_formulas(grounds: Paragraphs) -> Paragraphs:
    """The grounds without the instructions on appeal and without sentences such as "Dieser Beschluss ist unanfechtbar".

    Only the last paragraphs are looked at: further up such a sentence speaks of another decision.
    """
    start = max(0, len(grounds) - _LAST_PARAGRAPHS)
    end = next((i for i in range(start, len(grounds)) if _INSTRUCTION.match(grounds[i].text)), len(grounds))
    whole = "\n".join([paragraph.text for paragraph in grounds[start:end]])
    hints = [hint for hint in _HINTS if hint in whole]
    texts = [_without_formulas(paragraph.text, hints) for paragraph in grounds[start:end]]
    return grounds[:start] + _rewritten(grounds[start:end], texts)


def drop_announcements(grounds: Paragraphs) -> Paragraphs:
    """The grounds without the short sentences in the last paragraphs that announce the outcome."""
    start = max(0, len(grounds) - _LAST_PARAGRAPHS)
    texts = [_without_announcements(paragraph.text) for paragraph in grounds[start:]]
    return grounds[:start] + _rewritten(grounds[start:], texts)


def _rewritten(paragraphs: Paragraphs, texts: Sequence[str]) -> Paragraphs:
    """Paragraphs with their new text, without those that have none left and without headings at the end."""
    kept: list[Paragraph] = []
    for paragraph, text in zip(paragraphs, texts, strict=True):
        if text:
            kept.append(paragraph if text == paragraph.text else replace(paragraph, text=text))
    while kept and kept[-1].is_heading:
        kept.pop()
    return tuple(kept)


def _without_formulas(text: str, hints: Sequence[str]) -> str:
    if not any(hint in text for hint in hints):
        return text
    sentences = split_sentences(text)
    while sentences and _FORMULA.match(sentences[-1]):
        sentences.pop()
    if not sentences:
        return ""
    last = sentences[-1]
    return text[: text.rindex(last) + len(last)]


def _without_announcements(text: str) -> str:
    if not announces_outcome(text):
        return text
    kept = [s for s in split_sentences(text) if len(s) > _MAX_ANNOUNCEMENT_CHARACTERS or not announces_outcome(s)]
    return " ".join(kept)


# --- the name of the court as a line of its own ---

_MAX_NAME_LINE_CHARACTERS = 100
_MIN_NAME_CHARACTERS = 6


def _without_letterhead(paragraphs: Sequence[Paragraph], court: str) -> Paragraphs:
    if len(court) < _MIN_NAME_CHARACTERS:
        return tuple(paragraphs)
    return tuple(paragraph for paragraph in paragraphs if not _is_letterhead(paragraph.text, court))


def _is_letterhead(text: str, court: str) -> bool:
    return text.startswith(court) and len(text) <= _MAX_NAME_LINE_CHARACTERS and text[-1].isalnum()
