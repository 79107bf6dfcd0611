"""The training loop."""

from __future__ import annotations

import logging
import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict, dataclass
from typing import Any

import deepspeed
import numpy as np
import torch

from legaltune.config.schema import OptimizerConfig, RunConfig
from legaltune.errors import DataError, DivergedError
from legaltune.files import write_json
from legaltune.logs import progress
from legaltune.model.adapters import add_adapter, count_parameters, save_adapter
from legaltune.model.base import load_base_model, load_tokenizer
from legaltune.model.loss import TargetLoss
from legaltune.parallel.topology import Topology, deepspeed_config, plan_topology
from legaltune.run_directory import RunDirectory
from legaltune.tokens.batch import make_batch
from legaltune.tokens.chat import fingerprint
from legaltune.tokens.dataset import TokenDataset
from legaltune.tokens.packing import pack_best_fit, spread
from legaltune.training.distributed import Worker
from legaltune.training.metrics import MetricLog
from legaltune.training.rows import RowSchedule
from legaltune.training.schedule import learning_rate

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TrainingSummary:
    """What a finished training run leaves for the report.

    Attributes:
        tokens_fingerprint: Identifies the token dataset that was trained on.
        configuration: The configuration in effect.
        trainable_parameters: Parameters of the adapter.
        total_parameters: Parameters of base and adapter.
        num_steps: Optimizer steps.
        num_rows: Packed rows per epoch.
        packing_efficiency: Share of the row capacity that holds tokens.
        num_tokens: Tokens carried through the model (without padding).
        num_target_tokens: Tokens that counted in the loss.
        seconds: Wall-clock time of the steps, without loading and validation.
        tokens_per_second: num_tokens / seconds.
        world_size: Processes.
        accumulation_steps: Forward passes per process and step.
        device: "cpu" or the GPU's name.
        history: Metric records in order.
    """

    tokens_fingerprint: str
    configuration: dict[str, Any]
    trainable_parameters: int
    total_parameters: int
    num_steps: int
    num_rows: int
    packing_efficiency: float
    num_tokens: int
    num_target_tokens: int
    seconds: float
    tokens_per_second: float
    world_size: int
    accumulation_steps: int
    device: str
    history: list[dict[str, float]]


def train(config: RunConfig, run: RunDirectory, worker: Worker) -> TrainingSummary:
    """Train an adapter on the run's token dataset and save it; all processes of the group call this together.

    The first process writes `adapter/` and then `training.json`; earlier ones are removed when the first step begins.

    Raises:
        ConfigurationError: Settings that do not fit the model or the processes.
        DataError: The token dataset was made by another tokenizer, or for longer rows.
        DivergedError: Loss or weights are no longer finite numbers.
    """
    tokenizer = load_tokenizer(config.model)
    dataset = TokenDataset(run.tokens, "train")
    _check_tokens(config, dataset, fingerprint(tokenizer))
    topology = plan_topology(config, worker.world_size)
    model = add_adapter(load_base_model(config.model), config.adapter, seed=config.train.seed, base=config.model)
    trainable, total = count_parameters(model)
    schedule = RowSchedule(
        dataset, sequence_length=config.tokens.sequence_length, topology=topology, seed=config.train.seed
    )
    num_steps = config.train.max_steps or schedule.steps_for(config.train.epochs or 1.0)
    if worker.is_first:
        logger.info("trainable parameters: %s of %s (%.2f%%)", f"{trainable:,}", f"{total:,}", 100 * trainable / total)
        logger.info("%d rows, %d steps of %d rows", len(schedule.rows), num_steps, topology.global_batch_size)
        if topology.global_batch_size > len(schedule.rows):
            logger.warning(
                "a step of %d rows carries each of the %d rows more than once: lower train.global_batch_size",
                topology.global_batch_size,
                len(schedule.rows),
            )
    loop = _Loop(config, topology, worker, schedule, dataset, _initialize_engine(config, model, topology, worker))
    if worker.is_first:
        run.discard_training()
    folder = run.tensorboard if config.tracking.tensorboard and worker.is_first else None
    with MetricLog(folder) as metrics, _step_progress(worker, num_steps) as advance:
        validation = _Validation(config, TokenDataset(run.tokens, "validation"), worker)
        seconds = loop.run(num_steps, validation, metrics, advance)
    _require_finite_weights(model)
    num_tokens = sum(schedule.num_tokens(step) for step in range(num_steps))
    summary = TrainingSummary(
        tokens_fingerprint=dataset.manifest["fingerprint"],
        configuration=config.model_dump(mode="json"),
        trainable_parameters=trainable,
        total_parameters=total,
        num_steps=num_steps,
        num_rows=len(schedule.rows),
        packing_efficiency=float(dataset.lengths.sum() / (len(schedule.rows) * config.tokens.sequence_length)),
        num_tokens=num_tokens,
        num_target_tokens=sum(schedule.num_targets(step) for step in range(num_steps)),
        seconds=seconds,
        tokens_per_second=num_tokens / seconds,
        world_size=worker.world_size,
        accumulation_steps=topology.accumulation_steps,
        device=torch.cuda.get_device_name(worker.device) if worker.device.type == "cuda" else "cpu",
        history=metrics.history,
    )
    if worker.is_first:
        save_adapter(model, tokenizer, run.adapter)
        write_json(run.training_summary, asdict(summary))
        logger.info("adapter saved in %s", run.adapter)
    return summary


class _Loop:
    """The steps of a run over one engine; the loss is normalised by the global number of target tokens."""

    def __init__(
        self,
        config: RunConfig,
        topology: Topology,
        worker: Worker,
        schedule: RowSchedule,
        dataset: TokenDataset,
        engine: Any,
    ) -> None:
        self._config = config
        self._topology = topology
        self._worker = worker
        self._schedule = schedule
        self._dataset = dataset
        self._engine = engine

    def run(self, num_steps: int, validation: _Validation, metrics: MetricLog, advance: Any) -> float:
        """Run all steps; returns the seconds they took, without validation."""
        log_every = self._config.train.log_every_steps
        validate_every = self._config.evaluation.every_steps or max(1, math.ceil(num_steps / 4))
        seconds = 0.0
        interval_start, interval_tokens, losses = time.monotonic(), 0, []
        for step in range(num_steps):
            losses.append(self._step(step, num_steps))
            interval_tokens += self._schedule.num_tokens(step)
            advance(1)
            done = step + 1
            is_last = done == num_steps
            due = done % validate_every == 0 or is_last
            if done % log_every and not due:
                continue
            loss = self._worker.sum(float(torch.stack(losses).mean()))  # waits for the device
            elapsed = time.monotonic() - interval_start
            seconds += elapsed
            _require_finite("loss", loss, done, self._config)
            if self._worker.is_first:
                rate = learning_rate(self._config.optimizer, step, num_steps)
                metrics.record(done, loss=loss, learning_rate=rate, tokens_per_second=interval_tokens / elapsed)
            if due:
                validation.run(self._engine.module, done, metrics)
            interval_start, interval_tokens, losses = time.monotonic(), 0, []
        return seconds

    def _step(self, step: int, num_steps: int) -> torch.Tensor:
        """One optimizer step; returns this process's share of the mean loss per target token, on the device."""
        for group in self._engine.optimizer.param_groups:
            group["lr"] = learning_rate(self._config.optimizer, step, num_steps)
        num_targets = self._schedule.num_targets(step)
        # DeepSpeed averages over processes and accumulation steps; the loss is a sum over all of them.
        scale = self._topology.world_size * self._topology.accumulation_steps / num_targets
        total = torch.zeros((), device=self._worker.device)
        for micro_step, rows in enumerate(self._schedule.micro_batches(step, self._worker.rank)):
            torch.manual_seed(random_seed(self._config.train.seed, step, micro_step, self._worker.rank))
            batch = make_batch(self._dataset, rows).to(self._worker.device)
            loss = self._engine(batch.input_ids, batch.position_ids, batch.source_positions, batch.target_ids).sum()
            self._engine.backward(loss * scale)
            self._engine.step()
            total += loss.detach() / num_targets
        return total


class _Validation:
    """Mean loss on a sample of the validation rows, shared out over the processes."""

    def __init__(self, config: RunConfig, dataset: TokenDataset, worker: Worker) -> None:
        rows = pack_best_fit(dataset.lengths.tolist(), config.tokens.sequence_length)
        self._rows = spread(rows, config.evaluation.max_validation_rows)
        self._config = config
        self._dataset = dataset
        self._worker = worker

    def run(self, module: torch.nn.Module, step: int, metrics: MetricLog) -> None:
        """Measure and record; nothing to do where no document was held out."""
        if not self._rows:
            return
        module.eval()
        loss, num_targets = 0.0, 0
        with torch.no_grad():
            for row in self._rows[self._worker.rank :: self._worker.world_size]:
                batch = make_batch(self._dataset, [row]).to(self._worker.device)
                losses = module(batch.input_ids, batch.position_ids, batch.source_positions, batch.target_ids)
                loss += float(losses.sum())
                num_targets += len(losses)
        module.train()
        mean = self._worker.sum(loss) / self._worker.sum(num_targets)
        _require_finite("validation loss", mean, step, self._config)
        if self._worker.is_first:
            metrics.record(step, validation_loss=mean)


def random_seed(*parts: int) -> int:
    """A seed that depends on each part: dropout is a function of (seed, step, micro-step, rank)."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> 1)


def _require_finite(name: str, loss: float, step: int, config: RunConfig) -> None:
    if not math.isfinite(loss):
        raise DivergedError(
            f"the {name} is {loss} at step {step}: lower optimizer.learning_rate "
            f"(now {config.optimizer.learning_rate:g}) or raise optimizer.warmup_steps"
        )


def _require_finite_weights(model: torch.nn.Module) -> None:
    """The loss of a step says nothing of the update that follows it."""
    for name, parameter in model.named_parameters():
        if parameter.requires_grad and not bool(torch.isfinite(parameter).all()):
            raise DivergedError(f"{name} is no longer finite after the last step: lower optimizer.learning_rate")


def _initialize_engine(config: RunConfig, model: Any, topology: Topology, worker: Worker) -> Any:
    module = TargetLoss(model).to(worker.device).train()
    trainable = [parameter for parameter in module.parameters() if parameter.requires_grad]
    with redirect_stdout(sys.stderr):  # DeepSpeed prints what it builds; standard output is for results
        engine, *_ = deepspeed.initialize(
            model=module,
            model_parameters=trainable,
            optimizer=_adamw(config.optimizer, trainable),
            config=deepspeed_config(config, topology),
        )
    return engine


def _adamw(config: OptimizerConfig, parameters: list[torch.nn.Parameter]) -> torch.optim.AdamW:
    return torch.optim.AdamW(
        parameters,
        lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        eps=config.epsilon,
        weight_decay=config.weight_decay,
    )


def _check_tokens(config: RunConfig, dataset: TokenDataset, expected: str) -> None:
    if dataset.manifest["tokenizer_fingerprint"] != expected:
        raise DataError(f"the token dataset was not made for {config.model.name}: run `legaltune tokenize` again")
    longest = int(dataset.lengths.max(initial=0))
    if longest > config.tokens.sequence_length:
        raise DataError(
            f"an example has {longest} tokens, tokens.sequence_length is {config.tokens.sequence_length}: "
            "raise it or run `legaltune tokenize` again"
        )


@contextmanager
def _step_progress(worker: Worker, num_steps: int) -> Iterator[Any]:
    if worker.is_first:
        with progress("training steps", num_steps, in_log=False) as advance:
            yield advance
    else:
        yield lambda count: None
