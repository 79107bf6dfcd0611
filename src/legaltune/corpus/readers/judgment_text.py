"""Judgments as the text of a PDF: printed lines, with the ends of the sentences marked by hand (Text, Annotations).

Two kinds of sheets occur. A portal's print begins with a citation ("LG Musterstadt, Urteil v. 01.02.2019 – 1 O 2/18")
and labelled fields ("Leitsatz:", "Normenketten:"); a court's own print begins with its rubrum and may close with a
citation. The annotations are not used: they serve to test the re-flow.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from legaltune.corpus.cleaning import clean, is_page_number, join_spaced_word, join_wrapped
from legaltune.corpus.document import Decision, DocumentError, DropReason, SectionName
from legaltune.corpus.readers.content import Content
from legaltune.corpus.readers.facts import find_date, norm_entries, short_court
from legaltune.corpus.readers.leitsaetze import above_mark, split_at_marks
from legaltune.corpus.readers.portal_text import parts_of, tidied
from legaltune.corpus.reflow import Layout, paragraphs_of
from legaltune.corpus.sections import LEITSATZ, ORIENTIERUNGSSATZ, Heading, Part, collect_sections, section_heading

name = "judgment-text"

_KIND = r"[A-ZÄÖÜ][a-zäöü]*(?:urteil|beschluss|bescheid|verfügung)|Urteil|Beschluss|Gerichtsbescheid|Verfügung"
_DAY = r"\d{1,2}\.\s?(?:\d{1,2}\.|[A-Z][a-zä]+)\s?\d{4}"
_NUMBER = r"[^\s,;][^,;\n]{0,60}?\d[^,;\n]{0,20}?"
_CITATION = re.compile(
    rf"(?P<court>[A-ZÄÖÜ][^,\n]{{1,80}}), (?P<kind>{_KIND})(?: de[rs] (?P<chamber>[^,\n]{{1,60}}?))? v(?:om|\.) "
    rf"(?P<day>{_DAY})(?: [–-] |, )(?P<number>{_NUMBER})"
)
_LABEL = re.compile(
    r"(?:Titel|Normenketten?|(?:(?:(?:Nicht ?)?[Aa]mtlich|Redaktionell)er? )?(?:Leits|Orientierungss?)(?:atz|ätze)|"
    r"Schlagw(?:ort|orte|örter)|Vorinstanz(?:en)?|Rechtsmittelinstanz(?:en)?|Nachinstanz(?:en)?|Verfahrensgang|"
    r"(?:Weitere )?Fundstellen?|Rechtsgebiete?|Anmerkungen?):"
)
_PAGE_OF_PAGES = re.compile(r"(\d{1,4})\s?/\s?(\d{1,4})")
_COURT_LINE = re.compile(r"(?i:[a-zäöü]*(?:gericht|gerichtshof|bundesfinanzhof))(?:\s[\w. /()-]{1,60})?")
_NUMBER_LINE = re.compile(
    r"(?:(?:Aktenzeichen|Az\.?|Geschäftsnummer|Geschäfts-Nr\.)[: ]\s*)?[-–]?\s*"
    r"(?P<number>(?:[A-Z] )?[\dIVX]{1,4}[a-z]? [A-Za-z() -]{1,20} \d{1,6}[/.]\d{2}(?: [A-Za-z]{1,10})?)\s*[-–]?"
)
_KIND_LINE = re.compile(rf"(?i:im namen des volkes )?(?P<kind>{_KIND}|URTEIL|BESCHLUSS)(?: vom .*)?")
_PRONOUNCED_DAY = re.compile(rf"\b(?:am|vom) (?P<day>{_DAY})\b")
_FORMULAS = (("für Recht erkannt:", "Urteil"), ("beschlossen:", "Beschluss"))
_CONTINUES_NORM = re.compile(r"(?:§|Art\b|Abs\b|Nr\b|S\.|Satz\b|Halbs|Buchst|Ziff|\d|[a-zäöü(])")
# A line that lost a hyphen where the PDF broke it: "USB-" + "Kabel" arrives as "USBKabel" at the end of a line.
_LOST_HYPHEN = re.compile(r"(?:.*\W)?(?P<head>\w*[A-ZÄÖÜ])(?P<tail>[A-ZÄÖÜ][a-zäöüß]{3,}\w*)")
_HYPHENATED = re.compile(r"\b\w{1,30}-\w{1,60}\b")
_ABBREVIATION = re.compile(r"[A-ZÄÖÜ]{2}$")
_ANNOUNCED = re.compile(r"Verkündet am .{1,40}|Rechtskräftig(?: seit .{1,40})?")
_MAX_HEAD_LINES = 80
_MAX_TAIL_LINES = 6
_MIN_RUNNING_HEADS = 3
_MAX_WORD_CHARS = 60

Fields = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Identity:
    """What tells a decision from every other one; the court as printed."""

    printed_court: str
    kind: str
    file_number: str
    day: date | None
    chamber: str | None = None

    @property
    def court(self) -> str:
        """The court as other sources name it."""
        printed = self.printed_court
        is_shouted = printed.isupper() and _COURT_LINE.fullmatch(printed)
        return short_court(printed.title() if is_shouted else printed)


def sniff(content: Content) -> bool:
    """An object with a text and the annotations of its sentences."""
    return isinstance(content.value, dict) and {"Text", "Annotations"} <= content.value.keys()


def read(content: Content) -> Decision:
    """Read one judgment.

    Raises:
        DocumentError: MISSING_FIELD or NO_SECTIONS.
    """
    lines = _lines(content.value["Text"])
    identity = _identity(lines)
    fields, body = _split_head(lines)
    body = _without_imprint(body, identity)
    parts = parts_of("\n".join(body), Layout.MARGIN_LINES, "")
    sections = collect_sections([*_front_parts(fields), *parts])
    if not sections.keys() - {SectionName.RUBRUM}:
        raise DocumentError(DropReason.NO_SECTIONS, "no heading of a section and no formula before the tenor")
    return Decision(
        document_id=_document_id(identity, lines),
        source=name,
        court=identity.court,
        chamber=identity.chamber,
        decision_type=identity.kind,
        date=identity.day,
        file_numbers=(identity.file_number,),
        sections=sections,
        title=_one_line(fields.get("titel", ())) or None,
        norms=_norms(_field(fields, "normenkette")),
        previous_instances=tuple(_field(fields, "vorinstanz", "verfahrensgang", "rechtsmittelinstanz", "nachinstanz")),
    )


def _lines(text: Any) -> list[str]:
    if not isinstance(text, str) or not text.strip():
        raise DocumentError(DropReason.MISSING_FIELD, "Text")
    lines = _without_pages([line for line in map(clean, text.split("\n")) if line])
    if not lines:
        raise DocumentError(DropReason.MISSING_FIELD, "Text, which holds page numbers alone")
    return _with_lost_hyphens(lines)


def _without_pages(lines: Sequence[str]) -> list[str]:
    """Lines without page numbers ("2/7", counted from 1) and the heads that run along with them."""
    page_lines = _page_lines(lines)
    neighbours = Counter(lines[i + 1] for i in page_lines if i + 1 < len(lines))
    running = {line for line, count in neighbours.items() if count >= _MIN_RUNNING_HEADS and not line.isdigit()}
    dropped = page_lines | {i + 1 for i in page_lines if i + 1 < len(lines) and lines[i + 1] in running}
    return [line for i, line in enumerate(lines) if i not in dropped]


def _page_lines(lines: Sequence[str]) -> set[int]:
    found: set[int] = set()
    page, pages = 0, None
    for index, line in enumerate(lines):
        match = _PAGE_OF_PAGES.fullmatch(line) if line[-1:].isdigit() else None
        if match and int(match[1]) == page + 1 and match[2] == (pages or match[2]):
            page, pages = int(match[1]), match[2]
            found.add(index)
        elif not line.isdigit() and is_page_number(line):
            found.add(index)
    return found


def _with_lost_hyphens(lines: list[str]) -> list[str]:
    """Lines with the hyphen back in where the text spells the word so or an abbreviation stands before it."""
    last_words = ((index, line[line.rfind(" ") + 1 :]) for index, line in enumerate(lines))
    candidates = ((i, word) for i, word in last_words if len(word) <= _MAX_WORD_CHARS and not word[1:].islower())
    found = [(index, match) for index, word in candidates if (match := _LOST_HYPHEN.fullmatch(word))]
    if not found:
        return lines
    words = set(_HYPHENATED.findall("\n".join(lines)))
    for index, match in found:
        spelled = f"{match['head']}-{match['tail']}"
        if spelled in words or _ABBREVIATION.search(match["head"]):
            lines[index] = lines[index].removesuffix(match["head"] + match["tail"]) + spelled
    return lines


def _split_head(lines: Sequence[str]) -> tuple[Fields, list[str]]:
    """The labelled fields of a portal's print and the text below them; a court's own print has none."""
    first = next((i for i, line in enumerate(lines[:_MAX_HEAD_LINES]) if _LABEL.fullmatch(line)), None)
    if first is None:
        return {}, list(lines)
    fields: dict[str, list[str]] = {}
    current: list[str] = []
    for index, line in enumerate(lines[first:], first):
        if _LABEL.fullmatch(line):
            current = fields.setdefault(line.removesuffix(":").lower(), [])
        elif _opens_body(line):
            return fields, list(lines[index:])
        else:
            current.append(line)
    return fields, []


def _opens_body(line: str) -> bool:
    return not line.endswith(":") and section_heading(line) is not None


def _field(fields: Fields, *prefixes: str) -> list[str]:
    return [line for label, lines in fields.items() if label.startswith(prefixes) for line in lines]


def _one_line(lines: Sequence[str]) -> str:
    """Wrapped lines as one, in linear time: only the last piece is looked at."""
    pieces = [""]
    for line in lines:
        joined = join_wrapped(pieces[-1], line)
        pieces[-1:] = [joined.removesuffix(line), line]
    return "".join(pieces).strip()


def _front_parts(fields: Fields) -> list[Part]:
    parts = []
    for label, lines in fields.items():
        if "leits" in label or "orientierungs" in label:
            is_official = "leits" in label and not label.startswith(("redaktionell", "nicht"))
            parts += _front_part("\n".join(lines), LEITSATZ if is_official else ORIENTIERUNGSSATZ)
    return [tidy for part in parts for tidy in tidied(part)]


def _front_part(text: str, heading: Heading) -> list[Part]:
    """Parts of a field; a mark of editors ends a paragraph, however full its line."""
    parts = []
    for piece, is_marked in split_at_marks(text):
        paragraphs = paragraphs_of(piece, Layout.MARGIN_LINES)
        parts += above_mark(paragraphs) if is_marked and heading == LEITSATZ else [Part(heading, paragraphs)]
    return parts


def _norms(lines: Sequence[str]) -> tuple[str, ...]:
    """The norms, the statute behind each; a line that begins as the rest of an entry does goes on with it."""
    norms: list[str] = []
    for line in lines:
        if norms and (norms[-1].endswith(",") or _CONTINUES_NORM.match(line)):
            norms[-1] += f" {line}"
        else:
            norms.append(line)
    return tuple(entry for norm in norms if any(map(str.isdigit, norm)) for entry in norm_entries(norm))


def _identity(lines: Sequence[str]) -> _Identity:
    citation = _CITATION.fullmatch(lines[0]) or _closing_citation(lines)
    if citation is None:
        return _identity_from_rubrum(lines)
    court, kind, number = citation["court"], citation["kind"], citation["number"].strip(" -–")
    return _Identity(court, kind, number, find_date(citation["day"]), citation["chamber"])


def _closing_citation(lines: Sequence[str]) -> re.Match[str] | None:
    """The citation on the last page, on one line or two."""
    for count in (1, 2):
        match = _CITATION.fullmatch(" ".join(lines[-count:]))
        if match:
            return match
    return None


def _identity_from_rubrum(lines: Sequence[str]) -> _Identity:
    head = [join_spaced_word(line) for line in lines[:_MAX_HEAD_LINES]]
    front = next((i for i, line in enumerate(head) if section_heading(line)), len(head))
    court = next((line for line in head[:front] if _COURT_LINE.fullmatch(line)), None)
    numbers = (match["number"] for line in head[:front] if (match := _NUMBER_LINE.fullmatch(line)))
    file_number = next(numbers, None)
    kind = _kind(head)
    missing = [f for f, v in (("court", court), ("file number", file_number), ("kind of decision", kind)) if not v]
    if not (court and file_number and kind):
        raise DocumentError(DropReason.MISSING_FIELD, f"{', '.join(missing)} not found in the head of the text")
    return _Identity(court, kind, file_number, _pronounced_day(head))


def _kind(head: Sequence[str]) -> str | None:
    kinds = (match["kind"].capitalize() for line in head if (match := _KIND_LINE.fullmatch(line)))
    formulas = (kind for line in head for formula, kind in _FORMULAS if line.endswith(formula))
    return next(kinds, None) or next(formulas, None)


def _pronounced_day(head: Sequence[str]) -> date | None:
    """Day of the formula before the tenor, or of the line that says when the decision was pronounced."""
    ends = (i for i, line in enumerate(head) if any(line.endswith(formula) for formula, _ in _FORMULAS))
    end = next(ends, None)
    formula = " ".join(head[max(0, end - 3) : end + 1]) if end is not None else ""
    kinds = " ".join(line for line in head if _KIND_LINE.fullmatch(line) or _ANNOUNCED.fullmatch(line))
    days = [*_PRONOUNCED_DAY.finditer(formula)][-1:] or [*_PRONOUNCED_DAY.finditer(kinds)][:1]
    return find_date(days[0]["day"]) if days else None


def _without_imprint(lines: list[str], identity: _Identity) -> list[str]:
    """Text without what stands below it: the closing citation, the day of pronouncement, the running foot."""
    tail = max(0, len(lines) - _MAX_TAIL_LINES)
    for index in range(tail, len(lines)):
        line = lines[index]
        foot = " ".join(lines[index : index + 2])
        if _ANNOUNCED.fullmatch(line) or (line.startswith(identity.printed_court) and identity.file_number in foot):
            return lines[:index]
    return lines


def _document_id(identity: _Identity, lines: Sequence[str]) -> str:
    """Court, kind, file number and day; of a decision without a day, a digest of the text stands for it."""
    day = identity.day.isoformat() if identity.day else sha256("\n".join(lines).encode()).hexdigest()[:16]
    return f"{identity.court} {identity.file_number} {identity.kind} {day}"
