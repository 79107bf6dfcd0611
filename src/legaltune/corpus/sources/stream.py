"""Bytes that are read once, front to back, in bounded memory."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import BinaryIO

from legaltune.corpus.sources.limits import DamagedError

CHUNK_BYTES = 256 * 1024
# Whatever files, zipfile and the decompressors raise for bytes that are not what they should be.
DAMAGE = (
    DamagedError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    MemoryError,
    NotImplementedError,
    OSError,
    RuntimeError,
    ValueError,
)


class Stream:
    """Forward-only reader with a look ahead, whose errors come after the bytes before them.

    Args:
        read: Gives at most as many bytes as asked for, none at the end.
        size_bytes: How many it should give, where that is known.
        file: The seekable file behind it, if there is one.
    """

    __slots__ = ("_at", "_buffer", "_damage", "_ended", "_read", "file", "size_bytes")

    def __init__(
        self, read: Callable[[int], bytes], *, size_bytes: int | None = None, file: BinaryIO | None = None
    ) -> None:
        self._read = read
        self._buffer = b""
        self._at = 0  # where in the buffer the next byte is
        self._ended = False
        self._damage: DamagedError | None = None
        self.size_bytes = size_bytes
        self.file = file

    @classmethod
    def of(cls, content: bytes) -> Stream:
        """A stream over bytes in memory."""
        stream = cls(lambda _: b"", size_bytes=len(content))
        stream._buffer = content
        return stream

    def peek(self, size: int) -> bytes:
        """The next bytes, left in place: fewer than `size` only where the stream ends or is damaged."""
        have = len(self._buffer) - self._at
        if have < size:
            pieces = [self._buffer[self._at :]]
            while have < size and (chunk := self._pull(CHUNK_BYTES)):
                pieces.append(chunk)
                have += len(chunk)
            self._buffer, self._at = b"".join(pieces), 0
        return self._buffer[self._at : self._at + size]

    def chunk(self, size: int = CHUNK_BYTES) -> bytes:
        """Between one and `size` bytes, whatever can be had at once; none at the end.

        Raises:
            DamagedError: Nothing more can be had, and that is not the end.
        """
        if self._at == len(self._buffer):
            self._buffer, self._at = self._pull(CHUNK_BYTES), 0
        return self._take(self._buffer[self._at : self._at + size])

    def read(self, size: int) -> bytes:
        """The next bytes: fewer than `size` only at the end, or where damage follows.

        Raises:
            DamagedError: Nothing more can be had, and that is not the end.
        """
        return self._take(self.peek(size))

    def rest(self, limit: int) -> bytes | None:
        """All that is left, or None where that is more than `limit` bytes.

        Raises:
            DamagedError: It is incomplete.
        """
        content = self.peek(limit + 1)
        if len(content) > limit:
            return None
        if self._damage:
            raise self._damage
        return self._take(content)

    def skip(self, size: int) -> None:
        """Pass over bytes.

        Raises:
            DamagedError: The stream ends before.
        """
        while size > 0:
            passed = self.chunk(size)
            if not passed:
                raise DamagedError("ends before its time")
            size -= len(passed)

    def _take(self, data: bytes) -> bytes:
        if not data and self._damage:
            raise self._damage
        self._at += len(data)
        return data

    def _pull(self, size: int) -> bytes:
        if self._ended:
            return b""
        try:
            data = self._read(size)
        except DAMAGE as error:
            self._damage = DamagedError(str(error) or type(error).__name__)
            data = b""
        self._ended = not data
        return data
