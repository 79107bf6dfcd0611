"""Cases of Open Legal Data and of openJur, one JSON object each with the decision as a piece of a web page.

Open Legal Data: a line of `cases.jsonl`, an answer of the API, or an entry of a Django fixture. The text is in
`content`; older exports hold the court's page in `raw` and a Markdown version of it, which has lost a part of the
Randnummern, in `content`. openJur: some exports print the text as a Python literal of its bytes, read as Latin-1.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from legaltune.corpus.cleaning import clean
from legaltune.corpus.document import Decision, DocumentError, DropReason, Paragraph, SectionName
from legaltune.corpus.readers.content import Content
from legaltune.corpus.readers.decision_parts import sections_of
from legaltune.corpus.readers.ecli import court_of_ecli
from legaltune.corpus.readers.facts import find_court, find_date, find_kind, split_court
from legaltune.corpus.readers.html import parse_html, text_of
from legaltune.corpus.readers.html_page import read_sections

name = "open-legal-data"

Record = Mapping[str, Any]
_Sections = dict[SectionName, tuple[Paragraph, ...]]

_TAG = re.compile(r"<(?:p|div|h[1-6]|dl|table|span|section|br|html|body)\b", re.IGNORECASE)
_MARKDOWN_LINE = re.compile(r"(?:(?P<hashes>#{1,6})\s+|(?P<number>\d{1,4}[a-z]?)\s*\|\s?|:?\|\s?)?(?P<text>.*)")
_MARKDOWN_ESCAPE = re.compile(r"\\([\\`*_{}\[\]()#+.!|-])")
_HIGH_REFERENCE = re.compile(r"&#(1[2-9]\d|2[0-4]\d|25[0-5]);")
_HIGH_RUN = re.compile("[\x80-\xff]{2,}")
_PROCESS_NOTE = re.compile(r"\s*\bvorher\b\s*")


def sniff(content: Content) -> bool:
    """A case of either collection, alone or as the entry of a fixture."""
    return _is_fixture(content.value) or _is_case(content.value) or _is_openjur(content.value)


def _is_case(value: Any) -> bool:
    return isinstance(value, dict) and {"content", "file_number"} <= value.keys() and "_id" not in value


def _is_openjur(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and {"reference", "text", "source"} <= value.keys()
        and "openjur" in str(value["source"]).lower()
    )


def _is_fixture(value: Any) -> bool:
    return isinstance(value, dict) and value.get("model") == "cases.case"


def read(content: Content) -> Decision:
    """Read one case.

    Raises:
        DocumentError: WRONG_ENCODING, MISSING_FIELD or NO_SECTIONS.
    """
    record = _record(content.value)
    return _read_openjur(record) if _is_openjur(record) else _read_case(record)


def _record(value: Any) -> Record:
    if not _is_fixture(value):
        record: Record = value
        return record
    fields = value.get("fields")
    if not isinstance(fields, dict):
        raise DocumentError(DropReason.MISSING_FIELD, "fields")
    return {"id": value.get("pk"), **fields}


def _read_case(record: Record) -> Decision:
    head, sections = _text_of_case(record)
    court, panel = _court(record, head)
    kind = find_kind(_text(record, "type")) or _text(record, "type") or find_kind(_text(record, "title") or head)
    if not court or not kind:
        raise DocumentError(DropReason.MISSING_FIELD, "type" if court else "court")
    printed_court = record.get("court")
    details: Record = printed_court if isinstance(printed_court, dict) else {}
    return Decision(
        document_id=_required(record, "slug", "id"),
        source=name,
        court=court,
        chamber=_text(record, "court_chamber") or _text(details, "chamber") or panel,
        decision_type=kind,
        date=_date(record),
        file_numbers=tuple(filter(None, (clean(part) for part in re.split(r"[,;]\s", _text(record, "file_number"))))),
        sections=sections,
        ecli=_text(record, "ecli") or None,
        jurisdiction=_text(details, "jurisdiction") or None,
    )


def _text_of_case(record: Record) -> tuple[str, _Sections]:
    """What stands above the decision, and its sections: of the first field that holds a decision."""
    failure = DocumentError(DropReason.MISSING_FIELD, "content")
    for text in _candidates(record):
        try:
            return _divided(text)
        except DocumentError as error:
            failure = error
    raise failure


def _candidates(record: Record) -> Iterator[str]:
    """Texts of a case, the one with the most structure first."""
    texts = [text for key in ("content", "raw") if isinstance(text := record.get(key), str) and text.strip()]
    yield from (text for text in texts if _TAG.search(text))
    yield from (text for text in texts if not _TAG.search(text))


def _divided(text: str) -> tuple[str, _Sections]:
    if _TAG.search(text):
        root = parse_html(text)
        paragraphs, sections = read_sections(root, text)
        title = next((text_of(element) for element in root.iter("title")), "")
    else:
        paragraphs, title = list(_markdown_paragraphs(text)), ""
        sections = sections_of(paragraphs)
        if not sections:
            raise DocumentError(DropReason.NO_SECTIONS, "no heading of a section and no formula before the tenor")
    return " ".join([title, *(paragraph.text for paragraph in paragraphs[:10])]), sections


def _markdown_paragraphs(text: str) -> Iterator[Paragraph]:
    """Paragraphs of a Markdown text, one a line; a Randnummer stands in front of a bar: "12| Der Kläger ..."."""
    for line in text.split("\n"):
        match = _MARKDOWN_LINE.fullmatch(line.strip())
        if match and (cleaned := clean(_MARKDOWN_ESCAPE.sub(r"\1", match["text"]))):
            yield Paragraph(cleaned, match["number"], is_heading=match["hashes"] is not None)


def _court(record: Record, head: str) -> tuple[str | None, str | None]:
    """Court and panel as far as the court's name holds it; a fixture has but the row of the court in another table."""
    printed = record.get("court")
    named = _text(printed, "name") if isinstance(printed, dict) else _text(record, "court", "court_name")
    if named:
        return split_court(_mended(named))
    known = find_court(_text(record, "source_name")) or court_of_ecli(_text(record, "ecli"))
    return known or find_court(head), None


def _date(record: Record) -> date | None:
    return find_date(_mended(_text(record, "date")))


def _read_openjur(record: Record) -> Decision:
    literal = record["text"]
    if not isinstance(literal, str) or not literal.strip():
        raise DocumentError(DropReason.MISSING_FIELD, "text")
    head, sections = _divided(_mended_page(literal))
    kind = find_kind(_text(record, "type")) or find_kind(head)
    if not kind:
        raise DocumentError(DropReason.MISSING_FIELD, "type")
    court, panel = split_court(_mended(_required(record, "court")))
    previous = clean(_PROCESS_NOTE.sub(" ", _mended(_text(record, "process"))))
    return Decision(
        document_id=f"openjur-{_required(record, 'id')}",
        source=name,
        court=court,
        chamber=panel,
        decision_type=kind,
        date=_date(record),
        file_numbers=(_mended(_required(record, "reference")),),
        sections=sections,
        previous_instances=(previous,) if previous else (),
    )


def _mended_page(text: str) -> str:
    """The page behind a Python literal of its bytes, whose UTF-8 was taken for single characters."""
    if not text.startswith(("b'", 'b"')):
        return _mended(text)
    try:
        content = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise DocumentError(DropReason.WRONG_ENCODING, "text begins as a literal of bytes, but is none") from None
    decoded = content.decode("utf-8", "replace") if isinstance(content, bytes) else text
    return _mended(_HIGH_REFERENCE.sub(lambda match: chr(int(match[1])), decoded))


def _mended(text: str) -> str:
    """UTF-8 that was read as Latin-1 ("KÃ¶ln") as it was meant; any other text unchanged."""
    return text if text.isascii() else _HIGH_RUN.sub(_decoded_run, text)


def _decoded_run(match: re.Match[str]) -> str:
    try:
        return match[0].encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        return match[0]


def _text(record: Record, *keys: str) -> str:
    """The first of these fields with a text or a number, cleaned."""
    for key in keys:
        value = record.get(key)
        if isinstance(value, str | int) and not isinstance(value, bool) and (cleaned := clean(str(value))):
            return "" if key == "court" and isinstance(value, int) else cleaned
    return ""


def _required(record: Record, *keys: str) -> str:
    value = _text(record, *keys)
    if not value:
        raise DocumentError(DropReason.MISSING_FIELD, " or ".join(keys))
    return value
