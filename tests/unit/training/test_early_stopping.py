from __future__ import annotations

from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.training.early_stopping import EarlyStopping, EarlyStoppingState

LOSSES = st.lists(st.floats(min_value=0, max_value=20), min_size=1, max_size=30)


def stopped_at(stopping: EarlyStopping, losses: list[float]) -> int | None:
    for step, loss in enumerate(losses, start=1):
        stopping.update(step, loss)
        if stopping.should_stop:
            return step
    return None


def test_stops_after_as_many_worse_validations_in_a_row_as_patience_allows() -> None:
    assert stopped_at(EarlyStopping(2), [3.0, 2.0, 2.5, 1.9, 2.0, 1.95, 1.0]) == 6


def test_an_equal_loss_is_not_better() -> None:
    assert stopped_at(EarlyStopping(1), [2.0, 2.0]) == 2


def test_a_gain_within_min_delta_does_not_count_however_often_it_comes() -> None:
    stopping = EarlyStopping(3, min_delta=0.1)
    assert stopped_at(stopping, [2.0, 1.95, 1.92, 1.91]) == 4
    assert stopping.state.best_step == 1


def test_small_gains_count_once_they_add_up_to_more_than_min_delta() -> None:
    stopping = EarlyStopping(3, min_delta=0.1)
    assert stopped_at(stopping, [2.0, 1.95, 1.85, 1.84]) is None
    assert stopping.state.best_step == 3


def test_without_patience_the_best_is_known_and_the_run_goes_on() -> None:
    stopping = EarlyStopping(None)
    assert stopped_at(stopping, [1.0, *[2.0] * 50]) is None
    assert (stopping.state.best_step, stopping.state.best_loss) == (1, 1.0)


def test_a_loss_that_is_no_number_is_never_the_best() -> None:
    stopping = EarlyStopping(2)
    assert not stopping.update(1, float("nan"))
    assert stopping.update(2, 5.0)
    assert not stopping.update(3, float("nan"))


@given(LOSSES)
def test_the_best_is_the_first_lowest_loss(losses: list[float]) -> None:
    stopping = EarlyStopping(None)
    verdicts = [stopping.update(step, loss) for step, loss in enumerate(losses)]
    assert stopping.state.best_step == losses.index(min(losses))
    assert verdicts == [all(loss < earlier for earlier in losses[:step]) for step, loss in enumerate(losses)]


@given(LOSSES, st.integers(min_value=0, max_value=29), st.integers(min_value=1, max_value=5))
def test_an_interrupted_run_stops_where_an_uninterrupted_one_does(losses: list[float], cut: int, patience: int) -> None:
    whole = EarlyStopping(patience, 0.5)
    before = EarlyStopping(patience, 0.5)
    for step, loss in enumerate(losses[:cut]):
        before.update(step, loss)
    after = EarlyStopping(patience, 0.5, EarlyStoppingState(**asdict(before.state)))
    for step, loss in enumerate(losses):
        is_best = whole.update(step, loss)
        if step >= cut:
            assert after.update(step, loss) == is_best
    assert after.state == whole.state
    assert after.should_stop == whole.should_stop


@pytest.mark.parametrize("patience", [1, 4])
def test_a_run_that_gets_better_all_the_time_is_not_stopped(patience: int) -> None:
    assert stopped_at(EarlyStopping(patience), [10.0 - step for step in range(10)]) is None
