"""Members of a tar, read front to back.

tarfile is not used for the walk: it ends silently at a damaged header, reads extended headers of any length into
memory, and keeps all members. Its parser of a header block is.
"""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass

from legaltune.corpus.sources import limits
from legaltune.corpus.sources.limits import DamagedError
from legaltune.corpus.sources.stream import Stream

_BLOCK = tarfile.BLOCKSIZE
_KINDS = {
    tarfile.LNKTYPE: "hard link",
    tarfile.SYMTYPE: "symbolic link",
    tarfile.CHRTYPE: "not a regular file",
    tarfile.BLKTYPE: "not a regular file",
    tarfile.FIFOTYPE: "not a regular file",
}
_PAX_HEADERS = frozenset({tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE})
_OTHER_EXTENSIONS = frozenset({tarfile.XGLTYPE, tarfile.GNUTYPE_LONGLINK})
_EXTENSIONS = _PAX_HEADERS | _OTHER_EXTENSIONS | {tarfile.GNUTYPE_LONGNAME}
_IS_SIZE = re.compile(r"[0-9]{1,18}")
_PAX_LENGTH = re.compile(rb"([0-9]{1,9}) ([^=\n]+)=")


@dataclass(frozen=True, slots=True)
class TarMember:
    """A file in a tar, or what is there instead of one.

    Attributes:
        name: Its path, as the archive gives it.
        content: Its bytes, to be read before the next member is asked for.
        why_ignored: What it is where it is no file ("symbolic link"), else None.
    """

    name: str
    content: Stream
    why_ignored: str | None


def tar_members(stream: Stream) -> Iterator[TarMember]:
    """Files and links in a tar, in their order.

    Raises:
        DamagedError: The rest cannot be read.
    """
    name: str | None = None
    size: int | None = None
    while header := _next_header(stream):
        if header.type not in _EXTENSIONS:
            yield from _member(stream, header, name or header.name, header.size if size is None else size)
            name = size = None
            continue
        extension = _extension(stream, header)
        if header.type == tarfile.GNUTYPE_LONGNAME:
            name = _text(extension.rstrip(b"\0"))
        elif header.type in _PAX_HEADERS:
            fields = _pax_fields(extension)
            name = fields.get("path", name)
            size = int(fields["size"]) if _IS_SIZE.fullmatch(fields.get("size", "")) else size


def _next_header(stream: Stream) -> tarfile.TarInfo | None:
    """The next header; None at the block of zeros that ends an archive."""
    block = stream.read(_BLOCK)
    if len(block) < _BLOCK:
        raise DamagedError("ends without the mark of its end")
    if not any(block):
        return None
    try:
        header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.TarError, ValueError) as error:
        raise DamagedError(str(error)) from error
    if header.size < 0:
        raise DamagedError(f"member of {header.size} bytes")
    return header


def _extension(stream: Stream, header: tarfile.TarInfo) -> bytes:
    if header.size > limits.MAX_TAR_HEADER_BYTES:
        detail = f"extended header of {header.size} bytes exceeds the limit of {limits.MAX_TAR_HEADER_BYTES}"
        raise DamagedError(detail)
    content = stream.read(header.size)
    if len(content) < header.size:
        raise DamagedError("ends in an extended header")
    stream.skip(-header.size % _BLOCK)
    return content


def _pax_fields(content: bytes) -> dict[str, str]:
    """Fields of an extended header, of lines such as "17 path=a/b.xml" that begin with their own length."""
    fields: dict[str, str] = {}
    position = 0
    while match := _PAX_LENGTH.match(content, position):
        end = position + int(match[1])
        if end <= match.end():
            break
        fields[_text(match[2])] = _text(content[match.end() : end - 1])
        position = end
    return fields


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _member(stream: Stream, header: tarfile.TarInfo, name: str, size: int) -> Iterator[TarMember]:
    if header.type == tarfile.DIRTYPE:
        stream.skip(size + -size % _BLOCK)
        return
    if header.type in _KINDS:
        # A link has no bytes of its own, whatever size its header gives.
        yield TarMember(name, Stream.of(b""), _KINDS[header.type])
        return
    if header.type == tarfile.GNUTYPE_SPARSE:
        raise DamagedError(f"member {name!r} is sparse: repack without --sparse")
    part = _Part(stream, size)
    yield TarMember(name, Stream(part.read, size_bytes=size), None)
    stream.skip(part.left + -size % _BLOCK)


class _Part:
    """The next bytes of a stream, as many as belong to one member."""

    def __init__(self, stream: Stream, size: int) -> None:
        self._stream = stream
        self.left = size

    def read(self, size: int) -> bytes:
        data = self._stream.chunk(min(size, self.left)) if self.left else b""
        if self.left and not data:
            raise DamagedError("ends in the middle of a member")
        self.left -= len(data)
        return data
