"""Held-out loss per task."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any

import torch

from legaltune.logs import progress
from legaltune.model.loss import TargetLoss
from legaltune.tokens.batch import BatchLayout, make_batch
from legaltune.tokens.dataset import TokenDataset
from legaltune.tokens.packing import pack_best_fit


@torch.no_grad()
def held_out_loss(
    model: Any,
    dataset: TokenDataset,
    *,
    sequence_length: int,
    layout: BatchLayout = BatchLayout(),  # noqa: B008  immutable
    device: torch.device,
) -> dict[str, Any]:
    """Mean cross-entropy over all target tokens, and for each task.

    Args:
        model: Hugging Face model, with or without adapter, in evaluation mode on `device`.
        dataset: Held-out split with at least one example.
        sequence_length: Capacity of a packed row (tokens).
        layout: What the adapter needs around each document.
        device: Where the model lies.

    Returns:
        `loss` (nats per target token), `perplexity`, `target_tokens`, and the same under `per_task`.
    """
    module = TargetLoss(model)
    sums: dict[str, float] = defaultdict(float)
    counts: dict[str, int] = defaultdict(int)
    rows = pack_best_fit((dataset.lengths + layout.num_virtual_tokens).tolist(), sequence_length)
    with progress("held-out rows", len(rows)) as advance:
        for row in rows:
            batch = make_batch(dataset, [row], layout).to(device)
            _, losses = module(batch)
            for example in row:
                own = losses[batch.target_examples == example]
                sums[dataset.tasks[example]] += float(own.sum(dtype=torch.float64))
                counts[dataset.tasks[example]] += len(own)
            advance(1)
    overall = _mean(sum(sums.values()), sum(counts.values()))
    return overall | {"per_task": {task: _mean(sums[task], counts[task]) for task in sorted(sums)}}


def _mean(total: float, count: int) -> dict[str, Any]:
    loss = total / count
    return {"loss": loss, "perplexity": math.exp(min(loss, 700.0)), "target_tokens": count}
