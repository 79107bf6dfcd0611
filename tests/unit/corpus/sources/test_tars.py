"""Tests of legaltune.corpus.sources.tars."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legaltune.corpus.document import DropReason
from legaltune.corpus.sources import IgnoredFile, limits, walk
from tests.unit.corpus.sources.inputs import contents, documents, failure_of, ignored, tar_of, write, zip_of

FORMATS = [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT]


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
@pytest.mark.parametrize("format", FORMATS)
def test_members_in_their_order(tmp_path: Path, mode: str, format: int) -> None:
    members = {"z.xml": b"<z/>", "./a/b.xml": b"<b/>" * 10_000, "leer.xml": b"", "c.xml": b"<c/>" * 128}
    path = write(tmp_path / "x.bin", tar_of(members, mode, format))
    assert list(contents(path).items()) == [
        ("x.bin!z.xml", b"<z/>"),
        ("x.bin!a/b.xml", b"<b/>" * 10_000),
        ("x.bin!leer.xml", DropReason.EMPTY_FILE),
        ("x.bin!c.xml", b"<c/>" * 128),
    ]


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("length", [90, 99, 100, 101, 150, 190])
def test_long_names(tmp_path: Path, format: int, length: int) -> None:
    name = "x" * (length // 2 - 1) + "/" + "y" * (length - length // 2 - 4) + ".xml"
    path = write(tmp_path / "a.tar", tar_of({name: b"<a/>", "next.xml": b"<b/>"}, format=format))
    assert contents(path) == {f"a.tar!{name}": b"<a/>", "a.tar!next.xml": b"<b/>"}


@pytest.mark.parametrize("format", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(
    members=st.dictionaries(st.text("abß", min_size=1, max_size=150), st.binary(max_size=1500), min_size=1, max_size=5)
)
def test_what_tarfile_writes_is_read(tmp_path: Path, format: int, members: dict[str, bytes]) -> None:
    members = {name: b"<" + content for name, content in members.items()}
    found = contents(write(tmp_path / "a.tar", tar_of(members, format=format)))
    assert found == {f"a.tar!{name}": content for name, content in members.items()}


def test_links_and_devices_are_ignored_with_what_they_are(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    kinds = {"s.xml": tarfile.SYMTYPE, "h.xml": tarfile.LNKTYPE, "d.xml": tarfile.CHRTYPE, "f.xml": tarfile.FIFOTYPE}
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, kind in kinds.items():
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd" * 20
            archive.addfile(info)
        archive.addfile(tarfile.TarInfo("folder/"))
    assert ignored(write(tmp_path / "a.tar", buffer.getvalue())) == {
        "a.tar!s.xml": "symbolic link",
        "a.tar!h.xml": "hard link",
        "a.tar!d.xml": "not a regular file",
        "a.tar!f.xml": "not a regular file",
    }


def test_unsafe_paths_are_dropped_and_the_others_read(tmp_path: Path) -> None:
    names = ["../a.xml", "/etc/a.xml", "a/../../b.xml", "C:\\a.xml", "good.xml"]
    found = contents(write(tmp_path / "a.tar", tar_of(dict.fromkeys(names, b"<a/>"))))
    assert found.pop("a.tar!good.xml") == b"<a/>"
    assert set(found.values()) == {DropReason.UNSAFE_PATH}


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_what_is_there_of_a_truncated_tar_is_read(tmp_path: Path, mode: str) -> None:
    members = {f"{number}.xml": bytes(f"<x>{number}</x>", "ascii") * 3000 for number in range(9)}
    content = tar_of(members, mode)
    *good, bad = documents(write(tmp_path / "a.tar", content[: len(content) * 6 // 10]))
    assert [document.content for document in good] == [*members.values()][: len(good)]
    assert len(good) >= 4
    assert (bad.origin, failure_of(bad)[0]) == ("a.tar", DropReason.CORRUPT_ARCHIVE)


def test_a_damaged_header_costs_the_rest_and_says_so(tmp_path: Path) -> None:
    content = tar_of({"a.xml": b"<a/>", "b.xml": b"<b/>", "c.xml": b"<c/>"}, format=tarfile.USTAR_FORMAT)
    path = write(tmp_path / "a.tar", content.replace(b"b.xml", b"B.xml"))
    assert contents(path) == {"a.tar!a.xml": b"<a/>", "a.tar": DropReason.CORRUPT_ARCHIVE}


def test_a_tar_without_the_mark_of_its_end(tmp_path: Path) -> None:
    content = tar_of({"a.xml": b"<a/>"}, format=tarfile.USTAR_FORMAT)[:1024]
    assert contents(write(tmp_path / "a.tar", content)) == {"a.tar!a.xml": b"<a/>", "a.tar": DropReason.CORRUPT_ARCHIVE}


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = size, kind
    return info.tobuf(tarfile.GNU_FORMAT)


@pytest.mark.parametrize("size", [-512, -1, 2**62])
def test_sizes_that_cannot_be(tmp_path: Path, size: int) -> None:
    path = write(tmp_path / "a.tar", tar_of({"a.xml": b"<a/>"})[:1024] + header("b.xml", size) + b"\0" * 1024)
    *_, bad = documents(path)
    assert failure_of(bad)[0] is DropReason.CORRUPT_ARCHIVE if size < 0 else DropReason.TOO_LARGE


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK])
def test_extended_headers_are_bounded(tmp_path: Path, kind: bytes) -> None:
    size = limits.MAX_TAR_HEADER_BYTES + 1
    (document,) = documents(write(tmp_path / "a.tar", header("x", size, kind) + b"x" * (size + 511)))
    assert "exceeds the limit" in failure_of(document)[1]


@pytest.mark.parametrize(
    "fields",
    [b"", b"5 a=b", b"0 path=x\n", b"99999 path=x\n", b"x path=\n", b"12 size=-1\n\n", b"19 size=99999999999\n"],
)
def test_extended_headers_that_make_no_sense(tmp_path: Path, fields: bytes) -> None:
    extended = header("x", len(fields), tarfile.XHDTYPE) + fields.ljust(512, b"\0")
    path = write(tmp_path / "a.tar", extended + header("b.xml", 4) + b"<b/>".ljust(512, b"\0") + b"\0" * 1024)
    assert documents(path)


def test_sparse_members_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tar", header("s.xml", 0, tarfile.GNUTYPE_SPARSE) + b"\0" * 1024)
    assert "sparse" in failure_of(documents(path)[0])[1]


def test_a_tar_of_zips(tmp_path: Path) -> None:
    members = {f"rii/{name}.zip": zip_of({f"{name}.xml": name.encode()}) for name in ("jb-1", "jb-2")}
    members["rii/damaged.zip"] = members["rii/jb-1.zip"][:40]
    path = write(tmp_path / "rii.tar.gz", tar_of(members, "w:gz"))
    assert contents(path) == {
        "rii.tar.gz!rii/jb-1.zip!jb-1.xml": b"jb-1",
        "rii.tar.gz!rii/jb-2.zip!jb-2.xml": b"jb-2",
        "rii.tar.gz!rii/damaged.zip": DropReason.CORRUPT_ARCHIVE,
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=100)
@given(st.data())
def test_no_damage_to_an_archive_ends_the_walk(tmp_path: Path, data: st.DataObject) -> None:
    format = data.draw(st.sampled_from(FORMATS))
    raw = bytearray(tar_of({"m.xml": b"<m>text</m>" * 5, "n" * 99 + "/x.xml": b"<n/>"}, format=format))
    for _ in range(data.draw(st.integers(1, 4))):
        raw[data.draw(st.integers(0, 3000))] = data.draw(st.integers(0, 255))
    items = list(walk([write(tmp_path / "a.tar", bytes(raw))]))
    assert items
    for item in items:
        assert isinstance(item, IgnoredFile) or item.failure or item.content
