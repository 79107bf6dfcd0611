"""Puts documents into groups one after the other, so that no group ever holds documents of two splits.

A group is a set of connected nodes: documents, the keys that they share, and the groups of an earlier run. A group of
an earlier run has a split, and so has every group that it becomes part of.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence


class Placement:
    """Union-find over numbered nodes, the earlier groups first.

    Args:
        splits: Split of each earlier group.
        num_nodes: Number of all nodes.

    Attributes:
        merged: Earlier groups that became one: the node that did it, the group that stayed, the group that went.
    """

    def __init__(self, splits: Sequence[str], num_nodes: int) -> None:
        self._splits = splits
        self._parent = list(range(num_nodes))
        self._other_groups: dict[int, list[int]] = {}
        self.merged: list[tuple[int, int, int]] = []

    def find(self, node: int) -> int:
        """Root of the node's group; the root of a group with a split is an earlier group."""
        parent = self._parent
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    def unite(self, node: int, neighbours: Iterable[int]) -> tuple[int, ...]:
        """Put a new document into the group of all its neighbours.

        Returns:
            Empty when done. Where they belong to groups of different splits, those groups; nothing was changed then.
        """
        neighbours = list(neighbours)
        claimed = [group for other in neighbours for group in self._other_groups.get(other, ())]
        roots = {self.find(other) for other in (node, *neighbours, *claimed)}
        earlier = self._earlier(roots)
        if len({self._splits[root] for root in earlier}) > 1:
            return tuple(earlier)
        self._link(node, roots)
        return ()

    def unite_where_possible(self, node: int, neighbours: Iterable[int]) -> list[int]:
        """Unite a node, which stays where it is, with each neighbour that is in no group of another split.

        Returns:
            Neighbours that are.
        """
        left_out = []
        for other in neighbours:
            roots = {self.find(node), self.find(other)}
            if len({self._splits[root] for root in self._earlier(roots)}) > 1:
                left_out.append(other)
            else:
                self._link(node, roots)
        return left_out

    def claim(self, key: int, node: int) -> None:
        """Note that a key belongs to the group of a node too, in another split: a new document with it fits neither."""
        self._other_groups.setdefault(key, []).append(self.find(node))

    def _earlier(self, roots: Iterable[int]) -> list[int]:
        return sorted(root for root in roots if root < len(self._splits))

    def _link(self, node: int, roots: Iterable[int]) -> None:
        """Unite groups under the smallest root: an earlier group where there is one."""
        first, *others = sorted(roots)
        for other in others:
            self._parent[other] = first
        self.merged += [(node, first, other) for other in self._earlier(others)]
