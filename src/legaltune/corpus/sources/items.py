"""What the sources yield: documents, documents that could not be had, and files that are none."""

from __future__ import annotations

from dataclasses import dataclass

from legaltune.corpus.document import DocumentError, DropReason, RawDocument


@dataclass(frozen=True, slots=True)
class IgnoredFile:
    """A file that is no document: listed in the manifest, not counted.

    Attributes:
        origin: Where it was found.
        why: What it is ("image", "table of contents").
    """

    origin: str
    why: str


Item = RawDocument | IgnoredFile


def failed(origin: str, reason: DropReason, detail: str) -> RawDocument:
    """A document whose bytes cannot be had."""
    return RawDocument(origin, failure=DocumentError(reason, detail))


def corrupt(origin: str, detail: str) -> RawDocument:
    """An archive, or the rest of one, that cannot be read."""
    return failed(origin, DropReason.CORRUPT_ARCHIVE, detail)
