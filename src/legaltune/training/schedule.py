"""Learning rate as a function of the step alone, so that a resumed run needs no scheduler state."""

from __future__ import annotations

import math

from legaltune.config.schema import OptimizerConfig

DEFAULT_WARMUP_RATIO = 0.03


def warmup_steps(config: OptimizerConfig, num_steps: int) -> int:
    """Optimizer steps of linear warm-up."""
    if config.warmup_steps is not None:
        return config.warmup_steps
    ratio = DEFAULT_WARMUP_RATIO if config.warmup_ratio is None else config.warmup_ratio
    return round(ratio * num_steps)


def learning_rate(config: OptimizerConfig, step: int, num_steps: int) -> float:
    """Linear warm-up, then cosine decay to the minimum (Loshchilov & Hutter 2017, arXiv 1608.03983).

    Args:
        config: Peak, minimum and warm-up.
        step: Optimizer step, counted from 0.
        num_steps: Optimizer steps of the whole run.
    """
    warmup = warmup_steps(config, num_steps)
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    progress = min(1.0, (step - warmup) / max(1, num_steps - warmup))
    minimum = config.min_learning_rate_ratio
    return config.learning_rate * (minimum + (1 - minimum) * 0.5 * (1 + math.cos(math.pi * progress)))
