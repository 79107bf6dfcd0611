from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from legaltune.fetch.verify import MAX_UNPACKED_BYTES, UnusableFileError, check_zip


def zipped(*members: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def check(folder: Path, content: bytes) -> None:
    path = folder / "a.zip"
    path.write_bytes(content)
    check_zip(path)


def test_one_document_with_images_is_fine(tmp_path: Path) -> None:
    check(tmp_path, zipped(("jb-1.xml", b"<dokument/>"), ("bild1_0.jpg", b"\xff\xd8\xff")))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no whole zip"),
        (b"<html><body>Fehler</body></html>", "no whole zip"),
        (zipped(("a.xml", b"<a/>" * 500))[:-30], "no whole zip"),
        (zipped(("a.xml", b"<a/>" * 500), method=zipfile.ZIP_STORED).replace(b"<a/><a/>", b"<a/><b/>", 1), "checksum"),
        (zipped(("a.txt", b"text")), "0 XML documents"),
        (zipped(("a.xml", b"")), "0 XML documents"),
        (zipped(("a.xml", b"<a/>"), ("b.xml", b"<a/>")), "2 XML documents"),
        (zipped(("../a.xml", b"<a/>")), "leave the folder"),
        (zipped(("/a.xml", b"<a/>")), "leave the folder"),
        (zipped(("a.xml", b"<a/>"), method=zipfile.ZIP_LZMA), "unusual"),
    ],
)
def test_anything_else_is_not(tmp_path: Path, content: bytes, message: str) -> None:
    with pytest.raises(UnusableFileError, match=message):
        check(tmp_path, content)


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    content = bytearray(zipped(("a.xml", b"<a/>")))
    size = content.rindex(b"PK\x01\x02") + 24  # uncompressed size in the central directory
    content[size : size + 4] = (MAX_UNPACKED_BYTES + 1).to_bytes(4, "little")
    with pytest.raises(UnusableFileError, match="exceed the limit"):
        check(tmp_path, bytes(content))


def test_every_single_damaged_byte_of_the_content_is_noticed(tmp_path: Path) -> None:
    content = zipped(("a.xml", b"<dokument>Der Senat hat entschieden.</dokument>"), method=zipfile.ZIP_STORED)
    start = content.index(b"<dokument>")
    for position in range(start, start + 47):
        damaged = bytearray(content)
        damaged[position] ^= 0x01
        with pytest.raises(UnusableFileError):
            check(tmp_path, bytes(damaged))
