"""A training run: data, model, steps, validation, and what they leave behind."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any, Literal

import torch

import legaltune
from legaltune.config.schema import AdapterMethod, RunConfig
from legaltune.errors import ConfigurationError, DataError, DivergedError
from legaltune.files import write_json
from legaltune.logs import progress
from legaltune.model.adapters import save_adapter
from legaltune.model.base import dtype_name, load_tokenizer
from legaltune.model.flops import Work, model_flops, peak_flops
from legaltune.model.loading import read_frozen
from legaltune.parallel.topology import Topology, plan_topology
from legaltune.run_directory import RunDirectory
from legaltune.tokens.batch import BatchLayout
from legaltune.tokens.chat import fingerprint
from legaltune.tokens.dataset import TokenDataset
from legaltune.training.distributed import Groups, Worker, form_groups
from legaltune.training.divergence import DivergenceGuard, first_non_finite
from legaltune.training.early_stopping import EarlyStopping
from legaltune.training.loop import Interval, TrainingLoop
from legaltune.training.metrics import MetricLog, open_metric_log
from legaltune.training.resources import MemoryMeter, Spending
from legaltune.training.rows import RowSchedule
from legaltune.training.setup import Setup, is_sharded, set_up
from legaltune.training.validation import Validation

logger = logging.getLogger(__name__)

PROGRESS_SECONDS = 60.0
"""Time between two lines of progress where there is no terminal."""


@dataclass(frozen=True, slots=True)
class TrainingSummary:
    """What a finished training run leaves for the report.

    Attributes:
        tokens_fingerprint: Identifies the token dataset that was trained on.
        configuration: The configuration in effect.
        method: What was trained, with the quantization of the rest.
        plan: How it was spread, in words.
        trainable_parameters: Parameters trained.
        total_parameters: Parameters of base and adapter.
        num_steps: Optimizer steps done.
        num_rows: Packed rows per epoch.
        packing_efficiency: Share of the row capacity that holds tokens.
        num_tokens: Tokens carried through the model.
        num_target_tokens: Tokens that counted in the loss.
        seconds: Wall-clock time of the steps, without loading and validation.
        tokens_per_second: num_tokens / seconds.
        mfu: Model FLOPs utilization over the steps; None where the peak of the device is not known.
        peak_memory_bytes: Highest of the processes; None where the system does not tell.
        spent_usd: Cost of the hosts from the start of training; None without a price.
        world_size: Processes.
        accumulation_steps: Forward passes per process and step.
        device: "cpu" or the GPU's name.
        stop_reason: Why training ended.
        best_step: Steps done at the best validation; None without validation.
        best_validation_loss: Its loss (nats per target token).
        history: Metric records in order.
    """

    tokens_fingerprint: str
    configuration: dict[str, Any]
    method: str
    plan: str
    trainable_parameters: int
    total_parameters: int
    num_steps: int
    num_rows: int
    packing_efficiency: float
    num_tokens: int
    num_target_tokens: int
    seconds: float
    tokens_per_second: float
    mfu: float | None
    peak_memory_bytes: int | None
    spent_usd: float | None
    world_size: int
    accumulation_steps: int
    device: str
    stop_reason: Literal["finished", "early_stopping"]
    best_step: int | None
    best_validation_loss: float | None
    history: list[dict[str, float]]


def train(config: RunConfig, run: RunDirectory, worker: Worker, *, num_hosts: int = 1) -> None:
    """Train on the run's token dataset and save the result; all processes of the group call this together.

    The first process writes `adapter/` and then `training.json`; earlier ones are removed when the first step begins.

    Raises:
        ConfigurationError: Settings that do not fit the model or the processes.
        DataError: The token dataset was made by another tokenizer, or for longer rows.
        DivergedError: Loss or weights are no longer finite numbers, or the loss rises.
    """
    spending = _spending(config, num_hosts)
    tokenizer = load_tokenizer(config.model)
    dataset = TokenDataset(run.tokens, "train")
    _check_tokens(config, dataset, fingerprint(tokenizer))
    _require_alike(config, dataset, worker)
    topology = plan_topology(config, worker.world_size, processes_per_host=worker.world_size // num_hosts)
    groups = form_groups(topology, worker)
    schedule = RowSchedule(
        dataset,
        sequence_length=config.tokens.sequence_length,
        topology=topology,
        seed=config.train.seed,
        num_virtual_tokens=BatchLayout.of(config.adapter).num_virtual_tokens,
    )
    num_steps = config.train.max_steps or schedule.steps_for(config.train.epochs or 1.0)
    with open_metric_log(config, run) if worker.is_first else nullcontext() as metrics:  # first of all: it may refuse
        setup = set_up(config, topology, groups, worker)
        if worker.is_first:
            _log_plan(setup, schedule, topology, num_steps)
            run.discard_training()
        training = _Training(config, run, worker, topology, setup, schedule, num_steps, tokenizer, spending)
        loop = TrainingLoop(config, groups, worker, setup.engine, schedule, dataset)
        with _step_progress(worker, num_steps, spending) as advance:
            training.run(loop, groups, metrics, advance)
        training.save_last()
        peaks = worker.gather(training.peak_memory_bytes)
    if metrics is not None:
        peak = max((one for one in peaks if one is not None), default=None)
        summary = training.summary(dataset, metrics.history, peak_memory_bytes=peak)
        write_json(run.training_summary, asdict(summary))
        logger.info("adapter saved in %s", run.adapter)


@dataclass(slots=True)
class _Totals:
    """Sums over the intervals so far."""

    num_steps: int = 0
    num_tokens: int = 0
    num_targets: int = 0
    flops: float = 0.0
    seconds: float = 0.0


class _Training:
    """Follows a loop: watches its losses, validates, stops early, saves, and sums up."""

    def __init__(
        self,
        config: RunConfig,
        run: RunDirectory,
        worker: Worker,
        topology: Topology,
        setup: Setup,
        schedule: RowSchedule,
        num_steps: int,
        tokenizer: Any,
        spending: Spending | None,
    ) -> None:
        self._config = config
        self._run = run
        self._worker = worker
        self._topology = topology
        self._setup = setup
        self._schedule = schedule
        self._num_steps = num_steps
        self._tokenizer = tokenizer
        self._spending = spending
        self._validate_every = config.evaluation.every_steps or max(1, math.ceil(num_steps / 4))
        self._memory = MemoryMeter(worker.device)
        self._peak_flops = peak_flops(_device_name(worker), dtype_name(config.model.dtype))
        self._totals = _Totals()
        self._guard = DivergenceGuard(config, has_loss_scale=dtype_name(config.model.dtype) == "float16")
        self._stopping = EarlyStopping(config.train.early_stopping_patience, config.train.early_stopping_min_delta)
        self._keeps_best = config.train.early_stopping_patience is not None

    def run(
        self, loop: TrainingLoop, groups: Groups, metrics: MetricLog | None, advance: Callable[[int], None]
    ) -> None:
        """Train until the last step, or until the validation loss no longer falls."""
        held_out = TokenDataset(self._run.tokens, "validation")
        validation = Validation(self._config, held_out, self._topology, groups, self._worker)
        for interval in loop.run(self._num_steps, self._is_due, advance):
            self._record(interval, metrics)
            self._check(loop, interval)
            if interval.end % self._validate_every == 0 or interval.end == self._num_steps:
                self._validate(validation, interval.end, metrics)
            if self._stopping.should_stop and interval.end < self._num_steps:
                logger.info(
                    "stopped early after step %d: best at step %s", interval.end, self._stopping.state.best_step
                )
                return

    def save_last(self) -> None:
        """Save what was trained, unless the best was saved on the way; a collective.

        Raises:
            DivergedError: A weight is no longer finite: the loss of a step says nothing of the update after it.
        """
        if not self._keeps_best or self._stopping.state.best_step is None:
            self._save()

    @property
    def peak_memory_bytes(self) -> int | None:
        """Of this process, during the steps."""
        return self._memory.peak_bytes

    def summary(
        self, dataset: TokenDataset, history: list[dict[str, float]], *, peak_memory_bytes: int | None
    ) -> TrainingSummary:
        """Sum up, in the first process."""
        config, totals, best = self._config, self._totals, self._stopping.state
        rows = self._schedule.rows
        return TrainingSummary(
            tokens_fingerprint=dataset.manifest["fingerprint"],
            configuration=config.model_dump(mode="json"),
            method=_method(config),
            plan=_plan(config, self._topology),
            trainable_parameters=self._setup.trainable_parameters,
            total_parameters=self._setup.total_parameters,
            num_steps=totals.num_steps,
            num_rows=len(rows),
            packing_efficiency=float(dataset.lengths.sum() / (len(rows) * config.tokens.sequence_length)),
            num_tokens=totals.num_tokens,
            num_target_tokens=totals.num_targets,
            seconds=totals.seconds,
            tokens_per_second=totals.num_tokens / totals.seconds,
            mfu=self._mfu(totals.flops, totals.seconds),
            peak_memory_bytes=peak_memory_bytes,
            spent_usd=self._spending.spent_usd() if self._spending else None,
            world_size=self._worker.world_size,
            accumulation_steps=self._topology.accumulation_steps,
            device=_device_name(self._worker),
            stop_reason="early_stopping" if totals.num_steps < self._num_steps else "finished",
            best_step=best.best_step,
            best_validation_loss=best.best_loss,
            history=history,
        )

    def _is_due(self, num_done: int) -> bool:
        return num_done % self._config.train.log_every_steps == 0 or num_done % self._validate_every == 0

    def _check(self, loop: TrainingLoop, interval: Interval) -> None:
        """Raise in every process alike where the run diverges."""
        found = []
        if not all(map(math.isfinite, interval.losses)):
            own = first_non_finite(
                interval.own_losses,
                first_step=interval.first_step,
                rank=self._worker.rank,
                examples_of=loop.examples_of,
            )
            found = [finding for process in self._worker.gather(own) for finding in process]
        self._guard.check(interval.first_step, interval.losses, interval.gradient_norms, found)

    def _record(self, interval: Interval, metrics: MetricLog | None) -> None:
        work = Work(interval.num_tokens, interval.sum_squared_lengths)
        flops = model_flops(work, self._setup.architecture, self._config.train.gradient_checkpointing)
        self._totals.num_steps += len(interval.losses)
        self._totals.num_tokens += interval.num_tokens
        self._totals.num_targets += interval.num_targets
        self._totals.flops += flops
        self._totals.seconds += interval.seconds
        memory = self._memory.interval_gib()
        if metrics is not None:
            metrics.record(
                interval.end,
                loss=interval.loss,
                learning_rate=interval.learning_rate,
                gradient_norm=interval.gradient_norms[-1],
                tokens_per_second=interval.num_tokens / interval.seconds,
                target_tokens_per_second=interval.num_targets / interval.seconds,
                mfu=self._mfu(flops, interval.seconds),
                memory_gib=memory,
                spent_usd=self._spending.spent_usd() if self._spending else None,
            )

    def _mfu(self, flops: float, seconds: float) -> float | None:
        if self._peak_flops is None:
            return None
        return flops / seconds / (self._peak_flops * self._worker.world_size)

    def _validate(self, validation: Validation, num_done: int, metrics: MetricLog | None) -> None:
        loss = validation.loss(self._setup.engine.module)
        if loss is None:
            return
        self._guard.check_validation(num_done, loss)
        if metrics is not None:
            metrics.record(num_done, validation_loss=loss)
        if self._stopping.update(num_done, loss) and self._keeps_best:
            self._save()

    def _save(self) -> None:
        state = self._setup.engine.trained_state()
        not_finite = [name for name, tensor in state.items() if not bool(torch.isfinite(tensor).all())]
        (num_faults,) = self._worker.sum(len(not_finite))
        if num_faults:
            raise DivergedError(
                f"{', '.join(not_finite[:3]) or 'weights'} are no longer finite after step {self._totals.num_steps}: "
                f"lower optimizer.learning_rate (now {self._config.optimizer.learning_rate:g})"
            )
        if self._worker.is_first:
            model = self._setup.engine.module.model
            if self._config.adapter.method is AdapterMethod.FULL and is_sharded(self._config):
                state = read_frozen(self._config.model, model, known=state) | state
            save_adapter(model, self._tokenizer, self._run.adapter, state, new_rows=self._setup.new_rows)


def _require_alike(config: RunConfig, dataset: TokenDataset, worker: Worker) -> None:
    """Refuse hosts that were given different settings, data or versions: they would train apart without a word."""
    own = {
        "configuration": config.model_dump(mode="json"),
        "token dataset": dataset.manifest["fingerprint"],
        "version": legaltune.__version__,
    }
    first, *others = worker.gather(own)
    for rank, other in enumerate(others, start=1):
        different = [name for name, value in first.items() if other[name] != value]
        if different:
            raise ConfigurationError(
                f"process {rank} has another {' and '.join(different)} than process 0: give all hosts the same "
                "run.yaml, tokens/ and version"
            )


def _log_plan(setup: Setup, schedule: RowSchedule, topology: Topology, num_steps: int) -> None:
    trainable, total = setup.trainable_parameters, setup.total_parameters
    logger.info("trainable parameters: %s of %s (%.2f%%)", f"{trainable:,}", f"{total:,}", 100 * trainable / total)
    logger.info("%d rows, %d steps of %d rows", len(schedule.rows), num_steps, topology.global_batch_size)
    if topology.global_batch_size > len(schedule.rows):
        logger.warning(
            "a step of %d rows carries each of the %d rows more than once: lower train.global_batch_size",
            topology.global_batch_size,
            len(schedule.rows),
        )


def _method(config: RunConfig) -> str:
    quantization = config.quantization.method
    return config.adapter.method.value + ("" if quantization == "none" else f" on {quantization}")


def _plan(config: RunConfig, topology: Topology) -> str:
    plan = config.parallel
    parts = [f"{topology.data_parallel_degree} x {topology.tensor_parallel_degree} processes (data x tensor parallel)"]
    parts.append(f"ZeRO {plan.zero_stage}")
    offloaded = [name for name in ("optimizer", "parameters") if getattr(plan, f"offload_{name}") == "cpu"]
    if offloaded:
        parts.append(f"{' and '.join(offloaded)} offloaded")
    if config.train.gradient_checkpointing != "off":
        parts.append(f"{config.train.gradient_checkpointing} gradient checkpointing")
    return ", ".join(parts)


def _device_name(worker: Worker) -> str:
    return torch.cuda.get_device_name(worker.device) if worker.device.type == "cuda" else "cpu"


def _spending(config: RunConfig, num_hosts: int) -> Spending | None:
    price = config.budget.host_usd_per_hour
    return None if price is None else Spending(price, num_hosts)


def _check_tokens(config: RunConfig, dataset: TokenDataset, expected: str) -> None:
    if dataset.manifest["tokenizer_fingerprint"] != expected:
        raise DataError(f"the token dataset was not made for {config.model.name}: run `legaltune tokenize` again")
    longest = int(dataset.lengths.max(initial=0)) + BatchLayout.of(config.adapter).num_virtual_tokens
    if longest > config.tokens.sequence_length:
        raise DataError(
            f"an example has {longest} tokens, virtual ones included, tokens.sequence_length is "
            f"{config.tokens.sequence_length}: raise it or run `legaltune tokenize` again"
        )


@contextmanager
def _step_progress(worker: Worker, num_steps: int, spending: Spending | None) -> Iterator[Callable[[int], None]]:
    if worker.is_first:
        with progress(
            "training steps", num_steps, every_seconds=PROGRESS_SECONDS, note=spending.note if spending else None
        ) as advance:
            yield advance
    else:
        yield lambda count: None
