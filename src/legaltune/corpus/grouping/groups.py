"""Decides over all documents together which are duplicates, which belong together, and which split each group is in."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from legaltune.config.schema import DataConfig
from legaltune.corpus.grouping.columns import Corpus, Integers, flat, read_columns
from legaltune.corpus.grouping.decisions import Decisions, Grouper
from legaltune.corpus.grouping.near import NearDuplicateIndex, Shingles
from legaltune.corpus.grouping.result import Grouping, MergedGroups, SplitJoin
from legaltune.corpus.split import assign_split
from legaltune.errors import InputMissingError

logger = logging.getLogger(__name__)

_ASSIGNMENTS_FILE = "documents.parquet"


def group_documents(
    documents: pa.Table, config: DataConfig, *, previous: pa.Table | None = None, shingles: Shingles | None = None
) -> Grouping:
    """Find duplicates and proceedings, and assign each group to a split.

    The result does not depend on the order of the rows. Of duplicates the one known from the earlier dataset stays,
    else the longest. Decisions that share a file number or a previous instance form a group, and so do near duplicates
    that are kept.

    Args:
        documents: A row for each document with the columns kind, source, document_id, origin, num_chars, date (ISO),
            content_sha256, minhash, own_keys, related_keys and group_hint.
        config: Seed, shares of the splits, what becomes of near duplicates and from which similarity on.
        previous: Assignments of an earlier dataset (`read_assignments`); none of its documents changes its split.
        shingles: Gives the shingle hashes of the document in a row; without them pairs near the threshold are decided
            by the estimate from their signatures, which has a standard error of 0.035.

    Raises:
        DataError: The earlier assignments contradict themselves.
    """
    corpus = read_columns(documents, previous)
    near = NearDuplicateIndex(
        corpus.texts.signatures,
        threshold=config.near_duplicate_similarity,
        shingles=_by_signature(shingles, corpus) if shingles else None,
    )
    grouper = Grouper(corpus, near, drop_near_duplicates=config.near_duplicates == "drop")
    for row in corpus.order.tolist():
        grouper.add(row)
    roots = np.array([grouper.placement.find(grouper.node_of(row)) for row in range(len(documents))], dtype=np.int64)
    result = _result(documents, corpus, grouper, roots, config, near.num_compared)
    _report(result)
    return result


def read_assignments(dataset: Path) -> pa.Table:
    """Groups and splits of the documents of an earlier dataset.

    Args:
        dataset: Folder of the dataset, or its manifest.json.

    Raises:
        InputMissingError: There is no such dataset.
    """
    folder = dataset.parent if dataset.is_file() else dataset
    path = folder / _ASSIGNMENTS_FILE
    if not path.is_file():
        raise InputMissingError(f"no earlier dataset in {folder}: {_ASSIGNMENTS_FILE} is missing")
    return pq.read_table(path, columns=["source", "document_id", "group_id", "split"])


def _by_signature(shingles: Shingles, corpus: Corpus) -> Shingles:
    rows = corpus.texts.first_row[corpus.texts.signature >= 0]
    return lambda number: shingles(int(rows[number]))


def _result(
    documents: pa.Table, corpus: Corpus, grouper: Grouper, roots: Integers, config: DataConfig, num_compared: int
) -> Grouping:
    decisions = grouper.decisions
    is_kept = np.ones(len(documents), dtype=bool)
    is_kept[list(decisions.drops)] = False
    names, group_of = _named_groups(documents, corpus, roots, is_kept)
    is_split = is_kept & ~np.asarray(pc.equal(flat(documents.column("kind")), "statute"))
    group_ids = names.take(pa.array(group_of, mask=~is_kept))
    splits = _splits(corpus, names, group_of, is_split, config)
    _, sizes = np.unique(group_of[is_split], return_counts=True)
    return Grouping(
        table=pa.table(
            {
                "keep": pa.array(is_kept),
                "reason": _by_row(decisions, len(documents), 0),
                "detail": _by_row(decisions, len(documents), 1),
                "group_id": group_ids,
                "split": splits,
            }
        ),
        merged=tuple(_merged(corpus, grouper)),
        joins=_joins(documents, corpus, decisions.joins),
        conflicts=_joins(documents, corpus, decisions.conflicts),
        ignored_keys=corpus.links.ignored,
        num_groups=len(sizes),
        largest_group=int(sizes.max(initial=0)),
        num_compared=num_compared,
    )


def _named_groups(
    documents: pa.Table, corpus: Corpus, roots: Integers, is_kept: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> tuple[pa.Array, Integers]:
    """Names of groups: the earlier one, or that of the oldest document that is kept, which newer ones do not change.

    Returns:
        Possible names, and the number of each document's among them (0 for one that is dropped).
    """
    num_earlier = len(corpus.earlier.names)
    by_age = np.asarray(
        pc.sort_indices(
            pa.table({"date": documents.column("date"), "key": corpus.keys}),
            sort_keys=[("date", "ascending"), ("key", "ascending")],
        )
    ).astype(np.int64)
    by_age = by_age[is_kept[by_age]]
    found, first, inverse = np.unique(roots[by_age], return_index=True, return_inverse=True)
    name = np.where(found < num_earlier, found, num_earlier + by_age[first])
    group_of = np.zeros(len(roots), dtype=np.int64)
    group_of[by_age] = name[inverse]
    return pa.concat_arrays([corpus.earlier.names, corpus.keys]), group_of


def _splits(
    corpus: Corpus,
    names: pa.Array,
    group_of: Integers,
    is_split: np.ndarray[tuple[int], np.dtype[np.bool_]],
    config: DataConfig,
) -> pa.Array:
    """Split of each document: its earlier group's, or one drawn by the name of its group."""
    groups, inverse = np.unique(group_of[is_split], return_inverse=True)
    num_earlier = len(corpus.earlier.splits)
    splits = [
        corpus.earlier.splits[group]
        if group < num_earlier
        else assign_split(
            str(names[group]), seed=config.seed, validation=config.split.validation, test=config.split.test
        )
        for group in groups.tolist()
    ]
    place = np.zeros(len(group_of), dtype=np.int64)
    place[is_split] = inverse
    return pa.array(splits, pa.string()).take(pa.array(place, mask=~is_split))


def _by_row(decisions: Decisions, num_rows: int, part: int) -> pa.Array:
    """Reasons or details of the drops, null for what is kept."""
    rows = sorted(decisions.drops)
    place = np.zeros(num_rows, dtype=np.int64)
    is_dropped = np.zeros(num_rows, dtype=bool)
    place[rows], is_dropped[rows] = np.arange(len(rows)), True
    values = pa.array([str(decisions.drops[row][part]) for row in rows], pa.string())
    return values.take(pa.array(place, mask=~is_dropped))


def _merged(corpus: Corpus, grouper: Grouper) -> list[MergedGroups]:
    first_document = grouper.node_of(0)
    return [
        MergedGroups(
            document=str(corpus.keys[node - first_document]),
            group_id=str(corpus.earlier.names[stays]),
            merged_id=str(corpus.earlier.names[goes]),
        )
        for node, stays, goes in grouper.placement.merged
    ]


def _joins(documents: pa.Table, corpus: Corpus, joins: Mapping[int, tuple[int, ...]]) -> tuple[SplitJoin, ...]:
    earlier = corpus.earlier
    return tuple(
        SplitJoin(
            document=str(corpus.keys[row]),
            origin=documents.column("origin")[row].as_py(),
            groups=tuple((str(earlier.names[group]), earlier.splits[group]) for group in groups),
        )
        for row, groups in joins.items()
    )


def _report(result: Grouping) -> None:
    """Say in the log what somebody should look at."""
    for key, count in result.ignored_keys:
        logger.warning(
            "%d documents share the proceedings %s: too many to mean anything, not grouped by it", count, key
        )
    for merged in result.merged:
        logger.info(
            "%s connects the groups %s and %s: one group now", merged.document, merged.group_id, merged.merged_id
        )
    for join in result.joins:
        logger.warning("%s dropped: it belongs to groups of different splits %s", join.document, join.groups)
    for conflict in result.conflicts:
        logger.warning("%s is connected with a group of another split: %s", conflict.document, conflict.groups)
