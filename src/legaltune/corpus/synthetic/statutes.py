"""The invented statutes, kept as light text in `data/statutes`.

A file begins with `key: value` lines. Then `= Abschnitt 1 | Title` opens a division (`=- ` one within it) and
`== § 1 | Title` a norm. An Absatz is a line; its list items ("1. ", "a) ") and closing words ("+ ") are lines of their
own. `| a | b |` is a row of a table and `^ ` a footnote.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

from legaltune.corpus.document import Norm, Statute
from legaltune.corpus.synthetic.model import SyntheticStatute
from legaltune.corpus.synthetic.resources import DATA

_SOURCE = "gii-norm"
_ITEM = re.compile(r"(\d+\.|[a-z]\)) ")
_CITATION = re.compile(r"(?P<label>(?:§|Art\.) \d+[a-z]?)(?: Abs\. (?P<paragraph>\d+))? (?P<statute>\w+)")
CELL_SEPARATOR = " | "


@dataclass(slots=True)
class _NormDraft:
    label: str
    title: str
    division: tuple[str, ...]
    paragraphs: list[str] = field(default_factory=list)
    footnotes: list[str] = field(default_factory=list)

    def norm(self) -> Norm:
        return Norm(self.label, self.title, tuple(self.paragraphs), self.division, tuple(self.footnotes))


@lru_cache(maxsize=1)
def load_statutes() -> tuple[SyntheticStatute, ...]:
    """All statutes, by abbreviation."""
    return tuple(
        parse_statute(entry.read_text(encoding="utf-8"))
        for entry in sorted((DATA / "statutes").iterdir(), key=lambda entry: entry.name)
    )


def generate_statutes(seed: int) -> Iterator[SyntheticStatute]:
    """All statutes, rotated by the seed so that pre-training does not always read them in one order."""
    statutes = load_statutes()
    start = seed % len(statutes)
    return iter(statutes[start:] + statutes[:start])


def parse_statute(text: str) -> SyntheticStatute:
    """Read one statute from its light text."""
    head, _, body = text.partition("\n\n")
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    promulgated = date.fromisoformat(fields["date"])
    year, page = fields["gazette"].split(", ")
    statute = Statute(
        document_id=f"BJNR{int(page):05d}0{int(year) % 1000:03d}",
        source=_SOURCE,
        abbreviations=tuple(dict.fromkeys((fields["jurabk"], fields["abbreviation"]))),
        title=fields["title"],
        date=promulgated,
        norms=tuple(draft.norm() for draft in _parse_norms(body)),
        status=fields["status"],
    )
    return SyntheticStatute(statute, fields["short"], fields["gazette"], fields["note"])


def find_paragraph(citation: str) -> str:
    """The text that a citation such as "§ 14 Abs. 1 WzMG" names: an Absatz, or the whole of a norm without Absätze.

    Raises:
        KeyError: No statute has it.
    """
    match = _CITATION.fullmatch(citation)
    if match is None:
        raise KeyError(citation)
    norm = _norms_by_citation()[match["label"], match["statute"]]
    if match["paragraph"] is None:
        return norm.text
    for text in norm.paragraphs:
        if text.startswith(f"({match['paragraph']}) "):
            return text
    raise KeyError(citation)


def is_item(line: str) -> bool:
    """Whether a line of an Absatz is a list item."""
    return _ITEM.match(line) is not None


@lru_cache(maxsize=1)
def _norms_by_citation() -> dict[tuple[str, str], Norm]:
    return {
        (norm.label.replace("Art ", "Art. "), entry.statute.abbreviations[-1]): norm
        for entry in load_statutes()
        for norm in entry.statute.norms
    }


def _parse_norms(body: str) -> Iterator[_NormDraft]:
    division: tuple[str, ...] = ()
    draft: _NormDraft | None = None
    for line in filter(None, body.splitlines()):
        marker, _, rest = line.partition(" ")
        if marker in ("=", "=-", "==") and draft is not None:
            yield draft
            draft = None
        if marker == "=":
            division = (rest.replace(CELL_SEPARATOR, " ", 1),)
        elif marker == "=-":
            division = (division[0], rest.replace(CELL_SEPARATOR, " ", 1))
        elif marker == "==":
            label, _, title = rest.partition(CELL_SEPARATOR)
            draft = _NormDraft(label, title, division)
        else:
            assert draft is not None, line
            _add_line(draft, marker, rest, line)
    if draft is not None:
        yield draft


def _add_line(draft: _NormDraft, marker: str, rest: str, line: str) -> None:
    if marker == "^":
        draft.footnotes.append(rest)
    elif marker == "|":
        row = rest.removesuffix("|").strip()
        if draft.paragraphs and CELL_SEPARATOR in draft.paragraphs[-1]:
            draft.paragraphs[-1] += f"\n{row}"
        else:
            draft.paragraphs.append(row)
    elif marker == "+":
        draft.paragraphs[-1] += f"\n{rest}"
    elif is_item(line):
        draft.paragraphs[-1] += f"\n{line}"
    else:
        draft.paragraphs.append(line)
