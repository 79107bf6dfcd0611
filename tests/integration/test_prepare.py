from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from legaltune.config.schema import DataConfig
from legaltune.corpus.pipeline import prepare
from legaltune.corpus.prepared import read_examples
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
    assert documents["dropped"]["corrupt_archive"] == written.num_truncated_archives
    assert documents["dropped"]["malformed_xml"] == written.num_malformed_files
    assert documents["dropped"]["empty_file"] == written.num_empty_files
    assert len(manifest["ignored_files"]) == written.num_ignored_files
    assert len(dropped(tmp_path)) == sum(documents["dropped"].values())
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
    assert [drop["origin"] for drop in dropped(tmp_path / "out")] == ["a.zip", "b.xml", "c.xml"]


def test_documents_without_a_section_are_no_duplicates_of_one_another(tmp_path: Path) -> None:
    for number in (1, 2):
        empty = f"<dokument><doknr>JURE{number}</doknr><gertyp>BGH</gertyp><doktyp>Urteil</doktyp></dokument>"
        (tmp_path / f"{number}.xml").write_text(empty, encoding="utf-8")
    with pytest.raises(DataError, match="no_sections 2"):
        run([tmp_path], tmp_path / "out")


def test_a_split_that_leaves_nothing_to_train_on_says_so(corpus: tuple[Path, SyntheticCorpus], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lower data\.split\.validation"):
        run([corpus[0]], tmp_path, split={"test": 0.9999})


def test_a_failed_run_leaves_no_manifest_of_an_earlier_one(
    corpus: tuple[Path, SyntheticCorpus], tmp_path: Path
) -> None:
    run([corpus[0]], tmp_path / "out")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError):
        run([tmp_path / "empty"], tmp_path / "out")
    assert not (tmp_path / "out" / "manifest.json").exists()


def test_a_missing_input_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="nowhere"):
        run([tmp_path / "nowhere"], tmp_path / "out")


def test_damaged_files_do_not_stop_the_run(corpus: tuple[Path, SyntheticCorpus], tmp_path: Path) -> None:
    source = tmp_path / "in"
    shutil.copytree(corpus[0], source)
    good = run([corpus[0]], tmp_path / "good")["documents"]
    victim = next(path for path in sorted((source / "decisions").glob("*.xml")) if path.stat().st_size > 1000)
    text = victim.read_bytes()
    (source / "half.xml").write_bytes(text[: len(text) // 2])
    (source / "latin.xml").write_bytes(text.decode().encode("latin-1", errors="replace"))
    (source / "declared.xml").write_bytes(text.replace(b"UTF-8", b"ISO-8859-1", 1))
    (source / "noise.bin").write_bytes(bytes(range(256)) * 8)
    bad = run([source], tmp_path / "bad")["documents"]
    assert bad["read"] == good["read"] + 4
    assert bad["used"] == good["used"]
    assert bad["dropped"]["malformed_xml"] == good["dropped"]["malformed_xml"] + 1
    assert bad["dropped"]["wrong_encoding"] == 2
    assert bad["dropped"]["unknown_format"] == 1
