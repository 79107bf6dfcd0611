"""Packs examples of unequal length into rows of fixed capacity, and orders the rows."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")


def pack_best_fit(lengths: Sequence[int], capacity: int) -> list[list[int]]:
    """Best-fit decreasing bin packing (Johnson 1973; for language models arXiv 2404.10830).

    Each example goes whole into the fullest row that still takes it; equal inputs give equal rows.

    Args:
        lengths: Tokens per example.
        capacity: Tokens per row.

    Returns:
        Rows, each a list of indices into `lengths`.

    Raises:
        ValueError: An example is longer than a row.
    """
    rows: list[list[int]] = []
    free: list[tuple[int, int]] = []  # (tokens left, row), sorted: the first that is large enough fits best
    for index in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        length = lengths[index]
        if length > capacity:
            raise ValueError(f"example {index} has {length} tokens, a row has {capacity}")
        position = bisect_left(free, (length, -1))
        if position == len(free):
            rows.append([])
            left, row = capacity, len(rows) - 1
        else:
            left, row = free.pop(position)
        rows[row].append(index)
        insort(free, (left - length, row))
    return rows


def spread(items: Sequence[T], limit: int) -> list[T]:
    """At most `limit` items, evenly spaced over the sequence: a sample that keeps its mix of lengths and tasks."""
    if len(items) <= limit:
        return list(items)
    return [items[index * len(items) // limit] for index in range(limit)]


class RowOrder:
    """Endless order of the rows as a function of (seed, position); each epoch is a permutation of its own.

    Args:
        num_rows: Rows per epoch.
        seed: Decides all permutations.
    """

    def __init__(self, num_rows: int, seed: int) -> None:
        if num_rows < 1:
            raise ValueError("there is no row to order")
        self._num_rows = num_rows
        self._seed = seed
        self._epoch = -1
        self._permutation: NDArray[np.int64] = np.empty(0, dtype=np.int64)

    def row_at(self, position: int) -> int:
        """Row at a position counted over all epochs from 0."""
        epoch, index = divmod(position, self._num_rows)
        if epoch != self._epoch:
            self._permutation = np.random.default_rng([self._seed, epoch]).permutation(self._num_rows)
            self._epoch = epoch
        return int(self._permutation[index])
