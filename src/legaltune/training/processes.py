"""Runs the training in this process, or in several that torchrun's agent starts and watches, on one or more hosts."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import uuid
from typing import Any

from torch.distributed import DistNetworkError
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from legaltune.config import dump_yaml
from legaltune.config.advice import warnings
from legaltune.config.schema import RunConfig
from legaltune.errors import ConfigurationError, ExitCode, InterruptedRunError, LegaltuneError, PlatformError
from legaltune.files import write_text
from legaltune.model.facts import model_facts
from legaltune.parallel.refusals import require_feasible
from legaltune.run_directory import RunDirectory
from legaltune.training.hosts import Hosts
from legaltune.training.machine import machine_facts

logger = logging.getLogger(__name__)

ONE_HOST = Hosts()
_RENDEZVOUS_TIMEOUT_SECONDS = 900


class WorkerFailedError(LegaltuneError):
    """A training process failed; it said why itself unless it was killed, and its exit code is passed on."""

    def __init__(self, rank: int, exit_code: int) -> None:
        killed = (
            f"was killed by signal {-exit_code}, often for want of host memory: offload less to the CPU, or "
            "take a machine with more memory"
        )
        said = f"ended with exit code {exit_code}; its error is above"
        super().__init__(f"training process {rank} {killed if exit_code < 0 else said}")
        known = exit_code in set(ExitCode)
        self.exit_code = ExitCode(exit_code) if known else ExitCode.PLATFORM if exit_code < 0 else ExitCode.SOFTWARE


def run_training(config: RunConfig, run: RunDirectory, hosts: Hosts = ONE_HOST) -> dict[str, Any]:
    """Train with as many processes on this host as configured; each host of the run calls this.

    Returns:
        The training summary (see `training.train.TrainingSummary`); empty on hosts other than the first.

    Raises:
        ConfigurationError: The model or this machine cannot carry the plan; found before anything is loaded.
        WorkerFailedError: One of several processes failed.
        LegaltuneError: The single process failed; see `training.train.train`.
    """
    if "TORCHELASTIC_RUN_ID" in os.environ:
        raise ConfigurationError(
            "legaltune starts its processes itself and was started by torchrun: call it directly, once on each host, "
            "with --hosts, --host-index and --rendezvous where there are several"
        )
    model, machine = model_facts(config.model), machine_facts(hosts.count)
    require_feasible(config, model, machine)
    for text in warnings(config, model, machine):
        logger.warning("%s", text)
    num_processes = machine.processes_per_host(config.parallel.num_processes)
    if num_processes > 1 or hosts.count > 1:
        _run_workers(config, run, num_processes, hosts)
    else:
        # Imported late: DeepSpeed looks for an accelerator, and warns, as soon as it is imported.
        from legaltune.training.worker import train_here  # noqa: PLC0415

        train_here(config, run)
    if not hosts.is_first:
        return {}
    summary: dict[str, Any] = json.loads(run.training_summary.read_text(encoding="utf-8"))
    return summary


def _run_workers(config: RunConfig, run: RunDirectory, num_processes: int, hosts: Hosts) -> None:
    run.path.mkdir(parents=True, exist_ok=True)
    if hosts.is_first or not run.config.is_file():  # the folder may be shared
        write_text(run.config, dump_yaml(config))
    if hosts.interface is not None:
        os.environ["GLOO_SOCKET_IFNAME"] = os.environ["NCCL_SOCKET_IFNAME"] = hosts.interface
    launch = LaunchConfig(
        min_nodes=hosts.count,
        max_nodes=hosts.count,
        nproc_per_node=num_processes,
        max_restarts=0,
        **_rendezvous(hosts),
    )
    if "OMP_NUM_THREADS" not in os.environ:  # every process would otherwise take all cores
        os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // num_processes))
    logger.info("starting %d training processes on host %d of %d", num_processes, hosts.index + 1, hosts.count)
    try:
        verbose = ["--verbose"] if logger.isEnabledFor(logging.DEBUG) else []
        arguments = ["-m", "legaltune.training.worker", str(run.path), str(hosts.count), *verbose]
        elastic_launch(launch, sys.executable)(*arguments)
    except SignalException as error:
        if error.sigval == signal.SIGINT:
            raise KeyboardInterrupt from None
        raise InterruptedRunError(f"training was stopped by {error.sigval.name} and can be started again") from None
    except ChildFailedError as error:
        raise _first_cause(error) from None
    except DistNetworkError as error:
        raise PlatformError(
            f"the {hosts.count} hosts did not meet at {hosts.rendezvous or 'localhost'}: {error}; check address, port "
            "and interface, and that the other hosts were started"
        ) from error


def _first_cause(error: ChildFailedError) -> WorkerFailedError:
    """The failure that came first; those that only lost their peers end as an unexpected error or are stopped."""
    consequences = (ExitCode.SOFTWARE, -signal.SIGTERM)
    causes = {rank: one for rank, one in error.failures.items() if one.exitcode not in consequences} or error.failures
    rank = min(causes, key=lambda rank: causes[rank].timestamp)
    return WorkerFailedError(rank, causes[rank].exitcode)


def _rendezvous(hosts: Hosts) -> dict[str, Any]:
    """How the agents of the hosts meet: ranks follow the order of the hosts, so that the first one writes."""
    if hosts.count == 1:
        return {"rdzv_backend": "c10d", "rdzv_endpoint": "localhost:0", "run_id": uuid.uuid4().hex}
    return {
        "rdzv_backend": "static",
        "rdzv_endpoint": hosts.rendezvous,
        "rdzv_configs": {"rank": hosts.index, "timeout": _RENDEZVOUS_TIMEOUT_SECONDS},
        "run_id": "legaltune",
    }
