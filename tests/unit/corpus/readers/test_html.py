"""Tests of legaltune.corpus.readers.html."""

from __future__ import annotations

import time

import pytest

from legaltune.corpus.document import DocumentError, DropReason
from legaltune.corpus.readers.html import decode_html, parse_html, reparse, text_of

META = '<meta http-equiv="Content-Type" content="text/html; charset={}">'


@pytest.mark.parametrize(
    "raw",
    [
        "<p>Gründe – 5 €</p>".encode(),
        b"\xef\xbb\xbf" + "<p>Gründe – 5 €</p>".encode(),
        "<p>Gründe – 5 €</p>".encode("utf-16"),
        (META.format("iso-8859-1") + "<p>Gründe – 5 €</p>").encode("cp1252"),
        (META.format("iso-8859-1") + "<p>Gründe – 5 €</p>").encode(),
        (META.format("klingon") + "<p>Gründe – 5 €</p>").encode("cp1252"),
        (META.format("utf-8") + "<p>Gründe – 5 €</p>").encode("cp1252"),
        (META.format("iso-8859-15") + "<p>Gründe \xad 5 €</p>").encode("iso-8859-15"),
    ],
)
def test_encodings(raw: bytes) -> None:
    text = decode_html(raw)
    assert "Gründe" in text
    assert "5 €" in text


def test_damaged_utf8_is_refused() -> None:
    with pytest.raises(DocumentError, match="byte 0xFF at offset 11") as caught:
        decode_html("<p>Gründe".encode() + b"\x20\xff</p>")
    assert caught.value.reason is DropReason.WRONG_ENCODING


@pytest.mark.parametrize("text", ["", "  ", "<!-- nichts -->"])
def test_nothing_to_read(text: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_html(text)
    assert caught.value.reason is DropReason.NO_SECTIONS


def test_no_depth_is_too_much() -> None:
    """lxml stops at 256 elements: the text below would be lost."""
    text = "<title>T</title>" + "<div>" * 3000 + "<h2>Tenor</h2><p>Abge<b>wiesen</b>.</p><script>x()</script>"
    root = parse_html(text)
    assert [element.text for element in root.iter("title", "h2")] == ["T", "Tenor"]
    assert "Abgewiesen." in text_of(root)
    assert "x()" not in text_of(root)


def test_the_fallback_keeps_randnummern_and_line_breaks() -> None:
    root = reparse('<dl><dt><a name="rd_1">1</a></dt><dd><p class="x">Eins<br>zwei<!-- drei --></p></dd></dl>')
    assert root is not None
    assert [element.get("name") for element in root.iter("rd")] == ["rd_1"]
    assert [element.get("class") for element in root.iter("p") if element.get("class")] == ["x"]
    assert len(list(root.iter("br"))) == 1
    assert "drei" not in text_of(root)


def test_the_fallback_is_bounded() -> None:
    assert reparse("<p>x</p>" * 100_000) is None


@pytest.mark.parametrize("piece", ["<!", "<!--", "<", "&", "<a ", "<![CDATA[", "</", "<p a='"])
def test_hostile_markup_costs_little_time(piece: str) -> None:
    start = time.perf_counter()
    try:
        parse_html("<html><body>" + piece * 20_000 + "<p>x</p>")
    except DocumentError as error:
        assert error.reason is DropReason.NO_SECTIONS
    assert time.perf_counter() - start < 2


def test_text_of() -> None:
    assert text_of(None) == ""
    assert text_of(parse_html("<div>eins<br>zw<b>ei</b><p>drei</p>vier</div>")) == "eins zwei drei vier"
