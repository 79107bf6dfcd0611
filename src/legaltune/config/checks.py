"""Settings that are each valid but contradict one another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from legaltune.config.schema import RunConfig


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Settings (dotted paths) that cannot hold together, and what to do about it."""

    paths: tuple[str, ...]
    message: str


def contradictions(config: RunConfig) -> Iterator[Contradiction]:
    """Yield each contradiction between two or more settings."""
    yield from _either_or(config)
    split = config.data.split
    if split.validation + split.test >= 1:
        yield Contradiction(
            ("data.split.validation", "data.split.test"),
            f"{split.validation} and {split.test} leave no document for training: their sum must be below 1",
        )
    tokens = config.tokens
    if tokens.min_document_tokens >= tokens.sequence_length:
        yield Contradiction(
            ("tokens.min_document_tokens", "tokens.sequence_length"),
            f"a document of {tokens.min_document_tokens} tokens does not fit into rows of {tokens.sequence_length}: "
            "lower the first or raise the second",
        )
    yield from _batch_arithmetic(config)
    warmup, steps = config.optimizer.warmup_steps, config.train.max_steps
    if warmup is not None and steps is not None and warmup >= steps:
        yield Contradiction(
            ("optimizer.warmup_steps", "train.max_steps"),
            f"a warm-up of {warmup} steps never reaches the peak in a run of {steps}: shorten it",
        )
    if config.model.revision is not None and config.model.name.startswith("builtin:"):
        yield Contradiction(
            ("model.revision", "model.name"),
            f"{config.model.name} ships with the package and has no revisions: remove model.revision",
        )


def _either_or(config: RunConfig) -> Iterator[Contradiction]:
    alternatives = (
        ("train.epochs", config.train.epochs, "train.max_steps", config.train.max_steps),
        (
            "optimizer.warmup_ratio",
            config.optimizer.warmup_ratio,
            "optimizer.warmup_steps",
            config.optimizer.warmup_steps,
        ),
        ("data.input", config.data.input or None, "data.synthetic_decisions", config.data.synthetic_decisions or None),
    )
    for first, first_value, second, second_value in alternatives:
        if first_value is not None and second_value is not None:
            yield Contradiction((first, second), f"set one of them, not both ({first_value} and {second_value})")


def _batch_arithmetic(config: RunConfig) -> Iterator[Contradiction]:
    num_processes = config.parallel.num_processes
    rows = config.parallel.micro_batch_size * (num_processes if isinstance(num_processes, int) else 1)
    if config.train.global_batch_size % rows:
        yield Contradiction(
            ("train.global_batch_size", "parallel.micro_batch_size", "parallel.num_processes"),
            f"a global batch of {config.train.global_batch_size} rows is no multiple of the {rows} rows that the "
            "processes carry at once (micro-batch x processes): change one of them",
        )
