"""Splits the paragraphs of a decision at its section headings ("Tenor", "G r ü n d e :")."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum

from legaltune.corpus.cleaning import join_spaced_word
from legaltune.corpus.document import Paragraph, SectionName


class Stage(IntEnum):
    """Where in a decision a section stands; a heading of an earlier stage than the current one is running text."""

    RUBRUM = 0
    FRONT = 1
    TENOR = 2
    FACTS = 3
    GROUNDS = 4
    DISSENT = 5
    END = 6


@dataclass(frozen=True, slots=True)
class Heading:
    """A section heading: its stage and the section it opens (None: the text below it is no section of a decision)."""

    stage: Stage
    section: SectionName | None


@dataclass(frozen=True, slots=True)
class Part:
    """The paragraphs under one heading; `heading` is None for those before the first."""

    heading: Heading | None
    paragraphs: list[Paragraph] = field(default_factory=list)


RUBRUM = Heading(Stage.RUBRUM, SectionName.RUBRUM)
LEITSATZ = Heading(Stage.FRONT, SectionName.LEITSATZ)
ORIENTIERUNGSSATZ = Heading(Stage.FRONT, SectionName.ORIENTIERUNGSSATZ)
VERFAHRENSGANG = Heading(Stage.FRONT, None)
TENOR = Heading(Stage.TENOR, SectionName.TENOR)
# Instructions on appeal stand behind the tenor or at the end; whatever comes next resumes at its own heading.
_ASIDE = Heading(Stage.END, SectionName.SONSTIGES)
_DISSENT = Heading(Stage.DISSENT, SectionName.ABWEICHENDE_MEINUNG)
_HEADINGS = {
    "leitsatz": LEITSATZ,
    "leitsätze": LEITSATZ,
    "amtlicher leitsatz": LEITSATZ,
    "amtliche leitsätze": LEITSATZ,
    # An editor's Leitsatz is no official work; it stands beside the court's.
    **dict.fromkeys(("redaktioneller leitsatz", "redaktionelle leitsätze"), ORIENTIERUNGSSATZ),
    **dict.fromkeys(("nichtamtlicher leitsatz", "nichtamtliche leitsätze"), ORIENTIERUNGSSATZ),
    **dict.fromkeys(("nicht amtlicher leitsatz", "nicht amtliche leitsätze"), ORIENTIERUNGSSATZ),
    "orientierungssatz": ORIENTIERUNGSSATZ,
    "orientierungssätze": ORIENTIERUNGSSATZ,
    "sonstiger orientierungssatz": ORIENTIERUNGSSATZ,
    "sonstiger kurztext": Heading(Stage.FRONT, SectionName.SONSTIGES),
    "verfahrensgang": VERFAHRENSGANG,
    **dict.fromkeys(("tenor", "urteilstenor", "beschlusstenor", "entscheidungsformel"), TENOR),
    **dict.fromkeys(("tatbestand", "sachverhalt"), Heading(Stage.FACTS, SectionName.TATBESTAND)),
    "entscheidungsgründe": Heading(Stage.GROUNDS, SectionName.ENTSCHEIDUNGSGRUENDE),
    **dict.fromkeys(("gründe", "aus den gründen"), Heading(Stage.GROUNDS, SectionName.GRUENDE)),
    "abweichende meinung": _DISSENT,
    "sondervotum": _DISSENT,
    "sonstiger langtext": _ASIDE,
    "fußnoten": _ASIDE,
    "permalink": Heading(Stage.END, None),
}
_DISSENT_BY_NAME = re.compile(r"(?i)abweichende meinung de[sr] (?:vize)?(?:richter|präsident)")
# Most lines are told from a heading by their first letter or their length; only a dissent may name its judge at length.
_FIRST_LETTERS = frozenset(
    "".join(heading[0] + heading[0].upper() for heading in (*_HEADINGS, "rechtsmittel", "belehrung"))
)
_MAX_HEADING_CHARS = 80
_INSTRUCTION = re.compile(r"(?i)(?:rechtsmittel|rechtsbehelfs)belehrung|belehrung (?:zum|über) \S+(?: \S+){0,3}")
# A value in dispute fixed by an order of its own, printed behind the tenor or behind the grounds of the judgment.
_ORDER_TITLE = re.compile(r"(?i)beschluss:?")
_VALUE = re.compile(r"(?i)(?:streit|gegenstands|beschwerde|verfahrens)?wert")
_OUTLINE = re.compile(r"(?!i\.\s?[VS]\.)(?:\(?(?:[IVX]+|[A-Z]|\d{1,2}|(?!ff?\.)([a-z])\1{0,2})[.)]\s?){1,3}|[IVX]+")
_MAX_OUTLINE_CHARS = 30
_TITLE_END = re.compile(r"[^.,;:!?…)\]”“\"‘’»«]")
_MAX_TITLE_CHARS = 120


def section_heading(line: str) -> Heading | None:
    """The section that a whole line opens, or None. Letter spacing, case and a colon do not matter."""
    if line[:1] not in _FIRST_LETTERS or (len(line) > _MAX_HEADING_CHARS and line[:1] not in "aA"):
        return None
    text = join_spaced_word(line).removesuffix(":").rstrip().lower()
    if _DISSENT_BY_NAME.match(text):
        return _DISSENT
    return _ASIDE if _INSTRUCTION.fullmatch(text) else _HEADINGS.get(text)


def is_outline_number(text: str) -> bool:
    """True for a number of the outline that stands alone: "I.", "A.", "b)", "1. a)"."""
    return len(text) <= _MAX_OUTLINE_CHARS and _OUTLINE.fullmatch(text) is not None


def is_order_title(line: str) -> bool:
    """True for the line "Beschluss", which stands above an order of its own."""
    return _ORDER_TITLE.fullmatch(line) is not None


def is_value_order(title: str, text: str) -> bool:
    """True for the line "Beschluss" above a text that fixes the value in dispute."""
    return is_order_title(title) and _VALUE.search(text) is not None


def split_at_headings(paragraphs: Sequence[Paragraph], start: Heading | None = None) -> list[Part]:
    """Parts in order of appearance, also those whose heading is followed by no text.

    Args:
        paragraphs: Text of the decision, headings included.
        start: Heading that stands unprinted above the first paragraph.
    """
    parts = [Part(start)]
    stage = start.stage if start else Stage.RUBRUM
    for index, paragraph in enumerate(paragraphs):
        heading = section_heading(paragraph.text)
        if heading is None and _opens_value_order(paragraphs, index, stage):
            heading = _ASIDE
        if heading is None or not _follows(heading, stage, parts):
            parts[-1].paragraphs.append(paragraph)
            continue
        if heading is not _ASIDE:
            stage = heading.stage
        parts.append(Part(heading))
    return parts


def _follows(heading: Heading, stage: Stage, parts: Sequence[Part]) -> bool:
    if heading.stage is stage is Stage.FRONT:
        return all(part.heading != heading for part in parts)
    return heading.stage > stage


def _opens_value_order(paragraphs: Sequence[Paragraph], index: int, stage: Stage) -> bool:
    if stage not in {Stage.TENOR, Stage.GROUNDS} or index + 1 == len(paragraphs):
        return False
    return is_value_order(paragraphs[index].text, paragraphs[index + 1].text)


def collect_sections(parts: Iterable[Part]) -> dict[SectionName, tuple[Paragraph, ...]]:
    """Sections with text, their titles marked; parts of the same section are joined in order."""
    sections: dict[SectionName, tuple[Paragraph, ...]] = {}
    for part in parts:
        if part.heading and part.heading.section and part.paragraphs:
            name = part.heading.section
            sections[name] = sections.get(name, ()) + tuple(mark_titles(part.paragraphs))
    return sections


def mark_titles(paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """Mark the headings inside a section.

    A heading is an outline number alone or, in a section with Randnummern, a short paragraph without one that is
    neither a quotation nor ends as a sentence or an item of a list does.
    """
    numbered = any(paragraph.randnummer for paragraph in paragraphs)
    return [replace(p, is_heading=True) if _is_title(p, numbered) else p for p in paragraphs]


def _is_title(paragraph: Paragraph, numbered: bool) -> bool:
    text = paragraph.text
    if paragraph.is_quotation or is_outline_number(text):
        return not paragraph.is_quotation
    if not numbered or paragraph.randnummer or len(text) > _MAX_TITLE_CHARS:
        return False
    if {"\n", "|"} & set(text) or not (text[0].isupper() or text[0].isdigit()):
        return False
    return _TITLE_END.fullmatch(text[-1]) is not None
