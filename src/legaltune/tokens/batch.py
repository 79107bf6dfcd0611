"""Turns packed rows into the tensors of one forward pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch

from legaltune.config.schema import AdapterConfig, AdapterMethod
from legaltune.tokens.dataset import TokenDataset

PLACEHOLDER_TOKEN = 0


@dataclass(frozen=True, slots=True)
class BatchLayout:
    """What the method of training needs around each document.

    Attributes:
        num_virtual_tokens: Places before each document (prompt tuning); they take its first positions.
        position_offset: First position of each document (prefix tuning: the number of virtual tokens).
    """

    num_virtual_tokens: int = 0
    position_offset: int = 0

    @staticmethod
    def of(adapter: AdapterConfig) -> BatchLayout:
        """The layout that a method needs."""
        if adapter.method is AdapterMethod.PROMPT:
            return BatchLayout(num_virtual_tokens=adapter.num_virtual_tokens)
        if adapter.method is AdapterMethod.PREFIX:
            return BatchLayout(position_offset=adapter.num_virtual_tokens)
        return BatchLayout()


@dataclass(frozen=True, slots=True)
class Batch:
    """One micro-batch, flattened to a single row without padding: its documents one after another.

    Attributes:
        input_ids: Shape (1, tokens), int64.
        position_ids: Same shape; restarts with each document.
        cu_seqlens: First position of each document, then the length of the row; shape (documents + 1,), int32.
        lengths: Tokens of each document, virtual ones included; on the host.
        source_positions: Positions whose hidden state predicts a target, shape (targets,), int64.
        target_ids: The tokens predicted there, shape (targets,).
        target_examples: Index of the example each target belongs to, shape (targets,).
        virtual_positions: Positions that a trained virtual token fills (prompt tuning), document by document, shape
            (documents x virtual tokens,), int64.
    """

    input_ids: torch.Tensor
    position_ids: torch.Tensor
    cu_seqlens: torch.Tensor
    lengths: tuple[int, ...]
    source_positions: torch.Tensor
    target_ids: torch.Tensor
    target_examples: torch.Tensor
    virtual_positions: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        """The same batch on another device; from page-locked memory the copy does not make the host wait."""
        return self._map(lambda tensor: tensor.to(device, non_blocking=True))

    def pin(self) -> Batch:
        """The same batch in page-locked memory."""
        return self._map(torch.Tensor.pin_memory)

    def _map(self, function: Callable[[torch.Tensor], torch.Tensor]) -> Batch:
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        values |= {name: function(value) for name, value in values.items() if isinstance(value, torch.Tensor)}
        return Batch(**values)


def make_batch(dataset: TokenDataset, rows: Sequence[Sequence[int]], layout: BatchLayout = BatchLayout()) -> Batch:
    """Lay rows of example indices out as one row of tokens.

    Args:
        dataset: Where the examples are.
        rows: Example indices of each packed row; at least one example in all.
        layout: What the method of training needs around each document.
    """
    num_virtual_tokens = layout.num_virtual_tokens
    examples = np.array([example for row in rows for example in row])
    lengths = dataset.lengths[examples] + num_virtual_tokens
    boundaries = np.concatenate([[0], np.cumsum(lengths)])
    starts, num_tokens = boundaries[:-1], boundaries[-1]
    input_ids = np.full(num_tokens, PLACEHOLDER_TOKEN, dtype=np.int64)
    is_target = np.zeros(num_tokens, dtype=bool)
    for example, start, end in zip(examples, starts + num_virtual_tokens, boundaries[1:], strict=True):
        input_ids[start:end] = dataset.tokens(example)
        is_target[start:end] = dataset.loss_mask(example)
    targets = np.flatnonzero(is_target)
    return Batch(
        input_ids=torch.from_numpy(input_ids[None]),
        position_ids=torch.from_numpy(
            np.arange(num_tokens)[None] - np.repeat(starts - layout.position_offset, lengths)
        ),
        cu_seqlens=torch.from_numpy(boundaries.astype(np.int32)),
        lengths=tuple(lengths.tolist()),
        source_positions=torch.from_numpy(targets - 1),
        target_ids=torch.from_numpy(input_ids[targets]),
        target_examples=torch.from_numpy(np.repeat(examples, dataset.num_targets[examples])),
        virtual_positions=torch.from_numpy((starts[:, None] + np.arange(num_virtual_tokens)).reshape(-1)),
    )
