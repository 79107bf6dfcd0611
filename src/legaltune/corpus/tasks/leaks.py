"""Whether a text says in so many words what a label asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from itertools import islice
from types import MappingProxyType

from legaltune.corpus.document import Paragraph
from legaltune.corpus.outcome import Outcome, read_outcome
from legaltune.corpus.patterns import find_all
from legaltune.corpus.sentences import split_sentences


class Label(StrEnum):
    """The labels of the classification, by the names used in prompt and answer."""

    BRANCH = "Gerichtsbarkeit"
    KIND = "Entscheidungsart"
    OUTCOME = "Ergebnis"


def states_label(document: str, label: Label, value: str, *, tenor: Sequence[Paragraph] = ()) -> bool:
    """True where the document states the value of a label instead of letting it be concluded.

    Args:
        document: Text of the prompt without the instruction.
        label: Which label.
        value: Its value for this decision.
        tenor: Tenor of the decision; one of its sentences in the document states the outcome.
    """
    if label is Label.BRANCH:
        return _states_branch(document, value)
    if label is Label.KIND:
        return _states_kind(document, value)
    return _concludes(document, _ANNOUNCEMENTS.get(value, ())) or _repeats_tenor(document, tenor)


def announces_outcome(sentence: str) -> bool:
    """True for a sentence that says what the court does with the request ("Die Revision ist daher zurückzuweisen.")."""
    return _MAY_ANNOUNCE.search(sentence) is not None and _concludes(sentence, _ALL_ANNOUNCEMENTS)


# Around "echtsweg".
_OF_BRANCH = re.compile(r"\b(?:Verwaltungs|Finanz|Sozial)r$")
_TO_COURTS = re.compile(r"\bRechtsweg zu den \w+gerichten")
_OF_BRANCH_CHARACTERS = 12
_SELF = ("erkennende", "hiesige", "angerufene", "beschließende")
_OWN_COURT = re.compile(r"[nrs]?\s[A-Z]\w+gericht")


def _states_branch(document: str, value: str) -> bool:
    if value in document or ("Gerichtsbarkeit" in value and "ordentlichen Gerichtsbarkeit" in document):
        return True
    if any(_OWN_COURT.match(document, at + len(word)) for word in _SELF for at in find_all(document, word)):
        return True
    return any(_names_branch(document, at) for at in find_all(document, "echtsweg"))


def _names_branch(document: str, rechtsweg: int) -> bool:
    start = max(0, rechtsweg - _OF_BRANCH_CHARACTERS)
    if _OF_BRANCH.search(document, start, rechtsweg):
        return True
    return rechtsweg > 0 and _TO_COURTS.match(document, rechtsweg - 1) is not None


# "Gegen diesen Beschluss richtet sich ..." speaks of the decision appealed against.
_OWN_KIND = re.compile(
    r"\b(?:(?<![Gg]egen\s)(?:[Dd]iese[rsmn]?|[Vv]orliegende[rsmn]?|[Hh]iesige[rsmn]?)"
    r"|(?:(?:ergeht|Entscheidung)\s(?:als|durch)|entscheide[nt]\s(?:[^.;]{0,60}\s)?durch)(?:\s\w+)?)\s$"
)
_KIND_CHARACTERS = 100


def _states_kind(document: str, value: str) -> bool:
    return any(
        _OWN_KIND.search(document, max(0, at - _KIND_CHARACTERS), at) is not None for at in find_all(document, value)
    )


# How grounds announce each outcome. That the court itself decides shows in the words before ("ist ... zurückzuweisen",
# not "beantragt, ... zurückzuweisen").
_ANNOUNCEMENTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        Outcome.STATTGEGEBEN: ("stattzugeben", "abzuändern", "aufzuheben"),
        Outcome.TEILWEISE_STATTGEGEBEN: ("teilweise stattzugeben", "teilweise abzuändern", "teilweise aufzuheben"),
        Outcome.ZURUECKGEWIESEN: ("zurückzuweisen", "abzuweisen", "abzulehnen"),
        Outcome.VERWORFEN: ("zu verwerfen",),
        Outcome.ZURUECKVERWIESEN: ("zurückzuverweisen",),
        Outcome.NICHT_ANGENOMMEN: ("zur Entscheidung anzunehmen", "zur Entscheidung angenommen"),
        Outcome.ERLEDIGT: ("einzustellen", "für erledigt zu erklären"),
    }
)
_ALL_ANNOUNCEMENTS = tuple(word for words in _ANNOUNCEMENTS.values() for word in words)
# A part of each of them, all with the same beginning: one quick scan.
_MAY_ANNOUNCE = re.compile(
    r"zu(?:geben|ändern|heben|weisen|lehnen|verweisen|stellen| verwerfen| erklären"
    r"|r Entscheidung an(?:zunehmen|genommen))"
)
_DECIDES = re.compile(r"\b(?:ist|sind|war|waren|wird|werden)\b")
_CLAUSE_CHARACTERS = 200


def _concludes(document: str, words: Sequence[str]) -> bool:
    present = [word for word in words if word in document]
    return any(_DECIDES.search(_clause_before(document, at)) for word in present for at in find_all(document, word))


def _clause_before(document: str, position: int) -> str:
    earliest = max(0, position - _CLAUSE_CHARACTERS)
    start = max(document.rfind(mark, earliest, position) for mark in (". ", "; ", "\n"))
    return document[max(start, earliest) : position]


_MIN_SENTENCE_CHARACTERS = 20
_MAX_TENOR_SENTENCES = 50  # behind them come lists of goods and parcels


def _repeats_tenor(document: str, tenor: Sequence[Paragraph]) -> bool:
    """True where a sentence of the Tenor that decides on the request stands in the document."""
    sentences = islice((s for paragraph in tenor for s in split_sentences(paragraph.text)), _MAX_TENOR_SENTENCES)
    return any(
        len(sentence) >= _MIN_SENTENCE_CHARACTERS and sentence in document and read_outcome((Paragraph(sentence),))
        for sentence in sentences
    )
