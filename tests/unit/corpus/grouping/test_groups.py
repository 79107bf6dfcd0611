from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from legaltune.config.schema import DataConfig, SplitConfig
from legaltune.corpus.grouping import Grouping, group_documents, read_assignments
from legaltune.corpus.grouping.columns import MOST_DOCUMENTS_PER_KEY
from legaltune.corpus.grouping.signatures import jaccard, signature_of
from legaltune.errors import DataError, InputMissingError

CONFIG = DataConfig(split=SplitConfig(validation=0.3, test=0.3))
GROUPED = CONFIG.model_copy(update={"near_duplicates": "group"})
SHINGLES_OF_A_TEXT = 180


@dataclass(frozen=True)
class Doc:
    """A document whose text is a stretch of numbered words: `text` is where it begins, or None for an unlike one."""

    name: str
    text: int | None = None
    keys: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    origin: str = ""
    num_chars: int = 1000
    date: str | None = None
    kind: str = "decision"
    hint: str | None = None

    @property
    def place(self) -> str:
        return self.origin or f"{self.name}.xml"

    @property
    def key(self) -> str:
        return f"test:{self.name}"

    @property
    def shingles(self) -> NDArray[np.uint64]:
        start = int.from_bytes(self.name.encode()) * 10_000 if self.text is None else self.text
        return _shingles(start % 2**60)


@lru_cache
def _shingles(start: int) -> NDArray[np.uint64]:
    return np.arange(start, start + SHINGLES_OF_A_TEXT, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)


@lru_cache(maxsize=4096)
def _signature(start: bytes) -> bytes:
    return signature_of(np.frombuffer(start, dtype=np.uint64))


def table_of(docs: Sequence[Doc]) -> pa.Table:
    return pa.table(
        {
            "kind": pa.array([doc.kind for doc in docs], pa.string()),
            "source": pa.array(["test"] * len(docs), pa.string()),
            "document_id": pa.array([doc.name for doc in docs], pa.string()),
            "origin": pa.array([doc.place for doc in docs], pa.string()),
            "num_chars": pa.array([doc.num_chars for doc in docs], pa.int64()),
            "date": pa.array([doc.date for doc in docs], pa.string()),
            "content_sha256": pa.array(
                [hashlib.sha256(doc.kind.encode() + doc.shingles.tobytes()).digest() for doc in docs], pa.binary(32)
            ),
            "minhash": pa.array(
                [_signature(doc.shingles.tobytes()) if doc.kind == "decision" else None for doc in docs], pa.binary()
            ),
            "own_keys": pa.array([list(doc.keys) or None for doc in docs], pa.list_(pa.string())),
            "related_keys": pa.array([list(doc.related) for doc in docs], pa.list_(pa.string())),
            "group_hint": pa.array([doc.hint for doc in docs], pa.string()),
        }
    )


@dataclass(frozen=True)
class Outcome:
    docs: Sequence[Doc]
    grouping: Grouping

    @property
    def rows(self) -> list[tuple[Doc, dict[str, Any]]]:
        return list(zip(self.docs, self.grouping.table.to_pylist(), strict=True))

    @property
    def kept(self) -> list[tuple[Doc, dict[str, Any]]]:
        return [(doc, row) for doc, row in self.rows if row["keep"]]

    @property
    def by_place(self) -> dict[str, dict[str, Any]]:
        return {doc.place: row for doc, row in self.rows}

    def __getitem__(self, name: str) -> dict[str, Any]:
        return next(row for doc, row in self.rows if doc.name == name)

    def reasons(self) -> dict[str, str]:
        return {doc.place: row["reason"] for doc, row in self.rows if row["reason"]}

    def group(self, name: str) -> str:
        group: str = self[name]["group_id"]
        return group

    def assignments(self) -> pa.Table:
        return assignments_of([(doc.name, row["group_id"], row["split"]) for doc, row in self.kept if row["split"]])


def assignments_of(rows: Sequence[tuple[str, str, str]]) -> pa.Table:
    names, groups, splits = ([row[column] for row in rows] for column in range(3))
    return pa.table(
        {
            "source": pa.array(["test"] * len(rows), pa.string()),
            "document_id": pa.array(names, pa.string()),
            "group_id": pa.array(groups, pa.string()),
            "split": pa.array(splits, pa.string()),
        }
    )


def run(*docs: Doc, config: DataConfig = CONFIG, previous: pa.Table | None = None) -> Outcome:
    grouping = group_documents(table_of(docs), config, previous=previous, shingles=lambda row: docs[row].shingles)
    return Outcome(docs, grouping)


# Duplicates


def test_of_equal_texts_one_stays_and_the_drop_names_it() -> None:
    outcome = run(Doc("b", 0), Doc("a", 0), Doc("c", 50_000))
    assert outcome.reasons() == {"b.xml": "exact_duplicate"}
    assert outcome["b"]["detail"] == "same text as test:a"
    assert outcome["b"]["group_id"] is None


def test_of_two_texts_under_one_identifier_the_longer_stays() -> None:
    outcome = run(Doc("a", 0, origin="short", num_chars=10), Doc("a", 50_000, origin="long", num_chars=20))
    assert outcome.reasons() == {"short": "duplicate_id"}


def test_a_text_lost_under_one_identifier_is_kept_under_another() -> None:
    outcome = run(
        Doc("a", 0, origin="long", num_chars=20), Doc("a", 50_000, origin="short", num_chars=10), Doc("b", 50_000)
    )
    assert outcome.reasons() == {"short": "duplicate_id"} or outcome.reasons() == {"short": "exact_duplicate"}
    assert outcome["b"]["keep"]


def test_a_near_duplicate_is_dropped_with_its_similarity() -> None:
    outcome = run(Doc("a", 0, num_chars=2000), Doc("b", 10), Doc("c", 100))
    assert outcome.reasons() == {"b.xml": "near_duplicate"}
    assert outcome["b"]["detail"].startswith("similarity 0.")
    assert outcome["b"]["detail"].endswith("to test:a")


def test_near_duplicates_can_be_kept_in_one_group() -> None:
    outcome = run(Doc("a", 0), Doc("b", 10), Doc("c", 100), config=GROUPED)
    assert outcome.reasons() == {}
    assert outcome.group("a") == outcome.group("b") != outcome.group("c")


def test_many_near_duplicates_in_one_split_do_not_hide_one_in_another() -> None:
    many = [Doc(f"train{start}", start) for start in range(17)]
    one = Doc("validation", 36)
    previous = assignments_of([(doc.name, "test:a", "train") for doc in many] + [(one.name, "test:b", "validation")])
    outcome = run(*many, one, Doc("new", 17), config=GROUPED, previous=previous)
    assert outcome["new"]["reason"] == "joins_splits"


def test_the_far_end_of_a_chain_is_kept_in_the_group() -> None:
    outcome = run(Doc("a", 0, num_chars=3000), Doc("b", 15, num_chars=2000), Doc("c", 30))
    assert outcome.reasons() == {"b.xml": "near_duplicate"}
    assert outcome.group("a") == outcome.group("c")


def test_statutes_are_never_near_duplicates_and_have_no_split() -> None:
    outcome = run(Doc("a", 0, kind="statute"), Doc("b", 1, kind="statute"), Doc("c", 1, kind="statute"))
    assert outcome.reasons() == {"c.xml": "exact_duplicate"}
    assert {row["split"] for _, row in outcome.rows} == {None}
    assert outcome.group("a") == "test:a"
    assert outcome.grouping.num_groups == 0


def test_ready_made_examples_are_grouped_by_what_they_say() -> None:
    outcome = run(
        Doc("a", kind="ready_made", hint="g"), Doc("b", kind="ready_made", hint="g"), Doc("c", kind="ready_made")
    )
    assert outcome.group("a") == outcome.group("b") != outcome.group("c")


# Proceedings


def test_same_file_number_same_group() -> None:
    outcome = run(Doc("a", keys=("BGH|1",)), Doc("b", keys=("BGH|1",)), Doc("c", keys=("BGH|2",)))
    assert outcome.group("a") == outcome.group("b") != outcome.group("c")
    assert outcome.grouping.num_groups == 2
    assert outcome.grouping.largest_group == 2


def test_instances_and_decisions_with_the_same_previous_instance_are_one_group() -> None:
    outcome = run(
        Doc("below", keys=("LG|1",)), Doc("above", keys=("OLG|1",), related=("LG|1",)), Doc("other", related=("LG|1",))
    )
    assert len({outcome.group(name) for name in ("below", "above", "other")}) == 1


def test_the_keys_of_a_dropped_duplicate_still_connect() -> None:
    outcome = run(Doc("a", 0), Doc("b", 0, keys=("LG|1",)), Doc("c", keys=("LG|1",)))
    assert outcome.reasons() == {"b.xml": "exact_duplicate"}
    assert outcome.group("a") == outcome.group("c")


def test_a_key_of_mass_proceedings_connects_nothing_and_is_named() -> None:
    crowd = [Doc(f"d{number}", keys=("LG|1",)) for number in range(MOST_DOCUMENTS_PER_KEY + 1)]
    outcome = run(*crowd)
    assert outcome.grouping.num_groups == len(crowd)
    assert outcome.grouping.ignored_keys == (("LG|1", len(crowd)),)
    assert run(*crowd[1:]).grouping.num_groups == 1


def test_a_group_is_named_after_its_oldest_document() -> None:
    docs = [Doc("a", keys=("1",)), Doc("b", keys=("1",), date="2020-01-01"), Doc("c", keys=("1",), date="2019-12-31")]
    assert {row["group_id"] for _, row in run(*docs).rows} == {"test:c"}
    assert {row["group_id"] for _, row in run(*docs[:1]).rows} == {"test:a"}


# An earlier dataset

TWO_GROUPS = assignments_of([("a", "test:a", "train"), ("b", "test:b", "test")])
ONE_SPLIT = assignments_of([("a", "test:a", "test"), ("b", "test:b", "test")])


def test_a_new_document_takes_the_split_of_its_group() -> None:
    outcome = run(Doc("a", keys=("1",)), Doc("b", keys=("2",)), Doc("n", keys=("2",)), previous=TWO_GROUPS)
    assert outcome["n"]["split"] == "test"
    assert outcome.group("n") == "test:b"


def test_a_new_document_that_joins_two_splits_is_dropped_and_named() -> None:
    outcome = run(Doc("a", keys=("1",)), Doc("b", keys=("2",)), Doc("n", keys=("1", "2")), previous=TWO_GROUPS)
    assert outcome.reasons() == {"n.xml": "joins_splits"}
    (join,) = outcome.grouping.joins
    assert (join.document, join.origin) == ("test:n", "n.xml")
    assert join.groups == (("test:a", "train"), ("test:b", "test"))
    assert {outcome["a"]["split"], outcome["b"]["split"]} == {"train", "test"}


def test_a_chain_of_new_documents_is_cut_where_it_joins() -> None:
    chain = [Doc("m", keys=("1", "3"), num_chars=3000), Doc("n", keys=("3", "4")), Doc("o", keys=("4", "2"))]
    outcome = run(Doc("a", keys=("1",)), Doc("b", keys=("2",)), *chain, previous=TWO_GROUPS)
    assert len(outcome.reasons()) == 1
    assert outcome["m"]["split"] == "train"


def test_groups_of_one_split_merge_and_are_named() -> None:
    outcome = run(Doc("a", keys=("1",)), Doc("b", keys=("2",)), Doc("n", keys=("1", "2")), previous=ONE_SPLIT)
    assert {row["group_id"] for _, row in outcome.rows} == {"test:a"}
    (merged,) = outcome.grouping.merged
    assert (merged.document, merged.group_id, merged.merged_id) == ("test:n", "test:a", "test:b")


def test_a_known_document_stays_when_a_longer_near_duplicate_comes() -> None:
    outcome = run(Doc("a", 0), Doc("n", 2, num_chars=9999), previous=assignments_of([("a", "test:a", "test")]))
    assert outcome.reasons() == {"n.xml": "near_duplicate"}


def test_a_known_document_stays_beside_a_known_near_duplicate() -> None:
    outcome = run(Doc("a", 0), Doc("b", 2), previous=TWO_GROUPS)
    assert outcome.reasons() == {}
    assert [conflict.document for conflict in outcome.grouping.conflicts] == ["test:b"]
    assert (outcome["a"]["split"], outcome["b"]["split"]) == ("train", "test")


def test_a_key_that_known_documents_of_two_splits_have_takes_no_new_one() -> None:
    outcome = run(Doc("a", keys=("1",)), Doc("b", keys=("1",)), Doc("n", keys=("1",)), previous=TWO_GROUPS)
    assert outcome.reasons() == {"n.xml": "joins_splits"}


def test_a_copy_of_a_document_that_joins_is_dropped_too() -> None:
    docs = [Doc("n", 0, keys=("1", "2")), Doc("o", 0, keys=("1", "2"))]
    outcome = run(Doc("a", keys=("1",)), Doc("b", keys=("2",)), *docs, previous=TWO_GROUPS)
    assert set(outcome.reasons().values()) == {"joins_splits"}


def test_a_copy_of_a_document_that_joins_is_kept_where_it_does_not() -> None:
    docs = [Doc("n", 0, keys=("1", "2")), Doc("o", 0, keys=("1",))]
    outcome = run(Doc("a", keys=("1",)), Doc("b", keys=("2",)), *docs, previous=TWO_GROUPS)
    assert outcome.reasons() == {"n.xml": "joins_splits"}
    assert outcome["o"]["split"] == "train"


def test_a_group_whose_name_giver_is_gone_keeps_its_name_and_takes_it_back() -> None:
    previous = assignments_of([("b", "test:a", "validation")])
    assert run(Doc("b"), previous=previous).group("b") == "test:a"
    outcome = run(Doc("a"), Doc("b"), previous=previous)
    assert outcome.group("a") == outcome.group("b") == "test:a"
    assert outcome["a"]["split"] == "validation"


@pytest.mark.parametrize(
    "rows", [[("a", "g", "train"), ("b", "g", "test")], [("a", "g", "holdout")]], ids=["two splits", "unknown split"]
)
def test_assignments_that_contradict_themselves_are_refused(rows: list[tuple[str, str, str]]) -> None:
    with pytest.raises(DataError, match="earlier dataset"):
        run(Doc("a"), previous=assignments_of(rows))


def test_assignments_are_read_from_a_dataset_or_its_manifest(tmp_path: Path) -> None:
    pq.write_table(ONE_SPLIT.append_column("court", pa.array(["BGH", "BGH"])), tmp_path / "documents.parquet")
    (tmp_path / "manifest.json").touch()
    assert read_assignments(tmp_path).equals(ONE_SPLIT)
    assert read_assignments(tmp_path / "manifest.json").equals(ONE_SPLIT)
    with pytest.raises(InputMissingError, match="no earlier dataset"):
        read_assignments(tmp_path / "elsewhere")


def test_the_columns_may_come_in_pieces() -> None:
    docs = [Doc("a", keys=("1",)), Doc("b", 0), Doc("c", 10), Doc("d", keys=("1",))]
    pieces = pa.concat_tables([table_of(docs[:1]), table_of(docs).slice(1, 2), table_of(docs[3:])])
    assert group_documents(pieces, CONFIG).table.equals(group_documents(table_of(docs), CONFIG).table)


def test_no_documents() -> None:
    assert len(run().grouping.table) == 0


# Properties

_KEYS = st.lists(st.sampled_from("123456"), max_size=2, unique=True).map(tuple)
_TEXTS = st.one_of(st.none(), st.sampled_from([0, 5, 15, 30, 60_000, 60_005, 90_000]))


@st.composite
def corpora(draw: st.DrawFn, *, unique_names: bool = False) -> list[Doc]:
    number = draw(st.integers(1, 12))
    names = (
        [f"n{row:02d}" for row in range(number)]
        if unique_names
        else draw(st.lists(st.sampled_from([f"n{row:02d}" for row in range(8)]), min_size=number, max_size=number))
    )
    return [_draw_document(draw, name, f"{row}.xml") for row, name in enumerate(names)]


def _draw_document(draw: st.DrawFn, name: str, origin: str) -> Doc:
    kind = draw(st.sampled_from(["decision"] * 6 + ["ready_made", "statute"]))
    keys = _KEYS if kind == "decision" else st.just(())
    date = draw(st.sampled_from([None, "2020-01-01", "2021-01-01"]))
    num_chars = draw(st.sampled_from([100, 200]))
    name = name if kind == "decision" else f"{kind} {name}"
    return Doc(name, draw(_TEXTS), draw(keys), draw(keys), origin=origin, num_chars=num_chars, date=date, kind=kind)


def assert_consistent(outcome: Outcome) -> None:
    split_of_group: dict[str, str | None] = {}
    for _, row in outcome.kept:
        assert split_of_group.setdefault(row["group_id"], row["split"]) == row["split"]
    for (one, _), (other, _) in itertools.combinations(outcome.kept, 2):
        assert one.name != other.name
        if one.kind == other.kind:
            assert not np.array_equal(one.shingles, other.shingles)
    assert all(row["reason"] and row["detail"] for _, row in outcome.rows if not row["keep"])
    assert all(row["reason"] is row["detail"] is None for _, row in outcome.kept)


def assert_connected(outcome: Outcome, *, near_from: float) -> None:
    for (one, row), (other, other_row) in itertools.combinations(outcome.kept, 2):
        shares_key = {*one.keys, *one.related} & {*other.keys, *other.related}
        both_decisions = one.kind == other.kind == "decision"
        if shares_key or (both_decisions and jaccard(one.shingles, other.shingles) >= near_from):
            assert row["group_id"] == other_row["group_id"]


@given(corpora(), st.randoms(use_true_random=False), st.sampled_from([CONFIG, GROUPED]))
@settings(max_examples=150, deadline=None)
def test_the_result_does_not_depend_on_the_order(docs: list[Doc], rng: Any, config: DataConfig) -> None:
    shuffled = list(docs)
    rng.shuffle(shuffled)
    assert run(*docs, config=config).by_place == run(*shuffled, config=config).by_place


@given(corpora(), st.sampled_from([CONFIG, GROUPED]))
@settings(max_examples=150, deadline=None)
def test_what_belongs_together_is_in_one_group_and_one_split(docs: list[Doc], config: DataConfig) -> None:
    outcome = run(*docs, config=config)
    assert_consistent(outcome)
    assert_connected(outcome, near_from=0.9)
    if config is CONFIG:
        decisions = [doc for doc, _ in outcome.kept if doc.kind == "decision"]
        assert all(jaccard(one.shingles, other.shingles) < 0.9 for one, other in itertools.combinations(decisions, 2))


@given(corpora(unique_names=True), st.data(), st.sampled_from([CONFIG, GROUPED]))
@settings(max_examples=200, deadline=None)
def test_new_documents_move_no_old_one_and_leak_nothing(
    docs: list[Doc], data: st.DataObject, config: DataConfig
) -> None:
    is_old = data.draw(st.lists(st.booleans(), min_size=len(docs), max_size=len(docs)))
    before = run(*(doc for doc, old in zip(docs, is_old, strict=True) if old), config=config)
    changed_seed = config.model_copy(update={"seed": data.draw(st.integers(0, 3))})
    after = run(*docs, config=changed_seed, previous=before.assignments())
    assert_consistent(after)
    for doc, row in ((doc, row) for doc, row in before.kept if row["split"]):
        assert after[doc.name]["keep"]
        assert after[doc.name]["split"] == row["split"]
    assert after.grouping.conflicts == ()
    assert_connected(after, near_from=0.9)
    joined = {join.document for join in after.grouping.joins}
    assert joined == {doc.key for doc, row in after.rows if row["reason"] == "joins_splits"}


@given(corpora(unique_names=True), st.data())
@settings(max_examples=150, deadline=None)
def test_any_earlier_assignment_is_kept(docs: list[Doc], data: st.DataObject) -> None:
    splits = {group: data.draw(st.sampled_from(["train", "validation", "test"])) for group in "xyz"}
    names = [doc.name for doc in docs if doc.kind != "statute"] + ["gone"]
    old = data.draw(st.lists(st.sampled_from(names), unique=True))
    rows = [(name, group, splits[group]) for name in old for group in [data.draw(st.sampled_from("xyz"))]]
    outcome = run(*docs, previous=assignments_of(rows))
    assert_consistent(outcome)
    for name, _, split in rows:
        if name != "gone" and outcome[name]["keep"]:
            assert outcome[name]["split"] == split
    for (one, row), (other, other_row) in itertools.combinations(outcome.kept, 2):
        if not {one.name, other.name} <= set(old) and {*one.keys, *one.related} & {*other.keys, *other.related}:
            assert row["group_id"] == other_row["group_id"]
    dropped_old = {row["reason"] for doc, row in outcome.rows if doc.name in old and not row["keep"]}
    assert dropped_old <= {"exact_duplicate"}
