"""Finds near duplicates among signatures: banding for candidates, then the Jaccard index of each candidate.

The bands are as long as a recall of 99.5 % at the threshold allows (6 values of 128 for 0.8, which is 99.8 %). Of a
pair so found the signatures give an estimate; only where that is near the threshold are the texts themselves compared.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from legaltune.corpus.grouping.signatures import NUM_PERMUTATIONS, jaccard, mix

Shingles = Callable[[int], NDArray[np.uint64]]
"""Gives the shingle hashes of a document by its number."""

_MOST_MISSED = 0.005
_STANDARD_ERRORS = 4
_LEAST_MARGIN = 0.03
# A text is compared with this many of a bucket at most, the first and the latest of them: a bucket of thousands is a
# cluster, where the first suffices, or boilerplate.
_MOST_IN_BUCKET = 64
_MOST_COMPARISONS = 16
_CACHED_TEXTS = 128
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


class NearDuplicateIndex:
    """Texts entered so far, found by similarity. Memory: about 300 bytes a text besides the signatures.

    Args:
        signatures: Signatures of all texts that will ever be asked for: uint32 [texts, NUM_PERMUTATIONS].
        threshold: Jaccard index from which on two texts are near duplicates.
        shingles: Shingle hashes of a text by its row; without them the estimate alone decides.

    Attributes:
        num_compared: Pairs of texts compared because their signatures did not decide.
    """

    def __init__(self, signatures: NDArray[np.uint32], *, threshold: float, shingles: Shingles | None) -> None:
        self._signatures = signatures
        self._threshold = threshold
        self._margin = _margin(threshold) if shingles else 0.0
        self._shingles = lru_cache(maxsize=_CACHED_TEXTS)(_as_set(shingles)) if shingles else None
        self._buckets, sizes = _band_buckets(signatures, _rows_per_band(threshold))
        self._is_alone = np.all(self._buckets < 0, axis=1).tolist()
        self._num_entered = np.zeros(len(sizes), dtype=np.int64)
        self._starts = np.concatenate(([0], np.cumsum(np.minimum(sizes, _MOST_IN_BUCKET))))
        self._members = np.empty(self._starts[-1], dtype=np.int32)
        self._beside = np.full(len(signatures), -1, dtype=np.int32)
        self.num_compared = 0

    def enter(self, text: int, *, beside: int | None = None) -> None:
        """Let a text be found by later ones.

        Args:
            text: The text.
            beside: The text that it is a near duplicate of: who finds the one is compared with the other too.
        """
        if beside is not None:
            self._beside[text] = beside
        if self._is_alone[text]:
            return
        buckets = self._buckets_of(text)
        places = self._num_entered[buckets]
        half = _MOST_IN_BUCKET // 2
        places = np.where(places < _MOST_IN_BUCKET, places, half + (places - half) % half)
        self._members[self._starts[buckets] + places] = text
        self._num_entered[buckets] += 1

    def find(self, text: int, group_of: Callable[[int], int] = int) -> list[tuple[int, float]]:
        """Near duplicates among the texts entered before, with their Jaccard index, the most similar first.

        Args:
            text: The text.
            group_of: Group of a text entered before, by default each its own. Where there are too many to compare
                with, the most similar of each group come first, so that a large group does not hide a small one.
        """
        candidates = self._candidates(text)
        if not len(candidates):
            return []
        estimates = self._estimate(text, candidates)
        similar = np.flatnonzero(estimates >= self._threshold - self._margin)
        ranked = candidates[similar[np.lexsort((candidates[similar], -estimates[similar]))]]
        measured = [(other, self._measure(text, other)) for other in self._choose(ranked, group_of)]
        found = [(other, similarity) for other, similarity in measured if similarity >= self._threshold]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def _buckets_of(self, text: int) -> NDArray[np.int32]:
        row = self._buckets[text]
        found: NDArray[np.int32] = row[row >= 0]
        return found

    def _candidates(self, text: int) -> NDArray[np.int32]:
        if self._is_alone[text]:
            return np.empty(0, dtype=np.int32)
        buckets = self._buckets_of(text)
        starts = self._starts[buckets]
        ends = starts + np.minimum(self._num_entered[buckets], _MOST_IN_BUCKET)
        members = [self._members[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        return np.unique(np.concatenate(members))

    def _choose(self, ranked: NDArray[np.int32], group_of: Callable[[int], int]) -> list[int]:
        """The most similar that stand alone, and the most similar of the others with those that they stand beside."""
        beside = self._beside[ranked]
        alone, others = (_most_different(ranked[part].tolist(), group_of) for part in (beside < 0, beside >= 0))
        chosen = [*alone, *others, *self._beside[others].tolist()]
        return list(dict.fromkeys(chosen))

    def _estimate(self, text: int, others: NDArray[np.int32]) -> NDArray[np.float64]:
        estimates: NDArray[np.float64] = np.mean(self._signatures[others] == self._signatures[text], axis=1)
        return estimates

    def _measure(self, text: int, other: int) -> float:
        """The Jaccard index: estimated where that is clear, else exact."""
        estimate = float(np.mean(self._signatures[other] == self._signatures[text]))
        if self._shingles is None or abs(estimate - self._threshold) >= self._margin:
            return estimate
        self.num_compared += 1
        return jaccard(self._shingles(text), self._shingles(other))


def _most_different(ranked: list[int], group_of: Callable[[int], int]) -> list[int]:
    """As many as may be compared: the first of each group, then the second of each, in their order."""
    if len(ranked) <= _MOST_COMPARISONS:
        return ranked
    num_before: Counter[int] = Counter()
    place = {}
    for text in ranked:
        group = group_of(text)
        place[text] = num_before[group]
        num_before[group] += 1
    return sorted(ranked, key=place.__getitem__)[:_MOST_COMPARISONS]


def _as_set(shingles: Shingles) -> Shingles:
    return lambda text: np.unique(shingles(text))


def _margin(threshold: float) -> float:
    """An estimate this far from the threshold decides: a pair at the threshold has one in 1 of 15,000 cases."""
    return max(_STANDARD_ERRORS * math.sqrt(threshold * (1 - threshold) / NUM_PERMUTATIONS), _LEAST_MARGIN)


def _rows_per_band(threshold: float) -> int:
    """The longest bands that miss few pairs at the threshold: a pair shares a band with probability threshold^rows."""
    fitting = [
        rows
        for rows in range(1, NUM_PERMUTATIONS + 1)
        if (1 - threshold**rows) ** (NUM_PERMUTATIONS // rows) <= _MOST_MISSED
    ]
    return max(fitting)


def _band_buckets(signatures: NDArray[np.uint32], rows: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Texts that agree in a band share a bucket.

    Returns:
        Bucket of each text in each band, -1 where it is alone: int32 [texts, bands]; number of texts in each bucket.
    """
    num_bands = NUM_PERMUTATIONS // rows
    buckets = np.full((len(signatures), num_bands), -1, dtype=np.int32)
    sizes: list[NDArray[np.int64]] = []
    num_buckets = 0
    for band in range(num_bands):
        hashes = _hash_band(signatures[:, band * rows : (band + 1) * rows])
        _, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        is_shared = counts > 1
        buckets[:, band] = np.where(is_shared, np.cumsum(is_shared) - 1 + num_buckets, -1)[inverse]
        sizes.append(counts[is_shared])
        num_buckets += int(np.count_nonzero(is_shared))
    return buckets, np.concatenate(sizes)


def _hash_band(values: NDArray[np.uint32]) -> NDArray[np.uint64]:
    hashes = np.zeros(len(values), dtype=np.uint64)
    for column in values.T:
        hashes = mix(hashes * _MULTIPLIER + column)
    return hashes
