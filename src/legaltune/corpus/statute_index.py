"""Finds the text of a cited norm among the statutes that were read, and says what is missing where it finds none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from legaltune.corpus.citations import NormCitation
from legaltune.corpus.citations.statute_names import NEW_VERSION, OLD_VERSION, lemma
from legaltune.corpus.document import Norm, Statute

_LABEL = re.compile(
    r"(?P<sign>§|Art|Anlage|Anhang)(?:\.|ikel)?\s*(?P<number>\d+\s?[a-z]*|[IVX]+)(?:\s*\(zu\s[^()]*\))?"
)
_YEAR = re.compile(r"\s+(?P<year>\d{4})$")
_BOOK_OF_SGB = re.compile(r"(?P<code>SGB)[\s-]*(?P<book>[IVX]+|\d+)", re.IGNORECASE)
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv")

_NormKey = tuple[str, str]


class ResolutionStatus(StrEnum):
    """What became of the attempt to find a cited norm."""

    RESOLVED = "resolved"
    UNKNOWN_STATUTE = "unknown_statute"
    UNKNOWN_NORM = "unknown_norm"
    OLD_VERSION = "old_version"


@dataclass(frozen=True, slots=True)
class Resolution:
    """Where a citation leads.

    Attributes:
        status: OLD_VERSION where the statute is at hand, but not in the version cited.
        statute: The statute, where it is at hand.
        norm: The norm, of a range its first one; only where `status` is RESOLVED.
    """

    status: ResolutionStatus
    statute: Statute | None = None
    norm: Norm | None = None


@dataclass(frozen=True, slots=True)
class _Entry:
    statute: Statute
    norms: Mapping[_NormKey, Norm]


@dataclass(frozen=True, slots=True)
class StatuteIndex:
    """Statutes by abbreviation and title, and norms by label. Build it with `from_statutes`."""

    _entries: Mapping[str, _Entry]

    @classmethod
    def from_statutes(cls, statutes: Iterable[Statute]) -> StatuteIndex:
        """Indexes statutes by abbreviation and title, in any case, inflection and spacing, with and without a year.

        Where several share a name ("BDSG 1990", "BDSG 2018"), it means the one with the latest year: a statute in
        force replaces its predecessor under the same name. An abbreviation goes before the title of another statute.
        """
        exact: dict[str, _Entry] = {}
        without_year: dict[str, tuple[int, _Entry]] = {}
        titles: dict[str, tuple[int, _Entry]] = {}
        for statute in statutes:
            entry = _Entry(statute, _norms_by_key(statute))
            year = max((_year_of(abbreviation) for abbreviation in statute.abbreviations), default=0)
            for abbreviation in statute.abbreviations:
                exact.setdefault(_statute_key(abbreviation), entry)
                _keep_latest(without_year, _statute_key(_YEAR.sub("", abbreviation)), year, entry)
            _keep_latest(titles, _statute_key(lemma(statute.title)), year, entry)
        latest = {**titles, **without_year}
        return cls({**exact, **{key: entry for key, (_, entry) in latest.items()}})

    def lookup(self, citation: NormCitation) -> tuple[Statute, Norm] | None:
        """The statute and the norm that a citation names, None where either is not at hand or was repealed."""
        found = self.resolve(citation)
        return (found.statute, found.norm) if found.statute and found.norm else None

    def resolve(self, citation: NormCitation) -> Resolution:
        """The statute and the norm that a citation names, and what is missing where it leads nowhere."""
        name = citation.statute.removesuffix(NEW_VERSION)
        current = name.removesuffix(OLD_VERSION)
        entry = self._entries.get(_statute_key(current)) or self._entries.get(_statute_key(lemma(current)))
        if entry is None:
            return Resolution(ResolutionStatus.UNKNOWN_STATUTE)
        if name != current:
            return Resolution(ResolutionStatus.OLD_VERSION, entry.statute)
        sign = citation.sign.removesuffix(".")
        norm = entry.norms.get((sign, _number_key(_leading_number(citation.number))))
        if norm is None:
            return Resolution(ResolutionStatus.UNKNOWN_NORM, entry.statute)
        return Resolution(ResolutionStatus.RESOLVED, entry.statute, norm)


def count_resolutions(citations: Iterable[NormCitation], index: StatuteIndex) -> dict[ResolutionStatus, int]:
    """How many of the citations of a text lead to a norm at hand, and how many fail for which reason."""
    counts = Counter(index.resolve(citation).status for citation in citations)
    return {status: counts[status] for status in ResolutionStatus}


def _keep_latest(entries: dict[str, tuple[int, _Entry]], key: str, year: int, entry: _Entry) -> None:
    if key not in entries or year > entries[key][0]:
        entries[key] = (year, entry)


def _year_of(abbreviation: str) -> int:
    match = _YEAR.search(abbreviation)
    return int(match["year"]) if match else 0


def _statute_key(abbreviation: str) -> str:
    """Abbreviation without case and spaces; the books of the SGB by number."""
    match = _BOOK_OF_SGB.fullmatch(abbreviation.strip())
    if match and match["book"].casefold() in _ROMAN:
        return f"sgb{_ROMAN.index(match['book'].casefold()) + 1}"
    return re.sub(r"[\s-]+", "", abbreviation).casefold()


def _leading_number(number: str) -> str:
    """The norm itself of "229 § 5" and of "1 zu § 3"."""
    return re.split(r"\s(?:§|zu)\s", number, maxsplit=1)[0]


def _number_key(number: str) -> str:
    return "".join(number.split()).casefold()


def _norms_by_key(statute: Statute) -> dict[_NormKey, Norm]:
    """Norms with text by sign and number; the first of two with the same label."""
    norms: dict[_NormKey, Norm] = {}
    for norm in statute.norms:
        match = _LABEL.fullmatch(norm.label.strip())
        if match and any(character.isalpha() for character in norm.text):
            norms.setdefault((match["sign"], _number_key(match["number"])), norm)
    return norms
