"""The prepared dataset on disk: Parquet shards that `datasets.load_dataset` reads, and a manifest written last."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from legaltune.corpus.example import Example
from legaltune.corpus.split import SPLITS, SplitName
from legaltune.errors import ConfigurationError, DataError, InputMissingError
from legaltune.files import sha256_of, write_json

FORMAT_VERSION = 2
DOCUMENTS_FILE = "documents.parquet"
DATASET_FILES = (*(f"{split}/*.parquet" for split in SPLITS), DOCUMENTS_FILE, "dropped.jsonl", "manifest.json")
"""Patterns of the files that make a dataset."""
_ROWS_PER_GROUP = 200
_SHARD_NAME = re.compile(r"\d{5,}\.parquet")
_EXAMPLES = pa.schema(
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
# One row for each decision and each ready-made example that is used. `split` of a later dataset follows this one's.
_DOCUMENTS = pa.schema(
    [
        ("source", pa.string()),
        ("document_id", pa.string()),
        ("group_id", pa.string()),
        ("split", pa.string()),
        ("origin", pa.string()),
        ("court", pa.string()),
        ("decision_type", pa.string()),
        ("date", pa.string()),
        ("file_numbers", pa.list_(pa.string())),
        ("ecli", pa.string()),
        ("num_examples", pa.int32()),
        ("cited_norms", pa.list_(pa.string())),
        ("cited_decisions", pa.list_(pa.string())),
    ]
)


class ShardBuilder:
    """Collects the examples and documents of one shard in compressed form."""

    def __init__(self) -> None:
        self._tables: dict[str, _Table] = {}

    def add_example(self, example: Example, *, group_id: str, split: SplitName) -> None:
        """Add one example to a split."""
        messages = [{"role": message.role, "content": message.content} for message in example.messages]
        content = "".join(f"{message.role}\n{message.content}\0" for message in example.messages)
        self._table(split, _EXAMPLES).add(
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

    def add_document(self, row: Mapping[str, Any]) -> None:
        """Add a row to the table of documents used."""
        self._table(DOCUMENTS_FILE.removesuffix(".parquet"), _DOCUMENTS).add(row)

    def files(self) -> dict[str, bytes]:
        """Content of a Parquet file for each split that has examples, and of one named "documents"."""
        return {name: table.content() for name, table in self._tables.items()}

    def _table(self, name: str, schema: pa.Schema) -> _Table:
        if name not in self._tables:
            self._tables[name] = _Table(schema)
        return self._tables[name]


class _Table:
    """A Parquet file in memory, written a row group at a time."""

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._buffer: list[Mapping[str, Any]] = []
        self._stream = io.BytesIO()
        self._writer = pq.ParquetWriter(self._stream, schema, compression="zstd")

    def add(self, row: Mapping[str, Any]) -> None:
        self._buffer.append(row)
        if len(self._buffer) >= _ROWS_PER_GROUP:
            self._flush()

    def content(self) -> bytes:
        if self._buffer:
            self._flush()
        self._writer.close()
        return self._stream.getvalue()

    def _flush(self) -> None:
        self._writer.write_table(pa.Table.from_pylist(self._buffer, schema=self._schema))
        self._buffer = []


def require_replaceable(folder: Path) -> None:
    """Refuse a folder in which `publish` would remove what no earlier dataset left there.

    Raises:
        ConfigurationError: "train", "validation" or "test" is no folder, or holds something else than shards.
    """
    for split in (folder / name for name in SPLITS):
        found = split.iterdir() if split.is_dir() else [split] if split.exists() else []
        foreign = next((path for path in found if not _is_left_by_us(path)), None)
        if foreign:
            raise ConfigurationError(
                f"{foreign} is no shard of a dataset and would be removed from {folder}: move it, or write elsewhere"
            )


def _is_left_by_us(path: Path) -> bool:
    return bool(_SHARD_NAME.fullmatch(path.name)) and path.is_file()


def publish(folder: Path, shards: Sequence[Path]) -> None:
    """Put finished shards into the folder of the dataset; what an earlier dataset left there is removed first.

    Args:
        folder: Folder of the dataset; without a manifest until `finish` writes it.
        shards: Folders with the files of one shard each, in their order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").unlink(missing_ok=True)
    for split in SPLITS:
        if (folder / split).exists():
            shutil.rmtree(folder / split)
    # Whole at any time: a later run keeps the split of what stands in it.
    unfinished = folder / f".{DOCUMENTS_FILE}.tmp"
    with pq.ParquetWriter(unfinished, _DOCUMENTS, compression="zstd") as documents:
        for number, shard in enumerate(shards):
            table = shard / DOCUMENTS_FILE
            if table.is_file():
                documents.write_table(pq.read_table(table, schema=_DOCUMENTS))
            for split in SPLITS:
                examples = shard / f"{split}.parquet"
                if examples.is_file():
                    (folder / split).mkdir(exist_ok=True)
                    _link(examples, folder / split / f"{number:05d}.parquet")
    unfinished.replace(folder / DOCUMENTS_FILE)


def _link(source: Path, target: Path) -> None:
    """A second name for the same file, or a copy where there is none: a killed run finds its shards again."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)


def finish(folder: Path, contents: dict[str, Any]) -> dict[str, Any]:
    """Hash the shards and write the manifest, which makes the dataset valid.

    Args:
        folder: Folder of the dataset, all shards closed.
        contents: What the manifest says besides: counts, drops, configuration.

    Returns:
        The manifest; its `fingerprint` identifies the examples.
    """
    names = sorted(f"{split}/{path.name}" for split in SPLITS for path in (folder / split).glob("*.parquet"))
    shards = {name: sha256_of(folder / name) for name in names}
    fingerprint = hashlib.sha256(json.dumps(shards, sort_keys=True).encode()).hexdigest()
    manifest = {
        "format_version": FORMAT_VERSION,
        **contents,
        "documents_sha256": sha256_of(folder / DOCUMENTS_FILE),
        "shards": shards,
        "fingerprint": fingerprint,
    }
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
