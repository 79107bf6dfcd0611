from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from legaltune.config.schema import DataConfig
from legaltune.corpus.accounts import Accounts, collect
from legaltune.corpus.grouping import Grouping
from legaltune.corpus.parts import SCHEMA
from legaltune.errors import DataError


def grouping_of(rows: list[tuple[bool, str | None, str | None]]) -> Grouping:
    keep, reason, detail = zip(*rows, strict=True)
    table = pa.table({"keep": keep, "reason": pa.array(reason, pa.string()), "detail": pa.array(detail, pa.string())})
    return Grouping(table, (), (), (), (), num_groups=1, largest_group=1, num_compared=0)


def summary(folder: Path, **counts: object) -> Path:
    empty: dict[str, object] = {
        "used": {},
        "documents": {},
        "examples": [],
        "rejected": [],
        "citations": {},
        "dropped": [],
    }
    folder.mkdir()
    (folder / "summary.json").write_text(json.dumps({**empty, "sentences_left_out": 0, **counts}))
    return folder


@pytest.fixture
def accounts(tmp_path: Path) -> Accounts:
    rows = pa.Table.from_pylist(
        [
            {"origin": "z.xml", "kind": "dropped", "reason": "empty_file", "detail": "0 bytes"},
            {"origin": "toc.xml", "kind": "ignored", "detail": "table of contents"},
            {"origin": "a.xml", "kind": "decision", "source": "rii-dok", "placeholders": [("email", 2)]},
            {"origin": "b.xml", "kind": "decision", "source": "rii-dok", "placeholders": [("email", 5)]},
            {"origin": "c.xml", "kind": "decision", "source": "rii-dok", "placeholders": [("phone", 1)]},
            {"origin": "bgb.xml", "kind": "statute", "source": "gii-norm"},
        ],
        SCHEMA,
    )
    kept = (True, None, None)
    grouping = grouping_of([kept, (False, "exact_duplicate", "same text as a"), kept, kept])
    shards = [
        summary(tmp_path / "0", used={"rii-dok": 1}, documents={"train": 1}, examples=[["summarization", "train", 2]]),
        summary(tmp_path / "1", dropped=[{"origin": "c.xml", "reason": "no_task", "detail": "none"}]),
    ]
    return collect(rows, rows.slice(2), grouping, shards)


def test_every_document_is_accounted_for_once(accounts: Accounts) -> None:
    assert accounts.num_read == 5
    assert accounts.used == {"rii-dok": 1, "gii-norm": 1}
    assert [(origin, reason) for origin, reason, _ in accounts.dropped] == [
        ("b.xml", "exact_duplicate"), ("c.xml", "no_task"), ("z.xml", "empty_file"),
    ]  # fmt: skip
    assert accounts.ignored == [("toc.xml", "table of contents")]
    assert accounts.num_read == accounts.used.total() + len(accounts.dropped)
    assert len(accounts.dropped_lines().splitlines()) == 3


def test_placeholders_of_a_duplicate_do_not_count(accounts: Accounts) -> None:
    assert accounts.placeholders == {"email": 2, "phone": 1}


def test_the_manifest_names_every_split(accounts: Accounts) -> None:
    contents = accounts.manifest_contents(DataConfig())
    assert contents["examples"] == {"summarization": {"train": 2, "validation": 0, "test": 0}}
    assert contents["documents_per_split"] == {"train": 1, "validation": 0, "test": 0}
    assert contents["documents"]["dropped"] == {"empty_file": 1, "exact_duplicate": 1, "no_task": 1}
    json.dumps(contents, allow_nan=False)


def test_a_dataset_without_training_examples_is_refused(accounts: Accounts) -> None:
    accounts.require_training_examples(listed_in=Path("dropped.jsonl"))
    held_out = dataclasses.replace(accounts, examples=Counter({("summarization", "test"): 1}))
    with pytest.raises(DataError, match=r"all 1 decisions fell to validation and test; lower data\.split"):
        held_out.require_training_examples(listed_in=Path("dropped.jsonl"))
    nothing = dataclasses.replace(held_out, documents_per_split=Counter())
    with pytest.raises(DataError, match=r"the first: b\.xml: same text as a; all of them: dropped\.jsonl"):
        nothing.require_training_examples(listed_in=Path("dropped.jsonl"))
