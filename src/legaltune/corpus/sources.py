"""Finds the documents in folders, single files and zips, one at a time and in a fixed order."""

from __future__ import annotations

import lzma
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from legaltune.corpus.document import DocumentError, DropReason, RawDocument
from legaltune.corpus.xml import root_name
from legaltune.errors import InputMissingError

MAX_DOCUMENT_BYTES = 256 * 1024 * 1024

ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_IMAGE_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*")
_IMAGE_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".svg", ".tif", ".tiff", ".webp"})
_NOTICE_STEMS = frozenset({"copying", "licence", "license", "lizenz", "notice", "readme"})
_NOTICE_SUFFIXES = frozenset({"", ".htm", ".html", ".md", ".rst", ".txt"})
_HEAD_BYTES = 16_384
# Whatever zipfile and the decompressors raise for bytes that are not what the directory of the archive promises.
_ARCHIVE_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class IgnoredFile:
    """A file that is no document: listed in the manifest, not counted.

    Attributes:
        origin: Where it was found.
        why: What it is ("image", "table of contents").
    """

    origin: str
    why: str


def walk(inputs: Sequence[Path]) -> Iterator[RawDocument | IgnoredFile]:
    """All documents below the inputs, in the order of the inputs and of their sorted paths.

    Folders are searched recursively, zips are opened (recognised by content, not by name). Only one document is in
    memory at a time. Origins are relative to the input: "folder/jb-1.zip!jb-1.xml".

    Args:
        inputs: Folders, files and zips.

    Returns:
        An iterator over documents and ignored files. A document whose bytes cannot be had carries its `failure`.

    Raises:
        InputMissingError: An input does not exist; raised at the call, before anything is read.
    """
    for path in inputs:
        if not path.exists():
            raise InputMissingError(f"input {path} does not exist: check the path or remove it from the inputs")
    return _walk(inputs)


def _walk(inputs: Sequence[Path]) -> Iterator[RawDocument | IgnoredFile]:
    for path in inputs:
        if path.is_dir():
            yield from _walk_folder(path, path)
        else:
            yield from _read_path(path, _printable(Path(path.name)))


def _printable(path: Path) -> str:
    """A path as text that can be written to a manifest, also where a name is not valid UTF-8."""
    return os.fsencode(path.as_posix()).decode("utf-8", "backslashreplace")


def _walk_folder(folder: Path, root: Path) -> Iterator[RawDocument | IgnoredFile]:
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        path = Path(entry.path)
        origin = _printable(path.relative_to(root))
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            yield from _walk_folder(path, root)
        elif path.is_file():
            yield from _read_path(path, origin)
        elif entry.is_symlink():
            yield IgnoredFile(origin, "symbolic link to a folder or to nothing")
        else:
            yield IgnoredFile(origin, "hidden" if entry.name.startswith(".") else "not a regular file")


def _read_path(path: Path, origin: str) -> Iterator[RawDocument | IgnoredFile]:
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError as error:
        yield _failed(origin, DropReason.UNREADABLE, error.strerror or str(error))
        return
    is_hidden = path.name.startswith(".")
    if head.startswith(ZIP_MAGIC) and not is_hidden:
        yield from _read_zip(path, origin)
    elif head and path.suffix.lower() == ".zip" and not is_hidden:
        yield _failed(origin, DropReason.CORRUPT_ARCHIVE, "named .zip, but does not begin as a zip does")
    else:
        yield _document(origin, path.name, path.stat().st_size, head, path.read_bytes)


def _read_zip(path: Path, origin: str) -> Iterator[RawDocument | IgnoredFile]:
    try:
        archive = zipfile.ZipFile(path)
    except _ARCHIVE_ERRORS as error:
        yield _failed(origin, DropReason.CORRUPT_ARCHIVE, str(error))
        return
    with archive:
        members = sorted((m for m in archive.infolist() if not m.is_dir()), key=lambda m: (m.filename, m.header_offset))
        if not members:
            yield _failed(origin, DropReason.EMPTY_FILE, "archive without members")
        for member in members:
            yield _read_member(archive, member, f"{origin}!{member.filename}")


def _read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, origin: str) -> RawDocument | IgnoredFile:
    def read(limit: int = MAX_DOCUMENT_BYTES) -> bytes:
        # zipfile never returns more than the declared size, so a member cannot outgrow the check on that size.
        with archive.open(member) as stream:
            return stream.read(limit)

    try:
        return _document(origin, member.filename, member.file_size, read(_HEAD_BYTES), read)
    except _ARCHIVE_ERRORS as error:
        return _failed(origin, DropReason.CORRUPT_ARCHIVE, str(error))


def _document(
    origin: str, name: str, size_bytes: int, head: bytes, read: Callable[[], bytes]
) -> RawDocument | IgnoredFile:
    why = _why_ignored(name, head)
    if why:
        return IgnoredFile(origin, why)
    if size_bytes == 0:
        return _failed(origin, DropReason.EMPTY_FILE, "0 bytes")
    if size_bytes > MAX_DOCUMENT_BYTES:
        return _failed(origin, DropReason.TOO_LARGE, f"{size_bytes} bytes exceed the limit of {MAX_DOCUMENT_BYTES}")
    return RawDocument(origin, read())


def _why_ignored(name: str, head: bytes) -> str | None:
    path = PurePosixPath(name)
    suffix = path.suffix.lower()
    if any(part.startswith(".") or part == "__MACOSX" for part in path.parts):
        return "hidden"
    if suffix in _NOTICE_SUFFIXES and path.stem.lower() in _NOTICE_STEMS:
        return "readme or licence"
    if suffix in _IMAGE_SUFFIXES or head.startswith(_IMAGE_MAGIC):
        return "image"
    if suffix == ".dtd":
        return "document type definition"
    if root_name(head) == "items" and b"<item" in head and b"<link" in head:
        return "table of contents"
    return None


def _failed(origin: str, reason: DropReason, detail: str) -> RawDocument:
    return RawDocument(origin, failure=DocumentError(reason, detail))
