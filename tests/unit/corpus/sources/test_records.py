"""Tests of legaltune.corpus.sources.records."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.corpus.document import DropReason, RawDocument
from legaltune.corpus.sources import limits
from legaltune.corpus.sources.records import read_lines, read_list
from legaltune.corpus.sources.stream import Stream
from tests.unit.corpus.sources.inputs import contents, documents, failure_of, write


def in_pieces(content: bytes, size: int) -> Stream:
    pieces = iter([content[at : at + size] for at in range(0, len(content), size)])
    return Stream(lambda _: next(pieces, b""))


def test_each_line_is_a_document_with_its_number(tmp_path: Path) -> None:
    write(tmp_path / "c.jsonl", b'\xef\xbb\xbf{"a": 1}\r\n\n  \n{"a": 2\n nonsense\n{"a": 3}')
    assert contents(tmp_path) == {
        "c.jsonl:1": b'{"a": 1}',
        "c.jsonl:4": b'{"a": 2',
        "c.jsonl:5": b"nonsense",
        "c.jsonl:6": b'{"a": 3}',
    }


@given(st.lists(st.binary(max_size=20).filter(lambda line: b"\n" not in line and line.strip())), st.integers(1, 9))
def test_lines_do_not_depend_on_how_they_arrive(lines: list[bytes], size: int) -> None:
    found = read_lines(in_pieces(b"\n".join(lines), size), "c")
    expected = [(f"c:{number}", line.removeprefix(b"\xef\xbb\xbf").strip()) for number, line in enumerate(lines, 1)]
    assert [(document.origin, document.content) for document in found] == [e for e in expected if e[1]]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_line_over_the_limit_costs_itself_only(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(limits, "MAX_DOCUMENT_BYTES", 20)
    found = list(read_lines(in_pieces(b"x" * 20 + b"\n" + b"y" * 21 + b"\nz\n" + b"u" * 300, size), "c"))
    assert [document.origin for document in found] == ["c:1", "c:2", "c:3", "c:4"]
    assert [document.content for document in found] == [b"x" * 20, b"", b"z", b""]
    assert failure_of(found[1]) == (DropReason.TOO_LARGE, "the line exceeds the limit of 20 bytes")
    assert failure_of(found[3])[0] is DropReason.TOO_LARGE


def test_an_object_over_many_lines_is_one_document(tmp_path: Path) -> None:
    pretty = json.dumps({"a": [{"b": 1}, {"b": 2}]}, indent=1).encode()
    write(tmp_path / "a.json", pretty)
    assert contents(tmp_path) == {"a.json": pretty}


def test_lines_are_recognised_where_the_first_is_longer_than_the_first_look(tmp_path: Path) -> None:
    line = json.dumps({"content": "x" * 100_000}).encode()
    write(tmp_path / "dump", line + b"\n" + line)
    assert contents(tmp_path) == {"dump:1": line, "dump:2": line}


def split(text: str) -> list[tuple[str, str | None]]:
    return [(document.origin, document.content.decode() or None) for document in read_list(text.encode(), "f")]


def test_each_object_of_a_list_is_a_document() -> None:
    found = split(' [ {"a": "]}\\""} ,\n{"b": [{"c": 1}]},{} ] \n')
    assert found == [("f[0]", '{"a": "]}\\""}'), ("f[1]", '{"b": [{"c": 1}]}'), ("f[2]", "{}")]


@pytest.mark.parametrize("text", ['[{"a": 1}]', '[{"a": 1}, 2]', '[{"a": 1', '[{"a": "1}, {}]', "[{"])
def test_a_list_with_one_object_stays_one_document(text: str) -> None:
    assert split(text) == [("f", text)]


@pytest.mark.parametrize("rest", [", 5, {}]", "", ",]", "] {}", "}"])
def test_what_is_wrong_between_objects_costs_the_rest(rest: str) -> None:
    *good, bad = read_list(b"[{},{}" + rest.encode(), "f")
    assert [document.content for document in good] == [b"{}", b"{}"]
    assert (bad.origin, failure_of(bad)[0]) == ("f[2]", DropReason.MALFORMED_JSON)


def test_what_is_wrong_within_an_object_costs_that_one() -> None:
    assert split("[{},{a}, {}]") == [("f[0]", "{}"), ("f[1]", "{a}"), ("f[2]", "{}")]


VALUES = st.text('ä"\\[]{}, \n', max_size=6) | st.integers() | st.lists(st.text("]}", max_size=2), max_size=2)
RECORDS = st.dictionaries(st.text('"{x', max_size=3), VALUES, max_size=3)


@given(st.lists(RECORDS, min_size=2, max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_a_list_loses_nothing(records: list[dict[str, object]], indent: int | None, ascii_only: bool) -> None:
    content = json.dumps(records, indent=indent, ensure_ascii=ascii_only).encode()
    assert [json.loads(document.content) for document in read_list(content, "f")] == records


def test_a_list_is_recognised_in_a_file_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "f.json", b'\xef\xbb\xbf[{"a": 1}, {"a": 2}]')
    assert contents(path) == {"f.json[0]": b'{"a": 1}', "f.json[1]": b'{"a": 2}'}
    monkeypatch.setattr(limits, "MAX_DOCUMENT_BYTES", 10)
    (document,) = documents(path)
    assert isinstance(document, RawDocument)
    reason, detail = failure_of(document)
    assert reason is DropReason.TOO_LARGE
    assert "JSON Lines" in detail
