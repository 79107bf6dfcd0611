"""One logging set-up, and progress that reads well in a terminal and in a log file."""

from __future__ import annotations

import logging
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

_PLAIN_INTERVAL_SECONDS = 10.0
_NOISY_LIBRARIES = (
    "DeepSpeed", "alembic", "boto3", "botocore", "datasets", "filelock", "httpcore2", "httpx", "httpx2", "matplotlib",
    "mlflow", "s3transfer", "torch.distributed", "transformers", "urllib3",
)  # fmt: skip
_console = Console(stderr=True)


def set_up_logging(*, rank: int = 0, verbose: bool = False) -> None:
    """Configure the root logger once per process; ranks above 0 speak only of warnings and errors.

    Args:
        rank: Rank of this process, shown in each line where it is not 0.
        verbose: Also show debug messages.
    """
    level = logging.WARNING if rank else logging.DEBUG if verbose else logging.INFO
    prefix = f"[rank {rank}] " if rank else ""
    handler: logging.Handler
    if _console.is_terminal:
        handler = RichHandler(console=_console, show_path=False, markup=False, highlighter=None)
        handler.setFormatter(logging.Formatter(f"{prefix}%(message)s", datefmt="%X"))
    else:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter(f"%(asctime)s %(levelname)s {prefix}%(message)s", datefmt="%H:%M:%S"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    if not _console.is_terminal:
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    for name in _NOISY_LIBRARIES:
        logging.getLogger(name).setLevel(level if verbose else logging.ERROR)
    warnings.filterwarnings("default" if verbose else "ignore", category=FutureWarning, module="transformers")


@contextmanager
def progress(
    description: str,
    total: int | None = None,
    *,
    in_log: bool = True,
    every_seconds: float = _PLAIN_INTERVAL_SECONDS,
    note: Callable[[float | None], str] | None = None,
) -> Iterator[Callable[[int], None]]:
    """Show progress and the time left: a bar in a terminal, a line now and then elsewhere.

    Args:
        description: What is being counted ("documents read").
        total: Expected count, or None where it is not known.
        in_log: False where the log tells the progress already: then there is nothing but the bar.
        every_seconds: Least time between two lines (seconds).
        note: Text to show besides (the cost so far), from the seconds left or None where they are not known.

    Yields:
        A function that advances the count by its argument.
    """
    count = _Count(total, note)
    if _console.is_terminal:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rest]}"),
        )
        with Progress(*columns, console=_console, transient=True) as bar:
            task = bar.add_task(description, total=total, rest="")

            def advance(number: int) -> None:
                count.advance(number)
                bar.update(task, advance=number, rest=", ".join(count.rest()))

            yield advance
        return
    yield _plain_progress(description, count, every_seconds) if in_log else lambda number: None


class _Count:
    """A count, and the time left at the rate since its first advance: what comes before is often slower."""

    def __init__(self, total: int | None, note: Callable[[float | None], str] | None) -> None:
        self.done, self.total = 0, total
        self._note = note
        self._first: tuple[int, float] | None = None

    def advance(self, number: int) -> None:
        self.done += number
        if self._first is None:
            self._first = (self.done, time.monotonic())

    def rest(self) -> list[str]:
        """Texts for the time left and the note, as far as they are known."""
        left = self._seconds_left()
        texts = [] if left is None else [f"{_rough(left)} left"]
        return texts if self._note is None else [*texts, self._note(left)]

    def _seconds_left(self) -> float | None:
        if self.total is None or self._first is None or self.done <= self._first[0]:
            return None
        first_done, first_time = self._first
        return max(0, self.total - self.done) * (time.monotonic() - first_time) / (self.done - first_done)


def _plain_progress(description: str, count: _Count, every_seconds: float) -> Callable[[int], None]:
    logger = logging.getLogger(__name__)
    last = time.monotonic()

    def advance(number: int) -> None:
        nonlocal last
        count.advance(number)
        if time.monotonic() - last >= every_seconds:
            last = time.monotonic()
            done = f"{count.done}" if count.total is None else f"{count.done} of {count.total}"
            logger.info("%s: %s", description, ", ".join((done, *count.rest())))

    return advance


def _rough(seconds: float) -> str:
    """A time as a forecast is read: "40 s", "14 min", "2 h 05 min"."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"
