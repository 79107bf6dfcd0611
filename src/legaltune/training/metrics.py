"""Where the numbers of a run go: metric lines, TensorBoard, and the history for the report."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

from torch.utils.tensorboard import SummaryWriter

logger = logging.getLogger(__name__)

_FORMATS = {"loss": ".4f", "validation_loss": ".4f", "learning_rate": ".3e", "tokens_per_second": ".0f"}


def metric_line(values: dict[str, Any]) -> str:
    """`step=12 loss=1.8342 …`: one line that people, metric definitions and tools read alike."""
    return " ".join(f"{name}={value:{_FORMATS.get(name, '')}}" for name, value in values.items())


@dataclass(slots=True)
class MetricLog:
    """Collects metrics of a run; a context manager because the TensorBoard writer must be closed.

    Attributes:
        tensorboard_folder: Where events go, or None for no events.
        history: All records in order; each has `step`.
    """

    tensorboard_folder: Path | None
    history: list[dict[str, float]] = field(default_factory=list)
    _writer: SummaryWriter | None = None

    def __enter__(self) -> MetricLog:
        if self.tensorboard_folder is not None:
            self._writer = SummaryWriter(str(self.tensorboard_folder))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def record(self, step: int, **values: float) -> None:
        """Log one set of values under a step (optimizer steps done so far)."""
        logger.info(metric_line({"step": step, **values}))
        self.history.append({"step": step, **values})
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)
