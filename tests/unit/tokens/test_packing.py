from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.tokens.packing import RowOrder, pack_best_fit, spread

LENGTHS = st.lists(st.integers(1, 50), max_size=60)


@given(LENGTHS)
def test_every_example_lies_in_exactly_one_row_that_holds_it(lengths: list[int]) -> None:
    rows = pack_best_fit(lengths, 50)
    assert sorted(index for row in rows for index in row) == list(range(len(lengths)))
    assert all(sum(lengths[index] for index in row) <= 50 for row in rows)


@given(LENGTHS)
def test_no_two_rows_could_be_merged(lengths: list[int]) -> None:
    filled = sorted(sum(lengths[index] for index in row) for row in pack_best_fit(lengths, 50))
    assert len(filled) < 2 or filled[0] + filled[1] > 50


def test_the_fullest_row_that_fits_is_chosen() -> None:
    assert pack_best_fit([7, 6, 3, 4], 10) == [[0, 2], [1, 3]]


def test_an_example_longer_than_a_row_is_refused() -> None:
    with pytest.raises(ValueError, match="example 1 has 11 tokens, a row has 10"):
        pack_best_fit([3, 11], 10)


def test_a_sample_is_spread_over_the_whole_sequence() -> None:
    assert spread(range(10), 3) == [0, 3, 6]
    assert spread(range(3), 10) == [0, 1, 2]
    assert spread(range(3), 0) == []


def test_each_epoch_is_another_permutation_and_access_is_random() -> None:
    order = RowOrder(20, seed=3)
    positions = [order.row_at(position) for position in range(40)]
    assert sorted(positions[:20]) == sorted(positions[20:]) == list(range(20))
    assert positions[:20] != positions[20:]
    assert [RowOrder(20, seed=3).row_at(position) for position in (39, 0, 25)] == [
        positions[39], positions[0], positions[25],
    ]  # fmt: skip
    assert [RowOrder(20, seed=4).row_at(position) for position in range(20)] != positions[:20]


def test_there_must_be_a_row() -> None:
    with pytest.raises(ValueError, match="no row"):
        RowOrder(0, seed=0)
