"""Decisions of the federal courts as published by Rechtsprechung im Internet (rii-dok v1).

Not used on purpose: gerort and mitwirkung (always empty), region, coverage, publisher and accessRights (the same in
every file), identifier (the address of the page) and language (always German).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from lxml import etree

from legaltune.corpus.cleaning import clean, drop_image_captions
from legaltune.corpus.document import Decision, DocumentError, DropReason, Paragraph, SectionName
from legaltune.corpus.readers.blocks import without_signature
from legaltune.corpus.readers.content import Content
from legaltune.corpus.readers.reasons import with_reasons_in_tenor
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
_BLOCKS_AND_LISTS = _BLOCKS | {"dl"}
_TITLES = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_INDENTED = re.compile(r"margin-left\s*:\s*0*[1-9]")
_LIST = re.compile(r"[,;]\s*")
_DATE = re.compile(r"\d{8}", re.ASCII)
_LINE_BREAK = "\u2028"
# Real files nest five deep. Below this depth everything is one paragraph, so that no document costs more than this
# many walks over it.
_MAX_NESTING = 32

_Fields = Mapping[str, Sequence[etree._Element]]


def sniff(content: Content) -> bool:
    """Root element `dokument`."""
    return content.root == "dokument"


def read(content: Content) -> Decision:
    """Read one decision.

    Raises:
        DocumentError: WRONG_ENCODING, MALFORMED_XML or MISSING_FIELD.
    """
    root = parse_xml(content.raw)
    _mark_line_breaks(root)
    fields = _fields(root)
    return Decision(
        document_id=_required(fields, "doknr"),
        source=name,
        court=_required(fields, "gertyp"),
        chamber=_field(fields, "spruchkoerper") or None,
        decision_type=_required(fields, "doktyp"),
        date=_date(_field(fields, "entsch-datum")),
        file_numbers=_list(fields, "aktenzeichen"),
        sections=_sections(fields),
        ecli=_field(fields, "ecli") or None,
        title=_field(fields, "titelzeile") or None,
        norms=_list(fields, "norm"),
        previous_instances=_lines(fields, "vorinstanz"),
    )


def _mark_line_breaks(root: etree._Element) -> None:
    """Put a character where a `br` stands, so that the text of an element can be taken at once."""
    for element in root.iter("br"):
        element.clear(keep_tail=True)
        element.text = _LINE_BREAK


def _fields(root: etree._Element) -> _Fields:
    fields: dict[str, list[etree._Element]] = {}
    for element in root:
        fields.setdefault(element.tag, []).append(element)
    return fields


def _field(fields: _Fields, tag: str) -> str:
    elements = fields.get(tag)
    if not elements:
        return ""
    element = elements[0]
    return clean(" ".join(element.itertext()) if len(element) else element.text or "")


def _required(fields: _Fields, tag: str) -> str:
    value = _field(fields, tag)
    if not value:
        raise DocumentError(DropReason.MISSING_FIELD, tag)
    return value


def _list(fields: _Fields, tag: str) -> tuple[str, ...]:
    return tuple(entry for entry in _LIST.split(_field(fields, tag)) if entry)


def _lines(fields: _Fields, tag: str) -> tuple[str, ...]:
    elements = fields.get(tag)
    return tuple(line for line in _text(elements[0]).split("\n") if line) if elements else ()


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def _sections(fields: _Fields) -> dict[SectionName, tuple[Paragraph, ...]]:
    sections: dict[SectionName, tuple[Paragraph, ...]] = {}
    for tag, section in _SECTIONS.items():
        body = _Body()
        for element in fields.get(tag, ()):
            _add_paragraphs(body, element)
        paragraphs = without_signature(body.paragraphs) if tag in _SIGNED else body.paragraphs
        if paragraphs:
            sections[section] = tuple(mark_titles(paragraphs))
    if not {SectionName.ENTSCHEIDUNGSGRUENDE, SectionName.GRUENDE} & sections.keys():
        # One decision of fifteen has neither element: any reasoning is in its tenor, below a heading of its own ...
        sections |= collect_sections(split_at_headings(sections.pop(SectionName.TENOR, ()), start=TENOR))
        # ... or below none.
        sections = with_reasons_in_tenor(sections)
    return sections


@dataclass(slots=True)
class _Body:
    """Paragraphs in document order. What stands in a margin belongs to the first paragraph that follows in its row.

    Attributes:
        paragraphs: Paragraphs so far.
        number: Randnummer that waits for its paragraph.
        label: Label of an item ("1.") that waits for its paragraph.
    """

    paragraphs: list[Paragraph] = field(default_factory=list)
    number: str | None = None
    label: str = ""

    def add(self, text: str, *, is_heading: bool = False, is_quotation: bool = False) -> None:
        if self.label:
            text = f"{self.label} {text}".rstrip()
        self.paragraphs.append(Paragraph(text, self.number, is_heading, is_quotation))
        self.number, self.label = None, ""

    def add_loose(self, text: str) -> None:
        """Add text that stands outside of any block."""
        cleaned = clean(text)
        if cleaned:
            self.add(cleaned)


def _add_paragraphs(body: _Body, element: etree._Element, depth: int = 0) -> None:
    """Add the paragraphs of an element; one without blocks inside is one paragraph."""
    children = element[:]
    if depth > _MAX_NESTING or not _hold_blocks(children):
        _add_block(body, element, element.tag)
        return
    if (text := element.text) and not text.isspace():
        body.add_loose(text)
    for child in children:
        tag = child.tag
        if tag in _BLOCKS:
            _add_block(body, child, tag)
        elif tag == "dl":
            _add_rows(body, child, depth + 1)
        else:
            _add_paragraphs(body, child, depth + 1)
        if (text := child.tail) and not text.isspace():
            body.add_loose(text)


def _hold_blocks(elements: Sequence[etree._Element]) -> bool:
    for element in elements:
        if element.tag in _BLOCKS_AND_LISTS:
            return True
    return any(next(element.iterdescendants(*_BLOCKS_AND_LISTS), None) is not None for element in elements)


def _add_rows(body: _Body, dl: etree._Element, depth: int) -> None:
    """Add the rows of a list: the dt holds a Randnummer, the label of an item ("1.") or, in a spacer, nothing."""
    outer_number, outer_label, filled = body.number, body.label, len(body.paragraphs)
    for child in dl[:]:
        if child.tag == "dt":
            if len(child) or child.text:
                _read_margin(body, child)
            continue
        _add_paragraphs(body, child, depth)
        if len(body.label) > len(outer_label):
            body.add("")
        body.number = outer_number if len(body.paragraphs) == filled else None


def _read_margin(body: _Body, dt: etree._Element) -> None:
    text = _text(dt)
    if not text:
        return
    for anchor in dt.iter("a"):
        if anchor.get("name", "").startswith("rd_"):
            body.number = text
            return
    body.label = f"{body.label} {text}".lstrip()


def _add_block(body: _Body, element: etree._Element, tag: str) -> None:
    text = _table(element) if tag == "table" else _text(element)
    if text and (text := drop_image_captions(text)):
        style = element.get("style")
        body.add(text, is_heading=tag in _TITLES, is_quotation=bool(style and _INDENTED.search(style)))


def _table(table: etree._Element) -> str:
    rows = [[_text(cell).replace("\n", " ") for cell in row] for row in table.iter("tr")]
    return "\n".join(" | ".join(cells) for cells in rows if any(cells))


def _text(element: etree._Element) -> str:
    """All descendant text, a line for each `br`."""
    # Serialising is five times as fast as joining the texts of the elements.
    text = etree.tostring(element, encoding="unicode", method="text", with_tail=False) if len(element) else element.text
    if not text:
        return ""
    if _LINE_BREAK not in text:
        return clean(text)
    return "\n".join(line for line in map(clean, text.split(_LINE_BREAK)) if line)
