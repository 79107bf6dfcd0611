"""Turns the bytes of a web page into a tree of elements: encoding, parser, and a fallback where the parser fails.

lxml reads nearly everything. Where it finds nothing, or stops at its limit of 256 nested elements, BeautifulSoup reads
the page and only its blocks are kept, one behind the other, so that no depth is too much.
"""

from __future__ import annotations

import codecs
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from typing import TypeGuard

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PreformattedString, Tag
from lxml import etree

from legaltune.corpus.cleaning import clean
from legaltune.corpus.document import DocumentError, DropReason
from legaltune.corpus.xml import UTF8_BOM, UTF16_BOMS

logger = logging.getLogger(__name__)

TITLES = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
BLOCKS = TITLES | frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset", "figure",
    "footer", "form", "header", "hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "table", "tbody",
    "td", "tfoot", "th", "thead", "tr", "ul",
})  # fmt: skip
_CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([A-Za-z][\w.:-]*)""", re.IGNORECASE)
_ANY_TAG = re.compile(r"<[^>]*>")
# What lxml reads as text up to an end tag that may be missing.
_RAW_TEXT = re.compile(
    r"<(/?)(?:xmp|plaintext|listing|iframe|noembed|noframes|textarea)\b|<title\b(?![^<]*</title\b)", re.IGNORECASE
)
_HEAD_BYTES = 8_192
_MOJIBAKE = re.compile("Ã[\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]")
_UNSEEN = frozenset({"script", "style", "title", "template"})
_KEPT_ATTRIBUTES = ("class", "id", "name", "nr", "data-rdn", "data-rd", "style")
# The fallback needs up to a second for this much.
_MAX_FALLBACK_CHARS = 250_000
# libxml2 builds a tag in time quadratic in the number of its attributes, and no signal interrupts it. In a page of this
# length it takes half a second at most; a tag of a longer page may have this many.
_MAX_UNCOUNTED_CHARS = 100_000
_MAX_ATTRIBUTES = 1_000
_MAX_DEPTH = 300  # the tree ends at 256
_PIECE_BYTES = 65_536


def decode_html(raw: bytes) -> str:
    """Text of a page. A byte order mark decides, then valid UTF-8, whatever is declared, then what is declared.

    Raises:
        DocumentError: WRONG_ENCODING: UTF-8 with damaged characters in it.
    """
    if raw.startswith(UTF16_BOMS):
        return raw.decode("utf-16", "replace")
    try:
        return raw.removeprefix(UTF8_BOM).decode("utf-8")
    except UnicodeDecodeError as error:
        text = raw.decode(_declared_codec(raw), "replace")
        if _MOJIBAKE.search(text):
            detail = f"most of it is UTF-8, but byte 0x{raw[error.start]:02X} at offset {error.start} is not"
            raise DocumentError(DropReason.WRONG_ENCODING, detail) from None
        return text


def _declared_codec(raw: bytes) -> str:
    """The declared single-byte encoding; browsers read ISO-8859-1 (and what is not declared) as Windows-1252."""
    match = _CHARSET.search(raw[:_HEAD_BYTES])
    try:
        codec = codecs.lookup(match[1].decode("ascii")).name if match else "cp1252"
        single_byte = len(bytes(range(0xA0, 0x100)).decode(codec, "strict")) == 0x60
    except (LookupError, UnicodeError):
        return "cp1252"
    return codec if single_byte and codec not in {"iso8859-1", "ascii"} else "cp1252"


def parse_html(text: str) -> etree._Element:
    """Root element of a page or of a piece of one.

    Raises:
        DocumentError: NO_SECTIONS: there is no text in it, or a tag too large to be honest.
    """
    raw = _bytes(text)
    if len(text) > _MAX_UNCOUNTED_CHARS:
        _refuse_huge_tags(raw)
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True)
    root = etree.fromstring(raw, parser)
    cut_off = any(error.type_name == "ERR_RESOURCE_LIMIT" for error in parser.error_log)
    if root is None or cut_off:
        root = reparse(text)
    if root is None:
        raise DocumentError(DropReason.NO_SECTIONS, "no readable text in the page")
    return root


def _refuse_huge_tags(raw: bytes) -> None:
    parser = etree.HTMLParser(encoding="utf-8", target=_AttributeCount())
    with suppress(_TooDeepError):
        # In pieces, since an exception ends the parser only between two of them.
        for start in range(0, len(raw), _PIECE_BYTES):
            parser.feed(raw[start : start + _PIECE_BYTES])
        parser.close()


class _TooDeepError(Exception):
    """Here the parser that builds a tree has stopped."""


@dataclass(slots=True)
class _AttributeCount:
    """Target of a parser that builds no tree, which takes linear time."""

    depth: int = 0

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if len(attributes) > _MAX_ATTRIBUTES:
            detail = f"a tag {tag[:20]!r} with {len(attributes)} attributes, more than {_MAX_ATTRIBUTES}"
            raise DocumentError(DropReason.NO_SECTIONS, detail)
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise _TooDeepError

    def end(self, _tag: str) -> None:
        self.depth -= 1

    def close(self) -> None:
        """Nothing was built."""


def reparse(text: str) -> etree._Element | None:
    """Root element as BeautifulSoup finds it, None where it finds no text or where the page is too large for it."""
    if len(text) > _MAX_FALLBACK_CHARS:
        logger.debug("page of %d characters: too large for the fallback parser", len(text))
        return None
    # lxml below it: html.parser takes minutes for hostile markup of this length, and raises for some. A page that
    # begins with text or an XML declaration would make BeautifulSoup warn.
    markup = _RAW_TEXT.sub(r"<\1div", _bytes(text).decode())
    soup = BeautifulSoup(f"<body>{markup}", "lxml")
    flat = "".join(_flattened(soup))
    parser = etree.HTMLParser(encoding="utf-8")
    if not _ANY_TAG.sub("", flat).strip():
        return None
    title = escape(soup.title.get_text()) if soup.title else ""
    return etree.fromstring(_bytes(f"<html><head><title>{title}</title></head><body>{flat}</body></html>"), parser)


def _bytes(text: str) -> bytes:
    return text.replace("\x00", "").encode("utf-8", "ignore")


def _flattened(soup: BeautifulSoup) -> Iterator[str]:
    """Markup of the page with its blocks one behind the other; links and emphasis are left out."""
    for node in soup.descendants:
        if isinstance(node, Tag):
            yield _flat_tag(node)
        elif _is_seen(node):
            yield escape(node)


def _is_seen(node: object) -> TypeGuard[NavigableString]:
    if not isinstance(node, NavigableString) or isinstance(node, PreformattedString):
        return False
    return node.parent is None or node.parent.name not in _UNSEEN


def _flat_tag(tag: Tag) -> str:
    if tag.name == "br":
        return "<br>"
    if tag.name not in BLOCKS and tag.name not in {"rd", "span", "a"}:
        return ""
    attributes = "".join(
        f' {key}="{escape(" ".join(value) if isinstance(value, list) else str(value))}"'
        for key in _KEPT_ATTRIBUTES
        if (value := tag.get(key))
    )
    if tag.name in {"rd", "span", "a"}:
        return f"<rd{attributes}></rd>" if tag.name == "rd" or tag.get("name") else ""
    name = tag.name if tag.name in TITLES else "p"
    return f"<{name}{attributes}>"


def classes(element: etree._Element) -> frozenset[str]:
    """Class names of an element."""
    value = element.get("class")
    return frozenset(value.split()) if value else frozenset()


def by_class(root: etree._Element, name: str, *tags: str) -> Iterator[etree._Element]:
    """Elements of a class in document order."""
    return (element for element in root.iter(*(tags or (etree.Element,))) if name in classes(element))


def first_by_class(root: etree._Element, name: str, *tags: str) -> etree._Element | None:
    """The first element of a class, or None."""
    return next(by_class(root, name, *tags), None)


def text_of(element: etree._Element | None) -> str:
    """All text of an element as one cleaned line, "" for None; a line break counts as a space."""
    if element is None:
        return ""
    pieces: list[str] = []
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if node is not element and (node.tag in BLOCKS or node.tag == "br"):
            pieces.append(" ")
        if event == "start":
            pieces.append(node.text or "")
        elif node is not element:
            pieces.append(node.tail or "")
    return clean("".join(pieces))


def short_text(element: etree._Element, limit: int) -> str | None:
    """Cleaned text of an element, None where it is longer than the limit; only as much as needed is looked at."""
    pieces: list[str] = []
    length = 0
    for piece in element.itertext():
        length += len(piece.strip())
        if length > limit:
            return None
        pieces.append(piece)
    return clean("".join(pieces))
