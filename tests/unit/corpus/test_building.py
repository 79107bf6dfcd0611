from __future__ import annotations

import io
from typing import Any, NoReturn

import pyarrow.parquet as pq
import pytest

from legaltune.config.schema import DataConfig
from legaltune.corpus import building
from legaltune.corpus.building import Assigned, BuildContext, ShardResult, ShardTask, build_shard
from legaltune.corpus.document import Document, Norm, ReadyMade, SectionName
from legaltune.corpus.parts import PartBuilder, kind_of
from legaltune.corpus.split import SplitName
from legaltune.corpus.statute_index import StatuteIndex
from tests.unit.corpus.cases import make_decision, make_statute

LEITSATZ = "Wer beim Rangieren einen Gartenzaun beschädigt, haftet dem Eigentümer auf Ersatz nach § 823 BGB."
GROUNDS = (
    "Der Fahrer hat beim Rangieren den Gartenzaun beschädigt. Er haftet dem Eigentümer deshalb auf Ersatz (§ 823 BGB).",
    "Über die weiteren Fragen nach § 99 BGB war nicht zu befinden (BGH, Urteil vom 3. März 2020 – VI ZR 1/19).",
)
DECISION = make_decision({SectionName.LEITSATZ: [LEITSATZ], SectionName.GRUENDE: GROUNDS})
READY = ReadyMade("r1", "ready-made", (("user", "Frage"), ("assistant", "Antwort")))
STATUTE = make_statute("BGB", norms=[Norm("§ 823", "Schadensersatzpflicht", ("Wer einen anderen verletzt, haftet.",))])


def assigned(document: Document, split: SplitName = "train") -> Assigned:
    builder = PartBuilder()
    builder.add({}, document)
    (row,) = builder._rows
    payload = builder.build("s").documents
    origin = f"{document.document_id}.xml"
    return Assigned(kind_of(document), payload, row["packed_bytes"], origin, f"g-{document.document_id}", split)


def build(*documents: Assigned, **settings: Any) -> ShardResult:
    context = BuildContext(DataConfig(**settings), StatuteIndex.from_statutes([STATUTE]))
    return build_shard(context, ShardTask(4, documents))


def rows(result: ShardResult, name: str) -> list[dict[str, Any]]:
    return pq.read_table(io.BytesIO(result.files[f"{name}.parquet"])).to_pylist()  # type: ignore[no-any-return]


def test_examples_go_to_the_split_and_group_of_their_document() -> None:
    result = build(assigned(DECISION), assigned(READY, "test"))
    assert result.number == 4
    assert set(result.files) == {"train.parquet", "test.parquet", "documents.parquet"}
    assert {row["group_id"] for row in rows(result, "train")} == {"g-TEST000000001"}
    assert [(row["task"], row["group_id"]) for row in rows(result, "test")] == [("ready_made", "g-r1")]


def test_the_table_of_documents_says_what_is_cited() -> None:
    result = build(assigned(DECISION), assigned(READY))
    decision, ready = rows(result, "documents")
    assert decision["num_examples"] == len(rows(result, "train")) - 1
    assert set(decision["cited_norms"]) == {"§ 823 BGB", "§ 99 BGB"}
    assert len(decision["cited_decisions"]) == 1
    assert (ready["document_id"], ready["court"], ready["cited_norms"]) == ("r1", None, None)
    assert result.summary["citations"] == {"norms": 2, "norms_resolved": 1, "decisions": 1}


def test_a_document_without_a_task_is_dropped_with_what_was_tried() -> None:
    strange = "Eine Kündigung des Mietverhältnisses bedarf der Schriftform, auch wenn beide Seiten sich einig sind."
    unlike = make_decision({SectionName.LEITSATZ: [strange], SectionName.GRUENDE: GROUNDS})
    result = build(assigned(unlike), assigned(READY), tasks=("summarization",))
    assert result.files == {}
    assert result.summary["used"] == {}
    first, second = result.summary["dropped"]
    assert (first["origin"], first["reason"]) == ("TEST000000001.xml", "no_task")
    assert "summarization" in first["detail"]
    assert (second["origin"], second["reason"]) == ("r1.xml", "no_task")


def test_a_bug_costs_one_document(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> NoReturn:
        raise KeyError("leitsatz")

    monkeypatch.setattr(building, "build_examples", fail)
    result = build(assigned(DECISION), assigned(READY))
    assert result.summary["dropped"] == [
        {"origin": "TEST000000001.xml", "reason": "reader_failed", "detail": "KeyError: 'leitsatz'"}
    ]
    assert result.summary["used"] == {"ready-made": 1}


def test_the_same_documents_give_the_same_bytes() -> None:
    task = [assigned(DECISION), assigned(READY, "validation")]
    assert build(*task).files == build(*task).files
