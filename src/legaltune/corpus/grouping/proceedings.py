"""Keys of the proceedings that a decision belongs to: its file numbers and those of the instances before and after."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from legaltune.corpus.document import Decision
from legaltune.corpus.grouping.court_names import canonical_court

_MOST_KEYS = 64
_LONGEST_LINE = 2_000

_INTRODUCTION = re.compile(
    r"^\W*(?:(?:vorgehend|nachgehend|vorinstanz(?:en)?|verfahrensgang|rechtszug|instanzenzug)\b[\s:]*)+",
    re.IGNORECASE,
)
# The court ends where its date, the type of its decision or its file number begins.
_END_OF_COURT = re.compile(
    r",|;|:|\s[-–—]\s|\svom\s|\s(?:\w*(?:urteil|beschlu(?:ss|ß)|entscheidung|bescheid|verfügung))\b|\s(?=\d{1,3}\s|\(?Az\b)",
    re.IGNORECASE,
)
_DATE = re.compile(r"\b\d{1,2}\.\s*(?:\d{1,2}\.\s*|[A-ZÄa-zä]{3,9}\.?\s+)\d{2,4}\b")
_SEPARATOR = re.compile(r"[,;–—]|\s-(?=\s|$)(?!\s+\d+/\d)|\b(?:und|sowie|bis)\b|\bu\.\s*a\.|\((?=[^()]*\d/\d)|\n")
_NUMBER = re.compile(r"(?P<head>[^/]*?)(?<![\d.])(?P<number>\d{1,7})(?P<sign>\s?/\s?|\.)(?P<year>\d{1,5})(?![\d/])")
_LABEL = re.compile(
    r"\b(?:Az|AZ|Aktenzeichen|Geschäftszeichen|Gz|Nr)\b\s*[.:]*"
    r"|^\W*(?:BVerwG|BVerfG|BGH|BAG|BSG|BFH|BPatG|OVG|VGH(?!\s+[A-Z]\s)|VG|OLG|LG|AG|KG|LSG|SG|LAG|ArbG|FG)\b"
)
_NO_SIGN = re.compile(r"[^0-9a-zäöüß]+")
_COURTS_WITHOUT_REGISTER = ("VerfGH", "EuG")
_LONGEST_HEAD = 24


@dataclass(frozen=True, slots=True)
class ProceedingsKeys:
    """Keys "court|file number" in canonical form; documents that share one belong together.

    Attributes:
        own: Of the decision itself.
        related: Of the decisions before and after it in the same matter.
    """

    own: tuple[str, ...]
    related: tuple[str, ...]


def proceedings_keys(decision: Decision) -> ProceedingsKeys:
    """The proceedings of a decision, from its court, its file numbers and its list of previous instances."""
    own = _distinct(_own_keys(decision))
    related = _distinct(key for line in decision.previous_instances for key in _keys_of_line(line) if key not in own)
    return ProceedingsKeys(own, related)


def canonical_file_number(printed: str, court: str) -> str | None:
    """A file number without court, place and spelling: "VG 2 L 1148/25 Potsdam" gives "2l1148/25".

    Args:
        printed: One file number.
        court: Canonical name of the court.

    Returns:
        None for what is none: a number and a year at least, and a sign of the register at most courts.
    """
    match = _NUMBER.search(_LABEL.sub(" ", printed))
    if match is None:
        return None
    # Courts of Nordrhein-Westfalen put an I before the number in civil matters, or do not.
    head = _NO_SIGN.sub("", match["head"].strip().casefold().removeprefix("i-"))
    has_register = any(character.isalpha() for character in head)
    if len(head) > _LONGEST_HEAD or not (has_register or court.startswith(_COURTS_WITHOUT_REGISTER)):
        return None
    year = match["year"]
    if "/" in match["sign"] and len(year) == 4 and year[:2] in {"19", "20"}:
        year = year[2:]
    return f"{head}{int(match['number'])}/{year}"


def _own_keys(decision: Decision) -> Iterator[str]:
    if decision.ecli:
        yield f"ecli|{decision.ecli.strip().upper()[:_LONGEST_LINE]}"
    court = canonical_court(decision.court[:_LONGEST_LINE])
    if court is None:
        return
    for printed in decision.file_numbers:
        yield from _keys(court, printed[:_LONGEST_LINE])


def _keys_of_line(line: str) -> Iterator[str]:
    """Keys of one printed line: "vorgehend LG Köln, 3. Mai 2019, Az: 3 O 12/18, Urteil"."""
    line = _DATE.sub(", ", _INTRODUCTION.sub("", line[:_LONGEST_LINE]))
    end = _END_OF_COURT.search(line)
    if end is None:
        return
    court = canonical_court(line[: end.start()])
    if court is not None:
        yield from _keys(court, line[end.start() :])


def _keys(court: str, numbers: str) -> Iterator[str]:
    for part in _SEPARATOR.split(numbers):
        number = canonical_file_number(part, court)
        if number is not None:
            yield f"{court}|{number}"


def _distinct(keys: Iterable[str]) -> tuple[str, ...]:
    """Each key once, in order; no more than a list of joined proceedings can reasonably have."""
    return tuple(dict.fromkeys(keys))[:_MOST_KEYS]
