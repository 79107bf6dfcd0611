"""`--previous`: documents keep their split when others are added."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from legaltune.config.schema import DataConfig
from legaltune.corpus import pipeline
from legaltune.errors import DataError, InputMissingError
from legaltune.preparation import prepare_dataset
from tests.preparing import write_mixed_corpus

WORDS = (
    "der die das Kläger Beklagte Vertrag Kaufpreis Zeuge Gericht Frist Zahlung wurde nicht und aber weil hat ist "
    "Anspruch Mangel Sache Übergabe Schaden Haus Garten Zaun Nachbar Straße Wagen Fahrer Unfall Rechnung Schreiben mit "
    "Antwort behauptet bestritten vorgetragen bewiesen erklärt bezahlt geliefert verlangt durfte musste ohne nach"
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    write_mixed_corpus(folder, num_decisions=150)
    return folder


def assignments(dataset: Path) -> dict[tuple[str, str], tuple[str, str]]:
    rows = pq.read_table(dataset / "documents.parquet").to_pylist()
    return {(row["source"], row["document_id"]): (row["split"], row["group_id"]) for row in rows}


def run(corpus: Path, output: Path, previous: str | None = None, **settings: Any) -> dict[str, Any]:
    return prepare_dataset([str(corpus)], str(output), DataConfig(**settings), previous=previous)


def test_added_documents_move_no_old_one(corpus: Path, tmp_path: Path) -> None:
    source = tmp_path / "in"
    shutil.copytree(corpus, source, ignore=lambda _, names: [name for name in names if "00001" in name])
    run(source, tmp_path / "first")
    before = assignments(tmp_path / "first")
    shutil.copytree(corpus, source, dirs_exist_ok=True)
    # Another seed and other shares would move most of them.
    moving: dict[str, Any] = {"seed": 99, "split": {"validation": 0.4, "test": 0.3}}
    run(source, tmp_path / "moved", **moving)
    run(source, tmp_path / "kept", str(tmp_path / "first" / "manifest.json"), **moving)
    moved, kept = assignments(tmp_path / "moved"), assignments(tmp_path / "kept")
    assert len(kept) > len(before)
    assert before.keys() <= kept.keys()
    assert [key for key in before if kept[key] != before[key]] == []
    assert [key for key in before if moved[key][0] != before[key][0]] != []


def test_the_folder_and_the_manifest_are_accepted(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(corpus, tmp_path / "first")
    monkeypatch.chdir(tmp_path / "first")
    names = (".", "manifest.json", "../first/", str(tmp_path / "first" / "manifest.json"))
    fingerprints = {run(corpus, tmp_path / "next", name, seed=5)["fingerprint"] for name in names}
    assert len(fingerprints) == 1
    assert fingerprints != {run(corpus, tmp_path / "next", seed=5)["fingerprint"]}


def test_a_dataset_may_follow_itself(corpus: Path, tmp_path: Path) -> None:
    run(corpus, tmp_path / "data")
    before = assignments(tmp_path / "data")
    run(corpus, tmp_path / "data", str(tmp_path / "data"), seed=7)
    assert assignments(tmp_path / "data") == before


def write_decision(folder: Path, number: int, court: str, file_number: str, *previous_instances: str) -> None:
    """A decision with a text of its own."""
    words = random.Random(number).choices(WORDS.split(), k=150)
    text = " ".join(words).capitalize() + ". Über die Kosten war nach dem Ergebnis des Streits zu befinden."
    instances = "<br/>".join(f"vorgehend {line}" for line in previous_instances)
    content = (
        f"<dokument><doknr>JURE{number:09d}</doknr><gertyp>{court}</gertyp><entsch-datum>20200102</entsch-datum>"
        f"<aktenzeichen>{file_number}</aktenzeichen><doktyp>Urteil</doktyp><vorinstanz>{instances}</vorinstanz>"
        f"<tenor><div><p>Die Klage wird abgewiesen.</p></div></tenor>"
        f"<entscheidungsgruende><div><p>{text}</p></div></entscheidungsgruende></dokument>"
    )
    folder.mkdir(exist_ok=True)
    (folder / f"{number}.xml").write_text(content, encoding="utf-8")


def test_documents_that_join_groups_are_counted_and_named(tmp_path: Path) -> None:
    source = tmp_path / "in"
    for number in range(12):
        write_decision(source, number, "LG Köln", f"1 O {number}/20")
    halves: dict[str, Any] = {"split": {"validation": 0.0, "test": 0.5}}
    run(source, tmp_path / "first", **halves)
    before = {int(key[1][-9:]): value for key, value in assignments(tmp_path / "first").items()}
    train, test = ([number for number in before if before[number][0] == split] for split in ("train", "test"))
    assert len(train) > 2 < len(test)

    def instance(number: int) -> str:
        return f"LG Köln, 3. Januar 2020, Az: 1 O {number}/20, Urteil"

    write_decision(source, 100, "OLG Köln", "2 U 1/20", instance(train[0]), instance(train[1]))
    write_decision(source, 101, "OLG Köln", "2 U 2/20", instance(train[2]), instance(test[0]))
    write_decision(source, 102, "OLG Köln", "2 U 3/20", instance(test[1]))
    manifest = run(source, tmp_path / "second", str(tmp_path / "first"), **halves)
    after = {int(key[1][-9:]): value for key, value in assignments(tmp_path / "second").items()}
    assert {number: after[number][0] for number in before} == {number: before[number][0] for number in before}
    (merged,) = manifest["groups"]["merged"]
    assert merged["document"] == "rii-dok:JURE000000100"
    assert {merged["group_id"], merged["merged_id"]} == {before[train[0]][1], before[train[1]][1]}
    assert {after[number][1] for number in (100, train[0], train[1])} == {merged["group_id"]}
    (joined,) = manifest["groups"]["joined_splits"]
    assert joined["origin"] == "101.xml"
    assert {split for _, split in joined["groups"]} == {"train", "test"}
    assert manifest["documents"]["dropped"] == {"joins_splits": 1}
    assert after[102] == before[test[1]]


def test_an_earlier_dataset_that_is_no_good_is_refused_before_anything_is_read(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "read_corpus", lambda *_, **__: pytest.fail("something was read"))
    with pytest.raises(InputMissingError, match="no earlier dataset"):
        run(corpus, tmp_path / "out", str(tmp_path / "nowhere" / "manifest.json"))
    (tmp_path / "documents.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(DataError, match="damaged"):
        run(corpus, tmp_path / "out", str(tmp_path))
