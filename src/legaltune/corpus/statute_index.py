"""Finds the text of a cited norm among the statutes that were read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from legaltune.corpus.citations import NormCitation
from legaltune.corpus.document import Norm, Statute

_LABEL = re.compile(r"(?P<sign>§|Art)(?:\.|ikel)?\s*(?P<number>\d+\s?[a-z]*)")
_YEAR = re.compile(r"\s+(?P<year>\d{4})$")
_BOOK_OF_SGB = re.compile(r"(?P<code>SGB)[\s-]*(?P<book>[IVX]+|\d+)", re.IGNORECASE)
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv")

_NormKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Entry:
    statute: Statute
    norms: Mapping[_NormKey, Norm]


@dataclass(frozen=True, slots=True)
class StatuteIndex:
    """Statutes by abbreviation and norms by label. Build it with `from_statutes`."""

    _entries: Mapping[str, _Entry]

    @classmethod
    def from_statutes(cls, statutes: Iterable[Statute]) -> StatuteIndex:
        """Indexes statutes under their abbreviations, in any case and spacing, with and without a year.

        Where several share one ("BDSG 1990", "BDSG 2018"), the plain abbreviation means the one with the latest year:
        a statute in force replaces its predecessor under the same name.
        """
        exact: dict[str, _Entry] = {}
        without_year: dict[str, tuple[int, _Entry]] = {}
        for statute in statutes:
            entry = _Entry(statute, _norms_by_key(statute))
            year = max((_year_of(abbreviation) for abbreviation in statute.abbreviations), default=0)
            for abbreviation in statute.abbreviations:
                exact.setdefault(_statute_key(abbreviation), entry)
                plain = _statute_key(_YEAR.sub("", abbreviation))
                if plain not in without_year or year > without_year[plain][0]:
                    without_year[plain] = (year, entry)
        return cls({**exact, **{key: entry for key, (_, entry) in without_year.items()}})

    def lookup(self, citation: NormCitation) -> tuple[Statute, Norm] | None:
        """The statute and the norm that a citation names, None where either is not at hand or was repealed."""
        entry = self._entries.get(_statute_key(citation.statute))
        if entry is None:
            return None
        norm = entry.norms.get((citation.sign[:1], _number_key(citation.number)))
        return (entry.statute, norm) if norm else None


def _year_of(abbreviation: str) -> int:
    match = _YEAR.search(abbreviation)
    return int(match["year"]) if match else 0


def _statute_key(abbreviation: str) -> str:
    """Abbreviation without case and spaces; the books of the SGB by number."""
    match = _BOOK_OF_SGB.fullmatch(abbreviation.strip())
    if match and match["book"].casefold() in _ROMAN:
        return f"sgb{_ROMAN.index(match['book'].casefold()) + 1}"
    return re.sub(r"[\s-]+", "", abbreviation).casefold()


def _number_key(number: str) -> str:
    return "".join(number.split()).casefold()


def _norms_by_key(statute: Statute) -> dict[_NormKey, Norm]:
    """Norms with text by sign and number; the first of two with the same label."""
    norms: dict[_NormKey, Norm] = {}
    for norm in statute.norms:
        match = _LABEL.fullmatch(norm.label.strip())
        if match and any(character.isalpha() for character in norm.text):
            norms.setdefault((match["sign"][:1], _number_key(match["number"])), norm)
    return norms
