"""What the grouping decided, by row and in numbers."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True)
class MergedGroups:
    """Two groups of the earlier dataset, of the same split, that a document connects.

    Attributes:
        document: The document.
        group_id: The name that stays.
        merged_id: The name that goes.
    """

    document: str
    group_id: str
    merged_id: str


@dataclass(frozen=True, slots=True)
class SplitJoin:
    """Groups of the earlier dataset, of different splits, that a document connects.

    Attributes:
        document: The document.
        origin: Where it was read.
        groups: The groups with their splits.
    """

    document: str
    origin: str
    groups: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Grouping:
    """What became of each document.

    Attributes:
        table: A row for each row of the input, in its order: `keep` (bool); `reason` and `detail` of a drop; `group_id`
            and `split` of a document that is kept. A statute is a group of its own and in no split.
        merged: Groups of the earlier dataset that became one.
        joins: New documents that were dropped because they connect groups of different splits.
        conflicts: Documents of the earlier dataset that are kept although by now one of another split is connected.
        ignored_keys: Keys of proceedings that too many documents have to mean anything, with their number.
        num_groups: Number of groups of decisions and ready-made examples.
        largest_group: Number of documents in the largest of them.
        num_compared: Pairs whose texts were compared because their signatures did not decide.
    """

    table: pa.Table
    merged: tuple[MergedGroups, ...]
    joins: tuple[SplitJoin, ...]
    conflicts: tuple[SplitJoin, ...]
    ignored_keys: tuple[tuple[str, int], ...]
    num_groups: int
    largest_group: int
    num_compared: int
