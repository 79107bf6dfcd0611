"""Takes the documents one after the other and decides of each whether it is kept, and with which others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from legaltune.corpus.document import DropReason
from legaltune.corpus.grouping.columns import Corpus
from legaltune.corpus.grouping.near import NearDuplicateIndex
from legaltune.corpus.grouping.placement import Placement

Similar = Sequence[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Decisions:
    """What was decided, by row.

    Attributes:
        drops: Reason and detail of each document that is dropped; the others are kept.
        joins: Earlier groups that a new document connects although their splits differ; it is dropped.
        conflicts: Earlier groups that a document of the earlier run connects although their splits differ; it is kept.
    """

    drops: dict[int, tuple[DropReason, str]] = field(default_factory=dict)
    joins: dict[int, tuple[int, ...]] = field(default_factory=dict)
    conflicts: dict[int, tuple[int, ...]] = field(default_factory=dict)


class Grouper:
    """Decides about the documents in the order in which they are added: the earlier run's first.

    Nodes of the placement are the earlier groups, then the documents by row, then the keys.

    Args:
        corpus: All documents.
        near: Index of the signatures of their texts, empty.
        drop_near_duplicates: Whether near duplicates are dropped, or kept in one group.

    Attributes:
        decisions: What was decided.
        placement: The groups.
    """

    def __init__(self, corpus: Corpus, near: NearDuplicateIndex, *, drop_near_duplicates: bool) -> None:
        self._corpus, self._near = corpus, near
        self._drop_near_duplicates = drop_near_duplicates
        self._first_document = len(corpus.earlier.names)
        self._first_key = self._first_document + len(corpus.keys)
        self._kept_with_text = np.full(len(corpus.texts.first_row), -1, dtype=np.int64)
        self._kept_with_name = np.full(len(corpus.keys), -1, dtype=np.int64)
        self._entered_by = np.full(len(corpus.texts.signatures), -1, dtype=np.int64)
        self._nearest_of_text: dict[int, tuple[int, float]] = {}
        self.decisions = Decisions()
        self.placement = Placement(corpus.earlier.splits, self._first_key + corpus.links.num_keys)

    def node_of(self, row: int) -> int:
        """Node of a document."""
        return self._first_document + row

    def add(self, row: int) -> None:
        """Keep or drop the next document."""
        if self._drop_copy(row) or self._drop_known_near_duplicate(row):
            return
        similar = self._find_similar(row)
        if self._drop_near_duplicate(row, similar) or not self._place(row, similar):
            return
        self._kept_with_text[self._corpus.texts.of_row[row]] = row
        self._kept_with_name[self._corpus.identities[row]] = row
        self._enter(row)

    def _drop_copy(self, row: int) -> bool:
        """Drop a document whose text or whose name was kept before."""
        same = int(self._kept_with_text[self._corpus.texts.of_row[row]])
        if same >= 0:
            self._drop_beside(row, same, DropReason.EXACT_DUPLICATE, f"same text as {self._name(same)}")
            return True
        other = int(self._kept_with_name[self._corpus.identities[row]])
        if other >= 0:
            detail = f"{self._name(other)} was read from elsewhere with another text; that one is kept"
            self._drop_beside(row, other, DropReason.DUPLICATE_ID, detail)
        return other >= 0

    def _drop_known_near_duplicate(self, row: int) -> bool:
        """Drop another copy of a text that was dropped as a near duplicate: thousands of them cost no search."""
        nearest = self._nearest_of_text.get(int(self._corpus.texts.of_row[row]))
        if nearest is not None:
            self._drop_beside(row, nearest[0], DropReason.NEAR_DUPLICATE, self._describe(nearest))
        return nearest is not None

    def _find_similar(self, row: int) -> Similar:
        """Documents seen before with nearly the same text, kept or not, the most similar first."""
        signature = self._signature_of(row)
        if signature < 0:
            return []
        found = self._near.find(signature, self._group_of_signature)
        return [(int(self._entered_by[other]), similarity) for other, similarity in found]

    def _group_of_signature(self, signature: int) -> int:
        return self.placement.find(self.node_of(int(self._entered_by[signature])))

    def _drop_near_duplicate(self, row: int, similar: Similar) -> bool:
        """Drop a new document that is a near duplicate of one that is kept; those of the earlier run stay."""
        if not self._drop_near_duplicates or self._corpus.earlier.of_row[row] >= 0:
            return False
        nearest = next((found for found in similar if found[0] not in self.decisions.drops), None)
        if nearest is not None:
            self._nearest_of_text[int(self._corpus.texts.of_row[row])] = nearest
            self._drop_beside(row, nearest[0], DropReason.NEAR_DUPLICATE, self._describe(nearest), similar)
            self._enter(row, beside=nearest[0])
        return nearest is not None

    def _drop_beside(self, row: int, kept: int, reason: DropReason, detail: str, similar: Similar = ()) -> None:
        """Drop a document beside one that stays: what it is linked with is linked with that one."""
        self.decisions.drops[row] = reason, detail
        neighbours = [self.node_of(kept), *self._neighbours(row, similar)]
        self.placement.unite_where_possible(self.node_of(row), neighbours)

    def _place(self, row: int, similar: Similar) -> bool:
        """Put a document into its group.

        Returns:
            Whether it is kept: not a new one that connects groups of different splits.
        """
        node, neighbours = self.node_of(row), self._neighbours(row, similar)
        earlier = self._corpus.earlier
        if earlier.of_row[row] >= 0:
            own_group = int(earlier.of_row[row])
            left_out = self.placement.unite_where_possible(node, [own_group, *neighbours])
            if left_out:
                self._note_conflict(row, left_out)
            return True
        if earlier.named_after[row] >= 0:
            neighbours.append(int(earlier.named_after[row]))
        groups = self.placement.unite(node, neighbours)
        if groups:
            self.decisions.joins[row] = groups
            named = " and ".join(f"{earlier.names[group]} ({earlier.splits[group]})" for group in groups)
            self.decisions.drops[row] = DropReason.JOINS_SPLITS, f"belongs to {named}, which must stay apart"
        return not groups

    def _note_conflict(self, row: int, left_out: Iterable[int]) -> None:
        groups = {self.placement.find(node) for node in (self.node_of(row), *left_out)}
        self.decisions.conflicts[row] = tuple(sorted(groups))
        for node in left_out:
            if node >= self._first_key:
                self.placement.claim(node, self.node_of(row))

    def _neighbours(self, row: int, similar: Similar) -> list[int]:
        links = self._corpus.links
        keys = links.keys[links.starts[row] : links.starts[row + 1]] + self._first_key
        return [*(self.node_of(other) for other, _ in similar), *keys.tolist()]

    def _enter(self, row: int, *, beside: int | None = None) -> None:
        """Let later texts find this one, and the one beside which it was dropped."""
        signature = self._signature_of(row)
        if signature >= 0:
            self._entered_by[signature] = row
            self._near.enter(signature, beside=None if beside is None else self._signature_of(beside))

    def _signature_of(self, row: int) -> int:
        return int(self._corpus.texts.signature[self._corpus.texts.of_row[row]])

    def _describe(self, nearest: tuple[int, float]) -> str:
        return f"similarity {nearest[1]:.2f} to {self._name(nearest[0])}"

    def _name(self, row: int) -> str:
        return str(self._corpus.keys[row])
