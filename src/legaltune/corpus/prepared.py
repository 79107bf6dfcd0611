"""The prepared dataset on disk: Parquet shards that `datasets.load_dataset` reads, and a manifest written last."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from legaltune.corpus.example import Example
from legaltune.corpus.split import SPLITS, SplitName
from legaltune.errors import DataError, InputMissingError
from legaltune.files import sha256_of, write_json

FORMAT_VERSION = 1
EXAMPLES_PER_SHARD = 20_000
_ROWS_PER_GROUP = 1_000
_SCHEMA = pa.schema(
    [
        ("example_id", pa.string()),
        ("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        ("task", pa.string()),
        ("document_id", pa.string()),
        ("group_id", pa.string()),
        ("source", pa.string()),
        ("language", pa.string()),
        ("document_chars", pa.int32()),
        ("content_sha256", pa.string()),
    ]
)


class PreparedDatasetWriter:
    """Writes examples split by split; a context manager. Earlier content of the folder is removed first.

    Args:
        folder: Folder of the dataset.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._shards: dict[SplitName, _ShardWriter] = {}

    def __enter__(self) -> PreparedDatasetWriter:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / "manifest.json").unlink(missing_ok=True)
        for split in SPLITS:
            shutil.rmtree(self._folder / split, ignore_errors=True)
            self._shards[split] = _ShardWriter(self._folder / split)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for shards in self._shards.values():
            shards.close()

    def write(self, example: Example, *, group_id: str, split: SplitName) -> None:
        """Add one example to a split."""
        messages = [{"role": message.role, "content": message.content} for message in example.messages]
        content = json.dumps(messages, ensure_ascii=False, sort_keys=True)
        self._shards[split].write(
            {
                "example_id": example.example_id,
                "messages": messages,
                "task": example.task.value,
                "document_id": example.document_id,
                "group_id": group_id,
                "source": example.source,
                "language": example.language,
                "document_chars": example.document_chars,
                "content_sha256": hashlib.sha256(content.encode()).hexdigest(),
            }
        )


class _ShardWriter:
    """Parquet files of one split, each with a bounded number of examples."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._buffer: list[dict[str, Any]] = []
        self._writer: pq.ParquetWriter | None = None
        self._num_shards = 0
        self._in_shard = 0

    def write(self, row: dict[str, Any]) -> None:
        self._buffer.append(row)
        if len(self._buffer) >= _ROWS_PER_GROUP:
            self._flush()

    def close(self) -> None:
        if self._buffer:
            self._flush()
        self._close_shard()

    def _flush(self) -> None:
        if self._writer is None:
            self._folder.mkdir(exist_ok=True)
            self._writer = pq.ParquetWriter(self._folder / f"{self._num_shards:05d}.parquet", _SCHEMA)
            self._num_shards += 1
        self._writer.write_table(pa.Table.from_pylist(self._buffer, schema=_SCHEMA))
        self._in_shard += len(self._buffer)
        self._buffer = []
        if self._in_shard >= EXAMPLES_PER_SHARD:
            self._close_shard()

    def _close_shard(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer, self._in_shard = None, 0


def finish(folder: Path, contents: dict[str, Any]) -> dict[str, Any]:
    """Hash the shards and write the manifest, which makes the dataset valid.

    Args:
        folder: Folder of the dataset, all shards closed.
        contents: What the manifest says besides: counts, drops, configuration.

    Returns:
        The manifest; its `fingerprint` identifies the examples.
    """
    shards = {str(path.relative_to(folder)): sha256_of(path) for path in sorted(folder.glob("*/*.parquet"))}
    fingerprint = hashlib.sha256(json.dumps(shards, sort_keys=True).encode()).hexdigest()
    manifest = {"format_version": FORMAT_VERSION, **contents, "shards": shards, "fingerprint": fingerprint}
    write_json(folder / "manifest.json", manifest)
    return manifest


def read_manifest(folder: Path) -> dict[str, Any]:
    """Manifest of a finished prepared dataset, its shards verified.

    Raises:
        InputMissingError: There is none: the step did not run, or did not finish.
        DataError: A shard is missing or was changed.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise InputMissingError(f"no finished prepared dataset in {folder}: run `legaltune prepare` first")
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for name, expected in manifest["shards"].items():
        shard = folder / name
        if not shard.is_file() or sha256_of(shard) != expected:
            raise DataError(f"{shard} is missing or was changed since it was written: run `legaltune prepare` again")
    return manifest


def read_examples(folder: Path, shards: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Rows of the shards in order, each with its `split` added; streams."""
    for name in shards:
        with pq.ParquetFile(folder / name) as file:
            for batch in file.iter_batches(batch_size=_ROWS_PER_GROUP):
                for row in batch.to_pylist():
                    yield row | {"split": name.partition("/")[0]}
