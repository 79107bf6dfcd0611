"""What reading a unit leaves: an index with a row for each document and ignored file, and the documents themselves.

A part is a folder that is whole or absent. The index columns of all parts are small and are held in memory together;
the documents are compressed and fetched from their file when they are turned into examples.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from legaltune.corpus.document import Decision, Document, DropReason, ReadyMade, Statute
from legaltune.errors import DataError
from legaltune.files import whole_folder

logger = logging.getLogger(__name__)

IGNORED = "ignored"
DROPPED = "dropped"

_INDEX = "index.arrow"
_DOCUMENTS = "documents.bin"
_SETTINGS = b"legaltune.settings"
_CODEC = pa.Codec("zstd", compression_level=3)
_KINDS: Mapping[str, type[Document]] = {"decision": Decision, "statute": Statute, "ready_made": ReadyMade}
_DECODERS: Mapping[str, msgspec.msgpack.Decoder[Any]] = {
    kind: msgspec.msgpack.Decoder(cls) for kind, cls in _KINDS.items()
}
SCHEMA = pa.schema(
    [
        ("origin", pa.string()),
        # What became of it: a kind of document, or "dropped" (reason, detail), or "ignored" (detail).
        ("kind", pa.string()),
        ("reason", pa.string()),
        ("detail", pa.string()),
        ("source", pa.string()),
        ("document_id", pa.string()),
        ("num_chars", pa.int64()),
        ("date", pa.string()),
        ("content_sha256", pa.binary(32)),
        ("minhash", pa.binary()),
        ("own_keys", pa.list_(pa.string())),
        ("related_keys", pa.list_(pa.string())),
        ("group_hint", pa.string()),
        ("placeholders", pa.map_(pa.string(), pa.int32())),
        # Where the document lies in the file of its part, and its size before compression (bytes).
        ("offset", pa.int64()),
        ("length", pa.int32()),
        ("packed_bytes", pa.int32()),
    ]
)


def kind_of(document: Document) -> str:
    """Name of the kind of a document, as in the column `kind`."""
    return next(kind for kind, cls in _KINDS.items() if isinstance(document, cls))


@dataclass(frozen=True, slots=True)
class Part:
    """A part on its way from the worker that made it to the folder: the contents of its files."""

    index: bytes
    documents: bytes


class PartBuilder:
    """Collects the rows and documents of one part."""

    def __init__(self) -> None:
        self._rows: list[Mapping[str, Any]] = []
        self._documents = io.BytesIO()

    def add(self, row: Mapping[str, Any], document: Document | None = None) -> None:
        """Add a row by the columns of SCHEMA (an absent one is null) and, where it is one of a document, that."""
        if document is not None:
            payload, packed_bytes = pack(document)
            row = {**row, "offset": self._documents.tell(), "length": len(payload), "packed_bytes": packed_bytes}
            self._documents.write(payload)
        self._rows.append(row)

    def build(self, settings: str) -> Part:
        """The part.

        Args:
            settings: Digest of the settings that the documents were read with.
        """
        table = pa.Table.from_pylist(self._rows, SCHEMA.with_metadata({_SETTINGS: settings.encode()}))
        stream = io.BytesIO()
        with pa.ipc.new_file(stream, table.schema) as writer:
            writer.write_table(table)
        return Part(stream.getvalue(), self._documents.getvalue())


@dataclass(frozen=True, slots=True)
class PartFolder:
    """The finished parts of a run; `prepare` removes them when the dataset is complete."""

    folder: Path

    def write(self, key: str, part: Part) -> None:
        """Add a part."""
        with whole_folder(self.folder / key) as folder:
            (folder / _INDEX).write_bytes(part.index)
            (folder / _DOCUMENTS).write_bytes(part.documents)

    def num_documents(self, key: str, settings: str) -> int | None:
        """Number of documents in a part, used or dropped; None where it must be made, or made again.

        Args:
            key: Key of its unit.
            settings: Digest of the settings that its documents must have been read with.
        """
        path = self.folder / key
        if not path.is_dir():
            return None
        try:
            table = _read_index(path)
            _require_settings(path, table, settings)
        except DataError as error:
            logger.debug("reading again: %s", error)
            return None
        if pc.any(pc.equal(table.column("reason"), DropReason.UNREADABLE.value)).as_py():
            return None  # a permission, a share that was away: nothing in the key shows that it was mended
        return int(pc.sum(pc.not_equal(table.column("kind"), IGNORED)).as_py() or 0)

    def keys(self) -> list[str]:
        """Keys of all parts there are, sorted."""
        if not self.folder.is_dir():
            return []
        return sorted(p.name for p in self.folder.iterdir() if p.is_dir() and not p.name.startswith("."))


class PartReader:
    """The rows of several parts as one table, and their documents.

    Args:
        folder: Where the parts lie.
        keys: Which of them.
        settings: Digest of the settings that the documents must have been read with.

    Raises:
        DataError: A part was read with other settings, or is damaged.
    """

    def __init__(self, folder: PartFolder, keys: Sequence[str], settings: str) -> None:
        self._folders = [folder.folder / key for key in sorted(keys)]
        tables = [_read_index(path) for path in self._folders]
        for path, table in zip(self._folders, tables, strict=True):
            _require_settings(path, table, settings)
        numbered = [
            table.replace_schema_metadata(None).append_column("part", pa.array([number] * len(table), pa.int32()))
            for number, table in enumerate(tables)
        ]
        self.table = (
            pa.concat_tables(numbered) if numbered else SCHEMA.append(pa.field("part", pa.int32())).empty_table()
        )

    def documents(self, rows: pa.Table) -> Iterator[Document]:
        """The documents of some rows of the table."""
        columns = (rows.column(name).to_pylist() for name in ("kind", "packed_bytes"))
        for payload, kind, packed_bytes in zip(self.payloads(rows), *columns, strict=True):
            yield unpack(kind, payload, packed_bytes)

    def payloads(self, rows: pa.Table) -> Iterator[bytes]:
        """The documents of some rows of the table, as they lie in their files."""
        opened: tuple[int, io.BufferedReader] | None = None
        try:
            for part, offset, length in zip(
                *(rows.column(n).to_pylist() for n in ("part", "offset", "length")), strict=True
            ):
                if opened is None or opened[0] != part:
                    if opened:
                        opened[1].close()
                    opened = part, (self._folders[part] / _DOCUMENTS).open("rb")
                opened[1].seek(offset)
                yield opened[1].read(length)
        finally:
            if opened:
                opened[1].close()


def pack(document: Document) -> tuple[bytes, int]:
    """A document as it lies in its part's file, and its size before compression (bytes)."""
    packed = msgspec.msgpack.encode(document)
    return _CODEC.compress(packed, asbytes=True), len(packed)


def unpack(kind: str, payload: bytes, packed_bytes: int) -> Document:
    """A document from its row's `kind` and `packed_bytes` and what lies in its part's file."""
    document: Document = _DECODERS[kind].decode(_CODEC.decompress(payload, packed_bytes, asbytes=True))
    return document


def _read_index(folder: Path) -> pa.Table:
    try:
        table = pa.ipc.open_file((folder / _INDEX).read_bytes()).read_all()
        num_bytes = (folder / _DOCUMENTS).stat().st_size
    except (OSError, pa.ArrowException) as error:
        raise _damaged(folder, str(error)) from None
    expected = pc.sum(table.column("length")).as_py() or 0
    if num_bytes != expected:
        raise _damaged(folder, f"{num_bytes} bytes of documents, not {expected}")
    return table


def _damaged(folder: Path, detail: str) -> DataError:
    return DataError(f"{folder} is damaged ({detail}): remove it and read its documents again")


def _require_settings(folder: Path, table: pa.Table, settings: str) -> None:
    found = (table.schema.metadata or {}).get(_SETTINGS, b"").decode()
    if found != settings:
        raise DataError(
            f"{folder} was read with other settings or by another version: remove it and read its documents again"
        )
