from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from legaltune.corpus.grouping.near import NearDuplicateIndex
from legaltune.corpus.grouping.signatures import NUM_PERMUTATIONS, signature_of


def shingles(start: int, size: int = 900) -> NDArray[np.uint64]:
    """`size` shingles; two such sets overlap by the distance of their starts."""
    numbers = np.arange(start, start + size, dtype=np.uint64)
    return numbers * np.uint64(0x9E3779B97F4A7C15)


def index_of(sets: list[NDArray[np.uint64]], threshold: float = 0.8, *, exact: bool = True) -> NearDuplicateIndex:
    signatures = np.array([np.frombuffer(signature_of(hashes), dtype="<u4") for hashes in sets])
    return NearDuplicateIndex(signatures, threshold=threshold, shingles=sets.__getitem__ if exact else None)


@pytest.mark.parametrize("threshold", [0.5, 0.65, 0.8, 0.95])
def test_pairs_at_the_threshold_are_found_and_those_below_are_not(threshold: float) -> None:
    distance = int(900 * (1 - threshold) / (1 + threshold) + 1e-9)
    sets = [shingles(10_000 * number) for number in range(200)]
    sets += [shingles(10_000 * number + distance) for number in range(200)]
    sets += [shingles(10_000 * number + distance + 1) for number in range(200)]
    index = index_of(sets, threshold)
    for number in range(200):
        index.enter(number)
    found = [{other for other, _ in index.find(number)} for number in range(200, 600)]
    hits = sum(number in at_threshold for number, at_threshold in enumerate(found[:200]))
    assert hits >= 197
    assert not any(found[200:])


def test_the_most_similar_comes_first_with_its_similarity() -> None:
    index = index_of([shingles(0), shingles(60), shingles(20)])
    index.enter(0)
    index.enter(1)
    assert [other for other, _ in index.find(2)] == [0, 1]
    assert index.find(2)[0][1] == pytest.approx(880 / 920, abs=0.05)


def test_nothing_is_found_before_it_is_entered() -> None:
    index = index_of([shingles(0), shingles(0)])
    assert index.find(1) == []
    index.enter(0)
    assert index.find(1) == [(0, 1.0)]


def test_texts_are_compared_only_where_the_signatures_do_not_decide() -> None:
    index = index_of([shingles(0), shingles(1), shingles(10_000), shingles(10_090)])
    for number in range(4):
        index.find(number)
        index.enter(number)
    assert index.num_compared == 1


def test_the_representative_of_a_large_cluster_is_found() -> None:
    sets = [shingles(0)] + [shingles(60 + number % 7) for number in range(1_000)]
    index = index_of(sets)
    for number in range(1_000):
        index.enter(number, beside=0 if number else None)
    found = index.find(1_000)
    assert dict(found)[0] == pytest.approx(840 / 960, abs=0.1)
    assert len(found) < 100


def test_an_empty_index() -> None:
    empty = np.empty((0, NUM_PERMUTATIONS), dtype=np.uint32)
    assert NearDuplicateIndex(empty, threshold=0.8, shingles=None).num_compared == 0
