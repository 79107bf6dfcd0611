"""Compressed files as streams of what they hold."""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from legaltune.corpus.sources.classify import BZIP2_MAGIC, GZIP_MAGIC, XZ_MAGIC, ZSTD_MAGIC
from legaltune.corpus.sources.limits import MAX_XZ_MEMORY_BYTES, Budget, DamagedError
from legaltune.corpus.sources.stream import CHUNK_BYTES, Stream


def decompressed(stream: Stream, budget: Budget) -> Stream | None:
    """What a gzip, bzip2, xz or Zstandard stream holds, or None where it is none of them."""
    open_format = _opener(stream.peek(len(XZ_MAGIC)))
    if open_format is None:
        return None
    read_inflated = open_format(_File(stream))

    def read(size: int) -> bytes:
        data = read_inflated(size)
        budget.spend(len(data))
        return data

    return Stream(read)


def _opener(head: bytes) -> Callable[[Any], Callable[[int], bytes]] | None:
    if head.startswith(GZIP_MAGIC):
        return lambda file: gzip.GzipFile(fileobj=file, mode="rb").read1
    if head.startswith(BZIP2_MAGIC):
        return lambda file: bz2.BZ2File(file).read1
    if head.startswith(XZ_MAGIC):
        return lambda file: _XzFile(file).read
    if head.startswith(ZSTD_MAGIC):
        return lambda file: pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd").read
    return None


class _File:
    """A stream as the file object that the decompressors expect."""

    closed = False

    def __init__(self, stream: Stream) -> None:
        self.read = stream.read

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def close(self) -> None:
        """Nothing to do: whoever opened the file closes it."""


class _XzFile:
    """What `lzma.LZMAFile` does, in bounded memory: the header of a stream says how much is to be kept of it."""

    def __init__(self, file: _File) -> None:
        self._file = file
        self._decompressor = _xz_decompressor()

    def read(self, size: int) -> bytes:
        """Between one and `size` bytes; none at the end of the last stream."""
        data = b""
        while not data:
            compressed = b""
            if self._decompressor.eof:
                # Streams may follow each other, with zeros between them.
                compressed = self._decompressor.unused_data.lstrip(b"\0") or self._file.read(CHUNK_BYTES).lstrip(b"\0")
                if not compressed:
                    break
                self._decompressor = _xz_decompressor()
            elif self._decompressor.needs_input and not (compressed := self._file.read(CHUNK_BYTES)):
                raise DamagedError("ends in the middle of an xz stream")
            data = self._decompress(compressed, size)
        return data

    def _decompress(self, compressed: bytes, size: int) -> bytes:
        try:
            return self._decompressor.decompress(compressed, size)
        except lzma.LZMAError as error:
            if "emory" not in str(error):
                raise
            detail = f"xz that needs more than {MAX_XZ_MEMORY_BYTES} bytes of memory: compress it with xz -9 or less"
            raise DamagedError(detail) from None


def _xz_decompressor() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_XZ_MEMORY_BYTES)
