"""Decisions that a scraper took from a court portal: one JSON object with the text flattened to lines."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from legaltune.corpus.cleaning import clean, join_spaced_word
from legaltune.corpus.document import Decision, DocumentError, DropReason, Paragraph
from legaltune.corpus.readers.content import Content
from legaltune.corpus.readers.portal_text import european_parts, parts_of, tidied
from legaltune.corpus.readers.reasons import with_reasons_in_tenor
from legaltune.corpus.reflow import Layout, paragraphs_of
from legaltune.corpus.sections import LEITSATZ, RUBRUM, VERFAHRENSGANG, Part, collect_sections

name = "portal-json"

Record = Mapping[str, Any]

_LAYOUTS = {
    "DE/BremenCaseLaw": Layout.PRINTED_LINES,
    "DE/HamburgCourts": Layout.PRINTED_LINES,
    "DE/SachsenCaseLaw": Layout.PRINTED_LINES,
    "DE/OpenLegalData": Layout.BLOCKS,
}
_EUGH = "EuGH"
_COURTS = {"BPatG München": "BPatG", "Europäischer Gerichtshof": _EUGH}
_CHAMBER = re.compile(r"(?P<court>.+?) (?:Der )?(?P<chamber>\d+[a-z]?\. \S.*|\S*[Ss]enat(?: .*)?)")
_EUGH_CHAMBER = re.compile(r"URTEIL DES GERICHTSHOFS \((?P<chamber>.+)\)")
_EUGH_CASES = re.compile(r"In (?:der Rechtssache|den verbundenen Rechtssachen) ")
_EUGH_CASE = re.compile(r"C-\d+/\d+(?: P(?:PU)?\b)?")
_KIND = re.compile(r"(?:Verkündet am \S+ )?(?P<kind>Urteil|URTEIL|Beschluss|BESCHLUSS)(?: vom .*)?")
_LEITSATZ_LABEL = re.compile(r"\A\s*Leits(?:atz|ätze):?\s*")
_MAX_KIND_LINES = 60
_MAX_TITLE_PARAGRAPHS = 3
_LIST = re.compile(r"[,;]+\s*")


def sniff(content: Content) -> bool:
    """An object with the scraper's own fields."""
    return isinstance(content.value, dict) and {"_id", "_source", "_type"} <= content.value.keys()


def read(content: Content) -> Decision:
    """Read one record.

    Raises:
        DocumentError: STATUTE_FRAGMENT, MISSING_FIELD or NO_SECTIONS.
    """
    record: Record = content.value
    if record["_type"] == "legislation":
        raise DocumentError(DropReason.STATUTE_FRAGMENT, f"one section of a statute: {_text(record, 'title')}")
    _required(record, "text")
    text: str = record["text"]
    printed = _required(record, "court", "court_name")
    court, chamber = _split_court(_COURTS.get(printed, printed))
    layout = _LAYOUTS.get(_text(record, "_source"), Layout.PARAGRAPH_LINES)
    parts = european_parts(text) if court == _EUGH else parts_of(text, layout, _text(record, "summary"))
    sections = with_reasons_in_tenor(collect_sections([*parts, *_leitsatz_field(record, parts)]))
    if not sections:
        raise DocumentError(DropReason.NO_SECTIONS, "no heading of a section and no formula before the tenor")
    front = parts[0].paragraphs if parts[0].heading in {None, RUBRUM} else []
    return Decision(
        document_id=_required(record, "_id"),
        source=name,
        court=court,
        chamber=_text(record, "chamber") or chamber or _european_chamber(front),
        decision_type=_decision_type(record, text),
        date=_date(_text(record, "date")),
        file_numbers=_european_cases(front) if court == _EUGH else _file_numbers(record),
        sections=sections,
        ecli=_text(record, "ecli") or None,
        title=_title(record, layout, court, front),
        norms=tuple(n for n in _LIST.split(_text(record, "norms", "normen")) if any(map(str.isdigit, n))),
        previous_instances=tuple(p.text for part in parts if part.heading == VERFAHRENSGANG for p in part.paragraphs),
        jurisdiction=_text(record, "court_jurisdiction") or None,
    )


def _text(record: Record, *keys: str) -> str:
    """The first of these fields that holds text, cleaned; field names vary by court."""
    values = (record.get(key) for key in keys)
    return next((cleaned for value in values if isinstance(value, str) and (cleaned := clean(value))), "")


def _required(record: Record, *keys: str) -> str:
    value = _text(record, *keys)
    if not value:
        raise DocumentError(DropReason.MISSING_FIELD, " or ".join(keys))
    return value


def _split_court(printed: str) -> tuple[str, str | None]:
    """ "BGH 6. Zivilsenat" -> ("BGH", "6. Zivilsenat")."""
    match = _CHAMBER.fullmatch(printed)
    return (match["court"], match["chamber"]) if match else (printed, None)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _file_numbers(record: Record) -> tuple[str, ...]:
    return tuple(n for n in _LIST.split(_text(record, "aktenzeichen", "case_number", "file_number")) if n)


def _decision_type(record: Record, text: str) -> str:
    """The field or, where a court has none, the line of the rubrum that says what the decision is."""
    field = _text(record, "decision_type", "case_type")
    lines = (join_spaced_word(clean(line)) for line in text.split("\n")[:_MAX_KIND_LINES])
    kinds = (match["kind"].capitalize() for line in lines if (match := _KIND.fullmatch(line)))
    kind = field or next(kinds, None)
    if not kind:
        raise DocumentError(DropReason.MISSING_FIELD, "decision_type or case_type")
    return kind


def _leitsatz_field(record: Record, parts: Sequence[Part]) -> list[Part]:
    """Leitsatz from its own field where the text has none.

    The summary is one only under a Leitsatz heading that the text leaves empty; elsewhere it is a title, a notice or
    the list of a search page.
    """
    in_text = [part for part in parts if part.heading == LEITSATZ]
    if any(part.paragraphs for part in in_text):
        return []
    field = next((v for k in ("headnote", "leitsatz") if isinstance(v := record.get(k), str) and v.strip()), None)
    if field is None and in_text:
        field = _text(record, "summary")
    field = _LEITSATZ_LABEL.sub("", field or "")
    return tidied(Part(LEITSATZ, paragraphs_of(field, Layout.PARAGRAPH_LINES)))


def _title(record: Record, layout: Layout, court: str, front: Sequence[Paragraph]) -> str | None:
    """The Titelzeile: printed above the first heading, or the summary beside a headnote, or a title of its own."""
    if court == _EUGH:
        return next((p.text.strip("„“ ") for p in front if p.text.startswith("„")), None)
    if layout is Layout.PARAGRAPH_LINES and 0 < len(front) <= _MAX_TITLE_PARAGRAPHS:
        return " ".join(paragraph.text for paragraph in front)
    if "headnote" in record:
        return _text(record, "summary") or None
    title = _text(record, "title")
    is_bibliographic = title == "Veröffentlichungsinformationen" or any(n in title for n in _file_numbers(record))
    return None if is_bibliographic else title or None


def _european_chamber(front: Sequence[Paragraph]) -> str | None:
    matches = (_EUGH_CHAMBER.fullmatch(paragraph.text) for paragraph in front)
    return next((match["chamber"] for match in matches if match), None)


def _european_cases(front: Sequence[Paragraph]) -> tuple[str, ...]:
    """Case numbers from the text: the record's field holds a running number of the collection instead."""
    return tuple(n for p in front if _EUGH_CASES.match(p.text) for n in _EUGH_CASE.findall(p.text))
