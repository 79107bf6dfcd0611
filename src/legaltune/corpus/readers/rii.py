"""Decisions of the federal courts as published by Rechtsprechung im Internet (rii-dok v1).

Not used on purpose: gerort and mitwirkung (always empty), region, coverage, publisher and accessRights (the same in
every file), identifier (the address of the page) and language (always German).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime

from lxml import etree

from legaltune.corpus.cleaning import clean, drop_image_captions
from legaltune.corpus.document import Decision, DocumentError, DropReason, Paragraph, SectionName
from legaltune.corpus.readers.content import Content
from legaltune.corpus.reflow import drop_signature
from legaltune.corpus.sections import TENOR, collect_sections, mark_titles, split_at_headings
from legaltune.corpus.xml import parse_xml

name = "rii-dok"

_SECTIONS = {
    "leitsatz": SectionName.LEITSATZ,
    "sonstosatz": SectionName.ORIENTIERUNGSSATZ,
    "tenor": SectionName.TENOR,
    "tatbestand": SectionName.TATBESTAND,
    "entscheidungsgruende": SectionName.ENTSCHEIDUNGSGRUENDE,
    "gruende": SectionName.GRUENDE,
    "abwmeinung": SectionName.ABWEICHENDE_MEINUNG,
    "sonstlt": SectionName.SONSTIGES,
}
_SIGNED = frozenset({"tenor", "entscheidungsgruende", "gruende", "abwmeinung"})
_BLOCKS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "pre", "li"})
_TITLES = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_INDENTED = re.compile(r"margin-left\s*:\s*0*[1-9]")
_LIST = re.compile(r"[,;]\s*")


def sniff(content: Content) -> bool:
    """Root element `dokument`."""
    return content.root == "dokument"


def read(content: Content) -> Decision:
    """Read one decision.

    Raises:
        DocumentError: WRONG_ENCODING, MALFORMED_XML or MISSING_FIELD.
    """
    root = parse_xml(content.raw)
    return Decision(
        document_id=_required(root, "doknr"),
        source=name,
        court=_required(root, "gertyp"),
        chamber=_field(root, "spruchkoerper") or None,
        decision_type=_required(root, "doktyp"),
        date=_date(_field(root, "entsch-datum")),
        file_numbers=_list(root, "aktenzeichen"),
        sections=_sections(root),
        ecli=_field(root, "ecli") or None,
        title=_field(root, "titelzeile") or None,
        norms=_list(root, "norm"),
        previous_instances=_lines(root, "vorinstanz"),
    )


def _field(root: etree._Element, tag: str) -> str:
    element = root.find(tag)
    return "" if element is None else clean(" ".join(element.itertext()))


def _required(root: etree._Element, tag: str) -> str:
    value = _field(root, tag)
    if not value:
        raise DocumentError(DropReason.MISSING_FIELD, tag)
    return value


def _list(root: etree._Element, tag: str) -> tuple[str, ...]:
    return tuple(entry for entry in _LIST.split(_field(root, tag)) if entry)


def _lines(root: etree._Element, tag: str) -> tuple[str, ...]:
    element = root.find(tag)
    return () if element is None else tuple(line for line in _text(element).split("\n") if line)


def _date(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y%m%d").date()
    except ValueError:
        return None


def _sections(root: etree._Element) -> dict[SectionName, tuple[Paragraph, ...]]:
    sections: dict[SectionName, tuple[Paragraph, ...]] = {}
    for tag, section in _SECTIONS.items():
        paragraphs = [p for element in root.findall(tag) for p in _paragraphs(element)]
        if tag in _SIGNED:
            paragraphs = _without_signature(paragraphs)
        if paragraphs:
            sections[section] = tuple(mark_titles(paragraphs))
    if not {SectionName.ENTSCHEIDUNGSGRUENDE, SectionName.GRUENDE} & sections.keys():
        # In one decision of fifteen the grounds stand in the tenor, below a heading of their own.
        sections |= collect_sections(split_at_headings(sections.pop(SectionName.TENOR, ()), start=TENOR))
    return sections


def _without_signature(paragraphs: list[Paragraph]) -> list[Paragraph]:
    """Without the rows or the table of names behind the last Randnummer."""
    numbered = max((i + 1 for i, paragraph in enumerate(paragraphs) if paragraph.randnummer), default=0)
    lines = [clean(paragraph.text.replace("|", " ")) for paragraph in paragraphs]
    return paragraphs[: max(numbered, len(drop_signature(lines)))]


def _paragraphs(element: etree._Element) -> Iterator[Paragraph]:
    """Paragraphs of a section in document order; an element without blocks inside is one paragraph."""
    if not any(child.tag in _BLOCKS or child.tag == "dl" for child in element.iterdescendants()):
        yield from _block(element)
        return
    yield from _loose(element.text)
    for child in element:
        if child.tag == "dl":
            yield from _rows(child)
        elif child.tag in _BLOCKS:
            yield from _block(child)
        else:
            yield from _paragraphs(child)
        yield from _loose(child.tail)


def _loose(text: str | None) -> Iterator[Paragraph]:
    cleaned = clean(text or "")
    if cleaned:
        yield Paragraph(cleaned)


def _rows(dl: etree._Element) -> Iterator[Paragraph]:
    """Rows of a list: the dt holds a Randnummer, the label of an item ("1.") or, in a spacer, nothing."""
    number, label = None, ""
    for child in dl:
        if child.tag == "dt":
            number, label = _margin(child)
            continue
        paragraphs = list(_paragraphs(child))
        if label:
            first = paragraphs[0].text if paragraphs else ""
            paragraphs[:1] = [replace(paragraphs[0] if paragraphs else Paragraph(""), text=f"{label} {first}".strip())]
        if paragraphs:
            yield replace(paragraphs[0], randnummer=number)
            yield from paragraphs[1:]
        number, label = None, ""


def _margin(dt: etree._Element) -> tuple[str | None, str]:
    text = clean("".join(dt.itertext()))
    anchored = any(anchor.get("name", "").startswith("rd_") for anchor in dt.iter("a"))
    return (text or None, "") if anchored else (None, text)


def _block(element: etree._Element) -> Iterator[Paragraph]:
    text = drop_image_captions(_table(element) if element.tag == "table" else _text(element))
    if text:
        quoted = _INDENTED.search(element.get("style", "")) is not None
        yield Paragraph(text, is_heading=element.tag in _TITLES, is_quotation=quoted)


def _table(table: etree._Element) -> str:
    rows = [[_text(cell).replace("\n", " ") for cell in row] for row in table.iter("tr")]
    return "\n".join(" | ".join(cells) for cells in rows if any(cells))


def _text(element: etree._Element) -> str:
    """All descendant text, a line for each `br`."""
    lines = _raw_text(element).split("\n")
    return "\n".join(line for line in map(clean, lines) if line)


def _raw_text(element: etree._Element) -> str:
    pieces = [_one_line(element.text)]
    for child in element:
        pieces.append("\n" if child.tag == "br" else _raw_text(child))
        pieces.append(_one_line(child.tail))
    return "".join(pieces)


def _one_line(text: str | None) -> str:
    return (text or "").replace("\n", " ").replace("\r", " ")
