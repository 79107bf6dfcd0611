"""Members of a zip, each on its own: a damaged one costs nothing but itself."""

from __future__ import annotations

import io
import itertools
import stat
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from legaltune.corpus.sources import limits
from legaltune.corpus.sources.limits import Budget, DamagedError
from legaltune.corpus.sources.stream import DAMAGE, Stream

_LOCAL_HEADER_BYTES = 30


class OfficeDocumentError(Exception):
    """The zip is the container of one text document (docx, odt)."""


@dataclass(frozen=True, slots=True)
class ZipMember:
    """A file in a zip.

    Attributes:
        name: Its path, as the archive gives it.
        content: Its bytes; errors come when they are read.
        is_link: True for a symbolic link.
    """

    name: str
    content: Stream
    is_link: bool


def zip_members(file: BinaryIO, budget: Budget) -> Iterator[ZipMember]:
    """Files in a zip, sorted by name.

    Args:
        file: The archive; it must be seekable.
        budget: What may be inflated.

    Raises:
        DamagedError: Its directory cannot be read.
        OfficeDocumentError: It is no archive of documents.
        BombError: More would be inflated than the budget allows.
    """
    try:
        archive = zipfile.ZipFile(_DirectoryGuard(file))
    except DAMAGE as error:
        raise DamagedError(str(error) or type(error).__name__) from error
    with archive:
        if "[Content_Types].xml" in archive.NameToInfo or "META-INF/manifest.xml" in archive.NameToInfo:
            raise OfficeDocumentError
        members = archive.infolist()
        if len(members) > limits.MAX_ZIP_MEMBERS:
            raise DamagedError(f"{len(members)} members exceed the limit of {limits.MAX_ZIP_MEMBERS}: split the zip")
        overlapping = _overlapping(members)
        for member in sorted(members, key=lambda member: (member.filename, member.header_offset)):
            if not member.is_dir():
                is_link = stat.S_ISLNK(member.external_attr >> 16)
                content = _content(archive, member, budget, is_overlapping=member.header_offset in overlapping)
                yield ZipMember(member.filename, content, is_link)


class _DirectoryGuard:
    """Refuses the one read with which zipfile takes in the whole directory, where that is too long."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > limits.MAX_ZIP_DIRECTORY_BYTES:
            raise DamagedError(f"directory of {size} bytes exceeds the limit of {limits.MAX_ZIP_DIRECTORY_BYTES}")
        return self._file.read(size)


def _overlapping(members: Sequence[zipfile.ZipInfo]) -> frozenset[int]:
    """Offsets of members whose bytes run into the next one's: the same bytes would be inflated again and again."""
    placed = sorted(members, key=lambda member: member.header_offset)
    return frozenset(
        member.header_offset
        for member, following in itertools.pairwise(placed)
        if member.header_offset + _LOCAL_HEADER_BYTES + member.compress_size > following.header_offset
    )


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, budget: Budget, *, is_overlapping: bool) -> Stream:
    opened: list[io.BufferedIOBase] = []

    def read(size: int) -> bytes:
        if is_overlapping:
            raise DamagedError("its bytes overlap those of another member")
        if not opened:
            opened.append(archive.open(member))  # type: ignore[arg-type]
        # What the directory declares is the most that zipfile gives; a checksum that does not fit is an error.
        data = opened[0].read(size)
        budget.spend(len(data))
        return data

    return Stream(read, size_bytes=member.file_size)
