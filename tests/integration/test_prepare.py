from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from legaltune.config.schema import DataConfig
from legaltune.corpus.pipeline import prepare
from legaltune.corpus.prepared import read_examples, read_manifest
from legaltune.corpus.synthetic import SyntheticCorpus, write_corpus
from legaltune.errors import DataError, InputMissingError

TASKS = {"classification", "summarization", "case_analysis", "statute_interpretation"}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SyntheticCorpus]:
    folder = tmp_path_factory.mktemp("corpus")
    return folder, write_corpus(folder, num_decisions=120, seed=3)


def run(inputs: list[Path], output: Path, **settings: Any) -> dict[str, Any]:
    return prepare(inputs, output, DataConfig(**settings))


def dropped(output: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in (output / "dropped.jsonl").read_text(encoding="utf-8").splitlines()]


def test_every_document_is_used_or_dropped_with_its_reason(
    corpus: tuple[Path, SyntheticCorpus], tmp_path: Path
) -> None:
    folder, written = corpus
    manifest = run([folder], tmp_path)
    documents = manifest["documents"]
    assert documents["read"] == written.num_files - written.num_ignored_files
    assert documents["read"] == documents["used"] + sum(documents["dropped"].values())
    assert documents["used"] == sum(documents["used_by_source"].values())
    assert documents["used_by_source"]["gii-norm"] == written.num_statutes
    assert documents["dropped"]["exact_duplicate"] == written.num_duplicates
    assert documents["used"] > 100
    assert documents["dropped"]["corrupt_archive"] == written.num_truncated_archives
    assert documents["dropped"]["malformed_xml"] == written.num_malformed_files
    assert documents["dropped"]["empty_file"] == written.num_empty_files
    assert len(manifest["ignored_files"]) == written.num_ignored_files
    lines = dropped(tmp_path)
    assert Counter(line["reason"] for line in lines) == documents["dropped"]
    assert all(line["detail"] for line in lines)
    used = pq.read_table(tmp_path / "documents.parquet")
    assert len(used) == documents["used"] - written.num_statutes
    assert not {line["origin"] for line in lines} & set(used.column("origin").to_pylist())
    assert not (tmp_path / ".work").exists()
    assert set(manifest["examples"]) == TASKS


def test_examples_of_a_document_stay_in_one_split(corpus: tuple[Path, SyntheticCorpus], tmp_path: Path) -> None:
    manifest = run([corpus[0]], tmp_path)
    rows = list(read_examples(tmp_path, list(manifest["shards"])))
    splits: dict[str, set[str]] = {}
    for row in rows:
        splits.setdefault(row["document_id"], set()).add(row["split"])
        assert row["messages"][-1]["role"] == "assistant"
        assert row["messages"][-1]["content"].strip()
        assert 0 <= row["document_chars"] < len(row["messages"][-2]["content"])
    assert all(len(names) == 1 for names in splits.values())
    assert len({row["example_id"] for row in rows}) == len(rows)
    assert sum(manifest["documents_per_split"].values()) == len(splits)
    table = pq.read_table(tmp_path / "documents.parquet").to_pylist()
    assert {row["document_id"]: {row["split"]} for row in table} == splits
    num_examples = Counter(row["document_id"] for row in rows)
    assert {row["document_id"]: row["num_examples"] for row in table} == num_examples
    of_group: dict[str, set[str]] = {}
    for row in table:
        of_group.setdefault(row["group_id"], set()).add(row["split"])
    assert all(len(names) == 1 for names in of_group.values())
    assert len(of_group) == manifest["groups"]["number"]


def test_the_same_input_gives_the_same_dataset(corpus: tuple[Path, SyntheticCorpus], tmp_path: Path) -> None:
    first = run([corpus[0]], tmp_path / "a")
    assert run([corpus[0]], tmp_path / "b") == first
    assert run([corpus[0]], tmp_path / "c", seed=1)["fingerprint"] != first["fingerprint"]


def test_only_the_wanted_tasks_are_built(corpus: tuple[Path, SyntheticCorpus], tmp_path: Path) -> None:
    manifest = run([corpus[0]], tmp_path, tasks=("summarization",))
    assert set(manifest["examples"]) == {"summarization"}
    assert manifest["documents"]["dropped"]["no_task"] > 0


def test_nothing_left_says_what_was_dropped_why(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    (source / "a.zip").write_bytes(b"PK\x03\x04 cut off")
    (source / "b.xml").write_bytes(b"")
    (source / "c.xml").write_bytes(b"<dokument><doknr>JURE1")
    with pytest.raises(DataError) as caught:
        run([source], tmp_path / "out")
    message = str(caught.value)
    assert "3 documents read, 0 used" in message
    for reason in ("corrupt_archive 1", "empty_file 1", "malformed_xml 1"):
        assert reason in message
    assert caught.value.exit_code == 65
    assert not (tmp_path / "out" / "manifest.json").exists()
    listed = tmp_path / "out" / ".work"
    assert message.endswith(f"all of them: {listed / 'dropped.jsonl'}")
    assert [drop["origin"] for drop in dropped(listed)] == ["a.zip", "b.xml", "c.xml"]


def test_documents_without_a_section_are_no_duplicates_of_one_another(tmp_path: Path) -> None:
    for number in (1, 2):
        empty = f"<dokument><doknr>JURE{number}</doknr><gertyp>BGH</gertyp><doktyp>Urteil</doktyp></dokument>"
        (tmp_path / f"{number}.xml").write_text(empty, encoding="utf-8")
    with pytest.raises(DataError, match="no_sections 2"):
        run([tmp_path], tmp_path / "out")


def test_a_split_that_leaves_nothing_to_train_on_says_so(corpus: tuple[Path, SyntheticCorpus], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lower data\.split\.validation"):
        run([corpus[0]], tmp_path, split={"test": 0.9999})


def test_a_failed_run_leaves_an_earlier_dataset_as_it_was(corpus: tuple[Path, SyntheticCorpus], tmp_path: Path) -> None:
    manifest = run([corpus[0]], tmp_path / "out")
    lines = dropped(tmp_path / "out")
    (tmp_path / "in").mkdir()
    with pytest.raises(InputMissingError, match="there is no file in"):
        run([tmp_path / "in"], tmp_path / "out")
    (tmp_path / "in" / "a.xml").write_bytes(b"")
    with pytest.raises(DataError):
        run([tmp_path / "in"], tmp_path / "out")
    assert read_manifest(tmp_path / "out") == manifest
    assert dropped(tmp_path / "out") == lines


def test_a_missing_input_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="nowhere"):
        run([tmp_path / "nowhere"], tmp_path / "out")


def test_damaged_files_do_not_stop_the_run(corpus: tuple[Path, SyntheticCorpus], tmp_path: Path) -> None:
    source = tmp_path / "in"
    shutil.copytree(corpus[0], source)
    good = run([corpus[0]], tmp_path / "good")["documents"]
    origins = pq.read_table(tmp_path / "good" / "documents.parquet").column("origin").to_pylist()
    text = (source / next(origin for origin in origins if "!" not in origin)).read_bytes()
    (source / "half.xml").write_bytes(text[: len(text) // 2])
    (source / "latin.xml").write_bytes(text.decode().encode("latin-1", errors="replace"))
    (source / "declared.xml").write_bytes(text.replace(b"UTF-8", b"ISO-8859-1", 1))
    (source / "noise.bin").write_bytes(bytes(range(256)) * 8)
    bad = run([source], tmp_path / "bad")["documents"]
    assert bad["read"] == good["read"] + 4
    assert bad["used"] == good["used"]
    assert bad["dropped"]["malformed_xml"] == good["dropped"]["malformed_xml"] + 1
    assert bad["dropped"]["wrong_encoding"] == 1
    # UTF-8 that is declared as ISO-8859-1 is read as what it is.
    assert bad["dropped"]["exact_duplicate"] == good["dropped"]["exact_duplicate"] + 1
    assert bad["dropped"]["unknown_format"] == 1
