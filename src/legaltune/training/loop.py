"""The optimizer steps of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch
import torch.distributed as dist

from legaltune.config.schema import RunConfig
from legaltune.tokens.batch import Batch, BatchLayout
from legaltune.tokens.dataset import TokenDataset
from legaltune.training.distributed import Groups, Worker
from legaltune.training.engine import Engine
from legaltune.training.prefetch import prefetch_batches
from legaltune.training.rows import RowSchedule
from legaltune.training.schedule import learning_rate


@dataclass(frozen=True, slots=True)
class Interval:
    """What the steps between two metric lines measured; the same in every process but for `own_losses`.

    Attributes:
        first_step: First step of the interval, counted from 0.
        losses: Mean loss per target token of each step.
        own_losses: Loss per target token of each micro-batch of this process, shape (steps, micro-steps).
        gradient_norms: Global L2 norm of each step before clipping.
        learning_rate: In the last step.
        num_tokens: Tokens carried through the model by all processes.
        num_targets: Target tokens among them.
        sum_squared_lengths: Of their documents.
        seconds: Wall-clock time.
    """

    first_step: int
    losses: list[float]
    own_losses: list[list[float]]
    gradient_norms: list[float]
    learning_rate: float
    num_tokens: int
    num_targets: int
    sum_squared_lengths: int
    seconds: float

    @property
    def end(self) -> int:
        """Steps done."""
        return self.first_step + len(self.losses)

    @property
    def loss(self) -> float:
        """Mean over the steps."""
        return sum(self.losses) / len(self.losses)


class TrainingLoop:
    """The steps of a run over one engine; the loss is normalised by the global number of target tokens."""

    def __init__(
        self,
        config: RunConfig,
        groups: Groups,
        worker: Worker,
        engine: Engine,
        schedule: RowSchedule,
        dataset: TokenDataset,
    ) -> None:
        self._config = config
        self._groups = groups
        self._worker = worker
        self._engine = engine
        self._schedule = schedule
        self._dataset = dataset
        self._layout = BatchLayout.of(config.adapter)

    def run(self, num_steps: int, is_due: Callable[[int], bool], advance: Callable[[int], None]) -> Iterator[Interval]:
        """Run steps; yields an interval whenever one is due, and only then waits for the device.

        Args:
            num_steps: Optimizer steps of the whole run.
            is_due: Whether to report after so many steps are done; the last step is always reported.
            advance: Called with 1 after each step.
        """
        micro_batches = (
            rows
            for step in range(num_steps)
            for rows in self._schedule.micro_batches(step, self._groups.data_parallel_rank)
        )
        with closing(
            prefetch_batches(self._dataset, micro_batches, device=self._worker.device, layout=self._layout)
        ) as batches:
            first_step, start, losses, norms = 0, time.monotonic(), [], []
            for step in range(num_steps):
                losses.append(self._step(step, num_steps, batches))
                norms.append(self._engine.gradient_norm)
                advance(1)
                if is_due(step + 1) or step + 1 == num_steps:
                    yield self._close(first_step, num_steps, losses, norms, start)
                    first_step, start, losses, norms = step + 1, time.monotonic(), [], []

    def examples_of(self, step: int, micro_step: int) -> list[str]:
        """Ids of the examples in a micro-batch of this process, for error messages."""
        micro_batches = list(self._schedule.micro_batches(step, self._groups.data_parallel_rank))
        return [self._dataset.example_ids[example] for row in micro_batches[micro_step] for example in row]

    def _step(self, step: int, num_steps: int, batches: Iterator[Batch]) -> torch.Tensor:
        """One optimizer step; returns the loss of each micro-batch, summed over its targets, on the device."""
        scale = 1 / self._schedule.num_targets(step)
        losses = []
        for micro_step in range(self._schedule.num_micro_steps):
            seed = random_seed(self._config.train.seed, step, micro_step, self._groups.data_parallel_rank)
            torch.manual_seed(seed)
            losses.append(self._engine.accumulate(next(batches), scale))
        self._engine.step(learning_rate(self._config.optimizer, step, num_steps))
        return torch.stack(losses)

    def _close(
        self,
        first_step: int,
        num_steps: int,
        losses: list[torch.Tensor],
        norms: list[torch.Tensor | float],
        start: float,
    ) -> Interval:
        steps = range(first_step, first_step + len(losses))
        own = torch.stack(losses).to(torch.float64)
        own /= torch.tensor([[self._schedule.num_targets(step)] for step in steps], device=own.device)
        totals = own.sum(1)
        dist.all_reduce(totals, group=self._groups.data_parallel)
        return Interval(
            first_step=first_step,
            losses=totals.tolist(),  # waits for the device
            own_losses=own.tolist(),
            gradient_norms=torch.stack([torch.as_tensor(norm, device=own.device) for norm in norms]).tolist(),
            learning_rate=learning_rate(self._config.optimizer, steps[-1], num_steps),
            num_tokens=sum(map(self._schedule.num_tokens, steps)),
            num_targets=sum(map(self._schedule.num_targets, steps)),
            sum_squared_lengths=sum(map(self._schedule.sum_squared_lengths, steps)),
            seconds=time.monotonic() - start,
        )


def random_seed(*parts: int) -> int:
    """A seed that depends on each part: dropout is a function of (seed, step, micro-step, data-parallel rank)."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> 1)
