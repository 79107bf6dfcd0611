"""Compressed files as streams of what they hold."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Callable
from typing import Any

import pyarrow as pa

from legaltune.corpus.sources.classify import BZIP2_MAGIC, GZIP_MAGIC, ZSTD_MAGIC
from legaltune.corpus.sources.limits import Budget
from legaltune.corpus.sources.stream import Stream


def decompressed(stream: Stream, budget: Budget) -> Stream | None:
    """What a gzip, bzip2 or Zstandard stream holds, or None where it is none of them."""
    open_format = _opener(stream.peek(4))
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
