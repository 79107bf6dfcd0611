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


@pytest.mark.parametrize("attribute", ['a{}="x"', 'a{}="<>"', "a{}"])
@pytest.mark.parametrize("before", ["", "<!-- <b x=' -->", "<p>x</p>" * 20_000])
def test_a_tag_with_thousands_of_attributes_is_refused(before: str, attribute: str) -> None:
    """libxml2 would take minutes for it, and no signal reaches it there."""
    tag = f"<b {' '.join(attribute.format(n) for n in range(100_000))}>"
    begin = time.process_time()
    with pytest.raises(DocumentError, match=r"a tag 'b' with 100000 attributes, more than 1000"):
        parse_html(f"<html><body>{before}{tag}x</b>")
    assert time.process_time() - begin < 1


def test_a_tag_below_the_end_of_the_tree_costs_nothing() -> None:
    tag = f"<b {' '.join(f'a{n}' for n in range(100_000))}>"
    begin = time.process_time()
    with pytest.raises(DocumentError, match="no readable text"):
        parse_html("<dl><dd>" * 40_000 + "</p>" + tag)
    assert time.process_time() - begin < 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "piece", ["<!--", "<a ", "<a/", "<a", "<a b='", "<p a='", "</", "<?", "<?xml ", "<![", "<![if ", "<xmp>", "<title>"]
)
def test_hostile_markup_costs_the_fallback_little_time(piece: str) -> None:
    begin = time.process_time()
    reparse(piece * (60_000 // len(piece)))
    assert time.process_time() - begin < 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "before", ["<?xml version='1.0'?><akte>", "akte.txt", "http://muster.example/", "&#" + "9" * 5_000]
)
def test_the_fallback_reads_without_a_warning(before: str) -> None:
    assert text_of(reparse(f"{before}<p>Abgewiesen.\ud800</p>")).endswith("Abgewiesen.")


@pytest.mark.parametrize("tag", ["xmp", "title", "textarea", "iframe", "noframes", "plaintext"])
def test_the_fallback_reads_behind_what_opens_and_never_closes(tag: str) -> None:
    root = reparse(f"<{tag}><h2>Tenor</h2><p>Abgewiesen.</p>")
    assert root is not None
    assert [element.text for element in root.iter("h2", "p") if element.text] == ["Tenor", "Abgewiesen."]
