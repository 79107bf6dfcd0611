"""Turns a tree of elements, HTML or XML, into paragraphs with their Randnummern.

Every way in which courts mark a Randnummer is known here, since most pages mix two of them: an attribute of the
paragraph (`data-rdn`, `data-rd`, `id="rd-1"`), an element in front of it (`rd nr`, `a name="rd_1"`, `p.is-anchor`,
`div.rd`, `span.absatzRechts`), the dt of a list, the first cell of a row. The tree is walked without recursion.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace

from lxml import etree

from legaltune.corpus.cleaning import clean, drop_image_captions
from legaltune.corpus.document import Paragraph
from legaltune.corpus.readers.html import BLOCKS, TITLES, classes, short_text, text_of
from legaltune.corpus.reflow import drop_signature
from legaltune.corpus.sections import is_outline_number, section_heading

_SKIPPED = frozenset({
    "script", "style", "head", "template", "nav", "footer", "aside", "noscript", "button", "select", "option",
    "textarea", "iframe", "svg", "object", "audio", "video", "canvas", "map", "input",
})  # fmt: skip
_SKIPPED_ROLES = frozenset({"navigation", "banner", "contentinfo", "search", "menu", "menubar", "dialog"})
_SKIPPED_CLASSES = frozenset({
    "sr-only", "visually-hidden", "aural", "breadcrumb", "breadcrumbs", "hiddendata", "hidden", "screen", "noprint",
    "no-print", "hidden-print", "skip-link", "c-decision__judges",
})  # fmt: skip
_NUMBER_ATTRIBUTES = ("data-rdn", "data-rd", "data-rn", "data-randnummer")
_NUMBER_CLASSES = frozenset({
    "rd", "rdn", "rn", "rz", "randnummer", "randnr", "margin-number", "absatzrechts", "is-anchor",
    "paragraph-number", "marginalie",
})  # fmt: skip
# Names that mark a margin only where they hold the number that is due: they are used for other things as well.
_WEAK_NUMBER_CLASSES = frozenset({"rechts", "number", "num"})
_NUMBER = re.compile(r"\d{1,4}[a-z]?", re.ASCII)
_NUMBER_ID = re.compile(r"(?:rd|rn|rz|rdnr?|randnummer|abs)[-_]?(\d{1,4}[a-z]?)", re.ASCII | re.IGNORECASE)
_LEADING_NUMBER = re.compile(r"(?P<number>\d{1,4})(?:\s+(?P<text>[A-ZÄÖÜ§„\"(\[].*))?", re.ASCII | re.DOTALL)
_INDENTED = re.compile(r"margin-left\s*:\s*0*[1-9]")
_HIDDEN = re.compile(r"display\s*:\s*none")
_MARKER = re.compile(r"list-style-type\s*:\s*(?:(['\"])(?P<text>.*?)\1|(?P<kind>[\w-]+))")
# How ordered lists count by their type.
_COUNTED = {"1": "decimal", "a": "lower-alpha"}
_START = re.compile(r"\s*(\d{1,4})\s*", re.ASCII)
_CSS_ESCAPE = re.compile(r"\\([0-9A-Fa-f]{1,6})\s?")
_SPACE = re.compile(r"[\n\r\t\f]")
_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
# How many Randnummern may be missing before a bare number is taken for something else.
_MAX_GAP = 3
_MAX_DIGITS = 5
_MAX_MARGIN_CHARS = 12
_MAX_LABEL_CHARS = 24


def paragraphs_of(
    root: etree._Element, *, skip: Collection[etree._Element] = (), keep_links: bool = True
) -> list[Paragraph]:
    """Paragraphs of an element in document order, section headings included.

    Args:
        root: Element whose text is wanted; its tail is not part of it.
        skip: Elements inside it to leave out.
        keep_links: Whether a block that consists of links alone is text; on an unknown page it is navigation.
    """
    collector = _Collector(keep_links=keep_links)
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        if event == "start":
            if element in skip or not _open(collector, element):
                walk.skip_subtree()
                collector.skipped.add(element)
        else:
            if element not in collector.skipped:
                _close(collector, element)
            collector.skipped.discard(element)
            if element is not root:
                collector.add(element.tail)
    collector.flush()
    return collector.paragraphs


def numbered_by_text(paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """Paragraphs with the Randnummern that a page without any mark prints as text, in front of or above a paragraph.

    Only numbers that count up count, from the first section heading on, and only where there are at least two.
    """
    if any(paragraph.randnummer for paragraph in paragraphs):
        return list(paragraphs)
    start = next((i for i, paragraph in enumerate(paragraphs) if section_heading(paragraph.text)), len(paragraphs))
    numbered: list[Paragraph] = []
    last, pending, found = 0, None, 0
    for paragraph in paragraphs[start:]:
        match = _LEADING_NUMBER.fullmatch(paragraph.text)
        if match and not last < int(match["number"]) <= last + _MAX_GAP:
            match = None
        if match:
            last, pending, found = int(match["number"]), match["number"], found + 1
            if not match["text"]:
                continue
        text = match["text"] if match else paragraph.text
        known = section_heading(text) is not None
        numbered.append(paragraph if known else replace(paragraph, text=text, randnummer=pending))
        pending = pending if known else None
    return [*paragraphs[:start], *numbered] if found > 1 else list(paragraphs)


def without_signature(paragraphs: Sequence[Paragraph]) -> list[Paragraph]:
    """Paragraphs without the lines or the table of names behind the last Randnummer."""
    numbered = next((i for i in range(len(paragraphs), 0, -1) if paragraphs[i - 1].randnummer), 0)
    lines = [clean(paragraph.text.replace("|", " ")) for paragraph in paragraphs[numbered:]]
    return list(paragraphs[: numbered + len(drop_signature(lines))])


@dataclass(slots=True)
class _Collector:
    """Paragraphs so far and the one that is growing.

    Attributes:
        keep_links: Whether a block of links alone is text.
        paragraphs: Finished paragraphs.
        pieces: Text of the growing paragraph; "\\n" is a line break of the page.
        number: Randnummer that waits for its paragraph.
        label: Label of an item ("1.") that waits for its paragraph.
        last: The highest Randnummer so far.
        quotes: How many enclosing elements are quotations.
        links: How many enclosing elements are links.
        linked_chars: How many characters of the growing paragraph are links.
        preformatted: How many enclosing elements keep their line breaks.
        items: For each open list, the number of its current item.
        skipped: Elements whose end is still to come, but whose text is left out.
    """

    keep_links: bool
    paragraphs: list[Paragraph] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    number: str | None = None
    label: str = ""
    last: int = 0
    quotes: int = 0
    links: int = 0
    linked_chars: int = 0
    preformatted: int = 0
    items: list[int] = field(default_factory=list)
    skipped: set[etree._Element] = field(default_factory=set)

    def add(self, text: str | None) -> None:
        if text:
            if self.links:
                self.linked_chars += len(text.strip())
            self.pieces.append(text if self.preformatted else _SPACE.sub(" ", text))

    def set_number(self, number: str | None) -> None:
        self.flush()
        self.number = number
        if self.label == number:
            self.label = ""
        if number:
            self.last = max(self.last, int(number.rstrip("abcdefghijklmnopqrstuvwxyz")))

    def is_due(self, number: str) -> bool:
        """Whether a bare number can be the next Randnummer."""
        return _is_number(number) and self.last < int(number) <= self.last + _MAX_GAP

    def flush(self, *, is_heading: bool = False) -> None:
        """Finish the growing paragraph; a blank line in it divides it."""
        if not self.pieces:
            return
        text = "".join(self.pieces)
        linked = self.linked_chars
        self.pieces, self.linked_chars = [], 0
        if not text or text.isspace():
            return
        for lines in _divided(text, keep_number=self.number):
            self._emit("\n".join(lines), linked, is_heading)

    def _emit(self, text: str, linked_chars: int, is_heading: bool) -> None:
        text = drop_image_captions(text)
        if not text:
            return
        known = section_heading(text) is not None
        if not self.keep_links and linked_chars >= len(text) and not (self.number or known or is_outline_number(text)):
            self.label = ""
            return
        if self.label and not known:
            text = f"{self.label} {text}"
            self.label = ""
        self.paragraphs.append(Paragraph(text, None if known else self.number, is_heading, self.quotes > 0))
        self.number = None


def _divided(text: str, *, keep_number: str | None) -> Iterator[list[str]]:
    """Lines of a text, one list a paragraph; a line that repeats the Randnummer in front is dropped."""
    lines = [clean(line) for line in text.split("\n")] if "\n" in text else [clean(text)]
    if keep_number and lines[0] == keep_number:
        lines = lines[1:]
    paragraph: list[str] = []
    for line in lines:
        if line:
            paragraph.append(line)
        elif paragraph:
            yield paragraph
            paragraph = []
    if paragraph:
        yield paragraph


def _open(collector: _Collector, element: etree._Element) -> bool:
    """Take in the start of an element; False where its content is left out or already taken in."""
    tag = element.tag
    if not isinstance(tag, str) or _is_skipped(element, tag):
        return False
    if tag == "br":
        collector.pieces.append("\n")
        return False
    if tag == "sup" and (raised := _raised(element)) is not None:
        collector.add(raised)
        return False
    if tag in BLOCKS:
        collector.flush()
    if (element.attrib or tag in {"dt", "td"}) and _is_margin(collector, element, tag):
        return False
    if tag == "table" and (rows := _data_rows(element)):
        collector.pieces.append("\n".join(rows))
        collector.flush()
        return False
    _enter(collector, element, tag)
    collector.add(element.text)
    return True


def _enter(collector: _Collector, element: etree._Element, tag: str) -> None:
    if _quotes(element, tag):
        collector.quotes += 1
    if tag == "pre":
        collector.preformatted += 1
    elif tag == "a" and _is_link(element):
        collector.links += 1
    elif tag in {"ol", "ul"}:
        collector.items.append(_before_first(element))
    elif tag == "li":
        _label_item(collector, element)


def _close(collector: _Collector, element: etree._Element) -> None:
    tag = element.tag
    if tag in BLOCKS:
        collector.flush(is_heading=tag in TITLES)
    if _quotes(element, tag):
        collector.quotes -= 1
    if tag == "pre":
        collector.preformatted -= 1
    elif tag == "a" and _is_link(element):
        collector.links -= 1
    elif tag in {"ol", "ul"}:
        collector.items.pop()
    elif tag in {"dd", "li"} and collector.label:
        collector.add(collector.label)
        collector.label = ""
        collector.flush()


def _is_skipped(element: etree._Element, tag: str) -> bool:
    if tag in _SKIPPED:
        return True
    attributes = element.attrib
    if tag == "header" and not any(parent.tag in {"main", "article"} for parent in element.iterancestors()):
        return True
    return bool(attributes) and (
        attributes.get("role") in _SKIPPED_ROLES
        or "hidden" in attributes
        or _HIDDEN.search(attributes.get("style", "")) is not None
        or (tag == "table" and "Unterschrift" in attributes.get("summary", ""))
        or not _SKIPPED_CLASSES.isdisjoint(classes(element))
    )


def _raised(element: etree._Element) -> str | None:
    """Digits set high as such, so that "m²" and a footnote mark do not become part of the number or word before."""
    text = short_text(element, 4)
    return text.translate(_SUPERSCRIPTS) if text and text.isdecimal() and text.isascii() else None


def _quotes(element: etree._Element, tag: str) -> bool:
    if tag == "blockquote":
        return True
    style = element.get("style")
    return style is not None and _INDENTED.search(style) is not None


def _is_link(element: etree._Element) -> bool:
    return bool(element.get("href")) and not element.get("href", "").startswith("#")


def _is_number(text: str) -> bool:
    """Whether a text can be a Randnummer; Python refuses to read a number of thousands of digits."""
    return text.isdecimal() and len(text) <= _MAX_DIGITS


def _is_margin(collector: _Collector, element: etree._Element, tag: str) -> bool:
    """Take in a Randnummer or a label; True where the element holds nothing else."""
    if tag == "rd" and _NUMBER.fullmatch(nr := element.get("nr", "")):
        if nr != collector.number:
            collector.set_number(nr)
        return False
    number = _number_in_attributes(element)
    if number and (number != collector.number or collector.pieces):
        collector.set_number(number)
    if tag in {"dt", "td", "th"}:
        return _is_margin_cell(collector, element, tag)
    names = {name.lower() for name in classes(element)}
    if not names.isdisjoint(_NUMBER_CLASSES):
        return _is_number_element(collector, element)
    if not names.isdisjoint(_WEAK_NUMBER_CLASSES):
        return _is_weak_number(collector, element)
    if "absatz" in names:
        _number_beside(collector, element)
    return number is not None and tag == "a" and short_text(element, _MAX_MARGIN_CHARS) == number


def _number_beside(collector: _Collector, element: etree._Element) -> None:
    """Take in a Randnummer that stands in the last column of a paragraph, behind its text."""
    for child in element[1:]:
        if not classes(child).isdisjoint(_WEAK_NUMBER_CLASSES):
            _is_weak_number(collector, child)


def _is_weak_number(collector: _Collector, element: etree._Element) -> bool:
    text = short_text(element, _MAX_MARGIN_CHARS)
    if not text or not _is_number(text):
        return False
    if collector.is_due(text):
        collector.set_number(text)
        return True
    return int(text) == collector.last


def _number_in_attributes(element: etree._Element) -> str | None:
    for key in _NUMBER_ATTRIBUTES:
        value = element.get(key, "")
        if value and (match := _NUMBER.fullmatch(value.strip())):
            return str(match[0])
    for key in ("id", "name"):
        match = _NUMBER_ID.fullmatch(element.get(key, ""))
        if match:
            return str(match[1])
    return None


def _is_number_element(collector: _Collector, element: etree._Element) -> bool:
    """An element that is a margin by its class; an empty one stands before a paragraph without a Randnummer."""
    text = short_text(element, _MAX_MARGIN_CHARS)
    if text is None:
        return False
    number = text or (element.get("id", "") if "is-anchor" in classes(element) else "")
    if _NUMBER.fullmatch(number):
        if number != collector.number:
            collector.set_number(number)
        return True
    if not text and not element.get("data-rdn"):
        collector.set_number(None)
        return True
    return False


def _is_margin_cell(collector: _Collector, element: etree._Element, tag: str) -> bool:
    """A dt, or the first cell of a row: it holds a Randnummer, the label of an item, nothing, or text."""
    text = short_text(element, _MAX_LABEL_CHARS)
    if text is None:
        return False
    if tag != "dt" and (element.getprevious() is not None or element.getnext() is None):
        return False
    anchored = any(_number_in_attributes(anchor) for anchor in element.iter("a"))
    if _NUMBER.fullmatch(text) and (anchored or collector.is_due(text)):
        collector.set_number(text)
        return True
    if tag == "dt" and text:
        collector.flush()
        collector.label = f"{collector.label} {text}".lstrip()
        return True
    return not text and next(element.iter("rd"), None) is None


def _data_rows(table: etree._Element) -> list[str]:
    """Rows of a table of data; none for a table that only arranges text on the page."""
    if next(table.iterdescendants("table", "rd", "dl", *TITLES), None) is not None:
        return []
    rows = [[text_of(cell) for cell in row if cell.tag in {"td", "th"}] for row in table.iter("tr")]
    rows = [cells for cells in rows if any(cells)]
    if sum(sum(map(bool, cells)) > 1 for cells in rows) == 0 or _has_margin(rows):
        return []
    return [" | ".join(cells) for cells in rows]


def _has_margin(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first of two columns counts up beside text."""
    if any(len(cells) > 2 for cells in rows):
        return False
    numbers = [int(cells[0]) for cells in rows if len(cells) == 2 and _is_number(cells[0]) and len(cells[1]) > 40]
    return bool(numbers) and numbers == sorted(set(numbers)) and len(numbers) * 3 >= len(rows)


def _before_first(ol: etree._Element) -> int:
    """Number before that of the first item; a list may be broken in two, the second part starting at 2."""
    match = _START.fullmatch(ol.get("start", ""))
    return int(match[1]) - 1 if match else 0


def _label_item(collector: _Collector, element: etree._Element) -> None:
    """Print the mark of a list item where the page says what it looks like: by a style, a type or a first number.

    A list that says nothing may show no numbers: the BVerwG makes items of the lines of a tenor and of its sub-lists.
    """
    if collector.items:
        collector.items[-1] += 1
    parent = element.getparent()
    if parent is None or not collector.items:
        return
    style = parent.get("style", "")
    if match := _MARKER.search(style):
        collector.label = _marker(match["text"], match["kind"], collector.items[-1])
    elif parent.tag == "ol" and "list-style" not in style and ("type" in parent.attrib or "start" in parent.attrib):
        collector.label = _marker(None, _COUNTED.get(parent.get("type", "1")), collector.items[-1])


def _marker(text: str | None, kind: str | None, count: int) -> str:
    if text is not None:
        return clean(_CSS_ESCAPE.sub(lambda match: _character(match[1]), text))
    if kind == "decimal":
        return f"{count}."
    if kind in {"lower-alpha", "lower-latin"} and count <= 26:
        return f"{chr(ord('a') + count - 1)})"
    return "-" if kind in {"disc", "square", "circle"} else ""


def _character(hexadecimal: str) -> str:
    code = int(hexadecimal, 16)
    return chr(code) if 0 < code < 0x110000 else ""
