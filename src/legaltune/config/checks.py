"""Settings that are each valid but contradict one another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from legaltune.config.schema import AdapterMethod, RunConfig

_LORA = (AdapterMethod.LORA, AdapterMethod.RSLORA, AdapterMethod.DORA)
_VIRTUAL_TOKENS = (AdapterMethod.PREFIX, AdapterMethod.PROMPT)


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
    yield from _division_of_processes(config)
    yield from _plan(config)
    yield from _method(config)
    yield from _new_tokens(config)
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
    data, optimizer, train = config.data, config.optimizer, config.train
    alternatives = (
        ("train.epochs", train.epochs, "train.max_steps", train.max_steps, "train.epochs=null"),
        (
            "optimizer.warmup_ratio",
            optimizer.warmup_ratio,
            "optimizer.warmup_steps",
            optimizer.warmup_steps,
            "optimizer.warmup_ratio=null",
        ),
        (
            "data.input",
            data.input or None,
            "data.synthetic_decisions",
            data.synthetic_decisions or None,
            "data.synthetic_decisions=0",
        ),
    )
    for first, first_value, second, second_value, withdrawal in alternatives:
        if first_value is not None and second_value is not None:
            yield Contradiction(
                (first, second),
                f"set one of them, not both ({first_value} and {second_value}; `{withdrawal}` takes back what a recipe "
                "sets)",
            )


def _division_of_processes(config: RunConfig) -> Iterator[Contradiction]:
    """What cannot be divided however many hosts there are; `parallel.topology` sees the real number of processes."""
    num_processes, degree = config.parallel.num_processes, config.parallel.tensor_parallel_degree
    if isinstance(num_processes, int) and num_processes % degree:
        yield Contradiction(
            ("parallel.num_processes", "parallel.tensor_parallel_degree"),
            f"{num_processes} processes on a host are no multiple of the {degree} that share each layer: set the first "
            f"to {-(-num_processes // degree) * degree}, or lower the second",
        )
        return
    micro_batch = config.parallel.micro_batch_size
    data_parallel_degree = num_processes // degree if isinstance(num_processes, int) else 1
    rows = micro_batch * data_parallel_degree
    if config.train.global_batch_size % rows:
        yield Contradiction(
            ("train.global_batch_size", "parallel.micro_batch_size", "parallel.num_processes"),
            f"a global batch of {config.train.global_batch_size} rows is no multiple of the {rows} carried at once "
            f"({micro_batch} rows x {data_parallel_degree} data-parallel processes): change one of them",
        )


def _plan(config: RunConfig) -> Iterator[Contradiction]:
    parallel = config.parallel
    if parallel.offload_optimizer == "cpu" and parallel.zero_stage == 0:
        yield Contradiction(
            ("parallel.offload_optimizer", "parallel.zero_stage"),
            "optimizer states are offloaded by ZeRO 1 to 3 only: set parallel.zero_stage to 1, or do not offload",
        )
    if parallel.offload_parameters == "cpu" and parallel.zero_stage < 3:
        yield Contradiction(
            ("parallel.offload_parameters", "parallel.zero_stage"),
            f"parameters are offloaded by ZeRO 3 only, not by {parallel.zero_stage}: set parallel.zero_stage to 3, or "
            "do not offload",
        )
    if config.optimizer.name == "adamw_8bit" and parallel.offload_optimizer == "cpu":
        yield Contradiction(
            ("optimizer.name", "parallel.offload_optimizer"),
            "adamw_8bit updates on the GPU only, where offloaded states are not: set optimizer.name to adamw, or "
            "parallel.offload_optimizer to none (8-bit states take a quarter of the memory)",
        )
    if config.train.compile and parallel.zero_stage == 3:
        yield Contradiction(
            ("train.compile", "parallel.zero_stage"),
            "ZeRO-3 fetches parameters in hooks that a compiled layer would leave out: set train.compile to false, or "
            "parallel.zero_stage to 2",
        )
    if config.train.compile and config.train.gradient_checkpointing == "selective":
        yield Contradiction(
            ("train.compile", "train.gradient_checkpointing"),
            "compiled matrix products are not among those that selective checkpointing keeps: set "
            "train.gradient_checkpointing to full or off, or train.compile to false",
        )


def _method(config: RunConfig) -> Iterator[Contradiction]:
    adapter, degree = config.adapter, config.parallel.tensor_parallel_degree
    if config.quantization.method != "none" and adapter.method == AdapterMethod.FULL:
        yield Contradiction(
            ("quantization.method", "adapter.method"),
            f"{config.quantization.method} weights are frozen, so that full fine-tuning has nothing to train: set "
            "adapter.method to lora, or quantization.method to none",
        )
    if adapter.method == AdapterMethod.DORA and degree > 1 and adapter.dropout > 0:
        yield Contradiction(
            ("adapter.method", "adapter.dropout", "parallel.tensor_parallel_degree"),
            f"DoRA with dropout {adapter.dropout} sends another input through the base layer, which {degree} processes "
            "share: set adapter.dropout to 0, or adapter.method to lora",
        )
    selective = config.train.gradient_checkpointing == "selective"
    if adapter.method == AdapterMethod.DORA and config.parallel.zero_stage == 3 and selective:
        yield Contradiction(
            ("adapter.method", "parallel.zero_stage", "train.gradient_checkpointing"),
            "DoRA reads base weights, which ZeRO-3 fetches in the middle of what selective checkpointing records: set "
            "train.gradient_checkpointing to full or off, or parallel.zero_stage to 2",
        )
    if adapter.method == AdapterMethod.PREFIX and config.model.attention == "sdpa":
        yield Contradiction(
            ("adapter.method", "model.attention"),
            "the trained prefix is seen by attention per document only: set model.attention to per_document",
        )
    length = config.tokens.sequence_length
    if adapter.method in _VIRTUAL_TOKENS and adapter.num_virtual_tokens >= length:
        yield Contradiction(
            ("adapter.num_virtual_tokens", "tokens.sequence_length"),
            f"{adapter.num_virtual_tokens} virtual tokens leave no room in a row of {length}: set the first below it "
            "(20 is usual)",
        )


def _new_tokens(config: RunConfig) -> Iterator[Contradiction]:
    model, adapter, parallel = config.model, config.adapter, config.parallel
    if model.new_token_vectors is not None and not model.new_tokens:
        yield Contradiction(
            ("model.new_token_vectors", "model.new_tokens"),
            f"{model.new_token_vectors} holds vectors of no token: list the tokens in model.new_tokens, or remove it",
        )
    if adapter.train_embeddings == "all" and adapter.method != AdapterMethod.FULL:
        yield Contradiction(
            ("adapter.train_embeddings", "adapter.method"),
            f"{adapter.method} keeps the embeddings frozen: set adapter.train_embeddings to new (the rows of "
            "model.new_tokens) or none, or adapter.method to full",
        )
    if adapter.train_embeddings != "new":
        return
    if not model.new_tokens:
        yield Contradiction(
            ("adapter.train_embeddings", "model.new_tokens"),
            "there are no new tokens to train: list them in model.new_tokens, or set adapter.train_embeddings to none",
        )
    if adapter.method not in _LORA:
        nearest = "all or none" if adapter.method == AdapterMethod.FULL else "none"
        yield Contradiction(
            ("adapter.train_embeddings", "adapter.method"),
            f"{adapter.method} does not train single rows of the embedding: set the first to {nearest}, or the second "
            "to lora",
        )
    if parallel.tensor_parallel_degree > 1:
        yield Contradiction(
            ("adapter.train_embeddings", "parallel.tensor_parallel_degree"),
            "tensor parallelism shares the vocabulary between processes, so that new rows cannot be trained alone: set "
            "the first to none, or the second to 1 (parallel.zero_stage 3 shards the model, too)",
        )
