"""Cuts the inputs into units of work: what one worker reads at a time, and what a restart does again or not."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from legaltune.corpus.document import DocumentError, DropReason, RawDocument
from legaltune.corpus.sources import FileRef, IgnoredFile, list_files, open_file

logger = logging.getLogger(__name__)

# A unit takes a worker a fraction of a second: enough to hide the cost of handing it over, little to lose in a restart.
_ITEMS_PER_UNIT = 100
_BYTES_PER_UNIT = 8 * 1024 * 1024

Item = FileRef | RawDocument | IgnoredFile


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of work.

    Attributes:
        key: Hexadecimal digest of what is to be read: names, sizes and times of change of the files, not their content.
        items: Files to open, and documents that were read already because they come from one long stream.
    """

    key: str
    items: tuple[Item, ...]

    def loaded(self) -> Unit:
        """The same unit with its files read, for a worker that does not see them."""
        return replace(self, items=tuple(self.documents()))

    def documents(self) -> Iterator[RawDocument | IgnoredFile]:
        """Everything in the unit, files opened one at a time."""
        for item in self.items:
            if isinstance(item, FileRef):
                yield from _open(item)
            else:
                yield item


def units_of(inputs: Sequence[Path]) -> Iterator[Unit]:
    """Units in a fixed order.

    Small files are opened by the worker. A large one (an archive, a dump) is read here as a stream and cut into units.

    Raises:
        InputMissingError: An input does not exist; raised at the call.
    """
    return _units_of(list_files(inputs))


def _units_of(files: Iterable[FileRef | IgnoredFile]) -> Iterator[Unit]:
    batch: list[FileRef | IgnoredFile] = []
    num_bytes = 0
    for file in files:
        if isinstance(file, FileRef) and file.size_bytes > _BYTES_PER_UNIT:
            yield from _streamed_units(file)
            continue
        batch.append(file)
        num_bytes += file.size_bytes if isinstance(file, FileRef) else 0
        if len(batch) >= _ITEMS_PER_UNIT or num_bytes >= _BYTES_PER_UNIT:
            yield Unit(_key([_identity(entry) for entry in batch]), tuple(batch))
            batch, num_bytes = [], 0
    if batch:
        yield Unit(_key([_identity(entry) for entry in batch]), tuple(batch))


def _streamed_units(file: FileRef) -> Iterator[Unit]:
    for number, batch in enumerate(_batches(_open(file))):
        yield Unit(_key([*_identity(file), number]), batch)


def _open(file: FileRef) -> Iterator[RawDocument | IgnoredFile]:
    """Everything in a file; what nobody foresaw costs the rest of this file and not the run."""
    try:
        yield from open_file(file)
    except Exception as error:
        logger.exception("opening %s failed", file.origin)
        failure = DocumentError(DropReason.READER_FAILED, f"cannot be opened: {type(error).__name__}: {error}")
        yield RawDocument(file.origin, failure=failure)


def _batches(documents: Iterable[RawDocument | IgnoredFile]) -> Iterator[tuple[RawDocument | IgnoredFile, ...]]:
    batch: list[RawDocument | IgnoredFile] = []
    num_bytes = 0
    for document in documents:
        batch.append(document)
        num_bytes += len(document.content) if isinstance(document, RawDocument) else 0
        if len(batch) >= _ITEMS_PER_UNIT or num_bytes >= _BYTES_PER_UNIT:
            yield tuple(batch)
            batch, num_bytes = [], 0
    if batch:
        yield tuple(batch)


def _identity(file: FileRef | IgnoredFile) -> list[str | int]:
    if isinstance(file, FileRef):
        return [file.origin, file.size_bytes, file.modified_ns]
    return [file.origin, file.why]


def _key(identity: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(identity).encode()).hexdigest()
