"""Tests of legaltune.corpus.sources.zips."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legaltune.corpus.document import DropReason
from legaltune.corpus.sources import IgnoredFile, limits, walk
from tests.unit.corpus.sources.inputs import contents, documents, failure_of, ignored, write, zip_of

CENTRAL = b"PK\x01\x02"


def patched(archive: bytes, name: bytes, offset: int, value: bytes) -> bytes:
    """The archive with a field of a member's entry in the directory overwritten."""
    raw = bytearray(archive)
    entry = raw.index(name, raw.index(CENTRAL)) - 46
    raw[entry + offset : entry + offset + len(value)] = value
    return bytes(raw)


def test_members_are_sorted_and_folders_are_none(tmp_path: Path) -> None:
    path = write(tmp_path / "x.zip", zip_of({"n.xml": b"<n/>", "m/k.xml": b"<k/>", "leer/": b""}))
    assert list(contents(path).items()) == [("x.zip!m/k.xml", b"<k/>"), ("x.zip!n.xml", b"<n/>")]


def test_zip_is_recognised_by_content(tmp_path: Path) -> None:
    write(tmp_path / "daten.bin", zip_of({"m.xml": b"<m/>"}))
    assert contents(tmp_path) == {"daten.bin!m.xml": b"<m/>"}


def test_zip_with_many_members_is_not_held_in_memory(tmp_path: Path) -> None:
    members = {f"{number:05}.xml": b"<x>%d</x>" % number * 20 for number in range(3000)}
    path = write(tmp_path / "all.zip", zip_of(members, zipfile.ZIP_STORED))
    assert [document.content for document in documents(path)] == [*members.values()]


@pytest.mark.parametrize("content", [b"kein Archiv", b"<html>Fehler 404</html>"])
def test_file_that_is_only_named_zip(tmp_path: Path, content: bytes) -> None:
    write(tmp_path / "a.ZIP", content)
    assert contents(tmp_path) == {"a.ZIP": DropReason.CORRUPT_ARCHIVE}


def test_truncated_zip_is_one_document(tmp_path: Path) -> None:
    write(tmp_path / "a.zip", zip_of({"m.xml": b"<m/>" * 100, "n.xml": b"<n/>"})[:-30])
    assert contents(tmp_path) == {"a.zip": DropReason.CORRUPT_ARCHIVE}


def test_empty_archive(tmp_path: Path) -> None:
    write(tmp_path / "a.zip", zip_of({}))
    write(tmp_path / "b.zip", zip_of({"folder/": b""}))
    for document in documents(tmp_path):
        assert failure_of(document) == (DropReason.EMPTY_FILE, "archive without members")


def test_member_with_a_bad_checksum_fails_alone(tmp_path: Path) -> None:
    content = zip_of({"bad.xml": b"<bad/>", "good.xml": b"<good/>"}, zipfile.ZIP_STORED)
    path = write(tmp_path / "a.zip", content.replace(b"<bad/>", b"<BAD/>", 1))
    bad, good = documents(path)
    assert bad.origin == "a.zip!bad.xml"
    reason, detail = failure_of(bad)
    assert reason is DropReason.CORRUPT_ARCHIVE
    assert "CRC" in detail
    assert (good.origin, good.content, good.failure) == ("a.zip!good.xml", b"<good/>", None)


def test_bad_checksum_behind_the_head_is_found(tmp_path: Path) -> None:
    content = zip_of({"long.xml": b"<a>" + b"x" * 1_000_000 + b"END</a>"}, zipfile.ZIP_STORED)
    path = write(tmp_path / "a.zip", content.replace(b"END", b"end"))
    assert contents(path) == {"a.zip!long.xml": DropReason.CORRUPT_ARCHIVE}


def test_encrypted_member(tmp_path: Path) -> None:
    raw = bytearray(zip_of({"m.xml": b"<m/>"}, zipfile.ZIP_STORED))
    raw[6] |= 1  # flag bit 0 of the local header
    raw[raw.index(CENTRAL) + 8] |= 1  # and of the central directory
    (document,) = documents(write(tmp_path / "a.zip", bytes(raw)))
    reason, detail = failure_of(document)
    assert reason is DropReason.CORRUPT_ARCHIVE
    assert "encrypted" in detail


def test_oversized_members_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_DOCUMENT_BYTES", 20)
    monkeypatch.setattr(limits, "FREE_INFLATION_BYTES", 600_000)
    path = write(tmp_path / "z.zip", zip_of({"bomb.xml": b"0" * 2_000_000}))
    path.write_bytes(path.read_bytes() + b"\0" * 300_000)
    assert contents(path) == {"z.zip": DropReason.CORRUPT_ARCHIVE}  # junk behind the directory: no zip any more
    path = write(tmp_path / "z.zip", zip_of({"bomb.xml": b"0" * 500_000, "a.xml": b"<a/>"}))
    assert contents(path) == {"z.zip!a.xml": b"<a/>", "z.zip!bomb.xml": DropReason.TOO_LARGE}


def test_a_member_that_inflates_to_more_than_it_declares(tmp_path: Path) -> None:
    liar = patched(zip_of({"a.xml": b"<a>" + b"0" * 9000}), b"a.xml", 24, (4).to_bytes(4, "little"))
    assert contents(write(tmp_path / "a.zip", liar)) == {"a.zip!a.xml": DropReason.CORRUPT_ARCHIVE}


def test_overlapping_members_are_refused(tmp_path: Path) -> None:
    """A bomb without layers: all entries of the directory point at the same bytes, within one another."""
    kernel = b"0" * 5000
    inner = zip_of({"b.xml": kernel}, zipfile.ZIP_STORED)
    quoted = inner[: inner.index(CENTRAL)]
    outer = zip_of({"a.xml": quoted, "b.xml": kernel}, zipfile.ZIP_STORED)
    inside = outer.index(b"PK\x03\x04", 4)
    path = write(tmp_path / "a.zip", patched(outer, b"b.xml", 42, inside.to_bytes(4, "little")))
    first, second = documents(path)
    assert failure_of(first) == (DropReason.CORRUPT_ARCHIVE, "its bytes overlap those of another member")
    assert second.content == kernel


def test_total_of_what_a_file_may_inflate_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FREE_INFLATION_BYTES", 0)
    members = {f"{number}.xml": b"0" * 1_000_000 for number in range(5)}
    first, rest = documents(write(tmp_path / "bomb.zip", zip_of(members)))
    assert first.content == members["0.xml"]
    reason, detail = failure_of(rest)
    assert (rest.origin, reason) == ("bomb.zip", DropReason.TOO_LARGE)
    assert "bomb" in detail


def test_nested_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FREE_INFLATION_BYTES", 1000)
    inner = zip_of({f"{number}.xml": b"0" * 400_000 for number in range(30)})
    path = write(tmp_path / "bomb.zip", zip_of({f"{number}.zip": inner for number in range(30)}))
    assert set(contents(path).values()) == {b"0" * 400_000, DropReason.TOO_LARGE}
    assert sum(len(document.content) for document in documents(path)) < 201 * path.stat().st_size


def test_directory_that_is_too_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.zip", zip_of({"a.xml": b"<a/>", "b.xml": b"<b/>"}))
    monkeypatch.setattr(limits, "MAX_ZIP_MEMBERS", 1)
    assert "2 members exceed the limit of 1" in failure_of(documents(path)[0])[1]
    monkeypatch.setattr(limits, "MAX_ZIP_DIRECTORY_BYTES", 50)
    assert "directory of 102 bytes exceeds" in failure_of(documents(path)[0])[1]


def test_unsafe_paths_are_dropped_and_the_others_read(tmp_path: Path) -> None:
    names = ["../a.xml", "/a.xml", "C:/a.xml", "x\\a.xml", "good.xml"]
    found = contents(write(tmp_path / "a.zip", zip_of(dict.fromkeys(names, b"<a/>"))))
    assert found.pop("a.zip!good.xml") == b"<a/>"
    assert set(found.values()) == {DropReason.UNSAFE_PATH}
    assert len(found) == 4


def test_symbolic_link_in_a_zip(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("link.xml")
    info.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert ignored(tmp_path) == {"a.zip!link.xml": "symbolic link"}


def test_office_documents_are_no_archives(tmp_path: Path) -> None:
    write(tmp_path / "urteil.docx", zip_of({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"}))
    assert contents(tmp_path) == {"urteil.docx": DropReason.UNSUPPORTED_FORMAT}


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.data())
def test_no_damage_to_an_archive_ends_the_walk(tmp_path: Path, compression: int, data: st.DataObject) -> None:
    raw = bytearray(zip_of({"m.xml": b"<m>text</m>" * 5, "n.xml": b"<n/>"}, compression))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(4, len(raw) - 1))] = data.draw(st.integers(0, 255))
    for item in walk([write(tmp_path / "a.zip", bytes(raw))]):
        assert isinstance(item, IgnoredFile) or item.failure or item.content
