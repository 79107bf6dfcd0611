"""Any page with a court decision: its structure is found by the text of its headings, whatever its markup.

This is what remains for the readers of single courts to add to: what they know of their court and where it stands.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from lxml import etree

from legaltune.corpus.cleaning import clean
from legaltune.corpus.document import Decision, DocumentError, DropReason, Paragraph, SectionName
from legaltune.corpus.readers.blocks import numbered_by_text, paragraphs_of
from legaltune.corpus.readers.content import Content
from legaltune.corpus.readers.decision_parts import sections_of
from legaltune.corpus.readers.facts import (
    find_chamber,
    find_court,
    find_date,
    find_ecli,
    find_file_numbers,
    find_kind,
    labelled_values,
    norm_entries,
    split_court,
)
from legaltune.corpus.readers.html import decode_html, parse_html, reparse, text_of
from legaltune.corpus.reflow import is_pronouncement
from legaltune.corpus.sections import Stage, section_heading

name = "html-page"

_ROOTS = frozenset({
    "html", "body", "div", "section", "article", "main", "p", "h1", "h2", "h3", "h4", "table", "span", "head",
    "title", "meta", "center", "font", "dl", "ol", "ul", "a", "b", "br",
})  # fmt: skip
_GROUNDS = (SectionName.ENTSCHEIDUNGSGRUENDE, SectionName.GRUENDE, SectionName.TATBESTAND, SectionName.TENOR)
_FURNITURE = frozenset({"seite drucken", "seite speichern", "drucken", "druckansicht", "nach oben", "zurück", "top"})
_FIELD_LABELS = frozenset({
    "rechtskraft", "norm", "normen", "normenkette", "normenketten", "rechtsquellen", "schlagworte", "schlagwörter",
    "stichworte", "sachgebiet", "rechtsgebiet", "vorinstanz", "vorinstanzen", "nachinstanz", "fundstelle",
    "fundstellen",
})  # fmt: skip
_FRONT_PARAGRAPHS = 40
_HEAD_CHARS = 6_000


def sniff(content: Content) -> bool:
    """Root element `html`, or any other that a piece of a page begins with."""
    return content.root is not None and content.root.lower() in _ROOTS


def read(content: Content) -> Decision:
    """Read one page.

    Raises:
        DocumentError: WRONG_ENCODING, NO_SECTIONS or MISSING_FIELD.
    """
    text = decode_html(content.raw)
    root = parse_html(text)
    return read_page(root, name, fallback=text)


def read_page(
    root: etree._Element,
    source: str,
    *,
    court: str | None = None,
    sections: Mapping[SectionName, tuple[Paragraph, ...]] | None = None,
    fallback: str | None = None,
) -> Decision:
    """Read a page by its headings and labels.

    Args:
        root: The page.
        source: Name of the reader.
        court: The court where the format belongs to one.
        sections: The sections where the format marks them.
        fallback: Text of the page, to be parsed differently where no section is found.

    Raises:
        DocumentError: NO_SECTIONS or MISSING_FIELD.
    """
    if sections is None:
        paragraphs, sections = read_sections(root, fallback)
    else:
        paragraphs = paragraphs_of(root, keep_links=False)
    values = labelled_values(root)
    return _described(values, _head(root, values, paragraphs), paragraphs, sections, source=source, court=court)


def _described(
    values: Mapping[str, list[str]],
    head: str,
    paragraphs: Sequence[Paragraph],
    sections: Mapping[SectionName, tuple[Paragraph, ...]],
    *,
    source: str,
    court: str | None,
) -> Decision:
    """The decision with these sections, described by the labelled values and the head of its page."""
    ecli = find_ecli(" ".join(values.get("ecli", []))) or find_ecli(head)
    found_court, chamber = (court, None) if court else _court(values, head)
    kind = _kind(values, head) or _kind_by_formula(paragraphs)
    if not found_court or not kind:
        raise DocumentError(DropReason.MISSING_FIELD, "court" if not found_court else "kind of decision")
    decided = _first_date(values, head)
    file_numbers = _file_numbers(values, head)
    return Decision(
        document_id=ecli or _made_up_id(found_court, decided, file_numbers, sections),
        source=source,
        court=found_court,
        chamber=" ".join(values.get("chamber", [])[:1]) or chamber or find_chamber(head),
        decision_type=kind,
        date=decided,
        file_numbers=file_numbers,
        sections=sections,
        ecli=ecli,
        title=" ".join(values.get("title", [])) or None,
        norms=tuple(entry for line in values.get("norms", []) for entry in norm_entries(line)),
        previous_instances=tuple(values.get("previous_instances", [])),
    )


def read_sections(
    root: etree._Element, fallback: str | None = None
) -> tuple[list[Paragraph], dict[SectionName, tuple[Paragraph, ...]]]:
    """Paragraphs of a page and the sections that its headings make of them.

    Raises:
        DocumentError: NO_SECTIONS: no heading of a section and no formula before the tenor.
    """
    pieces = [piece for p in paragraphs_of(root, keep_links=False) for piece in _at_heading_lines(p)]
    paragraphs = _without_fields(numbered_by_text(_without_furniture(pieces)))
    sections = sections_of(paragraphs)
    if not any(section in sections for section in _GROUNDS) and fallback is not None:
        other = reparse(fallback)
        if other is not None:
            return read_sections(other)
    if not any(section in sections for section in _GROUNDS):
        raise DocumentError(DropReason.NO_SECTIONS, "no heading of a section and no formula before the tenor")
    return paragraphs, sections


def _at_heading_lines(paragraph: Paragraph) -> list[Paragraph]:
    """The paragraph divided at its lines that are section headings ("<b>Tenor</b><br>Die Klage ...")."""
    lines = paragraph.text.split("\n")
    if len(lines) == 1:
        return [paragraph]
    pieces: list[Paragraph] = []
    number = paragraph.randnummer
    for is_heading, group in itertools.groupby(lines, lambda line: section_heading(line) is not None):
        if is_heading:
            pieces += [replace(paragraph, text=line, randnummer=None) for line in group]
        else:
            pieces.append(replace(paragraph, text="\n".join(group), randnummer=number))
            number = None
    return pieces


def _without_fields(paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """Paragraphs without the labelled fields, each of two paragraphs, that stand between a Leitsatz and the tenor."""
    kept: list[Paragraph] = []
    stage, is_value = Stage.RUBRUM, False
    for paragraph in paragraphs:
        heading = section_heading(paragraph.text)
        stage = max(stage, heading.stage) if heading else stage
        is_label = heading is None and paragraph.text.removesuffix(":").lower() in _FIELD_LABELS
        if stage is Stage.FRONT and heading is None and (is_label or is_value):
            is_value = is_label
            continue
        is_value = False
        kept.append(paragraph)
    return kept


def _without_furniture(paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """Paragraphs without what pages print around a decision."""
    return [paragraph for paragraph in paragraphs if paragraph.text.lower() not in _FURNITURE]


def _head(root: etree._Element, values: Mapping[str, list[str]], paragraphs: Sequence[Paragraph]) -> str:
    """How the page wants to be cited, its title, its main heading and the text in front of the grounds."""
    title = next((text_of(element) for element in root.iter("title")), "")
    headings = [text_of(element) for element in root.iter("h1")]
    front: list[str] = []
    for paragraph in paragraphs[:_FRONT_PARAGRAPHS]:
        heading = section_heading(paragraph.text)
        if heading is not None and heading.section in {*_GROUNDS[:3]}:
            break
        front.append(paragraph.text)
    return clean(" \u2014 ".join([*values.get("citation", []), title, *headings, *front]))[:_HEAD_CHARS]


def _court(values: Mapping[str, list[str]], head: str) -> tuple[str | None, str | None]:
    printed = values.get("court")
    return split_court(printed[0]) if printed else (find_court(head), None)


def _kind(values: Mapping[str, list[str]], head: str) -> str | None:
    printed = values.get("decision_type")
    return (find_kind(printed[0]) or printed[0]) if printed else find_kind(head)


def _kind_by_formula(paragraphs: Sequence[Paragraph]) -> str | None:
    """The kind that the formula before the tenor tells: a judgment is found, an order is resolved."""
    formula = next((p.text for p in paragraphs[: 2 * _FRONT_PARAGRAPHS] if is_pronouncement(p.text)), "")
    if formula.endswith("beschlossen:"):
        return "Beschluss"
    return "Urteil" if formula.endswith("erkannt:") else None


def _first_date(values: Mapping[str, list[str]], head: str) -> date | None:
    return find_date(" ".join(values.get("date", []))) or find_date(head)


def _file_numbers(values: Mapping[str, list[str]], head: str) -> tuple[str, ...]:
    printed = " ".join(values.get("file_numbers", []))
    found = find_file_numbers(printed)
    if printed:
        return found or (clean(printed),)
    return find_file_numbers(head)[:1]


def _made_up_id(
    court: str,
    decided: date | None,
    file_numbers: Sequence[str],
    sections: Mapping[SectionName, Sequence[Paragraph]],
) -> str:
    """Identifier of a decision without one: what names it, or a digest of its text."""
    if decided and file_numbers:
        return "-".join(
            "".join(c if c.isalnum() else "-" for c in part) for part in (court, f"{decided}", *file_numbers)
        )
    text = "\n".join(paragraph.text for section in sections.values() for paragraph in section)
    return f"{court}-{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:16]}"
