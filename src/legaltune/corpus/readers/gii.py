"""Federal statutes as published by Gesetze im Internet (gii-norm.dtd 1.01).

Not used on purpose: fundstelle, kurzue (a short title) beside the full one, images and attached files, the editors'
notes marked noindex, kommentar or "(+++ ... +++)", tables of contents, and norms that are repealed ("weggefallen").
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import reduce

from lxml import etree

from legaltune.corpus.cleaning import clean, join_wrapped
from legaltune.corpus.document import DocumentError, DropReason, Norm, Statute
from legaltune.corpus.readers.content import Content
from legaltune.corpus.xml import parse_xml

name = "gii-norm"

_SKIPPED = frozenset({"FnR", "FnArea", "AttArea", "FILE", "noindex", "kommentar", "TOC"})
_BLOCKS = frozenset({"P", "DL", "table", "Title", "Subtitle", "Ident"})
_QUOTES = {"QuoteL": "„", "QuoteR": "“"}
# A note that goes on in other paragraphs quotes a law (Art. 140 GG); of such a one only the marks are left out.
_EDITORS_NOTE = re.compile(r"\(\+\+\+.*?\+\+\+\)|\(\+\+\+|\+\+\+\)", re.DOTALL)
_RULE = re.compile(r"[-–—]{3,}|[*+]{1,3}\)")  # drawn above the footnotes of a norm, and the mark of one without text
_CONTENTS = re.compile(r"Inhalts(?:übersicht|verzeichnis)")
_OUTSIDE_DIVISIONS = re.compile(r"Anlage|Anhang|Schlussformel")
_REPEALED = re.compile(r"[-–—]*|\(?(?:weggefallen|aufgehoben|gegenstandslos)\)?\.?", re.IGNORECASE)
_SUPERSCRIPT = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_SUBSCRIPT = str.maketrans("0123456789+-", "₀₁₂₃₄₅₆₇₈₉₊₋")


def sniff(content: Content) -> bool:
    """Root element `dokumente`."""
    return content.root == "dokumente"


def read(content: Content) -> Statute:
    """Read one statute.

    Raises:
        DocumentError: WRONG_ENCODING, MALFORMED_XML, MISSING_FIELD or EMPTY_STATUTE.
    """
    root = parse_xml(content.raw)
    metadata = root.find("norm/metadaten")
    if metadata is None:
        raise DocumentError(DropReason.EMPTY_STATUTE, "no norm")
    jurabk = _field(metadata, "jurabk")
    document_id = root.get("doknr") or metadata.getparent().get("doknr")
    if not (jurabk and document_id):
        raise DocumentError(DropReason.MISSING_FIELD, "doknr" if jurabk else "jurabk")
    norms = tuple(_norms(root))
    if not norms:
        raise DocumentError(DropReason.EMPTY_STATUTE, f"{jurabk}: no norm with text")
    return Statute(
        document_id=clean(document_id),
        source=name,
        abbreviations=tuple(dict.fromkeys(a for a in (jurabk, _field(metadata, "amtabk")) if a)),
        title=_field(metadata, "langue") or _field(metadata, "kurzue") or jurabk,
        date=_date(_field(metadata, "ausfertigung-datum")),
        norms=norms,
        status=_status(metadata),
    )


def _field(metadata: etree._Element, path: str) -> str:
    element = metadata.find(path)
    return "" if element is None else _one_line_of(element)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _status(metadata: etree._Element) -> str | None:
    """Last amendment ("Zuletzt geändert durch ...")."""
    entries = metadata.findall("standangabe")
    return next((_field(e, "standkommentar") for e in entries if _field(e, "standtyp") == "Stand"), None)


def _norms(root: etree._Element) -> Iterator[Norm]:
    divisions: list[tuple[str, str]] = []
    for element in root.iterchildren("norm"):
        unit = element.find("metadaten/gliederungseinheit")
        if unit is not None:
            divisions = _enter(divisions, unit)
        norm = _norm(element, tuple(title for _, title in divisions))
        if norm:
            yield norm


def _enter(divisions: Iterable[tuple[str, str]], unit: etree._Element) -> list[tuple[str, str]]:
    """Path of divisions with this one at its end: its number begins with the numbers of those that enclose it."""
    number = _field(unit, "gliederungskennzahl")
    title = clean(f"{_field(unit, 'gliederungsbez')} {_field(unit, 'gliederungstitel')}")
    enclosing = [(n, t) for n, t in divisions if number.startswith(n) and number != n]
    return [*enclosing, (number, title)]


def _norm(element: etree._Element, division: tuple[str, ...]) -> Norm | None:
    label = _field(element, "metadaten/enbez")
    content = element.find("textdaten/text/Content")
    if not label or content is None or _CONTENTS.match(label):
        return None
    paragraphs = [text for text in _paragraphs(content) if text]
    if all(_REPEALED.fullmatch(text) for text in paragraphs):
        return None
    if _OUTSIDE_DIVISIONS.match(label):
        division = ()
    title = _field(element, "metadaten/titel")
    return Norm(label, title or None, tuple(paragraphs), division, tuple(_footnotes(element)))


def _footnotes(element: etree._Element) -> Iterator[str]:
    for footnote in element.iterfind("textdaten/text/Footnotes/Footnote"):
        yield from filter(None, [_one_line_of(footnote)])
    for paragraph in element.iterfind("textdaten/fussnoten/Content/P"):
        yield from filter(None, [clean(_EDITORS_NOTE.sub("", _one_line_of(paragraph)))])


def _paragraphs(content: etree._Element) -> Iterator[str]:
    """Text of each Absatz, title or table."""
    for child in content:
        if child.tag == "Revision":
            yield from _paragraphs(child)
        elif child.tag not in _SKIPPED:
            yield "\n".join(_lines(child))


def _lines(element: etree._Element) -> list[str]:
    """Lines of text: a new one at each BR, item of a list and row of a table."""
    return [line for line in map(clean, "".join(_pieces(element)).split("\n")) if line and not _RULE.fullmatch(line)]


def _one_line_of(element: etree._Element) -> str:
    """All text on one line, words put together again that a line break cut ("Haushalts-" + "mitglied")."""
    lines = _lines(element)
    return reduce(join_wrapped, lines) if lines else ""


def _pieces(element: etree._Element) -> Iterator[str]:
    if element.tag == "table":
        yield _rows(element)
        return
    yield _one_line(element.text)
    for child in element:
        yield from _child(child)
        yield _one_line(child.tail)


def _child(child: etree._Element) -> Iterator[str]:
    if child.tag == "DT":
        yield f"\n{_one_line_of(child)} "
    elif child.tag in _BLOCKS or child.tag == "BR":
        yield "\n"
        yield from _pieces(child)
        yield "\n"
    elif child.tag == "LA":
        yield " "
        yield from _pieces(child)
    elif child.tag in {"SUP", "SUB"}:
        yield _raised(child)
    elif child.tag == "IMG":
        yield child.get("alt", "")
    elif child.tag in _QUOTES:
        yield _QUOTES[child.tag]
    elif child.tag not in _SKIPPED:
        yield from _pieces(child)


def _raised(element: etree._Element) -> str:
    """Exponents and indices as Unicode; the numbers that some statutes print before each sentence are left out."""
    if element.get("class") == "Rec":
        return ""
    return "".join(element.itertext()).translate(_SUPERSCRIPT if element.tag == "SUP" else _SUBSCRIPT)


def _rows(table: etree._Element) -> str:
    lines = [_one_line_of(title) for title in table.iterchildren("Title")]
    for row in table.iterfind("tgroup/*/row"):
        cells = [_one_line_of(entry) for entry in row.iterchildren("entry")]
        lines.append(" | ".join(cells) if any(cells) else "")
    return "\n" + "\n".join(lines) + "\n"


def _one_line(text: str | None) -> str:
    return (text or "").replace("\n", " ").replace("\r", " ")
