"""Tests of legaltune.corpus.sources."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legaltune.corpus import sources
from legaltune.corpus.document import DropReason, RawDocument
from legaltune.corpus.sources import IgnoredFile, walk
from legaltune.errors import ExitCode, InputMissingError

TOC = b"<?xml version='1.0'?>\n<items>\n<item><link>http://x/y.zip</link></item>\n</items>"


def documents(*inputs: Path) -> list[RawDocument]:
    return [item for item in walk(inputs) if isinstance(item, RawDocument)]


def ignored(*inputs: Path) -> dict[str, str]:
    return {item.origin: item.why for item in walk(inputs) if isinstance(item, IgnoredFile)}


def failure_of(document: RawDocument) -> tuple[DropReason, str]:
    assert document.failure is not None
    assert document.content == b""
    return document.failure.reason, document.failure.detail


def make_zip(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_folders_files_and_zips_in_sorted_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "2.xml").write_bytes(b"<zwei/>")
    (tmp_path / "b" / "1.xml").write_bytes(b"<eins/>")
    make_zip(tmp_path / "a" / "x.zip", {"n.xml": b"<n/>", "m/k.xml": b"<k/>", "leer/": b""})
    (tmp_path / "c.json").write_bytes(b"{}")
    found = documents(tmp_path)
    assert [(d.origin, d.content) for d in found] == [
        ("a/x.zip!m/k.xml", b"<k/>"),
        ("a/x.zip!n.xml", b"<n/>"),
        ("b/1.xml", b"<eins/>"),
        ("b/2.xml", b"<zwei/>"),
        ("c.json", b"{}"),
    ]
    assert documents(tmp_path) == found


def test_single_inputs_keep_their_order(tmp_path: Path) -> None:
    one, two = tmp_path / "z.xml", make_zip(tmp_path / "a.zip", {"m.xml": b"<m/>"})
    one.write_bytes(b"<z/>")
    assert [d.origin for d in documents(one, two)] == ["z.xml", "a.zip!m.xml"]


def test_missing_input_is_named_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="nirgends") as caught:
        walk([tmp_path, tmp_path / "nirgends"])
    assert caught.value.exit_code is ExitCode.NO_INPUT


def test_zip_is_recognised_by_content(tmp_path: Path) -> None:
    make_zip(tmp_path / "daten.bin", {"m.xml": b"<m/>"})
    assert [d.origin for d in documents(tmp_path)] == ["daten.bin!m.xml"]


@pytest.mark.parametrize("content", [b"kein Archiv", b"<html>Fehler 404</html>"])
def test_file_that_is_only_named_zip(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.ZIP").write_bytes(content)
    (document,) = documents(tmp_path)
    assert document.origin == "a.ZIP"
    assert failure_of(document)[0] is DropReason.CORRUPT_ARCHIVE


def test_truncated_zip_is_one_document(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"m.xml": b"<m/>" * 100, "n.xml": b"<n/>"})
    path.write_bytes(path.read_bytes()[:-30])
    (document,) = documents(tmp_path)
    assert document.origin == "a.zip"
    assert failure_of(document)[0] is DropReason.CORRUPT_ARCHIVE


def test_empty_archive(tmp_path: Path) -> None:
    make_zip(tmp_path / "a.zip", {})
    (document,) = documents(tmp_path)
    assert failure_of(document) == (DropReason.EMPTY_FILE, "archive without members")


def test_member_with_a_bad_checksum_fails_alone(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"bad.xml": b"<bad/>", "good.xml": b"<good/>"}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"<bad/>", b"<BAD/>", 1))
    bad, good = documents(tmp_path)
    assert bad.origin == "a.zip!bad.xml"
    reason, detail = failure_of(bad)
    assert reason is DropReason.CORRUPT_ARCHIVE
    assert "CRC" in detail
    assert (good.origin, good.content, good.failure) == ("a.zip!good.xml", b"<good/>", None)


def test_bad_checksum_behind_the_head_is_found(tmp_path: Path) -> None:
    filler = b"x" * 100_000
    path = make_zip(tmp_path / "a.zip", {"long.xml": b"<a>" + filler + b"END</a>"}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(b"END", b"end"))
    (document,) = documents(tmp_path)
    assert failure_of(document)[0] is DropReason.CORRUPT_ARCHIVE


def test_encrypted_member(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"m.xml": b"<m/>"}, zipfile.ZIP_STORED)
    raw = bytearray(path.read_bytes())
    raw[6] |= 1  # flag bit 0 of the local header
    raw[raw.index(b"PK\x01\x02") + 8] |= 1  # and of the central directory
    path.write_bytes(bytes(raw))
    (document,) = documents(tmp_path)
    reason, detail = failure_of(document)
    assert reason is DropReason.CORRUPT_ARCHIVE
    assert "encrypted" in detail


def test_oversized_files_and_members_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_DOCUMENT_BYTES", 20)
    (tmp_path / "fits.xml").write_bytes(b"x" * 20)
    (tmp_path / "long.xml").write_bytes(b"x" * 21)
    make_zip(tmp_path / "z.zip", {"bomb.xml": b"0" * 1_000_000})
    fits, long, bomb = documents(tmp_path)
    assert fits.content == b"x" * 20
    assert failure_of(long) == (DropReason.TOO_LARGE, "21 bytes exceed the limit of 20")
    assert failure_of(bomb)[0] is DropReason.TOO_LARGE


def test_empty_files_and_members(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(b"")
    make_zip(tmp_path / "b.zip", {"m.xml": b""})
    assert [(d.origin, failure_of(d)[0]) for d in documents(tmp_path)] == [
        ("a.xml", DropReason.EMPTY_FILE),
        ("b.zip!m.xml", DropReason.EMPTY_FILE),
    ]


def test_empty_file_named_zip(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"")
    assert failure_of(documents(tmp_path)[0])[0] is DropReason.EMPTY_FILE


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        (".hidden.xml", b"<a/>", "hidden"),
        (".hidden.zip", b"PK\x03\x04", "hidden"),
        ("__MACOSX/._a.xml", b"\x00\x05", "hidden"),
        ("README.md", b"Read me", "readme or licence"),
        ("readme", b"Read me", "readme or licence"),
        ("LICENSE.txt", b"Do what you like", "readme or licence"),
        ("bild.JPG", b"anything", "image"),
        ("bild1_0.jpg", b"", "image"),
        ("ohne_endung", b"\x89PNG\r\n\x1a\n....", "image"),
        ("foto", b"\xff\xd8\xff\xe0....", "image"),
        ("gii-norm.dtd", b"<!ELEMENT a (b)>", "document type definition"),
        ("rii-toc.xml", TOC, "table of contents"),
    ],
)
def test_ignored_files_are_listed_not_counted(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    folder = tmp_path / "files"
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_bytes(content)
    assert ignored(folder) == {name: why}
    assert documents(folder) == []
    archive = make_zip(tmp_path / "a.zip", {name: content})
    assert ignored(archive) == {f"a.zip!{name}": why}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("readme.json", b"{}"),
        ("licences_2024.xml", b"<a/>"),
        ("items.xml", b"<items><entry/></items>"),
        ("dokument.xml", b"<dokument><item/><link/></dokument>"),
    ],
)
def test_what_only_resembles_an_ignored_file_is_a_document(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    assert [d.origin for d in documents(tmp_path)] == [name]


def test_hidden_folder_is_listed_once(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "a.xml").write_bytes(b"<a/>")
    assert ignored(tmp_path) == {".git": "hidden"}
    assert documents(tmp_path) == []


def test_links_and_pipes(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (inner / "a.xml").write_bytes(b"<a/>")
    (inner / "loop").symlink_to(tmp_path, target_is_directory=True)
    (inner / "link.xml").symlink_to(inner / "a.xml")
    os.mkfifo(inner / "pipe")
    assert [d.origin for d in documents(inner)] == ["a.xml", "link.xml"]
    assert ignored(inner) == {"loop": "symbolic link to a folder or to nothing", "pipe": "not a regular file"}


def test_what_macos_adds_to_archives_is_hidden(tmp_path: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"__MACOSX/a.xml": b"<a/>", "b/.c/d.xml": b"<d/>"})
    assert ignored(path) == {"a.zip!__MACOSX/a.xml": "hidden", "a.zip!b/.c/d.xml": "hidden"}


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.data())
def test_no_damage_to_an_archive_ends_the_walk(tmp_path: Path, compression: int, data: st.DataObject) -> None:
    path = make_zip(tmp_path / "a.zip", {"m.xml": b"<m>text</m>" * 5, "n.xml": b"<n/>"}, compression)
    raw = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(4, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(raw))
    for item in walk([path]):
        assert isinstance(item, IgnoredFile) or item.failure or item.content


def test_nested_zip_is_handed_on_as_a_document(tmp_path: Path) -> None:
    inner = make_zip(tmp_path / "inner.zip", {"m.xml": b"<m/>"}).read_bytes()
    outer = make_zip(tmp_path / "outer.zip", {"inner.zip": inner})
    (document,) = documents(outer)
    assert (document.origin, document.content) == ("outer.zip!inner.zip", inner)


def test_origin_of_an_undecodable_name_can_be_written(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"stra\xdfe.xml")).write_bytes(b"<a/>")
    (document,) = documents(tmp_path)
    assert document.origin == "stra\\xdfe.xml"


def test_only_one_document_is_read_at_a_time(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_bytes(b"<a/>")
    (tmp_path / "b.xml").write_bytes(b"<b/>")
    items = walk([tmp_path])
    next(items)
    (tmp_path / "b.xml").write_bytes(b"<changed/>")
    second = next(items)
    assert isinstance(second, RawDocument)
    assert second.content == b"<changed/>"


def test_a_file_that_cannot_be_opened_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.xml").write_bytes(b"<dokument/>")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    (item,) = walk([tmp_path])
    assert isinstance(item, RawDocument)
    assert item.failure is not None
    assert (item.failure.reason, item.failure.detail) == (DropReason.UNREADABLE, "Permission denied")
