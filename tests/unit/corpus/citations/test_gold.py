from __future__ import annotations

import hashlib
import json
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from legaltune.errors import DataError, InputMissingError

REPOSITORY = Path(__file__).parents[4]
BENCH = SimpleNamespace(**runpy.run_path(str(REPOSITORY / "scripts" / "bench_citations.py")))
TEXT = "Der Anspruch folgt aus § 823 Abs. 1 BGB und nochmals aus § 823 Abs. 1 BGB."


@pytest.mark.corpus
def test_precision_and_recall_on_passages_marked_by_hand(real_corpus: Path) -> None:
    result = BENCH.score(BENCH.read_gold(REPOSITORY / BENCH.GOLD, real_corpus), BENCH.KINDS, BENCH.is_exact)
    assert result.num_gold >= 150
    assert result.precision >= 0.95
    assert result.recall >= 0.95


def test_scores_count_each_mark_once() -> None:
    norm, shifted = BENCH.Mark("norm", 0, 10, "§ 1 BGB"), BENCH.Mark("norm", 2, 10, "§ 1 BGB")
    passage = BENCH.Passage("x", "", gold=(norm, BENCH.Mark("norm", 20, 30, "§ 2 BGB")), found=(shifted, shifted))
    exact, lenient = (
        BENCH.score([passage], BENCH.KINDS, BENCH.is_exact),
        BENCH.score([passage], BENCH.KINDS, BENCH.is_lenient),
    )
    assert (exact.num_matched, len(exact.misses), len(exact.false_hits)) == (0, 2, 2)
    assert (lenient.num_matched, lenient.precision, lenient.recall) == (1, 0.5, 0.5)


def write_gold(folder: Path, text: str, occurrence: int) -> Path:
    (folder / "x.json").write_text(
        json.dumps({"_id": "x", "court": "BGH", "date": "2020-05-25", "file_number": "1", "text": f"Gründe\n{TEXT}"})
    )
    citation = {"kind": "norm", "text": "§ 823 Abs. 1 BGB", "occurrence": occurrence, "normalized": "§ 823 Abs. 1 BGB"}
    record = {
        "file": "x.json",
        "anchor": text[:40],
        "section": "gruende",
        "randnummer": None,
        "paragraph_sha256": hashlib.sha256(text.encode()).hexdigest(),
        "citations": [citation],
    }
    path = folder / "gold.jsonl"
    path.write_text(json.dumps(record))
    return path


def test_a_passage_that_changed_and_a_missing_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="mark the passage anew"):
        list(BENCH.read_gold(write_gold(tmp_path, "Anderer Text.", 0), tmp_path))
    with pytest.raises(InputMissingError, match="--gold"):
        list(BENCH.read_gold(tmp_path / "none.jsonl", tmp_path))
    (tmp_path / "x.json").unlink()
    with pytest.raises(InputMissingError, match="--corpus"):
        list(BENCH.read_gold(tmp_path / "gold.jsonl", tmp_path))
