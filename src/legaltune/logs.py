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
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_PLAIN_INTERVAL_SECONDS = 10.0
_NOISY_LIBRARIES = (
    "DeepSpeed", "boto3", "botocore", "datasets", "filelock", "httpcore2", "httpx", "httpx2", "matplotlib",
    "s3transfer", "torch.distributed", "transformers", "urllib3",
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
def progress(description: str, total: int | None = None, *, in_log: bool = True) -> Iterator[Callable[[int], None]]:
    """Show progress: a bar in a terminal, a line every ten seconds elsewhere.

    Args:
        description: What is being counted ("documents read").
        total: Expected count, or None where it is not known.
        in_log: False where the log tells the progress already: then there is nothing but the bar.

    Yields:
        A function that advances the count by its argument.
    """
    if _console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=_console, transient=True) as bar:
            task = bar.add_task(description, total=total)
            yield lambda count: bar.advance(task, count)
        return
    yield _plain_progress(description, total) if in_log else lambda count: None


def _plain_progress(description: str, total: int | None) -> Callable[[int], None]:
    logger = logging.getLogger(__name__)
    done, last = 0, time.monotonic()

    def advance(count: int) -> None:
        nonlocal done, last
        done += count
        if time.monotonic() - last >= _PLAIN_INTERVAL_SECONDS:
            last = time.monotonic()
            logger.info("%s: %d%s", description, done, "" if total is None else f" of {total}")

    return advance
