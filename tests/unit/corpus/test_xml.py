"""Tests of legaltune.corpus.xml."""

from __future__ import annotations

import time

import pytest

from legaltune.corpus.document import DocumentError, DropReason
from legaltune.corpus.xml import actual_encoding, parse_xml, root_name


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"<dokument/>", "dokument"),
        (b"\xef\xbb\xbf  <?xml version='1.0'?>\n<!-- <items> -->\n<dokument>", "dokument"),
        (b'<!DOCTYPE dokument\n SYSTEM "http://x/y.dtd">\n<dokument>', "dokument"),
        (b"<!DOCTYPE items [\n <!ELEMENT items (item)*>\n]>\n<!-- x -->\n<items>", "items"),
        (b"<!doctype html>\n<html lang='de'>", "html"),
        (b"<ns:a.b-c>", "ns:a.b-c"),
        ('<?xml version="1.0" encoding="UTF-16"?><dokument>ä'.encode("utf-16"), "dokument"),
        (b"\xfe\xff" + "<dokument>".encode("utf-16-be"), "dokument"),
        (b"", None),
        (b"no markup", None),
        (b"<?xml version='1.0'?>", None),
        (b"<1>", None),
    ],
)
def test_root_name(content: bytes, expected: str | None) -> None:
    assert root_name(content) == expected


def test_root_name_of_a_hostile_prolog_costs_linear_time() -> None:
    start = time.perf_counter()
    assert root_name(b"<!--a-->" * 2000) is None
    assert root_name(b"<!DOCTYPE a [" + b"] " * 7000) is None
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ("<a>ä</a>".encode(), None),
        ('<?xml version="1.0" encoding="UTF-8"?><a>ä</a>'.encode(), None),
        ('<?xml version="1.0" encoding="ISO-8859-1"?><a>ä</a>'.encode("latin-1"), None),
        ('<?xml version="1.0" encoding="windows-1252"?><a>ä</a>'.encode("cp1252"), None),
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a>only ASCII</a>', None),
        ('<?xml version="1.0" encoding="UTF-16"?><a>ä</a>'.encode("utf-16"), "utf-16"),
        ('<?xml version="1.0" encoding="UTF-8"?><a>ä</a>'.encode("utf-16"), "utf-16"),
        ('<?xml version="1.0" encoding="iso-8859-1"?><a>ä</a>'.encode(), "utf-8"),
        ("<?xml version='1.0' encoding='us-ascii'?><a>ä</a>".encode(), "utf-8"),
    ],
)
def test_the_bytes_decide_about_the_encoding(content: bytes, encoding: str | None) -> None:
    assert actual_encoding(content) == encoding
    assert parse_xml(content).text in {"ä", "only ASCII"}


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        ("<a>ä</a>".encode("latin-1"), "declares UTF-8, but holds byte 0xE4 at offset 3"),
        ("<?xml version='1.0' encoding='us-ascii'?><a>ä</a>".encode("latin-1"), "us-ascii, but holds byte 0xE4"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "declares the unknown encoding 'klingon'"),
    ],
)
def test_wrong_encoding(content: bytes, detail: str) -> None:
    with pytest.raises(DocumentError, match=detail) as caught:
        parse_xml(content)
    assert caught.value.reason is DropReason.WRONG_ENCODING


def test_malformed_names_line_and_cause() -> None:
    with pytest.raises(DocumentError, match=r"line 2: .*mismatch") as caught:
        parse_xml(b"<a>\n<b></a>")
    assert caught.value.reason is DropReason.MALFORMED_XML


BILLION_LAUGHS = b"""<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;&x;&x;"><!ENTITY z "&y;&y;&y;&y;">]><a>&z;</a>"""


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (BILLION_LAUGHS, "declares entities of its own"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "declares entities of its own"),
        (b'<!DOCTYPE a SYSTEM "http://nowhere.invalid/a.dtd"><a>A&nbsp;B</a>', "undefined entity &nbsp;"),
        (b"<a>A&nbsp;B</a>", "Entity 'nbsp' not defined"),
    ],
)
def test_entities_are_refused(content: bytes, detail: str) -> None:
    with pytest.raises(DocumentError, match=detail) as caught:
        parse_xml(content)
    assert caught.value.reason is DropReason.MALFORMED_XML


def test_comments_and_instructions_leave_the_text_whole() -> None:
    root = parse_xml(b"<a>eins<!-- zwei --><?drei?> vier</a>")
    assert root.text == "eins vier"


def test_internal_subset_without_entities_is_harmless() -> None:
    assert parse_xml(b"<!DOCTYPE a [<!ELEMENT a (#PCDATA)>]><a>x</a>").text == "x"
