"""Turns the flattened text of a court portal into paragraphs.

Three layouts occur: one paragraph a line, where links and italics break a sentence into lines of their own; the printed
lines of a PDF with its hyphenation and page numbers; blocks between blank lines, where a line break is an inline tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from enum import Enum

from legaltune.corpus.cleaning import (
    clean,
    drop_image_captions,
    ends_sentence,
    is_page_number,
    is_rule,
    is_signature,
    join_wrapped,
)
from legaltune.corpus.document import Paragraph
from legaltune.corpus.sections import is_outline_number, section_heading


class Layout(Enum):
    """How a portal's text is broken into lines."""

    PARAGRAPH_LINES = "one paragraph a line"
    PRINTED_LINES = "the lines of a PDF"
    BLOCKS = "blocks between blank lines"


_BRACKETED = re.compile(r"\[(\d+[a-z]?)\]\s*(.*)")
_NUMBERED = re.compile(r"(\d{1,4})\s+((?:[A-ZÄÖÜ§„\"(\d]|[a-z]{1,3}\)).*)")
_UNIT = re.compile(r"\b[ckm]?m$")
_NUMBER = re.compile(r"\d{1,4}")
_BLANK = re.compile(r"\n[ \t]*\n")
_OPENS_LINE = re.compile(
    r"(?:vorgehend|nachgehend|[IVX]+\.|[A-Z]\.|\d{1,2}\.|[a-z]{1,3}\)|\(?\d{1,2}\)|\([a-z]{1,2}\)|[-–•])\s"
)
_CLOSING = re.compile(r"(?!\.\.)[,;:.)\]!?]{1,3}(?:\s|$)")
_PRONOUNCED = re.compile(r"\b(?:beschlossen|erkannt|entschieden):$")
_ENDS_ITEM = re.compile(r"(?<!\.)[.,;:]$")
_ENDS_LOOSELY = re.compile(r"(?:[:;“\")]|\d\.)$")
_SIGNED = re.compile(r"gez\.:?(?:\s|$)")
_COPY = re.compile(r"(?:Ausgefertigt|Beglaubigt|Die Übereinstimmung der Abschrift)\b")
# How many margin numbers may be missing before a number is taken for something else.
_MAX_GAP = 3
_MAX_SIGNATURE_LINES = 10


def paragraphs_of(text: str, layout: Layout) -> list[Paragraph]:
    """Cleaned paragraphs with their Randnummern; section headings are paragraphs of their own."""
    if layout is Layout.BLOCKS:
        paragraphs = _from_blocks(text)
    elif layout is Layout.PRINTED_LINES:
        paragraphs = _from_printed_lines(text)
    else:
        paragraphs = _from_paragraph_lines(text)
    return [p for p in paragraphs if p.text]


def is_pronouncement(text: str) -> bool:
    """True for the end of the formula that stands before the tenor: "... für Recht erkannt:"."""
    return _PRONOUNCED.search(text) is not None


def _is_heading_line(line: str) -> bool:
    return section_heading(line) is not None or is_outline_number(line)


class _Numbering:
    """Margin numbers seen so far; tells the next one from any other number."""

    def __init__(self) -> None:
        self.last = 0

    def accept(self, number: str) -> bool:
        value = int(number)
        if not self.last < value <= self.last + _MAX_GAP:
            return False
        self.last = value
        return True


def _from_paragraph_lines(text: str) -> list[Paragraph]:
    labelled = "\nRandnummer\n" in text
    numbering = _Numbering()
    paragraphs: list[Paragraph] = []
    number: str | None = None
    above, joined, below_label = "", False, False
    for raw in text.split("\n"):
        line = drop_image_captions(clean(raw))
        if not line or line == "Randnummer":
            above, below_label = "", line == "Randnummer"
        elif _NUMBER.fullmatch(line) and (
            below_label or (not labelled and not _is_exponent(paragraphs) and numbering.accept(line))
        ):
            number, above, below_label = line, "", False
        else:
            bracketed = _BRACKETED.fullmatch(line)
            if bracketed:
                number, line = bracketed.groups()
            joined = number is None and bool(paragraphs) and _continues(paragraphs[-1].text, above, raw, line, joined)
            _append(paragraphs, line, number, joined)
            number, above = None, raw
    return paragraphs


def _is_exponent(paragraphs: Sequence[Paragraph]) -> bool:
    """Whether a number on its own line belongs to the unit above it: "m", "2"."""
    return bool(paragraphs) and _UNIT.search(paragraphs[-1].text) is not None


def _append(paragraphs: list[Paragraph], line: str, number: str | None, joined: bool) -> None:
    if joined:
        paragraphs[-1] = replace(paragraphs[-1], text=_glue(paragraphs[-1].text, line))
    else:
        paragraphs.append(Paragraph(line, None if section_heading(line) else number))


def _continues(text: str, above: str, raw: str, line: str, joined: bool) -> bool:
    """Whether a line goes on with the sentence above it, which an inline tag broke off.

    Args:
        text: The paragraph so far.
        above: The line above as it stands in the text, "" where a blank line or a Randnummer stands between.
        raw: The line as it stands in the text; one that begins with a space is a paragraph of its own.
        line: The same line cleaned.
        joined: Whether the line above was itself such a piece.
    """
    if not above or raw[:1].isspace():
        return False
    if _CLOSING.match(line) or line.startswith("(Rn.") or (is_outline_number(text) and line[0].islower()):
        return True
    if _is_heading_line(text) or _is_heading_line(line):
        return False
    if ends_sentence(text) or _OPENS_LINE.match(line):
        return False
    if above[-1:].isspace() or above.endswith(("(", "[")) or joined:
        return True
    return line[0].islower() and not _ENDS_ITEM.search(text)


def _glue(text: str, line: str) -> str:
    return text + line if _CLOSING.match(line) or text.endswith(("(", "[")) else f"{text} {line}"


def _from_blocks(text: str) -> list[Paragraph]:
    numbering = _Numbering()
    paragraphs: list[Paragraph] = []
    pending: str | None = None
    for block in _BLANK.split(text):
        # A title of the European court begins with a no-break space on a line of its own.
        is_title = block.startswith("\xa0\n")
        first, _, rest = block.strip("\n").partition("\n")
        number = clean(first)
        if _NUMBER.fullmatch(number) and numbering.accept(number):
            pending = number
            line = clean(rest.replace("\n", ""))
        else:
            line = clean(block.replace("\n", ""))
        if line:
            heading = section_heading(line) is not None
            paragraphs.append(Paragraph(line, None if heading else pending, is_heading=is_title))
            pending = None
    return paragraphs


def _from_printed_lines(text: str) -> list[Paragraph]:
    lines = drop_signature([line for line in map(clean, text.split("\n")) if _is_text(line)])
    if not lines:
        return []
    # Nine of ten lines are shorter; a line that leaves room for the next word ended on purpose.
    width = sorted(map(len, lines))[len(lines) * 9 // 10]
    numbering = _Numbering()
    paragraphs: list[Paragraph] = []
    above: str | None = None
    for line, number in _numbered(lines, numbering):
        if above is None or number or _breaks(above, line, width):
            paragraphs.append(Paragraph(line, number))
        else:
            paragraphs[-1] = replace(paragraphs[-1], text=join_wrapped(paragraphs[-1].text, line))
        above = paragraphs[-1].text if is_pronouncement(paragraphs[-1].text) else line
    return paragraphs


def _is_text(line: str) -> bool:
    return bool(line) and not is_page_number(line) and not is_rule(line)


def _numbered(lines: Sequence[str], numbering: _Numbering) -> Iterator[tuple[str, str | None]]:
    """Lines with the Randnummer printed before them ("12 Der Kläger"), counted from the first section heading on."""
    above = ""
    in_body = False
    for line in lines:
        heading = section_heading(line)
        in_body = in_body or heading is not None
        match = _NUMBERED.fullmatch(line) if in_body and _may_end(above) else None
        if match and numbering.accept(match[1]):
            yield match[2], match[1]
        else:
            yield line, None
        above = line


def _may_end(above: str) -> bool:
    return _is_heading_line(above) or ends_sentence(above) or _ENDS_LOOSELY.search(above) is not None


def _breaks(above: str, line: str, width: int) -> bool:
    if _is_heading_line(above) or _is_heading_line(line) or is_pronouncement(above):
        return True
    if not (ends_sentence(above) or above.endswith((":", ";"))):
        return False
    return bool(_OPENS_LINE.match(line)) or len(above) + len(line.split(" ", 1)[0]) < width


def drop_signature(lines: Sequence[str]) -> list[str]:
    """Lines without the judges' names (and the clerk's certificate) at the end."""
    tail = max(0, len(lines) - _MAX_SIGNATURE_LINES)
    for index in range(tail, len(lines)):
        if _SIGNED.match(lines[index]) or _COPY.match(lines[index]):
            return list(lines[:index])
    end = len(lines)
    while end > tail and is_signature(lines[end - 1]) and not section_heading(lines[end - 1]):
        end -= 1
    return list(lines[:end])
