from __future__ import annotations

import logging
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from legaltune.training.metrics import MetricLog, metric_line


def test_the_metric_line_is_the_one_the_design_gives() -> None:
    values = {"step": 12, "loss": 1.83417, "learning_rate": 1.9e-4, "tokens_per_second": 3120.4}
    assert metric_line(values) == "step=12 loss=1.8342 learning_rate=1.900e-04 tokens_per_second=3120"


def test_metrics_go_to_log_history_and_tensorboard(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), MetricLog(tmp_path) as metrics:
        metrics.record(1, loss=2.0)
        metrics.record(2, loss=1.5)
    assert metrics.history == [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.5}]
    assert "step=2 loss=1.5000" in caplog.text
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [(event.step, event.value) for event in events.Scalars("loss")] == [(1, 2.0), (2, 1.5)]


def test_without_a_folder_there_are_no_events(tmp_path: Path) -> None:
    with MetricLog(None) as metrics:
        metrics.record(1, loss=2.0)
    assert not list(tmp_path.iterdir())
