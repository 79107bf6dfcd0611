"""Serialises statutes as gesetze-im-internet.de delivers them (gii-norm.dtd 1.01)."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from lxml import etree

from legaltune.corpus.document import Norm
from legaltune.corpus.synthetic.model import SyntheticStatute
from legaltune.corpus.synthetic.statutes import CELL_SEPARATOR, is_item

_DOCTYPE = '<!DOCTYPE dokumente SYSTEM "http://www.gesetze-im-internet.de/dtd/1.01/gii-norm.dtd">'
_BUILD_DATE = "20260102030405"
_DIVISION = re.compile(r"(?P<name>\w+ \d+) (?P<title>.+)")


def statute_xml(entry: SyntheticStatute) -> bytes:
    """One statute as a GII XML file."""
    statute = entry.statute
    root = etree.Element("dokumente", builddate=_BUILD_DATE, doknr=statute.document_id)
    root.append(_frame_norm(entry))
    numbers: list[int] = []
    previous: tuple[str, ...] = ()
    for position, norm in enumerate(statute.norms, start=1):
        for level, division in enumerate(norm.division):
            if previous[: level + 1] != norm.division[: level + 1]:
                numbers = [*numbers[:level], (numbers[level] if level < len(numbers) else 0) + 1]
                root.append(_division_norm(entry, numbers, division))
        previous = norm.division
        root.append(_norm(entry, norm, position))
    for element in root:
        element.tail = "\n"
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True, doctype=_DOCTYPE))


def _metadata(entry: SyntheticStatute, doknr: str) -> tuple[etree._Element, etree._Element]:
    element = etree.Element("norm", builddate=_BUILD_DATE, doknr=doknr)
    metadata = etree.SubElement(element, "metadaten")
    _child(metadata, "jurabk", entry.statute.abbreviations[0])
    return element, metadata


def _frame_norm(entry: SyntheticStatute) -> etree._Element:
    """The first norm element: it describes the whole statute."""
    statute = entry.statute
    element, metadata = _metadata(entry, statute.document_id)
    _child(metadata, "amtabk", statute.abbreviations[-1])
    _child(metadata, "ausfertigung-datum", str(statute.date), manuell="ja")
    source = etree.SubElement(metadata, "fundstelle", typ="amtlich")
    _child(source, "periodikum", "BGBl I")
    _child(source, "zitstelle", entry.gazette)
    _child(metadata, "kurzue", entry.short_title)
    _child(metadata, "langue", statute.title)
    status = etree.SubElement(metadata, "standangabe", checked="ja")
    _child(status, "standtyp", "Stand")
    _child(status, "standkommentar", statute.status or "")
    notes = etree.SubElement(etree.SubElement(element, "textdaten"), "fussnoten")
    paragraph = etree.SubElement(etree.SubElement(notes, "Content"), "P")
    record = etree.SubElement(paragraph, "pre")
    record.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    record.text = entry.note
    return element


def _division_norm(entry: SyntheticStatute, numbers: Iterable[int], division: str) -> etree._Element:
    code = "".join(f"{number:02d}0" for number in numbers)
    element, metadata = _metadata(entry, f"{entry.statute.document_id}BJNG{code:0<9}")
    unit = etree.SubElement(metadata, "gliederungseinheit")
    match = _DIVISION.fullmatch(division)
    assert match is not None, division
    _child(unit, "gliederungskennzahl", code)
    _child(unit, "gliederungsbez", match["name"])
    _child(unit, "gliederungstitel", match["title"])
    return element


def _norm(entry: SyntheticStatute, norm: Norm, position: int) -> etree._Element:
    element, metadata = _metadata(entry, f"{entry.statute.document_id}BJNE{position:04d}00000")
    _child(metadata, "enbez", norm.label)
    if norm.title:
        _child(metadata, "titel", norm.title, format="parat")
    data = etree.SubElement(element, "textdaten")
    content = etree.SubElement(etree.SubElement(data, "text", format="XML"), "Content")
    for paragraph in norm.paragraphs:
        _append_paragraph(content, paragraph)
    if norm.footnotes:
        notes = etree.SubElement(etree.SubElement(data, "fussnoten"), "Content")
        for footnote in norm.footnotes:
            _child(notes, "P", footnote)
    return element


def _append_paragraph(content: etree._Element, paragraph: str) -> None:
    lines = paragraph.split("\n")
    if all(CELL_SEPARATOR in line for line in lines):
        _append_table(etree.SubElement(content, "P"), [line.split(CELL_SEPARATOR) for line in lines])
        return
    element = etree.SubElement(content, "P")
    element.text = lines[0]
    last = None
    for are_items, group in itertools.groupby(lines[1:], key=is_item):
        if are_items:
            last = _append_list(element, list(group))
        elif last is not None:
            last.tail = " ".join(group)


def _append_list(parent: etree._Element, items: list[str]) -> etree._Element:
    """A DL of numbered items; lettered items are a DL within the item before them."""
    letters = items[0][0].isalpha()
    block = etree.SubElement(parent, "DL", Font="normal", Type="alpha" if letters else "arabic")
    entry = None
    for nested, group in itertools.groupby(items, key=lambda item: not letters and item[0].isalpha()):
        if nested and entry is not None:
            _append_list(entry, list(group))
            continue
        for item in group:
            label, _, text = item.partition(" ")
            _child(block, "DT", label)
            entry = _child(etree.SubElement(block, "DD", Font="normal"), "LA", text, Size="normal")
    return block


def _append_table(parent: etree._Element, rows: list[list[str]]) -> None:
    """A CALS table whose first row is the head."""
    table = etree.SubElement(parent, "table", frame="all", pgwide="1")
    group = etree.SubElement(table, "tgroup", cols=str(len(rows[0])))
    for column in range(len(rows[0])):
        etree.SubElement(group, "colspec", colname=f"col{column + 1}")
    for name, part in (("thead", rows[:1]), ("tbody", rows[1:])):
        section = etree.SubElement(group, name)
        for row in part:
            line = etree.SubElement(section, "row")
            for column, cell in enumerate(row):
                _child(line, "entry", cell, colname=f"col{column + 1}")


def _child(parent: etree._Element, tag: str, text: str, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, tag, attributes)
    element.text = text
    return element
