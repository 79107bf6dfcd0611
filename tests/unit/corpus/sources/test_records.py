"""Tests of legaltune.corpus.sources.records."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.corpus.document import DropReason, RawDocument
from legaltune.corpus.sources import limits
from legaltune.corpus.sources.items import Item
from legaltune.corpus.sources.records import read_lines, read_list
from legaltune.corpus.sources.stream import Stream
from tests.unit.corpus.sources.inputs import contents, documents, failure_of, ignored, write


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
    read = found(read_lines(in_pieces(b"\n".join(lines), size), "c"))
    expected = [(f"c:{number}", line.removeprefix(b"\xef\xbb\xbf").strip()) for number, line in enumerate(lines, 1)]
    assert [(document.origin, document.content) for document in read] == [e for e in expected if e[1]]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_line_over_the_limit_costs_itself_only(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(limits, "MAX_DOCUMENT_BYTES", 20)
    lines = found(read_lines(in_pieces(b"x" * 20 + b"\n" + b"y" * 21 + b"\nz\n" + b"u" * 300, size), "c"))
    assert [document.origin for document in lines] == ["c:1", "c:2", "c:3", "c:4"]
    assert [document.content for document in lines] == [b"x" * 20, b"", b"z", b""]
    assert failure_of(lines[1]) == (DropReason.TOO_LARGE, "the line exceeds the limit of 20 bytes")
    assert failure_of(lines[3])[0] is DropReason.TOO_LARGE


def test_an_object_over_many_lines_is_one_document(tmp_path: Path) -> None:
    pretty = json.dumps({"a": [{"b": 1}, {"b": 2}]}, indent=1).encode()
    write(tmp_path / "a.json", pretty)
    assert contents(tmp_path) == {"a.json": pretty}


def test_lines_are_recognised_where_the_first_is_longer_than_the_first_look(tmp_path: Path) -> None:
    line = json.dumps({"content": "x" * 100_000}).encode()
    write(tmp_path / "dump", line + b"\n" + line)
    assert contents(tmp_path) == {"dump:1": line, "dump:2": line}


def found(items: Iterable[Item]) -> list[RawDocument]:
    return [item for item in items if isinstance(item, RawDocument)]


def split(text: str) -> list[tuple[str, str | None]]:
    return [(document.origin, document.content.decode() or None) for document in found(read_list(text.encode(), "f"))]


def test_each_object_of_a_list_is_a_document() -> None:
    records = split(' [ {"a": "]}\\""} ,\n{"b": [{"c": 1}]},{} ] \n')
    assert records == [("f[0]", '{"a": "]}\\""}'), ("f[1]", '{"b": [{"c": 1}]}'), ("f[2]", "{}")]


@pytest.mark.parametrize("text", ['[{"a": 1}]', '[{"a": 1}, 2]', '[{"a": 1', '[{"a": "1}, {}]', "[{"])
def test_a_list_with_one_object_stays_one_document(text: str) -> None:
    assert split(text) == [("f", text)]


@pytest.mark.parametrize("rest", [", 5, {}]", "", ",]", "] {}", "}"])
def test_what_is_wrong_between_objects_costs_the_rest(rest: str) -> None:
    *good, bad = found(read_list(b"[{},{}" + rest.encode(), "f"))
    assert [document.content for document in good] == [b"{}", b"{}"]
    assert (bad.origin, failure_of(bad)[0]) == ("f[2]", DropReason.MALFORMED_JSON)


def test_what_is_wrong_within_an_object_costs_that_one() -> None:
    assert split("[{},{a}, {}]") == [("f[0]", "{}"), ("f[1]", "{a}"), ("f[2]", "{}")]


VALUES = st.text('ä"\\[]{}, \n', max_size=6) | st.integers() | st.lists(st.text("]}", max_size=2), max_size=2)
RECORDS = st.dictionaries(st.text('"{x', max_size=3), VALUES, max_size=3)


@given(st.lists(RECORDS, min_size=2, max_size=5), st.sampled_from([None, 1]), st.booleans())
def test_a_list_loses_nothing(records: list[dict[str, object]], indent: int | None, ascii_only: bool) -> None:
    content = json.dumps(records, indent=indent, ensure_ascii=ascii_only).encode()
    assert [json.loads(document.content) for document in found(read_list(content, "f"))] == records


def test_a_list_is_recognised_in_a_file_and_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "f.json", b'\xef\xbb\xbf[{"a": 1}, {"a": 2}]')
    assert contents(path) == {"f.json[0]": b'{"a": 1}', "f.json[1]": b'{"a": 2}'}
    monkeypatch.setattr(limits, "MAX_DOCUMENT_BYTES", 10)
    (document,) = documents(path)
    assert isinstance(document, RawDocument)
    reason, detail = failure_of(document)
    assert reason is DropReason.TOO_LARGE
    assert "JSON Lines" in detail


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("num_records", [1, 3])
def test_each_result_on_a_page_of_an_api_is_a_document(tmp_path: Path, indent: int | None, num_records: int) -> None:
    records = [{"id": number, "results": [{}]} for number in range(num_records)]
    page = {"count": 9, "next": "https://example.org/?page=2", "previous": None, "results": records, "facets": {}}
    path = write(tmp_path / "f.json", b"\xef\xbb\xbf" + json.dumps(page, indent=indent).encode())
    read = {document.origin: json.loads(document.content) for document in documents(path)}
    assert read == {f"f.json[{number}]": record for number, record in enumerate(records)}


def test_a_page_of_results_is_bounded_and_its_damage_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "f.json", b'{"count": 2, "results": [{"a": 1}, 5]}')
    assert contents(path) == {"f.json[0]": b'{"a": 1}', "f.json[1]": DropReason.MALFORMED_JSON}
    monkeypatch.setattr(limits, "MAX_DOCUMENT_BYTES", 10)
    (document,) = documents(path)
    assert failure_of(document)[0] is DropReason.TOO_LARGE


@pytest.mark.parametrize(
    "text",
    [
        '{"results": []}',
        '{"results": [1]}',
        '{"a": {"results": [{}, {}]}}',
        '{"a": [{"results": [{}, {}]}]}',
        '{"a": "results", "b": [{}, {}]}',
    ],
)
def test_an_object_without_a_list_of_results_stays_one_document(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / "f.json", text.encode())
    assert contents(path) == {"f.json": text.encode()}


@pytest.mark.parametrize("name", ["f.json", "f.jsonl"])
def test_rows_of_a_table_of_courts_are_no_documents(tmp_path: Path, name: str) -> None:
    rows = [json.dumps({"model": model, "pk": 1}) for model in ("courts.court", "cases.case", "courts.city")]
    text = "\n".join(rows) if name.endswith("l") else f"[{','.join(rows)}]"
    path = write(tmp_path / name, text.encode())
    assert list(contents(path).values()) == [rows[1].encode()]
    assert list(ignored(path).values()) == ["row of a table of courts"] * 2
