"""All documents in one file, one at a time: archives and compressed files are recognised by their content."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from legaltune.corpus.document import DropReason, RawDocument
from legaltune.corpus.sources import classify, limits
from legaltune.corpus.sources.classify import HEAD_BYTES, ZIP_MAGIC
from legaltune.corpus.sources.compression import decompressed
from legaltune.corpus.sources.files import FileRef
from legaltune.corpus.sources.items import IgnoredFile, Item, corrupt, failed
from legaltune.corpus.sources.limits import BombError, Budget, DamagedError
from legaltune.corpus.sources.records import read_lines, read_list, read_results
from legaltune.corpus.sources.stream import CHUNK_BYTES, Stream
from legaltune.corpus.sources.tars import tar_members
from legaltune.corpus.sources.zips import OfficeDocumentError, zip_members

_SNIFFED_LINES_BYTES = limits.MIB


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a stream was found.

    Attributes:
        origin: As in RawDocument.
        name: Path in the archive, or name of the file, without the suffix of its compression.
        budget: What may still be inflated out of the file.
        depth: Number of archives around it.
        is_inflated: True for what a compressed file holds.
    """

    origin: str
    name: str
    budget: Budget
    depth: int = 0
    is_inflated: bool = False

    def member(self, name: str) -> _Place:
        shown = classify.printable(name.removeprefix("./"))
        return _Place(f"{self.origin}!{shown}", name, self.budget, self.depth + 1)

    def inflated(self) -> _Place:
        name = classify.without_compression_suffix(self.name)
        return _Place(self.origin, name, self.budget, self.depth, is_inflated=True)


def open_file(ref: FileRef) -> Iterator[Item]:
    """All documents in one file, read front to back with at most one document in memory.

    A zip or a tar holds a document a member, and zips within it are opened too; gzip, bzip2, xz and Zstandard are
    unpacked; JSON Lines, JSON lists and pages of an API (`{"count": 2, "results": [...]}`) hold a document a record.
    Everything else is one document. Origins name the way: "all.tar.gz!2024/jb-1.zip!jb-1.xml", "cases.jsonl.gz:17",
    "cases.json[3]".

    Args:
        ref: The file. It may have changed or vanished since it was listed.

    Returns:
        An iterator over documents and ignored files. What cannot be had is a document with its `failure`: one for each
        that is known, and one for the rest of a damaged archive or stream.
    """
    try:
        file = ref.path.open("rb")
    except IsADirectoryError:
        yield failed(ref.origin, DropReason.UNREADABLE, "folder that cannot be listed")
        return
    except OSError as error:
        yield failed(ref.origin, DropReason.UNREADABLE, error.strerror or str(error))
        return
    with file:
        yield from _open(file, ref)


def _open(file: BinaryIO, ref: FileRef) -> Iterator[Item]:
    size_bytes = os.fstat(file.fileno()).st_size
    place = _Place(ref.origin, ref.path.name, Budget.for_file(size_bytes))
    try:
        yield from _items(Stream(file.read, size_bytes=size_bytes, file=file), place)
    except DamagedError as error:
        yield failed(ref.origin, DropReason.UNREADABLE, str(error))
    except BombError as error:
        yield failed(ref.origin, DropReason.TOO_LARGE, str(error))


def _items(stream: Stream, place: _Place) -> Iterator[Item]:
    why_ignored = classify.why_name_is_ignored(place.name)
    head = b"" if why_ignored else stream.peek(HEAD_BYTES)
    why_ignored = why_ignored or classify.why_content_is_ignored(head)
    if why_ignored:
        yield IgnoredFile(place.origin, why_ignored)
    elif head.startswith(ZIP_MAGIC):
        yield from _archive(stream, place, _zip)
    elif classify.is_tar(head):
        yield from _archive(stream, place, _tar)
    elif inner := decompressed(stream, place.budget):
        yield from _compressed(inner, place)
    elif head and (suffix := classify.archive_suffix(place.name)):
        yield corrupt(place.origin, f"named {suffix}, but does not begin so")
    elif kind := classify.unsupported_archive(head):
        detail = f"{kind} archive: repack it as .zip or .tar.gz"
        yield failed(place.origin, DropReason.UNSUPPORTED_FORMAT, detail)
    elif _holds_lines(stream, place, head):
        yield from read_lines(stream, place.origin)
    else:
        yield from _documents(stream, place.origin, head)


def _archive(stream: Stream, place: _Place, read_members: Callable[[Stream, _Place], Iterator[Item]]) -> Iterator[Item]:
    """Items of an archive; where it has none, that is a failure, and so is its damaged rest."""
    if place.depth >= limits.MAX_ARCHIVE_DEPTH:
        detail = f"archive within {place.depth} archives: unpack the outermost"
        yield failed(place.origin, DropReason.UNSUPPORTED_FORMAT, detail)
        return
    is_empty = True
    try:
        for item in read_members(stream, place):
            is_empty = False
            yield item
    except DamagedError as error:
        yield corrupt(place.origin, str(error))
    else:
        if is_empty:
            yield failed(place.origin, DropReason.EMPTY_FILE, "archive without members")


def _zip(stream: Stream, place: _Place) -> Iterator[Item]:
    file = _seekable(stream)
    if file is None:
        yield _too_large(place.origin, stream.size_bytes)
        return
    try:
        for member in zip_members(file, place.budget):
            here = place.member(member.name)
            if member.is_link:
                yield IgnoredFile(here.origin, "symbolic link")
            else:
                yield from _zip_member(member.content, here)
    except OfficeDocumentError:
        detail = "document of a word processor or spreadsheet: save it as text or HTML"
        yield failed(place.origin, DropReason.UNSUPPORTED_FORMAT, detail)


def _seekable(stream: Stream) -> BinaryIO | None:
    """The stream as a file for zipfile, or None where that would take more memory than a document may."""
    content = stream.rest(CHUNK_BYTES if stream.file else limits.MAX_DOCUMENT_BYTES)
    return stream.file if content is None else io.BytesIO(content)


def _zip_member(content: Stream, place: _Place) -> Iterator[Item]:
    """Items of one member; its damage is no reason to leave the archive."""
    try:
        yield from _member(content, place)
    except DamagedError as error:
        yield corrupt(place.origin, str(error))


def _tar(stream: Stream, place: _Place) -> Iterator[Item]:
    for member in tar_members(stream):
        here = place.member(member.name)
        if member.why_ignored:
            yield IgnoredFile(here.origin, member.why_ignored)
        else:
            yield from _member(member.content, here)


def _member(content: Stream, place: _Place) -> Iterator[Item]:
    if classify.is_unsafe(place.name):
        detail = f"the path {place.name!r} leads out of the archive, or means another file on another system"
        yield failed(place.origin, DropReason.UNSAFE_PATH, detail)
    else:
        yield from _items(content, place)


def _compressed(inner: Stream, place: _Place) -> Iterator[Item]:
    if place.is_inflated:
        yield failed(place.origin, DropReason.UNSUPPORTED_FORMAT, "compressed twice: unpack it")
        return
    try:
        yield from _items(inner, place.inflated())
    except DamagedError as error:
        yield corrupt(place.origin, str(error))


def _holds_lines(stream: Stream, place: _Place, head: bytes) -> bool:
    if not classify.may_be_lines(place.name, head):
        return False
    return classify.is_json_lines(place.name, stream.peek(_SNIFFED_LINES_BYTES))


def _documents(stream: Stream, origin: str, head: bytes) -> Iterator[Item]:
    is_list = classify.may_be_list_of_objects(head)
    results = classify.start_of_results(head)
    size_bytes = stream.size_bytes
    is_short = size_bytes is None or size_bytes <= limits.MAX_DOCUMENT_BYTES
    content = stream.rest(limits.MAX_DOCUMENT_BYTES) if is_short else None
    if content is None:
        yield _too_large(origin, size_bytes, is_list=is_list or results is not None)
    elif not content:
        yield failed(origin, DropReason.EMPTY_FILE, "0 bytes")
    elif is_list:
        yield from read_list(content, origin)
    elif results is not None:
        yield from read_results(content, origin, results)
    else:
        yield RawDocument(origin, content)


def _too_large(origin: str, size_bytes: int | None, *, is_list: bool = False) -> RawDocument:
    size = f"{size_bytes} bytes exceed" if size_bytes else "exceeds"
    remedy = ": write it as JSON Lines, one record a line" if is_list else ""
    return failed(origin, DropReason.TOO_LARGE, f"{size} the limit of {limits.MAX_DOCUMENT_BYTES}{remedy}")
