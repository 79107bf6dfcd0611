from __future__ import annotations

import gzip
import json
import os
import pickle
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import pytest

from legaltune.corpus import units
from legaltune.corpus.document import DocumentError, DropReason, RawDocument
from legaltune.corpus.sources import FileRef, IgnoredFile
from legaltune.corpus.units import Unit, units_of
from legaltune.errors import InputMissingError


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, (1_700_000_000, 1_700_000_000))
    return folder


def keys(inputs: Sequence[Path]) -> list[str]:
    return [unit.key for unit in units_of(inputs)]


def origins(unit: Unit) -> list[str]:
    return [item.origin for item in unit.documents()]


FILES = {"a.xml": b"<a/>", "b/c.xml": b"<c/>", "b/d.xml": b"<d/>", "readme.txt": b"x"}


def test_the_key_does_not_depend_on_where_the_folder_is(tmp_path: Path) -> None:
    here, there = write(tmp_path / "here", FILES), write(tmp_path / "far" / "there", FILES)
    assert keys([here]) == keys([there])
    inputs = [here / "b", here / "a.xml"]
    assert keys(inputs) == keys(inputs[::-1])


@pytest.mark.parametrize("change", ["size", "time", "name", "new", "gone"])
def test_the_key_changes_with_the_files(tmp_path: Path, change: str) -> None:
    folder = write(tmp_path / "in", FILES)
    before = keys([folder])
    path = folder / "a.xml"
    if change == "size":
        write(folder, {"a.xml": b"<a> </a>"})
    elif change == "time":
        os.utime(path, (1_700_000_001, 1_700_000_001))
    elif change == "name":
        path.rename(folder / "aa.xml")
    elif change == "new":
        write(folder, {"z.xml": b"<z/>"})
    else:
        path.unlink()
    assert set(keys([folder])).isdisjoint(before)


def test_files_are_put_together_up_to_a_number_and_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write(tmp_path / "in", {f"{number}.xml": b"x" * 10 for number in range(7)})
    monkeypatch.setattr(units, "_ITEMS_PER_UNIT", 3)
    assert [len(unit.items) for unit in units_of([folder])] == [3, 3, 1]
    monkeypatch.setattr(units, "_BYTES_PER_UNIT", 20)
    assert [len(unit.items) for unit in units_of([folder])] == [2, 2, 2, 1]


def test_a_changed_file_costs_its_unit_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "_ITEMS_PER_UNIT", 2)
    folder = write(tmp_path / "in", {f"{number}.xml": b"x" for number in range(6)})
    before = keys([folder])
    write(folder, {"3.xml": b"xx"})
    after = keys([folder])
    assert [old == new for old, new in zip(before, after, strict=True)] == [True, False, True]


@pytest.mark.parametrize("compress", [False, True])
def test_a_large_file_is_read_as_a_stream_and_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, compress: bool
) -> None:
    monkeypatch.setattr(units, "_ITEMS_PER_UNIT", 2)
    monkeypatch.setattr(units, "_BYTES_PER_UNIT", 60)
    lines = b"\n".join(json.dumps({"id": number, "filler": os.urandom(8).hex()}).encode() for number in range(5))
    name = "all.jsonl.gz" if compress else "all.jsonl"
    folder = write(tmp_path / "in", {name: gzip.compress(lines) if compress else lines, "small.xml": b"<a/>"})
    large, *more, small = units_of([folder])
    assert [origins(unit) for unit in (large, *more)] == [
        [f"{name}:1", f"{name}:2"], [f"{name}:3", f"{name}:4"], [f"{name}:5"],
    ]  # fmt: skip
    assert all(isinstance(item, RawDocument) for item in large.items)
    assert isinstance(small.items[0], FileRef)
    assert len({unit.key for unit in (large, *more, small)}) == 4


def test_a_loaded_unit_needs_no_files(tmp_path: Path) -> None:
    folder = write(tmp_path / "in", FILES)
    (unit,) = units_of([folder])
    expected = list(unit.documents())
    loaded = unit.loaded()
    shutil.rmtree(folder)
    assert loaded.key == unit.key
    assert list(loaded.documents()) == expected
    assert [type(item) for item in expected] == [RawDocument, RawDocument, RawDocument, IgnoredFile]


def test_a_unit_with_a_failure_reaches_a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(units, "_BYTES_PER_UNIT", 2)
    folder = write(tmp_path / "in", {"a.zip": b"PK\x03\x04 cut off"})
    (unit,) = units_of([folder])
    (document,) = pickle.loads(pickle.dumps(unit)).documents()
    assert document.failure.reason is DropReason.CORRUPT_ARCHIVE
    assert document.failure.detail == unit.items[0].failure.detail  # type: ignore[union-attr]


def test_a_bug_in_opening_costs_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_ref: FileRef) -> NoReturn:
        raise RuntimeError("never thought of that")

    (unit,) = units_of([write(tmp_path / "in", FILES)])
    monkeypatch.setattr(units, "open_file", fail)
    first, *_, ignored = unit.documents()
    assert isinstance(first, RawDocument)
    assert isinstance(first.failure, DocumentError)
    assert first.failure.reason is DropReason.READER_FAILED
    assert "never thought of that" in first.failure.detail
    assert isinstance(ignored, IgnoredFile)


def test_a_missing_input_is_named_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="nowhere"):
        units_of([tmp_path / "nowhere"])
