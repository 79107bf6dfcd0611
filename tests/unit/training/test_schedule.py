from __future__ import annotations

from itertools import pairwise

import pytest

from legaltune.config.schema import OptimizerConfig
from legaltune.training.schedule import learning_rate, warmup_steps


def test_warm_up_rises_linearly_to_the_peak_and_the_cosine_falls_to_the_minimum() -> None:
    config = OptimizerConfig(learning_rate=1.0, warmup_steps=4, min_learning_rate_ratio=0.1)
    rates = [learning_rate(config, step, 104) for step in range(105)]
    assert rates[:5] == pytest.approx([0.25, 0.5, 0.75, 1.0, 1.0])
    assert rates[54] == pytest.approx(0.55)
    assert rates[104] == pytest.approx(0.1)
    assert all(later <= earlier for earlier, later in pairwise(rates[4:]))


def test_warm_up_as_a_share_of_the_run() -> None:
    assert warmup_steps(OptimizerConfig(warmup_ratio=0.1), 50) == 5
    assert warmup_steps(OptimizerConfig(), 100) == 3
    assert warmup_steps(OptimizerConfig(warmup_steps=0), 100) == 0


def test_without_warm_up_the_first_step_has_the_peak() -> None:
    assert learning_rate(OptimizerConfig(learning_rate=0.5, warmup_steps=0), 0, 10) == 0.5
