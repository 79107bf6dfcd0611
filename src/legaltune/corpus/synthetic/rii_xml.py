"""Serialises decisions as rechtsprechung-im-internet.de delivers them (rii-dok v1), with the irregularities seen there.

Two deviations mark the documents as invented: the identifier points to a reserved domain, and the publisher is this
generator.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lxml import etree

from legaltune.corpus.document import Decision, Paragraph, SectionName
from legaltune.corpus.synthetic.model import Case, Layout

_DOCTYPE = '<!DOCTYPE dokument\n  SYSTEM "{scheme}://www.rechtsprechung-im-internet.de/dtd/v1/rii-dok.dtd">'
_IDENTIFIER = "http://rechtsprechung.example/jportal/?quelle=jlink&docid=jb-{doknr}&psml=bsjrsprod.psml&max=true"
_PUBLISHER = "legaltune (synthetisch)"
_BEFORE_NUMBER = re.compile(r"(§§?|Art\.|Abs\.|Nr\.|Satz|Rn\.|S) (?=\d)")
_NO_BREAK_SPACE, _SOFT_HYPHEN = "\u00a0", "\u00ad"
_FIRST_SPAN_YEAR = 2018
_SPAN_STYLE = "text-decoration:none"
_REASONS = (SectionName.TATBESTAND, SectionName.ENTSCHEIDUNGSGRUENDE, SectionName.GRUENDE)


@dataclass(frozen=True, slots=True)
class Style:
    """How one file is typeset.

    Attributes:
        https: Whether the document type names its DTD by https.
        heading_tag: Element of headings, "p" or "h2".
        in_spans: Whether paragraphs sit in `span` elements.
        spacer_rows: Whether an empty row follows each paragraph.
        signature_table: Whether the judges sign in a table rather than in rows.
        soft_hyphens: Whether some long words hold a soft hyphen.
        image: Whether the facts end with an image and its caption.
        has_sonstosatz: Whether the element is there at all.
    """

    https: bool
    heading_tag: str
    in_spans: bool
    spacer_rows: bool
    signature_table: bool
    soft_hyphens: bool
    image: bool
    has_sonstosatz: bool


def draw_style(seed: int, case: Case) -> Style:
    """The typesetting of one file, by (seed, index)."""
    rng = random.Random(f"{seed}:{case.index}:style")
    year = case.decision.date.year if case.decision.date else 0
    return Style(
        https=rng.random() < 0.7,
        heading_tag="h2" if rng.random() < 0.5 else "p",
        in_spans=rng.random() < 0.4 and year >= _FIRST_SPAN_YEAR,
        spacer_rows=rng.random() < 0.5,
        signature_table=rng.random() < 0.52,
        soft_hyphens=rng.random() < 0.01,
        image=rng.random() < 0.01,
        has_sonstosatz=rng.random() < 0.93,
    )


def decision_xml(case: Case, style: Style) -> bytes:
    """One decision as an rii-dok file."""
    decision = case.decision
    root = etree.Element("dokument")
    _append_metadata(root, decision)
    for name in ("leitsatz", "sonstosatz", "tenor", "tatbestand", "entscheidungsgruende", "gruende"):
        if name != "sonstosatz":
            _append_section(root, SectionName(name), case, style)
        elif style.has_sonstosatz:
            etree.SubElement(root, name)
    for name, text in (
        ("abwmeinung", None),
        ("sonstlt", None),
        ("identifier", _IDENTIFIER.format(doknr=decision.document_id)),
        ("coverage", "Deutschland"),
        ("language", "deutsch"),
        ("publisher", _PUBLISHER),
        ("accessRights", "public"),
    ):
        etree.SubElement(root, name).text = text
    etree.indent(root, space="   ")
    doctype = _DOCTYPE.format(scheme="https" if style.https else "http")
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True, doctype=doctype))


def _append_metadata(root: etree._Element, decision: Decision) -> None:
    for name, text in (
        ("doknr", decision.document_id),
        ("ecli", decision.ecli),
        ("gertyp", decision.court),
        ("gerort", None),
        ("spruchkoerper", decision.chamber),
        ("entsch-datum", f"{decision.date:%Y%m%d}"),
        ("aktenzeichen", ", ".join(decision.file_numbers)),
        ("doktyp", decision.decision_type),
        ("norm", _typeset(", ".join(decision.norms)) or None),
    ):
        etree.SubElement(root, name).text = text
    _append_previous_instances(root, decision.previous_instances)
    region = etree.SubElement(root, "region")
    etree.SubElement(region, "abk").text = "DEU"
    etree.SubElement(region, "long").text = "Bundesrepublik Deutschland"
    etree.SubElement(root, "mitwirkung")
    title = etree.SubElement(root, "titelzeile")
    if decision.title:
        etree.SubElement(_row(title), "p").text = decision.title


def _append_previous_instances(root: etree._Element, lines: Sequence[str]) -> None:
    element = etree.SubElement(root, "vorinstanz")
    if not lines:
        return
    element.text = lines[0]
    for following in (*lines[1:], "\n   "):
        etree.SubElement(element, "br").tail = following


def _append_section(root: etree._Element, name: SectionName, case: Case, style: Style) -> None:
    paragraphs = _serialised_paragraphs(case, name)
    element = etree.SubElement(root, name.value)
    if not paragraphs:
        return
    block = etree.SubElement(element, "div")
    for position, paragraph in enumerate(paragraphs):
        _append_paragraph(block, paragraph, style, hyphenated=style.soft_hyphens and position == 1)
    if style.image and name is not SectionName.LEITSATZ and name in _REASONS:
        _append_image(block)
    if name in _REASONS and name is not SectionName.TATBESTAND:
        _append_signatures(block, case.judges, style)


def _serialised_paragraphs(case: Case, name: SectionName) -> Sequence[Paragraph]:
    """Paragraphs of a section; in some decisions the reasons stand in the tenor, under a heading of their own."""
    paragraphs = case.decision.section(name)
    if case.layout is not Layout.REASONS_IN_TENOR or name not in (SectionName.TENOR, SectionName.GRUENDE):
        return paragraphs
    if name is SectionName.GRUENDE:
        return ()
    return (*paragraphs, Paragraph("Gründe:", is_heading=True), *case.decision.section(SectionName.GRUENDE))


def _append_paragraph(block: etree._Element, paragraph: Paragraph, style: Style, *, hyphenated: bool) -> None:
    cell = _row(block, paragraph.randnummer)
    element = etree.SubElement(cell, style.heading_tag if paragraph.is_heading else "p")
    if paragraph.is_quotation:
        element.set("style", "margin-left:36pt")
    text = _typeset(paragraph.text)
    if hyphenated:
        text = _hyphenate_longest_word(text)
    if style.in_spans and not paragraph.is_heading:
        element = etree.SubElement(element, "span", style=_SPAN_STYLE)
    element.text = text
    if style.spacer_rows:
        etree.SubElement(_row(block), "p")


def _append_image(block: etree._Element) -> None:
    etree.SubElement(etree.SubElement(_row(block), "p"), "img", src="bild1_0.jpg", alt="Abbildung")
    etree.SubElement(_row(block), "p").text = "Abbildung in Originalgröße in neuem Fenster öffnen"


def _append_signatures(block: etree._Element, judges: Sequence[str], style: Style) -> None:
    if not style.signature_table:
        etree.SubElement(_row(block), "p").text = "     ".join(judges)
        return
    table = etree.SubElement(_row(block), "table")
    table.set("class", "Rsp")
    for line in (judges[:3], judges[3:]):
        if line:
            _append_signature_line(table, line)


def _append_signature_line(table: etree._Element, judges: Iterable[str]) -> None:
    row = etree.SubElement(table, "tr")
    for judge in judges:
        for text in (f"{judge} {_NO_BREAK_SPACE}", _NO_BREAK_SPACE):
            cell = etree.SubElement(row, "td", colspan="1", rowspan="1", valign="top")
            etree.SubElement(cell, "p", style="text-align:left").text = text


def _row(parent: etree._Element, randnummer: str | None = None) -> etree._Element:
    """Append a row and return the cell that takes its content."""
    row = etree.SubElement(parent, "dl")
    row.set("class", "RspDL")
    margin = etree.SubElement(row, "dt")
    if randnummer is not None:
        etree.SubElement(margin, "a", name=f"rd_{randnummer}").text = randnummer
    return etree.SubElement(row, "dd")


def _typeset(text: str) -> str:
    """No-break spaces between a norm's sign and its number."""
    return _BEFORE_NUMBER.sub(rf"\1{_NO_BREAK_SPACE}", text)


def _hyphenate_longest_word(text: str) -> str:
    word = max(re.findall(r"\w+", text), key=len)
    middle = len(word) // 2
    return text.replace(word, f"{word[:middle]}{_SOFT_HYPHEN}{word[middle:]}", 1)
