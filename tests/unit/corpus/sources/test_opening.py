"""Tests of legaltune.corpus.sources.opening, compression and limits."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from legaltune.corpus.document import DropReason, RawDocument
from legaltune.corpus.sources import FileRef, limits, list_files, open_file, walk
from tests.unit.corpus.sources.inputs import contents, documents, failure_of, ignored, tar_of, write, zip_of


def zstd(content: bytes) -> bytes:
    compressed: bytes = pa.compress(content, codec="zstd", asbytes=True)
    return compressed


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstd,
}


def test_only_one_document_is_read_at_a_time(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", b"<a/>")
    write(tmp_path / "b.xml", b"<b/>")
    items = walk([tmp_path])
    next(items)
    write(tmp_path / "b.xml", b"<changed and longer/>")
    second = next(items)
    assert isinstance(second, RawDocument)
    assert second.content == b"<changed and longer/>"


def test_a_file_that_vanished_is_dropped(tmp_path: Path) -> None:
    (item,) = open_file(FileRef(tmp_path / "gone.xml", "gone.xml", 4, 0))
    assert isinstance(item, RawDocument)
    assert failure_of(item) == (DropReason.UNREADABLE, "No such file or directory")


def test_a_file_that_cannot_be_opened_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.xml", b"<dokument/>")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    (item,) = documents(tmp_path)
    assert failure_of(item) == (DropReason.UNREADABLE, "Permission denied")


def test_a_disk_that_fails_is_no_corrupt_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class FailingFile(io.FileIO):
        def read(self, _size: int | None = -1) -> bytes:
            raise OSError(5, "Input/output error")

    write(tmp_path / "a.xml", b"<dokument/>")
    monkeypatch.setattr(Path, "open", lambda path, _mode: FailingFile(path))
    reason, detail = failure_of(documents(tmp_path)[0])
    assert reason is DropReason.UNREADABLE
    assert "Input/output error" in detail


def test_oversized_files_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_DOCUMENT_BYTES", 20)
    write(tmp_path / "fits.xml", b"x" * 20)
    write(tmp_path / "long.xml", b"x" * 21)
    write(tmp_path / "long.xml.gz", gzip.compress(b"x" * 21))
    fits, long, inflated = documents(tmp_path)
    assert fits.content == b"x" * 20
    assert failure_of(long) == (DropReason.TOO_LARGE, "21 bytes exceed the limit of 20")
    assert failure_of(inflated) == (DropReason.TOO_LARGE, "exceeds the limit of 20")


def test_a_large_single_document_costs_neither_time_nor_memory(tmp_path: Path) -> None:
    with (tmp_path / "large.xml").open("wb") as file:
        file.truncate(200 * limits.MIB)
    tracemalloc.start()
    (document,) = documents(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert failure_of(document)[0] is DropReason.TOO_LARGE
    assert peak < 2 * limits.MIB


def test_empty_files_and_members(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", b"")
    write(tmp_path / "b.zip", zip_of({"m.xml": b""}))
    write(tmp_path / "c.zip", b"")
    write(tmp_path / "d.xml.gz", gzip.compress(b""))
    assert contents(tmp_path) == dict.fromkeys(["a.xml", "b.zip!m.xml", "c.zip", "d.xml.gz"], DropReason.EMPTY_FILE)


@pytest.mark.parametrize("suffix", COMPRESSIONS)
def test_compressed_documents_lines_and_tars(tmp_path: Path, suffix: str) -> None:
    compress = COMPRESSIONS[suffix]
    write(tmp_path / f"a.xml{suffix}", compress(b"<a/>" * 100_000))
    write(tmp_path / f"b.jsonl{suffix}", compress(b'{"a": 1}\n{"a": 2}\n'))
    write(tmp_path / f"c.tar{suffix}", compress(tar_of({"m.xml": b"<m/>"})))
    write(tmp_path / f"d.zip{suffix}", compress(zip_of({"m.xml": b"<m/>"})))
    write(tmp_path / f"README.md{suffix}", compress(b"Read me"))
    assert contents(tmp_path) == {
        f"a.xml{suffix}": b"<a/>" * 100_000,
        f"b.jsonl{suffix}:1": b'{"a": 1}',
        f"b.jsonl{suffix}:2": b'{"a": 2}',
        f"c.tar{suffix}!m.xml": b"<m/>",
        f"d.zip{suffix}!m.xml": b"<m/>",
    }
    assert ignored(tmp_path) == {f"README.md{suffix}": "readme or licence"}


@pytest.mark.parametrize("suffix", COMPRESSIONS)
def test_truncated_compression(tmp_path: Path, suffix: str) -> None:
    compress = COMPRESSIONS[suffix]
    write(tmp_path / f"a.xml{suffix}", compress(b"<a/>" * 100_000)[:-5])
    assert contents(tmp_path) == {f"a.xml{suffix}": DropReason.CORRUPT_ARCHIVE}


def test_lines_of_a_truncated_stream_are_read_up_to_there(tmp_path: Path) -> None:
    lines = [b'{"number": %d}' % (number**7) for number in range(50_000)]
    content = gzip.compress(b"\n".join(lines))
    *good, bad = documents(write(tmp_path / "c.jsonl.gz", content[: len(content) // 2]))
    assert len(good) > 10_000
    assert [document.content for document in good] == lines[: len(good)]
    assert (bad.origin, failure_of(bad)[0]) == ("c.jsonl.gz", DropReason.CORRUPT_ARCHIVE)
    assert f"after line {len(good)}" in failure_of(bad)[1]


def test_xz_of_several_parts(tmp_path: Path) -> None:
    parts = [lzma.compress(b'{"a": %d}\n' % number) for number in (1, 2)]
    path = write(tmp_path / "c.jsonl.xz", (b"\0" * 8).join([*parts, b""]))
    assert list(contents(path).values()) == [b'{"a": 1}', b'{"a": 2}']


def test_xz_that_needs_gigabytes_is_refused(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": limits.MAX_XZ_MEMORY_BYTES}]
    write(tmp_path / "c.xml.xz", lzma.compress(b"<a/>", filters=filters))
    ((reason, detail),) = map(failure_of, documents(tmp_path))
    assert reason is DropReason.CORRUPT_ARCHIVE
    assert "xz -9" in detail


def test_gzip_of_several_parts(tmp_path: Path) -> None:
    path = write(tmp_path / "c.jsonl.gz", gzip.compress(b'{"a": 1}\n') + gzip.compress(b'{"a": 2}\n'))
    assert contents(path) == {"c.jsonl.gz:1": b'{"a": 1}', "c.jsonl.gz:2": b'{"a": 2}'}


def test_a_line_that_is_a_bomb(tmp_path: Path) -> None:
    path = tmp_path / "c.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(b'{"a": 1}\n{"b": "')
        for _ in range(120):
            file.write(b"0" * limits.MIB)
        file.write(b'"}\n{"c": 1}')
    tracemalloc.start()
    found = contents(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found == {"c.jsonl.gz:1": b'{"a": 1}', "c.jsonl.gz:2": DropReason.TOO_LARGE, "c.jsonl.gz:3": b'{"c": 1}'}
    assert peak < 2 * limits.MAX_DOCUMENT_BYTES


@pytest.mark.parametrize("suffix", COMPRESSIONS)
def test_bombs_end_the_file(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FREE_INFLATION_BYTES", 1_000_000)
    compress = COMPRESSIONS[suffix]
    bomb = compress(b"0" * 30_000_000)
    write(tmp_path / f"a.xml{suffix}", bomb)
    write(tmp_path / "b.zip", zip_of({f"a.xml{suffix}": bomb, "b.xml": b"<b/>"}))
    assert contents(tmp_path) == {f"a.xml{suffix}": DropReason.TOO_LARGE, "b.zip": DropReason.TOO_LARGE}


def test_archives_within_archives(tmp_path: Path) -> None:
    inner = zip_of({"m.xml": b"<m/>", "n.xml": b"<n/>"})
    write(tmp_path / "1.zip", zip_of({"inner.zip": inner}))
    write(tmp_path / "2.zip", zip_of({"inner.tar": tar_of({"m.xml": b"<m/>"}), "x.xml": b"<x/>"}))
    write(tmp_path / "3.zip", zip_of({"a.tgz": gzip.compress(tar_of({"inner.zip": inner, "y.xml": b"<y/>"}))}))
    write(tmp_path / "4.gz", gzip.compress(gzip.compress(b"<a/>")))
    assert contents(tmp_path) == {
        "1.zip!inner.zip!m.xml": b"<m/>",
        "1.zip!inner.zip!n.xml": b"<n/>",
        "2.zip!inner.tar!m.xml": b"<m/>",
        "2.zip!x.xml": b"<x/>",
        "3.zip!a.tgz!inner.zip": DropReason.UNSUPPORTED_FORMAT,
        "3.zip!a.tgz!y.xml": b"<y/>",
        "4.gz": DropReason.UNSUPPORTED_FORMAT,
    }


def test_records_within_archives(tmp_path: Path) -> None:
    lines = b'{"a": 1}\nbad\n'
    path = write(tmp_path / "a.zip", zip_of({"c.jsonl": lines, "d.jsonl.gz": gzip.compress(lines)}))
    assert list(contents(path)) == ["a.zip!c.jsonl:1", "a.zip!c.jsonl:2", "a.zip!d.jsonl.gz:1", "a.zip!d.jsonl.gz:2"]


def test_a_nested_zip_larger_than_a_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_DOCUMENT_BYTES", 100)
    inner = zip_of({"m.xml": bytes(range(256))})
    path = write(tmp_path / "a.zip", zip_of({"inner.zip": inner, "z.xml": b"<z/>"}))
    assert contents(path) == {"a.zip!inner.zip": DropReason.TOO_LARGE, "a.zip!z.xml": b"<z/>"}


@pytest.mark.parametrize("head", [b"7z\xbc\xaf\x27\x1c", b"Rar!\x1a\x07\x00"])
def test_archives_of_other_formats_are_named(tmp_path: Path, head: bytes) -> None:
    (document,) = documents(write(tmp_path / "a.bin", head + b"0" * 50))
    reason, detail = failure_of(document)
    assert reason is DropReason.UNSUPPORTED_FORMAT
    assert "repack" in detail


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.jsonl.gz", "a.tgz", "a.zst"])
def test_a_file_that_is_only_named_an_archive(tmp_path: Path, name: str) -> None:
    write(tmp_path / name, b"<html>Fehler 404</html>")
    assert contents(tmp_path) == {name: DropReason.CORRUPT_ARCHIVE}


def test_a_long_table_of_contents_is_ignored_in_an_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_DOCUMENT_BYTES", 1000)
    toc = b"<items>" + b"<item><link>http://x/y.zip</link></item>" * 50_000 + b"</items>"
    write(tmp_path / "a.tar.gz", tar_of({"rii-toc.xml": toc, "b.xml": b"<b/>"}, "w:gz"))
    assert ignored(tmp_path) == {"a.tar.gz!rii-toc.xml": "table of contents"}
    assert contents(tmp_path) == {"a.tar.gz!b.xml": b"<b/>"}


def test_memory_does_not_grow_with_the_number_of_documents(tmp_path: Path) -> None:
    def peak_of(count: int) -> int:
        members = {f"{number:06}.xml": b"<x>%06d</x>" % number for number in range(count)}
        path = write(tmp_path / "a.tar.gz", tar_of(members, "w:gz", format=0))
        del members
        tracemalloc.start()
        for ref in list_files([path]):
            assert isinstance(ref, FileRef)
            assert sum(1 for _ in open_file(ref)) == count
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    peak_of(10)
    assert peak_of(4000) < peak_of(1000) + 100_000
