"""Finds the text of a cited norm among the statutes that were read, and says what is missing where it finds none."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache, partial

from legaltune.corpus.citations import NormCitation
from legaltune.corpus.citations.statute_names import NEW_VERSION, OLD_VERSION, lemma
from legaltune.corpus.document import Norm, Statute
from legaltune.corpus.parts import pack, unpack

# Most citations are of the same few statutes; all of a federation's at once would be gigabytes in every worker.
_MAX_OPENED = 64
_MAX_LOCATED = 16_384

_LABEL = re.compile(
    r"(?P<sign>§|Art|Anlage|Anhang)(?:\.|ikel)?\s*(?P<number>\d+\s?[a-z]*|[IVX]+)(?:\s*\(zu\s[^()]*\))?"
)
_YEAR = re.compile(r"\s+(?P<year>\d{4})$")
_BOOK_OF_SGB = re.compile(r"(?P<code>SGB)[\s-]*(?P<book>[IVX]+|\d+)", re.IGNORECASE)
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii", "xiii", "xiv")


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


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """A statute as it lies in its part.

    Attributes:
        packed_bytes: Size before compression.
        norm_keys: One line a norm, in their order: its key, or nothing where no citation leads to it.
    """

    payload: bytes
    packed_bytes: int
    norm_keys: str


@dataclass(frozen=True, slots=True)
class _Opened:
    statute: Statute
    norms: Mapping[str, Norm]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a citation leads, before any text is looked at; `entry` as `Resolution.statute`."""

    status: ResolutionStatus
    entry: _Entry | None = None
    norm_key: str = ""


class StatuteIndex:
    """Statutes by abbreviation and title, and norms by label. Build it with `from_statutes` or `from_packed`.

    The statutes are held compressed; those that were asked for last are held open too. A pickle has only the former.
    """

    def __init__(self, entries: Mapping[str, _Entry]) -> None:
        self._entries = entries
        self._open = lru_cache(_MAX_OPENED)(_open)
        self._locate = lru_cache(_MAX_LOCATED)(partial(_locate, entries))

    def __reduce__(self) -> tuple[type[StatuteIndex], tuple[Mapping[str, _Entry]]]:
        """Leaves out what is held open."""
        return type(self), (self._entries,)

    @classmethod
    def from_statutes(cls, statutes: Iterable[Statute]) -> StatuteIndex:
        """Indexes statutes by abbreviation and title, in any case, inflection and spacing, with and without a year.

        Where several share a name ("BDSG 1990", "BDSG 2018"), it means the one with the latest year: a statute in
        force replaces its predecessor under the same name. An abbreviation goes before the title of another statute.
        """
        return cls(_entries_by_name((statute, *pack(statute)) for statute in statutes))

    @classmethod
    def from_packed(cls, packed: Iterable[tuple[bytes, int]]) -> StatuteIndex:
        """Indexes statutes as `from_statutes` does, each given as `pack` returns it; one is unpacked at a time."""
        return cls(_entries_by_name((_unpack(*payload), *payload) for payload in packed))

    def lookup(self, citation: NormCitation) -> tuple[Statute, Norm] | None:
        """The statute and the norm that a citation names, None where either is not at hand or was repealed."""
        if self.status(citation) is not ResolutionStatus.RESOLVED:
            return None
        found = self.resolve(citation)
        return (found.statute, found.norm) if found.statute and found.norm else None

    def resolve(self, citation: NormCitation) -> Resolution:
        """The statute and the norm that a citation names, and what is missing where it leads nowhere."""
        place = self._locate(citation.statute, citation.sign, citation.number)
        if place.entry is None:
            return Resolution(place.status)
        opened = self._open(place.entry)
        return Resolution(place.status, opened.statute, opened.norms.get(place.norm_key))

    def status(self, citation: NormCitation) -> ResolutionStatus:
        """What `resolve` says of a citation; needs no text."""
        return self._locate(citation.statute, citation.sign, citation.number).status


def count_resolutions(citations: Iterable[NormCitation], index: StatuteIndex) -> dict[ResolutionStatus, int]:
    """How many of the citations of a text lead to a norm at hand, and how many fail for which reason."""
    counts = Counter(index.status(citation) for citation in citations)
    return {status: counts[status] for status in ResolutionStatus}


def _locate(entries: Mapping[str, _Entry], statute: str, sign: str, number: str) -> _Place:
    name = statute.removesuffix(NEW_VERSION)
    current = name.removesuffix(OLD_VERSION)
    entry = entries.get(_statute_key(current)) or entries.get(_statute_key(lemma(current)))
    if entry is None:
        return _Place(ResolutionStatus.UNKNOWN_STATUTE)
    if name != current:
        return _Place(ResolutionStatus.OLD_VERSION, entry)
    key = _norm_key(sign.removesuffix("."), _leading_number(number))
    if f"\n{key}\n" not in f"\n{entry.norm_keys}\n":
        return _Place(ResolutionStatus.UNKNOWN_NORM, entry)
    return _Place(ResolutionStatus.RESOLVED, entry, key)


def _unpack(payload: bytes, packed_bytes: int) -> Statute:
    statute = unpack("statute", payload, packed_bytes)
    assert isinstance(statute, Statute)
    return statute


def _open(entry: _Entry) -> _Opened:
    statute = _unpack(entry.payload, entry.packed_bytes)
    keys = entry.norm_keys.split("\n") if statute.norms else ()
    return _Opened(statute, {key: norm for key, norm in zip(keys, statute.norms, strict=True) if key})


def _entries_by_name(statutes: Iterable[tuple[Statute, bytes, int]]) -> Mapping[str, _Entry]:
    exact: dict[str, _Entry] = {}
    without_year: dict[str, tuple[int, _Entry]] = {}
    titles: dict[str, tuple[int, _Entry]] = {}
    for statute, payload, packed_bytes in statutes:
        entry = _Entry(payload, packed_bytes, "\n".join(_norm_keys(statute)))
        year = max((_year_of(abbreviation) for abbreviation in statute.abbreviations), default=0)
        for abbreviation in statute.abbreviations:
            exact.setdefault(_statute_key(abbreviation), entry)
            _keep_latest(without_year, _statute_key(_YEAR.sub("", abbreviation)), year, entry)
        _keep_latest(titles, _statute_key(lemma(statute.title)), year, entry)
    latest = {**titles, **without_year}
    return {**exact, **{key: entry for key, (_, entry) in latest.items()}}


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


def _norm_key(sign: str, number: str) -> str:
    return f"{sign} {''.join(number.split()).casefold()}"


def _norm_keys(statute: Statute) -> Iterator[str]:
    """For each norm its key: sign and number; "" where it has no text, or another before it has the same label."""
    seen = {""}
    for norm in statute.norms:
        match = _LABEL.fullmatch(norm.label.strip())
        has_text = any(map(str.isalpha, norm.text))
        key = _norm_key(match["sign"], match["number"]) if match and has_text else ""
        yield "" if key in seen else key
        seen.add(key)
