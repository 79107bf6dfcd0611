"""Is a downloaded zip whole, and what it should be?"""

from __future__ import annotations

import struct
import zipfile
import zlib
from pathlib import Path, PurePosixPath

MAX_MEMBERS = 2_000
MAX_UNPACKED_BYTES = 512 * 1024 * 1024
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError, ValueError)


class UnusableFileError(Exception):
    """What was downloaded is not what was expected; the message says why."""


def check_zip(path: Path) -> None:
    """Check that a zip is whole (checksum of every member) and holds one XML document, images and the like aside.

    Raises:
        UnusableFileError: It is not.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            _check_members(archive.infolist())
            damaged = archive.testzip()
    except _ZIP_ERRORS as error:
        raise UnusableFileError(f"no whole zip: {error}") from None
    if damaged is not None:
        raise UnusableFileError(f"checksum of {damaged!r} is wrong")


def _check_members(members: list[zipfile.ZipInfo]) -> None:
    if len(members) > MAX_MEMBERS:
        raise UnusableFileError(f"{len(members)} members exceed the limit of {MAX_MEMBERS}")
    unpacked_bytes = sum(member.file_size for member in members)
    if unpacked_bytes > MAX_UNPACKED_BYTES:
        raise UnusableFileError(f"{unpacked_bytes} bytes unpacked exceed the limit of {MAX_UNPACKED_BYTES}")
    for member in members:
        if member.compress_type not in _METHODS or member.flag_bits & 0x1:
            raise UnusableFileError(f"{member.filename!r} is encrypted or compressed in an unusual way")
        path = PurePosixPath(member.filename)
        if path.is_absolute() or ".." in path.parts or "\\" in member.filename:
            raise UnusableFileError(f"{member.filename!r} would leave the folder it is unpacked in")
    documents = [member for member in members if member.filename.lower().endswith(".xml") and member.file_size]
    if len(documents) != 1:
        raise UnusableFileError(f"holds {len(documents)} XML documents instead of one")
