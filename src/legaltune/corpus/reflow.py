"""Turns the flattened text of a court portal into paragraphs.

Four layouts occur: one paragraph a line, where links and italics break a sentence into lines of their own; the printed
lines of a PDF with its hyphenation and page numbers, the Randnummern before their text or on lines of their own; blocks
between blank lines, where a line break is an inline tag.

Paragraphs grow by pieces of which only the last few are looked at, so that the time is linear in the text.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from legaltune.corpus.cleaning import (
    clean,
    drop_image_captions,
    ends_sentence,
    is_page_number,
    is_rule,
    is_signature,
    join_spaced_word,
    join_wrapped,
)
from legaltune.corpus.document import Paragraph
from legaltune.corpus.patterns import MONTHS
from legaltune.corpus.sections import is_order_title, is_outline_number, is_value_order, section_heading


class Layout(Enum):
    """How a portal's text is broken into lines."""

    PARAGRAPH_LINES = "one paragraph a line"
    PRINTED_LINES = "the lines of a PDF"
    MARGIN_LINES = "the lines of a PDF, margin numbers on lines of their own"
    BLOCKS = "blocks between blank lines"


_FIRST_BRACKET = "\n[1]"
_BRACKETED = re.compile(r"\[(\d+[a-z]?)\]\s*(.*)")
_NUMBERED = re.compile(r"(\d{1,4})\s+((?:[A-ZÄÖÜ§„\"(\d]|[a-z]{1,3}\)).*)")
_UNIT = re.compile(r"(?:\b[ckm]?m|\bCO)$")
_NUMBER = re.compile(r"\d{1,4}")
_BLANK = re.compile(r"\n[ \t]*\n")
_OPENS_LINE = re.compile(
    r"(?:vorgehend|nachgehend|[IVX]+\.|[A-Z]\.|\d{1,2}\.|[a-z]{1,3}\)|\(?\d{1,2}\)|\([a-z]{1,2}\)|[-–•])\s"
)
_CLOSING = re.compile(r"(?!\.\.)[,;:.)\]!?]{1,3}(?:\s|$)")
_CLOSING_QUOTES = ("“", "”", '"')
# Where an inline tag broke a line off: what never begins a paragraph, what never ends one.
_CLOSES = re.compile(r"[);,](?:\s|$|[.,;:])|[“”](?![^\W_])|\"[\s.,;:)]")
_CLOSING_CHARS = frozenset(');,“”"')
_AWAITS_REST = re.compile(r"(?:[(\[„]|\(“|(?:^|[\s(\[])\"|(?:\b[A-ZÄÖÜ][^\W\d_]*|^)/)$")
_OPENING_CHARS = frozenset('([„“"/')
_REST = re.compile(r"(?:[(\[„]|\(“|(?:\b[A-ZÄÖÜ][^\W\d_]*|^)/)$")
_AWAITS_QUOTED = re.compile(r"(?:^|[\s(\[])\"$")
_REST = re.compile(r"i\.\s?V\.\s?m\.|i\.\s?S\.\s?[dv]\.|v\.\s?\d|[-–]\s?,\s|/(?:[^\W\d_]|$)")
_AWAITS_NOUN = re.compile(
    r"(?:§|\b(?:de[rmns]|die|das|diese[rmns]?|eine?[rmns]?|i[mn]|vo[mn]|zu[mr]|für|durch|gemäß|nach|"
    r"[a-zäöü]{3,60}(?:lich|isch|end)e[rmns]?))$"
)
_ENDS_CITATION = re.compile(r"\b(?:Rn|Rdnr|Rz|S)\.\s?\d+\.$")
_DAY = re.compile(rf"\d{{1,2}}\. (?:{'|'.join(MONTHS)})\b")
_PRONOUNCED = re.compile(r"(?:.*\W)?(?:beschlossen|erkannt|entschieden):", re.DOTALL)
_ENDS_ITEM = re.compile(r"(?<!\.)[.,;:]$")
_ENDS_LOOSELY = re.compile(r"(?:[:;“\")]|\d\.)$")
_SIGNED = re.compile(r"gez\.:?(?:\s|$)")
_COPY = re.compile(r"(?:Ausgefertigt|Beglaubigt|Die Übereinstimmung der Abschrift)\b")
# A hyphen that stays although a small letter follows: "öffentlich-" + "rechtlich", "4-" + "jährige".
_ADJECTIVE = re.compile(r"[^\W\d_](?:lich|isch|ell|[io]v|al)-$")
_DIGIT_HYPHEN = re.compile(r"\d-$")
_BROKEN_WORD = re.compile(r"\b([^\W\d_]{2,})- (?!(?:und|oder|bzw|sowie|bis)\b)([a-zäöüß]{2,})\b")
_WORD = re.compile(r"[^\W\d_]{4,}")
_TOUCHES_NEXT = re.compile(r"\w/$")
# Beginnings of a line that go on with a citation, also behind an abbreviation that looks like the end of a sentence.
_SMALL_OUTLINE = re.compile(r"(?!ff?\.)(?:[a-z]{1,3}\)|([a-zα-ω])\1{0,2}[.)])\s")
_NEVER_OPENS = re.compile(r"(?:Rn|Rdnr|Rz|Tz|Abs|Nr|S)\.?\s?\d")
_AWAITS_NUMBER = ("Az.:", "Az:", "AZ:", "Aktenzeichen:")
# How many margin numbers may be missing before a number is taken for something else.
_MAX_GAP = 3
_MAX_SIGNATURE_LINES = 10
# A printed line shorter than this share of the full width ended on purpose, whatever it ends with.
_SHORT_LINE = 0.5
# Lines of a growing paragraph that tell whether the next one belongs to it.
_TAIL_PIECES = 4
# End of a text that tells whether a sentence ends there.
_END_CHARS = 40


def paragraphs_of(text: str, layout: Layout) -> list[Paragraph]:
    """Cleaned paragraphs with their Randnummern; section headings are paragraphs of their own."""
    if layout is Layout.BLOCKS:
        paragraphs = _from_blocks(text)
    elif layout is Layout.PRINTED_LINES:
        paragraphs = _from_printed_lines(text, _is_text, _numbered)
    elif layout is Layout.MARGIN_LINES:
        paragraphs = _from_printed_lines(text, _is_text_or_number, _numbered_above)
    else:
        paragraphs = _from_paragraph_lines(text)
    return _without_wrap_hyphens([p for p in paragraphs if p.text])


def _without_wrap_hyphens(paragraphs: list[Paragraph]) -> list[Paragraph]:
    """Mend "vor- liegend" inside a line, where the text spells the word without the break somewhere else."""
    broken = [i for i, p in enumerate(paragraphs) if "- " in p.text and _BROKEN_WORD.search(p.text)]
    if not broken:
        return paragraphs
    words = {word for p in paragraphs for word in _WORD.findall(p.text)}
    for index in broken:
        text = _BROKEN_WORD.sub(lambda m: m[1] + m[2] if m[1] + m[2] in words else m[0], paragraphs[index].text)
        paragraphs[index] = replace(paragraphs[index], text=text)
    return paragraphs


def is_pronouncement(text: str) -> bool:
    """True for the end of the formula that stands before the tenor: "... für Recht erkannt:"."""
    return text.endswith(("n:", "t:")) and _PRONOUNCED.fullmatch(text) is not None


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


@dataclass(slots=True)
class _Growing:
    """A paragraph whose lines are still coming."""

    pieces: list[str]
    number: str | None = None

    @property
    def tail(self) -> str:
        """Its last lines joined: the whole text while it is short."""
        return "".join(self.pieces[-_TAIL_PIECES:])

    def add(self, line: str, join: Callable[[str, str], str]) -> None:
        """Append a line by a function that keeps its second argument as it is."""
        joined = join(self.pieces[-1], line)
        self.pieces[-1] = joined[: len(joined) - len(line)]
        self.pieces.append(line)

    def finished(self) -> Paragraph:
        return Paragraph("".join(self.pieces), self.number)


def _from_paragraph_lines(text: str) -> list[Paragraph]:
    # Where they are marked, a number that stands alone is of something else: a quoted contract, a table.
    is_marked = "\nRandnummer\n" in text or _FIRST_BRACKET in text
    numbering = _Numbering()
    paragraphs: list[_Growing] = []
    number: str | None = None
    unused: list[str] = []
    above, joined, below_label = "", False, False
    for raw in text.split("\n"):
        line = drop_image_captions(clean(raw))
        if not line or line == "Randnummer":
            above, below_label = "", line == "Randnummer"
        elif _NUMBER.fullmatch(line) and (
            below_label or (not is_marked and not _is_exponent(paragraphs) and numbering.accept(line))
        ):
            unused += [number] if number else []
            number, above, below_label = line, "", False
        else:
            _number_list(paragraphs, unused)
            unused = []
            bracketed = _BRACKETED.fullmatch(line)
            if bracketed:
                number, line = bracketed.groups()
            joined = number is None and bool(paragraphs) and _continues(paragraphs[-1].tail, above, raw, line, joined)
            if joined:
                paragraphs[-1].add(line, _glue)
            else:
                paragraphs.append(_Growing([line], None if section_heading(line) else number))
            number, above = None, raw
    return [paragraph.finished() for paragraph in paragraphs]


def _number_list(paragraphs: Sequence[_Growing], numbers: Sequence[str]) -> None:
    """Give Randnummern that a scraper put behind a list, without text of their own, to its items."""
    if numbers:
        items = list(itertools.takewhile(_is_unnumbered, reversed(paragraphs)))
        for item, number in zip(items, reversed(numbers), strict=False) if len(items) == len(numbers) else ():
            item.number = number


def _is_unnumbered(paragraph: _Growing) -> bool:
    return paragraph.number is None and not _is_heading_line(paragraph.tail)


def _is_exponent(paragraphs: Sequence[_Growing]) -> bool:
    """Whether a number on its own line belongs to the unit above it: "m", "2"."""
    return bool(paragraphs) and _UNIT.search(paragraphs[-1].tail) is not None


def _continues(text: str, above: str, raw: str, line: str, joined: bool) -> bool:
    """Whether a line goes on with the sentence above it, which an inline tag broke off.

    Args:
        text: The paragraph so far, or its last lines.
        above: The line above as it stands in the text, "" where a blank line or a Randnummer stands between.
        raw: The line as it stands in the text; one that begins with a space is a paragraph of its own, unless it is
            the text of an item whose number stands above it or stands inside quotation marks or brackets.
        line: The same line cleaned.
        joined: Whether the line above was itself such a piece.
    """
    if not above:
        return False
    is_item = line[0].islower() and is_outline_number(text)
    if (is_item and not _OPENS_LINE.match(line)) or _is_inside(text, line):
        return True
    if raw[:1].isspace():
        return False
    if is_item or _CLOSING.match(line) or line.startswith("(Rn."):
        return True
    if _is_heading_line(text) or _opens_paragraph(line):
        return False
    return _resumes(text[-_END_CHARS:], line) or _is_broken_off(text[-_END_CHARS:], above, joined)


def _opens_paragraph(line: str) -> bool:
    """Whether a line is a heading or an item; "i.V.m." and "3. Mai" only look like one."""
    if _REST.match(line) or _DAY.match(line):
        return False
    return _is_heading_line(line) or _OPENS_LINE.match(line) is not None


def _resumes(end: str, line: str) -> bool:
    """Whether a line by its own first words goes on with a text that ends so."""
    if _REST.match(line):
        return not end.endswith(":")
    return line[0].islower() and (end.endswith(_CLOSING_QUOTES) or _is_unfinished(end))


def _is_broken_off(end: str, above: str, joined: bool) -> bool:
    """Whether the end of a paragraph awaits a line: by its words, or because a tag ended there."""
    ends_with_tag = above[-1:].isspace() or above.endswith(("(", "["))
    if ends_sentence(end) or (not ends_with_tag and _ENDS_CITATION.search(end)):
        return False
    return ends_with_tag or joined or _AWAITS_NOUN.search(end) is not None


def _is_unfinished(text: str) -> bool:
    return not ends_sentence(text) and _ENDS_ITEM.search(text) is None


def _is_inside(text: str, line: str) -> bool:
    """Whether no paragraph ends between the two: behind an opening quotation mark or bracket, before a closing one."""
    end = text[-_END_CHARS:]
    if _touch(end, line):
        is_straight = end[-1] == '"' or line[0] == '"'
        is_joined = not is_straight or text.count('"') % 2 == 1
    else:
        is_joined = _is_unfinished(end) and text.count("(") > text.count(")") and not _opens_paragraph(line)
    return is_joined and not (section_heading(line) or section_heading(text))


def _touch(end: str, line: str) -> bool:
    """Whether no space stands between the two."""
    if line[0] in _CLOSING_CHARS and _CLOSES.match(line):
        return True
    return (end[-1] in _OPENING_CHARS and _AWAITS_REST.search(end) is not None) or _is_power(end, line)


def _is_power(end: str, line: str) -> bool:
    return line in {"2", "3"} and _UNIT.search(end) is not None


def _glue(text: str, line: str) -> str:
    touches = _CLOSING.match(line) or line[0] == "/" or _touch(text[-_END_CHARS:], line)
    return text + line if touches else f"{text} {line}"


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


def _from_printed_lines(
    text: str,
    is_kept: Callable[[str], bool],
    numbered: Callable[[Sequence[str]], Iterator[tuple[str, str | None]]],
) -> list[Paragraph]:
    lines = drop_signature([line for line in map(clean, text.split("\n")) if is_kept(line)])
    if not lines:
        return []
    # Nine of ten lines are shorter; a line that leaves room for the next word ended on purpose.
    width = sorted(map(len, lines))[len(lines) * 9 // 10]
    paragraphs: list[_Growing] = []
    above = ""
    was_heading = True
    for line, number in numbered(lines):
        is_heading = _is_heading_line(line)
        if number or is_heading or was_heading or _breaks(above, line, width):
            paragraphs.append(_Growing([join_spaced_word(line)], number))
        else:
            paragraphs[-1].add(line, _join_printed)
        above = paragraphs[-1].tail if is_pronouncement(paragraphs[-1].tail) else line
        was_heading = is_heading
    return [paragraph.finished() for paragraph in paragraphs]


def _is_text(line: str) -> bool:
    return bool(line) and not is_page_number(line) and not is_rule(line)


def _is_text_or_number(line: str) -> bool:
    return _NUMBER.fullmatch(line) is not None or _is_text(line)


def _numbered(lines: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Lines with the Randnummer printed before them ("12 Der Kläger"), counted from the first section heading on."""
    numbering = _Numbering()
    above = ""
    in_body = False
    for line in lines:
        heading = section_heading(line)
        in_body = in_body or heading is not None
        match = _NUMBERED.fullmatch(line) if in_body and line[0].isdigit() and _may_end(above) else None
        if match and numbering.accept(match[1]):
            yield match[2], match[1]
        else:
            yield line, None
        above = line


def _numbered_above(lines: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """Lines with the Randnummer printed on a line of its own above them; other lone numbers are page numbers."""
    numbering = _Numbering()
    number: str | None = None
    for line in lines:
        if _NUMBER.fullmatch(line):
            number = line if numbering.accept(line) else number
        elif _is_heading_line(line):
            yield line, None
        else:
            yield line, number
            number = None


def _join_printed(first: str, second: str) -> str:
    """Join two printed lines; see join_wrapped for the hyphens that do not stay."""
    if first[-1:] not in {"-", "/"}:
        return f"{first} {second}"
    if _TOUCHES_NEXT.search(first) or (_DIGIT_HYPHEN.search(first) and second[:1].isalnum()):
        return first + second
    if _ADJECTIVE.search(first) and second.startswith("rechtlich"):
        return first + second
    return join_wrapped(first, second)


def _may_end(above: str) -> bool:
    end = above[-_END_CHARS:]
    return _is_heading_line(above) or ends_sentence(end) or _ENDS_LOOSELY.search(end) is not None


def _breaks(above: str, line: str, width: int) -> bool:
    """Whether a line that is no heading, below one that is none either, opens a paragraph."""
    if is_pronouncement(above) or _is_spaced(above, line) or is_order_title(line) or is_value_order(above, line):
        return True
    opens = _OPENS_LINE.match(line) is not None
    is_rest = line[0].islower() and not _SMALL_OUTLINE.match(line)
    if is_rest or _NEVER_OPENS.match(line) or above.endswith(_AWAITS_NUMBER):
        return False
    if ends_sentence(above[-_END_CHARS:]) or above.endswith(":"):
        return opens or len(above) + len(line.split(" ", 1)[0]) < width
    is_short = len(above) < width * _SHORT_LINE and not above.endswith("-")
    if opens:
        return is_short or above.endswith(";")
    return is_short and not above[-1].islower() and above[-1] not in ",;"


def _is_spaced(above: str, line: str) -> bool:
    """Whether one of the lines is a letter-spaced word that stands alone: "B e s c h l u s s"."""
    return any(text[1:2] == " " and join_spaced_word(text) != text for text in (above, line))


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
