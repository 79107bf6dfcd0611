"""Where the numbers of a run go: metric lines, the history for the report, TensorBoard, and MLflow if configured."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from types import TracebackType
from typing import Protocol

from torch.utils.tensorboard import SummaryWriter

from legaltune.config.schema import RunConfig
from legaltune.run_directory import RunDirectory
from legaltune.training.mlflow_log import MlflowRun

logger = logging.getLogger(__name__)

_FORMATS = {
    "loss": ".4f",
    "validation_loss": ".4f",
    "learning_rate": ".3e",
    "gradient_norm": ".4g",
    "tokens_per_second": ".0f",
    "target_tokens_per_second": ".0f",
    "mfu": ".3f",
    "memory_gib": ".2f",
    "spent_usd": ".2f",
}


class Sink(AbstractContextManager[object], Protocol):
    """Takes the metrics of a run; opened before the first and told how the run ended."""

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """Take the values of a step (optimizer steps done so far)."""


def metric_line(values: Mapping[str, float]) -> str:
    """`step=12 loss=1.8342 …`: one line that people, metric definitions and tools read alike."""
    return " ".join(f"{name}={value:{_FORMATS.get(name, '')}}" for name, value in values.items())


class TensorBoardEvents:
    """Event files of TensorBoard; the folder is made at the first record.

    Args:
        folder: Where the event files go.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: SummaryWriter | None = None

    def __enter__(self) -> TensorBoardEvents:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """Write one scalar for each value."""
        if self._writer is None:
            self._writer = SummaryWriter(str(self._folder))
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)


class MetricLog:
    """The metrics of a run, for its first process: log line, history, and sinks, which it opens and closes.

    Args:
        *sinks: Where the values go besides.

    Attributes:
        history: All records in order; each has `step`. Values that JSON has no number for (NaN) are left out.
    """

    def __init__(self, *sinks: Sink) -> None:
        self.history: list[dict[str, float]] = []
        self._sinks = sinks
        self._open_sinks = ExitStack()

    def __enter__(self) -> MetricLog:
        with ExitStack() as stack:
            for sink in self._sinks:
                stack.enter_context(sink)
            self._open_sinks = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._open_sinks.__exit__(kind, error, traceback)

    def record(self, step: int, **values: float | None) -> None:
        """Log one set of values under a step (optimizer steps done so far); None is a value that is not known."""
        known = {name: value for name, value in values.items() if value is not None}
        logger.info(metric_line({"step": step, **known}))
        finite = {name: value for name, value in known.items() if math.isfinite(value)}
        self.history.append({"step": step, **finite})
        for sink in self._sinks:
            sink.record(step, known)


def open_metric_log(config: RunConfig, run: RunDirectory) -> MetricLog:
    """The metric log of a run, to be entered: with TensorBoard always, with MLflow where it is configured.

    Raises:
        ConfigurationError: `tracking.mlflow_uri` cannot be used (here or on entering).
    """
    sinks: list[Sink] = [TensorBoardEvents(run.tensorboard)]
    if config.tracking.mlflow_uri is not None:
        sinks.append(MlflowRun(config, run_name=run.path.resolve().name))
    return MetricLog(*sinks)
