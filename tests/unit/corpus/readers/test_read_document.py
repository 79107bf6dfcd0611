"""Tests of legaltune.corpus.readers: format recognition and what becomes of everything else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legaltune.corpus import readers
from legaltune.corpus.document import Document, DocumentError, DropReason, RawDocument
from legaltune.corpus.readers import READERS, read_document
from legaltune.corpus.sources import walk
from tests.unit.corpus.readers import samples


def read(content: bytes, origin: str = "x") -> Document:
    return read_document(RawDocument(origin, content))


def reason_of(content: bytes) -> tuple[DropReason, str]:
    with pytest.raises(DocumentError) as caught:
        read(content)
    return caught.value.reason, caught.value.detail


def test_each_format_is_recognised_whatever_its_name() -> None:
    found = {read(content, "irgendwas.bin").source for content in samples.ALL}
    # The readers of texts and of ready-made examples have their own samples.
    assert found == {reader.name for reader in READERS} - {"judgment-text", "ready-made"}


@pytest.mark.parametrize("content", samples.ALL)
def test_a_byte_order_mark_is_no_obstacle(content: bytes) -> None:
    assert read(b"\xef\xbb\xbf" + content) == read(content)


@pytest.mark.parametrize("content", [content for content in samples.ALL if content.startswith(b"{")])
def test_a_list_of_one_record_is_that_record(content: bytes) -> None:
    assert read(b" [" + content + b"]\n") == read(content)


def test_failure_found_while_walking_is_raised() -> None:
    failure = DocumentError(DropReason.CORRUPT_ARCHIVE, "broken")
    with pytest.raises(DocumentError) as caught:
        read_document(RawDocument("a.zip", failure=failure))
    assert caught.value is failure


@pytest.mark.parametrize("content", [b"", b" \n\t "])
def test_empty(content: bytes) -> None:
    assert reason_of(content)[0] is DropReason.EMPTY_FILE


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"<akte><blatt/></akte>", "XML with root element <akte>"),
        (b'{"b": 1, "a": 2}', "JSON object with the keys a, b"),
        (b'{"a\\ud800": 1}', "JSON object with the keys a"),
        (b"[]", "JSON list"),
        (b"[1]", "JSON list"),
        (b'[{"model": "books.book"}]', "JSON object with the keys model"),
        (b'[{"model": "cases.case"}, 1]', "JSON list"),
        (b'{"reference": 1, "source": 2, "text": 3}', "JSON object with the keys reference, source, text"),
        (b"PK\x03\x04...", "archive inside an archive"),
        (b"%PDF-1.7", "begins with b'%PDF-1.7'"),
        (b"Im Namen des Volkes", "begins with b'Im Namen des Vol'"),
    ],
)
def test_unknown_formats(content: bytes, detail: str) -> None:
    assert reason_of(content) == (DropReason.UNKNOWN_FORMAT, detail)


@pytest.mark.parametrize("content", [b"<akte><blatt></akte>", b"<?xml version='1.0'?>", samples.RII[:-20]])
def test_malformed_xml(content: bytes) -> None:
    reason, detail = reason_of(content)
    assert reason is DropReason.MALFORMED_XML
    assert detail.startswith("line ")


@pytest.mark.parametrize("content", [b'{"a": "\\x"}', b'{"a": 1', b"[" * 100_000, b'{"a": ' + b"9" * 5000 + b"}"])
def test_malformed_json(content: bytes) -> None:
    assert reason_of(content)[0] is DropReason.MALFORMED_JSON


def test_json_in_another_encoding() -> None:
    reason, detail = reason_of('{"_id": "ä"}'.encode("latin-1"))
    assert reason is DropReason.WRONG_ENCODING
    assert "0xE4 at offset 9" in detail


def test_error_of_a_reader_costs_one_document(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(content: object) -> None:
        raise KeyError("norm")

    monkeypatch.setattr(readers.rii, "read", fail)
    reason, detail = reason_of(samples.RII)
    assert (reason, detail) == (DropReason.READER_FAILED, "bug in the rii-dok reader: KeyError: 'norm'")
    assert "reader rii-dok failed on x" in caplog.text


def test_walk_and_read_together(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(samples.RII)
    assert [read_document(item).document_id for item in walk([tmp_path]) if isinstance(item, RawDocument)] == [
        "KORE000000001"
    ]


# Nothing that a document contains may end the run, nor need the safety net for errors of a reader. -----------------


def read_or_drop(content: bytes) -> None:
    try:
        read(content)
    except DocumentError as error:
        assert error.reason is not DropReason.READER_FAILED
        error.detail.encode("utf-8")


@given(st.binary(max_size=300))
def test_random_bytes(content: bytes) -> None:
    read_or_drop(content)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(samples.ALL), st.data())
def test_damaged_documents(content: bytes, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, len(content)))
    read_or_drop(content[:start] + data.draw(st.binary(max_size=20)) + content[end:])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(samples.PORTAL_RECORD)), JSON | st.text(alphabet="G[1]\n rüIde.:,T")))
def test_records_with_wrong_types(changes: dict[str, Any]) -> None:
    read_or_drop(json.dumps(samples.PORTAL_RECORD | changes).encode())


TAGS = [
    "rd",
    "span",
    "blockquote",
    "li",
    "p",
    "dl",
    "dt",
    "dd",
    "div",
    "table",
    "tr",
    "td",
    "br",
    "a",
    "h2",
    "P",
    "DL",
    "DT",
    "DD",
    "LA",
    "BR",
    "row",
]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    st.recursive(
        st.text(alphabet="ab1. §\xa0", max_size=8).map(str),
        lambda inner: st.builds(
            lambda tag, parts: f"<{tag}>{''.join(parts)}</{tag}>",
            st.sampled_from(TAGS),
            st.lists(inner, max_size=4),
        ),
        max_leaves=12,
    ),
    st.sampled_from([samples.GII_TEMPLATE, samples.RII_TEMPLATE, samples.BYRECHT_TEMPLATE, samples.PAGE_TEMPLATE]),
)
def test_strange_markup(body: str, template: str) -> None:
    read_or_drop(template.format(body=body).encode())
