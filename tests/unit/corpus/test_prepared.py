from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from legaltune.config.schema import TaskName
from legaltune.corpus import prepared
from legaltune.corpus.example import Example, Message
from legaltune.corpus.prepared import (
    ShardBuilder,
    finish,
    publish,
    read_examples,
    read_manifest,
    require_replaceable,
)
from legaltune.corpus.split import SplitName
from legaltune.errors import ConfigurationError, DataError, InputMissingError


def example(number: int) -> Example:
    return Example(
        example_id=f"e{number}",
        task=TaskName.SUMMARIZATION,
        document_id=f"d{number}",
        source="rii-dok",
        language="de",
        messages=(Message("user", f"Text {number}\n\nFrage?"), Message("assistant", "Antwort")),
        document_chars=6,
    )


def document(number: int, split: SplitName) -> dict[str, Any]:
    return {
        "source": "rii-dok",
        "document_id": f"d{number}",
        "group_id": f"g{number}",
        "split": split,
        "num_examples": 1,
        "file_numbers": (f"{number} ZR 1/20",),
    }


def make_shard(folder: Path, numbers: Iterable[int]) -> Path:
    """A shard in which document 0 is for testing and all others are for training."""
    builder = ShardBuilder()
    for number in numbers:
        split: SplitName = "train" if number else "test"
        builder.add_example(example(number), group_id=f"g{number}", split=split)
        builder.add_document(document(number, split))
    folder.mkdir(parents=True)
    for name, content in builder.files().items():
        (folder / f"{name}.parquet").write_bytes(content)
    return folder


def write(folder: Path, shards: Iterable[Iterable[int]] = ((0, 1, 2),)) -> dict[str, Any]:
    work = Path(tempfile.mkdtemp(dir=folder.parent))
    publish(folder, [make_shard(work / str(number), numbers) for number, numbers in enumerate(shards)])
    shutil.rmtree(work)
    return finish(folder, {"seed": 0})


def test_it_loads_with_the_datasets_library(tmp_path: Path) -> None:
    write(tmp_path / "prepared")
    loaded = datasets.load_dataset(str(tmp_path / "prepared"), cache_dir=str(tmp_path / "cache"))
    assert {name: len(split) for name, split in loaded.items()} == {"train": 2, "test": 1}
    assert loaded["test"][0]["messages"][1] == {"role": "assistant", "content": "Antwort"}
    assert {"messages", "task", "document_id", "group_id", "source", "language", "content_sha256"} <= set(
        loaded["train"].column_names
    )


def test_rows_come_back_with_their_split(tmp_path: Path) -> None:
    manifest = write(tmp_path / "prepared", [(0, 1), (2,)])
    assert list(manifest["shards"]) == ["test/00000.parquet", "train/00000.parquet", "train/00001.parquet"]
    rows = list(read_examples(tmp_path / "prepared", list(manifest["shards"])))
    assert [(row["example_id"], row["split"], row["group_id"]) for row in rows] == [
        ("e0", "test", "g0"), ("e1", "train", "g1"), ("e2", "train", "g2"),
    ]  # fmt: skip


def test_the_documents_of_all_shards_are_in_one_table(tmp_path: Path) -> None:
    write(tmp_path / "prepared", [(3, 0), (), (1,)])
    rows = pq.read_table(tmp_path / "prepared" / "documents.parquet").to_pylist()
    assert [(row["document_id"], row["split"]) for row in rows] == [("d3", "train"), ("d0", "test"), ("d1", "train")]
    assert rows[0]["file_numbers"] == ["3 ZR 1/20"]
    assert rows[0]["court"] is None


def test_more_rows_than_a_row_group_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "_ROWS_PER_GROUP", 2)
    manifest = write(tmp_path / "prepared", [range(1, 6)])
    assert pq.ParquetFile(tmp_path / "prepared" / "train" / "00000.parquet").num_row_groups == 3
    rows = read_examples(tmp_path / "prepared", list(manifest["shards"]))
    assert [row["example_id"] for row in rows] == ["e1", "e2", "e3", "e4", "e5"]


def test_equal_examples_give_equal_fingerprints(tmp_path: Path) -> None:
    first = write(tmp_path / "a")
    assert write(tmp_path / "b") == first
    assert write(tmp_path / "a", [(0, 1, 2, 3)])["fingerprint"] != first["fingerprint"]


def test_an_unfinished_dataset_is_a_missing_input(tmp_path: Path) -> None:
    write(tmp_path / "prepared")
    publish(tmp_path / "prepared", [make_shard(tmp_path / "shard", (0, 1))])
    with pytest.raises(InputMissingError, match="legaltune prepare"):
        read_manifest(tmp_path / "prepared")


def test_what_publishing_was_killed_at_keeps_the_splits(tmp_path: Path) -> None:
    write(tmp_path / "prepared")
    before = (tmp_path / "prepared" / "documents.parquet").read_bytes()
    broken = make_shard(tmp_path / "shard", (0, 1))
    (broken / "documents.parquet").write_bytes(b"PAR1")
    with pytest.raises(pa.ArrowInvalid):
        publish(tmp_path / "prepared", [broken])
    assert (tmp_path / "prepared" / "documents.parquet").read_bytes() == before


def test_a_changed_shard_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "prepared")
    (tmp_path / "prepared" / "test" / "00000.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="was changed since it was written"):
        read_manifest(tmp_path / "prepared")


def test_shards_of_an_earlier_dataset_are_removed(tmp_path: Path) -> None:
    write(tmp_path / "prepared", [(0, 1), (2,)])
    assert list(write(tmp_path / "prepared", [(1,)])["shards"]) == ["train/00000.parquet"]
    assert not (tmp_path / "prepared" / "test").exists()
    assert not (tmp_path / "prepared" / "train" / "00001.parquet").exists()


def test_files_of_others_are_no_shards(tmp_path: Path) -> None:
    fingerprint = write(tmp_path / "prepared")["fingerprint"]
    (tmp_path / "prepared" / "notes").mkdir()
    (tmp_path / "prepared" / "notes" / "mine.parquet").write_bytes(b"PAR1")
    assert write(tmp_path / "prepared")["fingerprint"] == fingerprint


def test_what_publishing_would_remove_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "prepared")
    require_replaceable(tmp_path / "prepared")
    require_replaceable(tmp_path / "new")
    for name in ("train/mine.jsonl", "test/mine.parquet", "train/00000.parquet/mine.xml", "validation"):
        path = tmp_path / name.replace("/", "-") / name
        path.parent.mkdir(parents=True)
        path.write_text("mine")
        with pytest.raises(ConfigurationError, match="would be removed"):
            require_replaceable(tmp_path / name.replace("/", "-"))
