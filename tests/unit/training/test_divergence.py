from __future__ import annotations

import math
from dataclasses import asdict

import pytest

from legaltune.config.schema import OptimizerConfig, RunConfig, TrainConfig
from legaltune.errors import DivergedError, ExitCode
from legaltune.training.divergence import (
    MAX_OVERFLOWS_IN_A_ROW,
    DivergenceGuard,
    DivergenceState,
    NonFiniteLoss,
    first_non_finite,
)

CONFIG = RunConfig(optimizer=OptimizerConfig(learning_rate=3e-3), train=TrainConfig(divergence_margin=1.5))


def examples_of(step: int, micro_step: int) -> list[str]:
    return [f"KORE{step}-{micro_step}#classification"]


def message(guard: DivergenceGuard, *arguments: object) -> str:
    with pytest.raises(DivergedError) as raised:
        guard.check(*arguments)  # type: ignore[arg-type]
    assert raised.value.exit_code == ExitCode.DIVERGED
    return str(raised.value)


def test_only_the_micro_batches_of_the_first_bad_step_are_found() -> None:
    losses = [[1.0, 2.0], [1.0, math.inf], [math.nan, math.nan]]
    found = first_non_finite(losses, first_step=10, rank=3, examples_of=examples_of)
    assert found == [NonFiniteLoss(11, 1, 3, math.inf, ("KORE11-1#classification",))]


def test_every_bad_micro_batch_of_that_step_is_found() -> None:
    losses = [[math.nan, 1.0, -math.inf]]
    found = first_non_finite(losses, first_step=0, rank=0, examples_of=examples_of)
    assert [finding.micro_step for finding in found] == [0, 2]


def test_finite_losses_ask_for_no_examples() -> None:
    def never(step: int, micro_step: int) -> list[str]:
        raise AssertionError

    assert first_non_finite([[1.0], [2.0]], first_step=0, rank=0, examples_of=never) == []


def test_the_message_names_step_examples_loss_and_what_to_change() -> None:
    found = [NonFiniteLoss(11, 1, 3, math.inf, ("KORE1#summarization", "KORE2#summarization"))]
    text = message(DivergenceGuard(CONFIG), 10, [1.0, math.inf, math.nan], [0.5, math.inf, math.nan], found)
    assert "the loss is inf at step 12" in text
    assert "micro-batch 2 of process 3 (loss inf, examples KORE1#summarization, KORE2#summarization)" in text
    assert "lower optimizer.learning_rate (now 0.003)" in text
    assert "optimizer.warmup_steps" in text
    assert "max_gradient_norm (now 1)" in text
    assert "bfloat16" not in text


def test_findings_of_later_steps_in_other_processes_are_left_out() -> None:
    found = [NonFiniteLoss(12, 0, 0, math.nan, ("later",)), NonFiniteLoss(11, 0, 1, math.nan, ("first",))]
    text = message(DivergenceGuard(CONFIG), 10, [1.0, math.nan, math.nan], [], found)
    assert "first" in text
    assert "later" not in text


def test_processes_that_share_a_micro_batch_name_it_once() -> None:
    found = [NonFiniteLoss(4, 0, rank, math.nan, ("KORE1",)) for rank in (1, 0)]
    text = message(DivergenceGuard(CONFIG), 4, [math.nan], [], found)
    assert text.count("KORE1") == 1
    assert "process 0" in text


def test_a_long_list_of_examples_is_cut() -> None:
    found = [NonFiniteLoss(4, 0, 0, math.nan, tuple(f"KORE{number:03}" for number in range(30)))]
    text = message(DivergenceGuard(CONFIG), 4, [math.nan], [], found)
    assert "KORE007 and 22 more" in text
    assert "KORE008" not in text


def test_before_anything_was_trained_the_learning_rate_is_not_blamed() -> None:
    found = [NonFiniteLoss(0, 0, 0, math.nan, ("KORE1",))]
    text = message(DivergenceGuard(CONFIG), 0, [math.nan], [], found)
    assert "learning_rate" not in text
    assert "KORE1" in text


def test_float16_is_told_of_bfloat16() -> None:
    found = [NonFiniteLoss(4, 0, 0, math.nan, ("KORE1",))]
    text = message(DivergenceGuard(CONFIG, has_loss_scale=True), 4, [math.nan], [], found)
    assert "set model.dtype to bfloat16" in text


def test_the_gradient_norm_is_blamed_only_where_it_came_before_the_loss() -> None:
    found = [NonFiniteLoss(6, 0, 0, math.nan, ("KORE1",))]
    text = message(DivergenceGuard(CONFIG), 4, [1.0, 1.0, math.nan], [0.3, math.inf, math.nan], found)
    assert text.startswith("the gradient norm is inf at step 6:")


def test_overflows_of_float16_pass_until_there_are_too_many_in_a_row() -> None:
    guard = DivergenceGuard(CONFIG, has_loss_scale=True)
    guard.check(0, [2.0] * 20, [math.inf] * 20)
    guard.check(20, [2.0] * 20, [math.inf] * 5 + [1.0] + [math.inf] * 14)
    guard.check(40, [2.0] * 11, [math.nan] * 11)
    assert guard.state.num_overflows == MAX_OVERFLOWS_IN_A_ROW
    text = message(guard, 51, [2.0], [math.inf])
    assert "gradients overflowed float16 in steps 27 to 52" in text


def test_one_norm_that_is_not_finite_is_too_many_without_a_loss_scale() -> None:
    assert "at step 2:" in message(DivergenceGuard(CONFIG), 0, [1.0, 1.0, 1.0], [1.0, math.nan, 1.0])


def test_a_loss_that_stays_beyond_the_margin_above_the_first_stops() -> None:
    guard = DivergenceGuard(CONFIG)
    guard.check(0, [2.1, 1.9], [])
    guard.check(2, [9.0, 9.0], [])
    guard.check(4, [9.0, 9.0], [])
    guard.check(6, [3.4, 3.6], [])  # exactly the margin: the count begins anew
    guard.check(8, [3.5, 3.6], [])
    guard.check(10, [3.5, 3.6], [])
    text = message(guard, 12, [3.5, 3.6], [])
    assert "rose from 2.0000 at the start to 3.5500 (steps 13 to 14)" in text
    assert "train.divergence_margin 1.5 for 3 metric lines" in text
    assert "optimizer.learning_rate" in text


def test_one_bad_step_within_an_interval_does_not_stop() -> None:
    guard = DivergenceGuard(CONFIG)
    guard.check(0, [1.0] * 10, [])
    guard.check(10, [1.0] * 9 + [5.0], [])


def test_the_state_carries_over_as_plain_values() -> None:
    guard = DivergenceGuard(CONFIG, has_loss_scale=True)
    guard.check(0, [2.0, 1.0], [math.inf, math.inf])
    resumed = DivergenceGuard(CONFIG, has_loss_scale=True, state=DivergenceState(**asdict(guard.state)))
    resumed.check(2, [9.0] * 20, [math.inf] * 20)
    assert resumed.state.num_overflows == 22
    resumed.check(22, [9.0], [1.0])
    again = DivergenceGuard(CONFIG, has_loss_scale=True, state=DivergenceState(**asdict(resumed.state)))
    assert "rose from 1.5000" in message(again, 23, [9.0], [1.0])


def test_a_validation_loss_must_be_finite() -> None:
    guard = DivergenceGuard(CONFIG)
    guard.check_validation(4, 3.0)
    with pytest.raises(DivergedError, match="validation loss is nan after step 8"):
        guard.check_validation(8, math.nan)
