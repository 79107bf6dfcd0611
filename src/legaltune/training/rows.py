"""Which packed rows each process carries in each micro-step: a pure function of (seed, step)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from legaltune.parallel.topology import Topology
from legaltune.tokens.dataset import TokenDataset
from legaltune.tokens.packing import RowOrder, pack_best_fit


class RowSchedule:
    """The rows of a token dataset in training order.

    Args:
        dataset: Training split.
        sequence_length: Capacity of a row (tokens).
        topology: Layout of a step.
        seed: Decides the order.
        num_virtual_tokens: Places in a row that prompt tuning takes before each example.
    """

    def __init__(
        self,
        dataset: TokenDataset,
        *,
        sequence_length: int,
        topology: Topology,
        seed: int,
        num_virtual_tokens: int = 0,
    ) -> None:
        lengths = dataset.lengths + num_virtual_tokens
        self.rows = pack_best_fit(lengths.tolist(), sequence_length)
        self._topology = topology
        self._order = RowOrder(len(self.rows), seed)
        self._row_targets = np.array([int(dataset.num_targets[row].sum()) for row in self.rows])
        self._row_tokens = np.array([int(lengths[row].sum()) for row in self.rows])
        self._row_squares = np.array([int((lengths[row] ** 2).sum()) for row in self.rows])

    @property
    def num_micro_steps(self) -> int:
        """Forward passes of a process in each step."""
        return self._topology.accumulation_steps

    def steps_for(self, epochs: float) -> int:
        """Optimizer steps that carry each row `epochs` times, rounded up."""
        return -int(-epochs * len(self.rows) // self._topology.global_batch_size)

    def micro_batches(self, step: int, data_parallel_rank: int) -> Iterator[Sequence[Sequence[int]]]:
        """Rows (lists of example indices) of each micro-step of one data-parallel process."""
        step_rows = self._step_rows(step)
        size, degree = self._topology.micro_batch_size, self._topology.data_parallel_degree
        for micro_step in range(self._topology.accumulation_steps):
            start = (micro_step * degree + data_parallel_rank) * size
            yield [self.rows[row] for row in step_rows[start : start + size]]

    def num_targets(self, step: int) -> int:
        """Target tokens of the whole step, over all processes."""
        return int(self._row_targets[self._step_rows(step)].sum())

    def num_tokens(self, step: int) -> int:
        """Tokens of the whole step, over all processes."""
        return int(self._row_tokens[self._step_rows(step)].sum())

    def sum_squared_lengths(self, step: int) -> int:
        """Sum of the squared lengths of the step's examples, with which attention grows."""
        return int(self._row_squares[self._step_rows(step)].sum())

    def _step_rows(self, step: int) -> list[int]:
        size = self._topology.global_batch_size
        return [self._order.row_at(position) for position in range(step * size, (step + 1) * size)]
