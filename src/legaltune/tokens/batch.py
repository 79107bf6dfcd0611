"""Turns packed rows into the tensors of one forward pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from legaltune.tokens.dataset import TokenDataset

PADDING_TOKEN = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """One micro-batch of packed rows.

    Attributes:
        input_ids: Shape (rows, row length), int64.
        position_ids: Same shape; restarts at 0 with each example, which is how the model tells them apart.
        source_positions: Flat positions (in rows x row length) whose hidden state predicts a target, shape (targets,).
        target_ids: The tokens predicted there, shape (targets,).
        target_examples: Index of the example each target belongs to, shape (targets,).
    """

    input_ids: torch.Tensor
    position_ids: torch.Tensor
    source_positions: torch.Tensor
    target_ids: torch.Tensor
    target_examples: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        """The same batch on another device."""
        return Batch(
            *(
                tensor.to(device, non_blocking=True)
                for tensor in (
                    self.input_ids,
                    self.position_ids,
                    self.source_positions,
                    self.target_ids,
                    self.target_examples,
                )
            )
        )


def make_batch(dataset: TokenDataset, rows: Sequence[Sequence[int]]) -> Batch:
    """Lay rows of example indices out as tensors; shorter rows are padded to the longest.

    Padding gets positions of its own from 0 and no target, so that no example sees it.
    """
    row_length = max(int(dataset.lengths[list(row)].sum()) for row in rows)
    input_ids = np.full((len(rows), row_length), PADDING_TOKEN, dtype=np.int64)
    position_ids = np.zeros((len(rows), row_length), dtype=np.int64)
    sources: list[np.ndarray] = []
    examples: list[np.ndarray] = []
    for r, row in enumerate(rows):
        start = 0
        for example in row:
            length = int(dataset.lengths[example])
            input_ids[r, start : start + length] = dataset.tokens(example)
            position_ids[r, start : start + length] = np.arange(length)
            targets = np.flatnonzero(dataset.loss_mask(example))
            sources.append(r * row_length + start + targets - 1)
            examples.append(np.full(len(targets), example, dtype=np.int64))
            start += length
        position_ids[r, start:] = np.arange(row_length - start)
    source_positions = np.concatenate(sources)
    return Batch(
        input_ids=torch.from_numpy(input_ids),
        position_ids=torch.from_numpy(position_ids),
        source_positions=torch.from_numpy(source_positions),
        target_ids=torch.from_numpy(input_ids.reshape(-1)[source_positions + 1]),
        target_examples=torch.from_numpy(np.concatenate(examples)),
    )
