"""Finds the sections in the flattened text of a portal record and repairs what the scrapers broke."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from legaltune.corpus.cleaning import drop_inline_signature, ends_sentence, halve_doubled
from legaltune.corpus.document import Paragraph, SectionName
from legaltune.corpus.readers.leitsaetze import divide_leitsaetze, drop_editors_notes
from legaltune.corpus.reflow import Layout, drop_signature, is_pronouncement, paragraphs_of
from legaltune.corpus.sections import (
    LEITSATZ,
    RUBRUM,
    TENOR,
    Heading,
    Part,
    Stage,
    is_outline_number,
    split_at_headings,
)

_GRUENDE = Heading(Stage.GROUNDS, SectionName.GRUENDE)
_PORTAL_NOTICE = "\nHinweis:\nHinweis: Das Dokument wurde redaktionell aufgearbeitet"
_FIRST_BRACKET = "\n[1] "
_RUN_ON_OUTLINE = re.compile(r"(?P<text>.*[.!?)”“\"])\s(?P<number>(?:[IVX]+|[A-Z])\.)")
# No capital and no number with a full stop: sentences end so ("der Zeuge B.", "im Ordner 1."). Nor behind "II.".
_RUN_ON_LABEL = re.compile(r"(?<![IVX]\.)\s(?P<label>(?:\(?(?P<letter>[a-z])(?P=letter){0,2}|\(\d{1,2})\))$")
_MAX_LABEL_CHARS = 8
_LOOSE_PUNCTUATION = re.compile(r"(?<=\)) (?=[.,;](?:\s|$))")
# Before its rubrum the Hamburg court prints a sheet: court, file numbers, date, norms, Leitsätze; then the court again.
_FRONT_SHEET = re.compile(
    r"\A(?P<court>.+)\n(?:.*\n)*?(?:Urteil|Beschluss)(?: .*)? vom .*\n(?P<sheet>(?:.*\n)*?)(?i:(?P=court))\n"
)
# Without a number, the first line as long as text is that does not begin as a norm does ("§ 4", "Art. 5", "AEG § 18").
_FIRST_LEITSATZ = re.compile(r"^(?:1\. |(?!§|Art\b|\S+ §)(?=.{60}))", re.MULTILINE)
_MAX_FRONT_CHARS = 20_000
# Footnotes stand at the end; a scraper that flattened the page put each, twice, into the sentence as well.
_NOTES = "\nFußnoten\n"
_INLINE_NOTE = re.compile(r"\n\d{1,3} ?\)?[ \xa0]?\n(?P<note>(?:[^\n]+\n){1,8}?)(?P=note)")
_END_CHARS = 40
_MAX_SIGNATURE_CHARS = 400


def parts_of(text: str, layout: Layout, summary: str) -> list[Part]:
    """Parts of a decision of a German court.

    Args:
        text: The record's text.
        layout: How it is broken into lines.
        summary: The record's summary; the BGH's text repeats a notice of it in front of the tenor.
    """
    text = text.partition(_PORTAL_NOTICE)[0]
    sheet, text = _split_front_sheet(text) if layout is Layout.PRINTED_LINES else ("", text)
    if _NOTES in text:
        text = _INLINE_NOTE.sub(_resume, text)
    parts = split_at_headings([piece for p in paragraphs_of(text, layout) for piece in _split_label(_mended(p))])
    if _FIRST_BRACKET in text:
        parts = _split_run_on(parts, summary)
    parts = _cut_rubrum(parts)
    if sheet:
        parts.append(Part(LEITSATZ, paragraphs_of(sheet, layout)))
    return [tidy for part in parts for tidy in tidied(part)]


def european_parts(text: str) -> list[Part]:
    """Parts of a judgment of the European Court of Justice: grounds below the line "Urteil", then the tenor."""
    front: list[Paragraph] = []
    grounds: list[Paragraph] = []
    tenor: list[Paragraph] = []
    current = front
    for paragraph in paragraphs_of(text, Layout.BLOCKS):
        if current is front and paragraph.text == "Urteil":
            current = grounds
        elif current is grounds and is_pronouncement(paragraph.text):
            current = tenor
        elif current is tenor and paragraph.text == "Unterschriften":
            break
        else:
            current.append(paragraph)
    return [Part(None, front), Part(_GRUENDE, grounds), Part(TENOR, tenor)]


def _mended(paragraph: Paragraph) -> Paragraph:
    return replace(paragraph, text=_LOOSE_PUNCTUATION.sub("", halve_doubled(paragraph.text)))


def _cut_rubrum(parts: Sequence[Part]) -> list[Part]:
    """Split off the rubrum; it ends with the formula that pronounces the tenor, and a heading may stand above it."""
    index = next((i for i, part in enumerate(parts) if part.heading == TENOR), 0)
    part = parts[index]
    formulas = [i for i, paragraph in enumerate(part.paragraphs) if _ends_rubrum(paragraph.text)]
    if not formulas:
        return list(parts)
    end = formulas[-1] + 1
    rubrum, behind = Part(RUBRUM, part.paragraphs[:end]), Part(TENOR, part.paragraphs[end:])
    return [*parts[:index], rubrum, behind, *parts[index + 1 :]]


def _ends_rubrum(text: str) -> bool:
    """True for the formula before the tenor; "und beschlossen:" joins the second half of a tenor to the first."""
    return is_pronouncement(text) and not text.startswith("und ")


def _split_run_on(parts: Sequence[Part], summary: str) -> list[Part]:
    """Repair texts of the BGH: all headings stand at the top, the whole text (often twice) under the last of them."""
    last = parts[-1]
    numbered = next((i for i, paragraph in enumerate(last.paragraphs) if paragraph.randnummer), None)
    headings = [part.heading for part in parts[:-1] if part.heading and not part.paragraphs]
    if TENOR not in headings or numbered is None:
        return list(parts)
    grounds = next((h for h in [*headings, last.heading] if h and h.stage is Stage.GROUNDS), last.heading)
    paragraphs = _once([_without_prefix(last.paragraphs[0], summary), *last.paragraphs[1:]])
    tenor = [piece for paragraph in paragraphs[:numbered] for piece in _split_outline(paragraph)]
    body = [piece for paragraph in paragraphs[numbered:] for piece in _split_outline(paragraph)]
    if tenor and is_outline_number(tenor[-1].text):
        body.insert(0, tenor.pop())
    return [*parts[:-1], Part(TENOR, tenor), Part(grounds, body)]


def _once(paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """Cut a text that is printed twice where its first paragraph begins again."""
    first = paragraphs[0].text
    for index, paragraph in enumerate(paragraphs[1:], start=1):
        text, repeated, _ = paragraph.text.partition(first)
        if repeated:
            return [*paragraphs[:index], replace(paragraph, text=text.rstrip())]
    return list(paragraphs)


def _without_prefix(paragraph: Paragraph, prefix: str) -> Paragraph:
    """Cut a prefix; spaces do not count, the scraper lost some."""
    expected = iter(prefix.replace(" ", ""))
    for index, character in enumerate(paragraph.text):
        if character == " ":
            continue
        wanted = next(expected, None)
        if wanted is None:
            return replace(paragraph, text=paragraph.text[index:])
        if wanted != character:
            break
    return paragraph


def _split_outline(paragraph: Paragraph) -> list[Paragraph]:
    """Split off the number of the next heading where it runs on behind a sentence: "... erhoben. II."."""
    match = _RUN_ON_OUTLINE.fullmatch(paragraph.text)
    if not match:
        return [paragraph]
    return [replace(paragraph, text=match["text"]), Paragraph(match["number"], is_heading=True)]


def _split_label(paragraph: Paragraph) -> list[Paragraph]:
    """Split off the label of the next paragraph where it runs on behind a sentence: "... erhoben. aa)"."""
    text = paragraph.text
    match = _RUN_ON_LABEL.search(text, max(0, len(text) - _MAX_LABEL_CHARS)) if text.endswith(")") else None
    if not match or not ends_sentence(text[: match.start()]):
        return [paragraph]
    return [replace(paragraph, text=text[: match.start()]), Paragraph(match["label"], is_heading=True)]


def _split_front_sheet(text: str) -> tuple[str, str]:
    """Leitsätze of the front sheet and the text behind the sheet; no sheet where the text begins with the rubrum."""
    match = _FRONT_SHEET.match(text[:_MAX_FRONT_CHARS])
    if match is None:
        return "", text
    first = _FIRST_LEITSATZ.search(match["sheet"])
    return match["sheet"][first.start() :] if first else "", text[match.end("sheet") :]


def _resume(note: re.Match[str]) -> str:
    """What stands for a footnote in the text: the sentence goes on below, unless it ended above."""
    above = note.string[max(0, note.start() - _END_CHARS) : note.start()].rstrip()
    return "\n" if ends_sentence(above) else " \n"


def tidied(part: Part) -> list[Part]:
    """The part without the judges' names at its end; Leitsätze without notes, those of editors as a part of their own.

    Args:
        part: A part of a decision; one without a heading stays as it is.
    """
    paragraphs = part.paragraphs
    if part.heading in {None, RUBRUM} or not paragraphs:
        return [part]
    if part.heading == LEITSATZ:
        return divide_leitsaetze(paragraphs)
    if part.heading.stage is Stage.FRONT:
        stripped = [replace(p, text=drop_editors_notes(p.text)) for p in paragraphs]
        return [Part(part.heading, [p for p in stripped if p.text])]
    kept = paragraphs[: len(drop_signature([p.text for p in paragraphs]))]
    if kept:
        text = kept[-1].text
        end = drop_inline_signature(text[-_MAX_SIGNATURE_CHARS:])
        kept[-1] = replace(kept[-1], text=text[:-_MAX_SIGNATURE_CHARS] + end)
    return [Part(part.heading, kept)]
