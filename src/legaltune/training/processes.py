"""Runs the training in this process, or in several that torchrun's agent starts and watches."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import uuid
from typing import Any

import torch
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from legaltune.config import dump_yaml
from legaltune.config.schema import RunConfig
from legaltune.errors import ConfigurationError, ExitCode, InterruptedRunError, LegaltuneError
from legaltune.files import write_text
from legaltune.run_directory import RunDirectory

logger = logging.getLogger(__name__)


class WorkerFailedError(LegaltuneError):
    """A training process failed; it said why itself, and its exit code is passed on."""

    def __init__(self, rank: int, exit_code: int) -> None:
        super().__init__(f"training process {rank} ended with exit code {exit_code}; its error is above")
        known = exit_code in set(ExitCode)
        self.exit_code = ExitCode(exit_code) if known else ExitCode.PLATFORM if exit_code < 0 else ExitCode.SOFTWARE


def run_training(config: RunConfig, run: RunDirectory) -> dict[str, Any]:
    """Train on this machine with as many processes as configured.

    Returns:
        The training summary (see `training.loop.TrainingSummary`).

    Raises:
        WorkerFailedError: One of several processes failed.
        LegaltuneError: The single process failed; see `training.loop.train`.
    """
    num_processes = resolve_num_processes(config)
    if num_processes > 1 and "RANK" not in os.environ:
        _run_workers(config, run, num_processes)
    else:
        # Imported late: DeepSpeed looks for an accelerator, and warns, as soon as it is imported.
        from legaltune.training.worker import train_here  # noqa: PLC0415

        train_here(config, run)
    summary: dict[str, Any] = json.loads(run.training_summary.read_text(encoding="utf-8"))
    return summary


def resolve_num_processes(config: RunConfig) -> int:
    """Processes to start: as configured; "auto" is one per GPU, else one.

    Raises:
        ConfigurationError: More processes than GPUs.
    """
    num_gpus = torch.cuda.device_count()
    if not isinstance(config.parallel.num_processes, int):
        return max(1, num_gpus)
    if 0 < num_gpus < config.parallel.num_processes:
        raise ConfigurationError(
            f"parallel.num_processes {config.parallel.num_processes} exceeds the {num_gpus} GPUs of this machine: "
            "lower it or leave it at auto"
        )
    return config.parallel.num_processes


def _run_workers(config: RunConfig, run: RunDirectory, num_processes: int) -> None:
    run.path.mkdir(parents=True, exist_ok=True)
    write_text(run.config, dump_yaml(config))
    launch = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=num_processes,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        run_id=uuid.uuid4().hex,
        max_restarts=0,
    )
    if "OMP_NUM_THREADS" not in os.environ:  # every process would otherwise take all cores
        os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // num_processes))
    logger.info("starting %d training processes", num_processes)
    try:
        elastic_launch(launch, sys.executable)("-m", "legaltune.training.worker", str(run.path))
    except SignalException as error:
        if error.sigval == signal.SIGINT:
            raise KeyboardInterrupt from None
        raise InterruptedRunError(f"training was stopped by {error.sigval.name} and can be started again") from None
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        raise WorkerFailedError(rank, failure.exitcode) from None
