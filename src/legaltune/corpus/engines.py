"""Where the work of `prepare` runs: in this process, in several, or on a Ray cluster. The results are the same."""

from __future__ import annotations

import itertools
import logging
import multiprocessing
import os
import pickle
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar

from legaltune.errors import ConfigurationError, ExitCode, PlatformError, ServiceUnavailableError
from legaltune.logs import set_up_logging

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")

# Items handed out ahead of the results: enough to keep every worker busy, few enough to bound the memory.
_AHEAD_PER_WORKER = 2
_CONNECT_SECONDS = 10


class Engine(Protocol):
    """Runs a function over items."""

    def started(self) -> AbstractContextManager[None]:
        """Keeps what takes long to start until the block ends; without it each `map` starts it anew."""

    @property
    def is_remote(self) -> bool:
        """Whether the workers may be on machines that do not see the files of this one."""

    def map(self, function: Callable[[S, T], R], shared: S, items: Iterable[T]) -> Iterator[R]:
        """Results of `function(shared, item)` in the order in which they are done.

        Args:
            function: A function of a module: workers import it by name.
            shared: Handed to each worker once.
            items: Drawn one by one, only a few ahead of the results.
        """


@dataclass(slots=True)
class LocalEngine:
    """This machine: `workers` processes, or this process itself where it is one."""

    workers: int = 1
    is_remote: bool = False
    _pool: ProcessPoolExecutor | None = field(default=None, init=False, repr=False, compare=False)

    @contextmanager
    def started(self) -> Iterator[None]:
        """See `Engine.started`: a worker takes about a second to start."""
        if self.workers == 1 or self._pool:
            yield
            return
        # A fresh interpreter for each worker: forking a process that has threads (Arrow's) can deadlock.
        context = multiprocessing.get_context("spawn")
        self._pool = ProcessPoolExecutor(self.workers, context, initializer=_set_up_worker)
        try:
            yield
        finally:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def map(self, function: Callable[[S, T], R], shared: S, items: Iterable[T]) -> Iterator[R]:
        """See `Engine.map`.

        Raises:
            PlatformError: A worker died.
        """
        if self.workers == 1:
            yield from (function(shared, item) for item in items)
            return
        with self.started(), _written(shared) as path:
            pool = self._pool
            assert pool is not None
            try:
                yield from _bounded(
                    lambda item: pool.submit(_call_in_worker, function, path, item),
                    items,
                    self.workers * _AHEAD_PER_WORKER,
                )
            except BrokenProcessPool:
                raise PlatformError(
                    f"one of {self.workers} workers died, perhaps for want of memory: run again with fewer --workers; "
                    "what is finished is kept"
                ) from None


@contextmanager
def _written(shared: object) -> Iterator[str]:
    """Path of a file from which each worker reads what it shares with the others, once."""
    with tempfile.NamedTemporaryFile(prefix="legaltune-", suffix=".pickle") as file:
        pickle.dump(shared, file, protocol=pickle.HIGHEST_PROTOCOL)
        file.flush()
        yield file.name


class _WorkerState:
    """What an engine hands to a worker process once."""

    key: Any = None
    shared: Any = None


def _set_up_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the main process decides
    threading.Thread(target=_end_with_parent, daemon=True).start()
    set_up_logging()


def _end_with_parent() -> None:
    """End this worker when the main process was killed: nobody would give it work, and it would wait for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(ExitCode.PLATFORM)


def _call_in_worker(function: Callable[[Any, T], R], path: str, item: T) -> R:
    if _WorkerState.key != path:
        with Path(path).open("rb") as file:
            _WorkerState.key, _WorkerState.shared = path, pickle.load(file)
    return function(_WorkerState.shared, item)


def _bounded(submit: Callable[[T], Future[R]], items: Iterable[T], ahead: int) -> Iterator[R]:
    """Results in the order in which they are done, with at most `ahead` items under way."""
    remaining = iter(items)
    pending = {submit(item) for item in itertools.islice(remaining, ahead)}
    while pending:
        done, pending = wait(pending, return_when=FIRST_COMPLETED)
        pending |= {submit(item) for item in itertools.islice(remaining, len(done))}
        for future in done:
            yield future.result()


@dataclass(frozen=True, slots=True)
class RayEngine:
    """A Ray cluster: the one at `address`, or one started on this machine. Needs no file system in common.

    Attributes:
        address: Of the cluster ("auto", "host:6379", "ray://host:10001"), or None to start one here.
        workers: Most tasks at a time, or None for one a CPU of the cluster.
    """

    address: str | None = None
    workers: int | None = None
    is_remote: bool = True

    @contextmanager
    def started(self) -> Iterator[None]:
        """See `Engine.started`.

        Raises:
            ConfigurationError: Ray is not installed.
            ServiceUnavailableError: The cluster cannot be reached.
        """
        ray = _import_ray()
        if ray.is_initialized():
            yield
            return
        self._connect(ray)
        try:
            yield
        finally:
            ray.shutdown()

    def map(self, function: Callable[[S, T], R], shared: S, items: Iterable[T]) -> Iterator[R]:
        """See `Engine.map`.

        Raises:
            ConfigurationError: Ray is not installed.
            ServiceUnavailableError: The cluster cannot be reached.
            PlatformError: A worker or a machine died again and again.
        """
        ray = _import_ray()
        with self.started():
            try:
                yield from self._results(ray, function, shared, items)
            except ray.exceptions.RayTaskError as error:  # an error of the function, and of its class too
                raise error.cause from None
            except ray.exceptions.RayError as error:
                remedy = "run again, perhaps with fewer --workers; what is finished is kept"
                raise PlatformError(f"the Ray cluster failed: {error}; {remedy}") from None

    def _results(self, ray: Any, function: Callable[[S, T], R], shared: S, items: Iterable[T]) -> Iterator[R]:
        remote = ray.remote(num_cpus=1, max_retries=3, scheduling_strategy="SPREAD")(_call_on_cluster)
        # Within a list Ray leaves a reference as it is: the worker fetches it once and not for every item.
        references = [ray.put(shared)]
        workers = self.workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        remaining = iter(items)
        ahead = itertools.islice(remaining, workers * _AHEAD_PER_WORKER)
        pending = [remote.remote(function, references, item) for item in ahead]
        try:
            while pending:
                (done, *_), pending = ray.wait(pending, num_returns=1)
                pending.extend(remote.remote(function, references, item) for item in itertools.islice(remaining, 1))
                yield ray.get(done)
        finally:
            for task in pending:
                ray.cancel(task)

    def _connect(self, ray: Any) -> None:
        """Connect to the cluster, or start one; quietly."""
        # Ray would otherwise report its use, and set up the environment of `uv run` on every machine.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        os.environ.setdefault("RAY_ENABLE_UV_RUN_RUNTIME_ENV", "0")
        os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")  # the first one is raised, that is enough
        options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
        if self.address is None:
            options |= {"num_cpus": self.workers, "include_dashboard": False}
        try:
            if self.address:
                _require_answer(self.address)
            # "local" and not None: that would join any cluster that somebody else started on this machine.
            ray.init(address=self.address or "local", **options)
        except (OSError, ValueError, RuntimeError) as error:
            raise ServiceUnavailableError(
                f"no Ray cluster at {self.address or 'this machine'}: {error}; check --ray-address"
            ) from error


def _require_answer(address: str) -> None:
    """Try to reach a host with its port; Ray itself tries for many minutes.

    Raises:
        OSError: Nothing answers there.
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_SECONDS).close()


def _call_on_cluster(function: Callable[[Any, T], R], references: Sequence[Any], item: T) -> R:
    (reference,) = references
    if _WorkerState.key != reference:
        _WorkerState.key, _WorkerState.shared = reference, _import_ray().get(reference)
    return function(_WorkerState.shared, item)


def _import_ray() -> Any:
    try:
        import ray  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError("the ray engine needs Ray: pip install 'legaltune[ray]'") from None
    return ray


def make_engine(name: str, *, workers: int | None = None, address: str | None = None) -> Engine:
    """Engine by name.

    Args:
        name: "local" or "ray".
        workers: Processes (local: 1 by default) or most tasks at a time (ray: as many as CPUs by default).
        address: Of a Ray cluster.

    Raises:
        ConfigurationError: Another name, or fewer than one worker.
    """
    if workers is not None and workers < 1:
        raise ConfigurationError(f"--workers {workers} is below 1: give the number of processes")
    if name == "ray":
        return RayEngine(address, workers)
    if name != "local":
        raise ConfigurationError(f"--engine {name} is not known: local or ray")
    if address:
        raise ConfigurationError("--ray-address needs --engine ray")
    return LocalEngine(workers or 1)
