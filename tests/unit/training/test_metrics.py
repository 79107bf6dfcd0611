from __future__ import annotations

import json
import logging
import math
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from legaltune.training.metrics import MetricLog, TensorBoardEvents, metric_line


class Recorder:
    """A sink that writes down what happens to it; fails on opening where told to."""

    def __init__(self, *, fails: bool = False) -> None:
        self.events: list[object] = []
        self._fails = fails

    def __enter__(self) -> Recorder:
        if self._fails:
            raise ConnectionError
        self.events.append("opened")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.events.append(kind)

    def record(self, step: int, values: Mapping[str, float]) -> None:
        self.events.append((step, dict(values)))


def test_the_metric_line_is_the_one_the_design_gives() -> None:
    values = {
        "step": 12,
        "loss": 1.83417,
        "learning_rate": 1.9e-4,
        "gradient_norm": 0.312345,
        "tokens_per_second": 3120.4,
        "target_tokens_per_second": 911.6,
        "mfu": 0.41234,
        "memory_gib": 17.204,
        "spent_usd": 0.4213,
    }
    assert metric_line(values) == (
        "step=12 loss=1.8342 learning_rate=1.900e-04 gradient_norm=0.3123 tokens_per_second=3120 "
        "target_tokens_per_second=912 mfu=0.412 memory_gib=17.20 spent_usd=0.42"
    )


def test_metrics_go_to_log_history_and_tensorboard(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), MetricLog(TensorBoardEvents(tmp_path)) as metrics:
        metrics.record(1, loss=2.0)
        metrics.record(2, loss=1.5)
    assert metrics.history == [{"step": 1, "loss": 2.0}, {"step": 2, "loss": 1.5}]
    assert "step=2 loss=1.5000" in caplog.text
    events = EventAccumulator(str(tmp_path)).Reload()
    assert [(event.step, event.value) for event in events.Scalars("loss")] == [(1, 2.0), (2, 1.5)]


def test_what_is_not_known_is_left_out_everywhere(caplog: pytest.LogCaptureFixture) -> None:
    sink = Recorder()
    with caplog.at_level(logging.INFO), MetricLog(sink) as metrics:
        metrics.record(3, loss=2.0, mfu=None, spent_usd=None)
    assert caplog.messages == ["step=3 loss=2.0000"]
    assert metrics.history == [{"step": 3, "loss": 2.0}]
    assert sink.events[1] == (3, {"loss": 2.0})


def test_the_history_is_json_though_a_norm_is_infinite(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), MetricLog() as metrics:
        metrics.record(3, loss=2.0, gradient_norm=math.inf)
    assert "gradient_norm=inf" in caplog.text
    assert json.loads(json.dumps(metrics.history, allow_nan=False)) == [{"step": 3, "loss": 2.0}]


def test_sinks_are_told_how_the_run_ended() -> None:
    sinks = [Recorder(), Recorder()]
    with pytest.raises(ZeroDivisionError), MetricLog(*sinks) as metrics:
        metrics.record(1, loss=1.0)
        raise ZeroDivisionError
    for sink in sinks:
        assert sink.events == ["opened", (1, {"loss": 1.0}), ZeroDivisionError]


def test_sinks_already_open_are_closed_when_another_one_cannot_be_opened() -> None:
    first = Recorder()
    with pytest.raises(ConnectionError), MetricLog(first, Recorder(fails=True)):
        pytest.fail("it was opened")
    assert first.events == ["opened", ConnectionError]


def test_a_run_that_records_nothing_leaves_no_event_file(tmp_path: Path) -> None:
    with MetricLog(TensorBoardEvents(tmp_path / "events")):
        pass
    assert not list(tmp_path.iterdir())


def test_mlflow_is_not_imported_unless_configured(tmp_path: Path) -> None:
    program = f"""
import sys
from pathlib import Path
from legaltune.config.schema import RunConfig
from legaltune.run_directory import RunDirectory
from legaltune.training.metrics import open_metric_log
with open_metric_log(RunConfig(), RunDirectory(Path({str(tmp_path)!r}))) as metrics:
    metrics.record(1, loss=1.0)
assert not any(name.partition(".")[0] == "mlflow" for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
    assert list((tmp_path / "logs" / "tensorboard").iterdir())
