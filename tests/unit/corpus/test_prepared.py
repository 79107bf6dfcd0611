from __future__ import annotations

from pathlib import Path

import datasets
import pytest

from legaltune.config.schema import TaskName
from legaltune.corpus import prepared
from legaltune.corpus.example import Example, Message
from legaltune.corpus.prepared import PreparedDatasetWriter, finish, read_examples, read_manifest
from legaltune.errors import DataError, InputMissingError


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


def write(folder: Path, num_examples: int = 3) -> dict[str, object]:
    with PreparedDatasetWriter(folder) as writer:
        for number in range(num_examples):
            writer.write(example(number), group_id=f"g{number}", split="train" if number else "test")
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
    manifest = write(tmp_path)
    rows = list(read_examples(tmp_path, list(manifest["shards"])))  # type: ignore[call-overload]
    assert [(row["example_id"], row["split"], row["group_id"]) for row in rows] == [
        ("e0", "test", "g0"), ("e1", "train", "g1"), ("e2", "train", "g2"),
    ]  # fmt: skip


def test_many_examples_make_several_shards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prepared, "_ROWS_PER_GROUP", 2)
    monkeypatch.setattr(prepared, "EXAMPLES_PER_SHARD", 4)
    manifest = write(tmp_path, num_examples=10)
    assert sorted(manifest["shards"]) == [  # type: ignore[call-overload]
        "test/00000.parquet", "train/00000.parquet", "train/00001.parquet", "train/00002.parquet",
    ]  # fmt: skip


def test_equal_examples_give_equal_fingerprints(tmp_path: Path) -> None:
    assert write(tmp_path / "a")["fingerprint"] == write(tmp_path / "b")["fingerprint"]
    assert write(tmp_path / "a", 4)["fingerprint"] != write(tmp_path / "b")["fingerprint"]


def test_an_unfinished_dataset_is_a_missing_input(tmp_path: Path) -> None:
    write(tmp_path)
    with pytest.raises(RuntimeError), PreparedDatasetWriter(tmp_path) as writer:
        writer.write(example(1), group_id="g", split="train")
        raise RuntimeError
    with pytest.raises(InputMissingError, match="legaltune prepare"):
        read_manifest(tmp_path)


def test_a_changed_shard_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "test" / "00000.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match="was changed since it was written"):
        read_manifest(tmp_path)


def test_shards_of_an_earlier_dataset_are_removed(tmp_path: Path) -> None:
    write(tmp_path)
    with PreparedDatasetWriter(tmp_path) as writer:
        writer.write(example(1), group_id="g", split="train")
    finish(tmp_path, {})
    assert not (tmp_path / "test").exists()
