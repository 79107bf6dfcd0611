"""Settings that work but cost: the common mistakes of the cost guides, each with its remedy.

A rule is a function that yields warnings; `_RULES` lists them. What is not known of model or machine is None, and a
rule that needs it says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from legaltune.config.facts import MachineFacts, ModelFacts
from legaltune.config.footprint import num_trainable, unsharded_gpu_bytes, weight_bytes
from legaltune.config.schema import AdapterMethod, RunConfig, Section

_LORA = (AdapterMethod.LORA, AdapterMethod.RSLORA, AdapterMethod.DORA)
_VIRTUAL_TOKENS = (AdapterMethod.PREFIX, AdapterMethod.PROMPT)
_LARGE_RANK = 64
_FEW_TOKENS = 8 * 512  # the guides' 8 sequences, which are of about 512 tokens; a packed row counts by its tokens
_USABLE = 0.92  # of a GPU's memory: an estimate must leave room
_SMALL_MODEL = 100_000_000  # parameters; below, precision matters neither to memory nor to time
_NUM_VALIDATIONS = 4  # of a run where evaluation.every_steps is unset
_GIB = 2**30

Rule = Callable[[RunConfig, ModelFacts | None, MachineFacts | None], Iterator[str]]


def warnings(config: RunConfig, model: ModelFacts | None = None, machine: MachineFacts | None = None) -> list[str]:
    """What a valid configuration probably gets wrong: value, why, remedy.

    Args:
        config: The run.
        model: The base model, where it is known.
        machine: The hosts, where they are known.
    """
    return [warning for rule in _RULES for warning in rule(config, model, machine)]


def _large_rank(config: RunConfig, _model: ModelFacts | None, _machine: MachineFacts | None) -> Iterator[str]:
    adapter = config.adapter
    if adapter.method in _LORA and adapter.r > _LARGE_RANK:
        yield (
            f"adapter.r {adapter.r} is above {_LARGE_RANK}: time and memory grow with it and quality hardly does; "
            "set it to 4 to 32"
        )


def _query_and_value_only(config: RunConfig, _model: ModelFacts | None, _machine: MachineFacts | None) -> Iterator[str]:
    targets = set(config.adapter.target_modules)
    if config.adapter.method in _LORA and targets <= {"q_proj", "v_proj"}:
        yield (
            f"adapter.target_modules {', '.join(sorted(targets))} leaves most linear layers as they are: a smaller "
            "adapter.r on all seven (the default) learns more at the same size"
        )


def _full_fine_tuning(config: RunConfig, model: ModelFacts | None, _machine: MachineFacts | None) -> Iterator[str]:
    if config.adapter.method != AdapterMethod.FULL:
        return
    if model is None:
        share = "a hundred times more parameters"
    else:
        lora = num_trainable(config.adapter.model_copy(update={"method": AdapterMethod.LORA}), model)
        share = f"{model.num_parameters:,} parameters instead of {lora:,}"
    yield (
        f"adapter.method full trains {share}, and its result is a whole model to store and serve: adapter.method=lora "
        "usually does as well on tasks of this kind"
    )


def _embeddings_after_warm_start(
    config: RunConfig, _model: ModelFacts | None, _machine: MachineFacts | None
) -> Iterator[str]:
    if config.model.new_tokens and config.adapter.train_embeddings == "all":
        yield (
            f"adapter.train_embeddings all moves every embedding, though only {len(config.model.new_tokens)} are new "
            "and these start warm: set it to none, or adapter.method to lora and this to new"
        )


def _checkpointing(config: RunConfig, model: ModelFacts | None, machine: MachineFacts | None) -> Iterator[str]:
    mode, micro_batch = config.train.gradient_checkpointing, config.parallel.micro_batch_size
    if mode == "off":
        return
    without = _updated(config, "train", gradient_checkpointing="off")
    room = _room(without, model, machine) if config.parallel.tensor_parallel_degree == 1 else None
    length = config.tokens.sequence_length
    if room:
        yield f"train.gradient_checkpointing {mode} repeats the forward pass, but without it {room}: set it to off"
    elif micro_batch * length < _FEW_TOKENS:
        is_needed = model is not None and machine is not None and machine.num_gpus > 0
        more_rows = _updated(config, "parallel", micro_batch_size=-(-_FEW_TOKENS // length))
        if is_needed and _is_unsharded(config) and not _room(more_rows, model, machine):
            return
        saves, instead = ("", "") if is_needed else ("saves little memory and ", ", or set it to off")
        yield (
            f"train.gradient_checkpointing {mode} with {micro_batch} rows of {length} tokens at once {saves}costs a "
            "quarter of the speed: raise parallel.micro_batch_size until the rows hold "
            f"{_FEW_TOKENS} tokens or more{instead}"
        )


def _needless_tensor_parallelism(
    config: RunConfig, model: ModelFacts | None, machine: MachineFacts | None
) -> Iterator[str]:
    degree, room = config.parallel.tensor_parallel_degree, _room(config, model, machine)
    if degree > 1 and room:
        yield (
            f"parallel.tensor_parallel_degree {degree} exchanges activations in every layer, but {room}: set it to 1, "
            "so that the processes carry different rows"
        )


def _needless_offload(config: RunConfig, model: ModelFacts | None, machine: MachineFacts | None) -> Iterator[str]:
    parallel = config.parallel
    offloaded = [name for name in ("offload_parameters", "offload_optimizer") if getattr(parallel, name) == "cpu"]
    room = _room(config, model, machine) if parallel.tensor_parallel_degree == 1 else None
    if offloaded and room:
        yield (
            f"parallel.{' and parallel.'.join(offloaded)} cpu waits for the bus in every step, but {room}: set to "
            "none, and parallel.zero_stage to 0"
        )


def _does_not_fit(config: RunConfig, model: ModelFacts | None, machine: MachineFacts | None) -> Iterator[str]:
    """Of plans that share nothing: what ZeRO and tensor parallelism leave on a GPU is not estimated."""
    if model is None or machine is None or not machine.num_gpus or not _is_unsharded(config):
        return
    need = unsharded_gpu_bytes(config, model)
    if need > machine.gpu_memory_bytes:
        yield (
            f"this plan needs about {need / _GIB:.1f} GiB of GPU memory, and {machine.gpu_name or 'the GPU'} has "
            f"{machine.gpu_memory_bytes / _GIB:.1f} GiB: set {_nearest_that_fits(config, model, machine)}"
        )


def _nearest_that_fits(config: RunConfig, model: ModelFacts, machine: MachineFacts) -> str:
    """Settings that save memory, the cheapest first, until the plan fits; else ZeRO-3 with offload."""
    can_quantize = config.quantization.method != "nf4" and config.adapter.method != AdapterMethod.FULL
    savings: tuple[tuple[bool, str, str, Any], ...] = (
        (config.model.dtype == "float32", "model", "dtype", "auto"),
        (config.train.gradient_checkpointing != "full", "train", "gradient_checkpointing", "full"),
        (config.parallel.micro_batch_size > 1, "parallel", "micro_batch_size", 1),
        (can_quantize, "quantization", "method", "nf4"),
    )
    smaller, settings = config, []
    for helps, section, field, value in savings:
        if helps:
            smaller = _updated(smaller, section, **{field: value})
            settings.append(f"{section}.{field}={value}")
            if _room(smaller, model, machine):
                return ", ".join(settings)
    settings = [setting for setting in settings if not setting.startswith("quantization")]
    settings += ["train.compile=false"] if config.train.compile else []
    settings += ["parallel.zero_stage=3", "parallel.offload_parameters=cpu"]
    settings += ["parallel.offload_optimizer=cpu"] if config.optimizer.name == "adamw" else []
    return f"{', '.join(settings)} (as in the recipe qwen2.5-7b-zero3-offload)"


def _host_memory(config: RunConfig, model: ModelFacts | None, machine: MachineFacts | None) -> Iterator[str]:
    """Weights once per host and states, each with the copies DeepSpeed makes (measured: 3.4 and 12 B/parameter)."""
    parallel = config.parallel
    if model is None or machine is None or not machine.num_gpus:
        return
    need = 8.0 * _GIB
    if parallel.offload_parameters == "cpu":
        need += 1.7 * weight_bytes(config, model)
    if parallel.offload_optimizer == "cpu":
        need += 12.0 * num_trainable(config.adapter, model)
    if need > 8.0 * _GIB and need > machine.host_memory_bytes:
        yield (
            f"offloading needs about {need / _GIB:.0f} GiB of host memory, and the host has "
            f"{machine.host_memory_bytes / _GIB:.0f} GiB: take a larger host, or offload less"
        )


def _nothing_to_shard(config: RunConfig, _model: ModelFacts | None, machine: MachineFacts | None) -> Iterator[str]:
    parallel = config.parallel
    offloads = "cpu" in (parallel.offload_optimizer, parallel.offload_parameters)
    if machine is None or parallel.zero_stage == 0 or offloads:
        return
    processes = machine.processes_per_host(parallel.num_processes) * machine.num_hosts
    if processes == parallel.tensor_parallel_degree:
        yield (
            f"parallel.zero_stage {parallel.zero_stage} shards over data-parallel processes, of which there is one: "
            "set it to 0, which is faster"
        )


def _slow_precision(config: RunConfig, model: ModelFacts | None, machine: MachineFacts | None) -> Iterator[str]:
    is_small = model is not None and model.num_parameters < _SMALL_MODEL
    if machine is not None and machine.num_gpus and config.model.dtype == "float32" and not is_small:
        yield (
            f"model.dtype float32 takes twice the memory and a fraction of the speed of {machine.gpu_name or 'a GPU'}: "
            "set it to auto"
        )


def _vain_early_stopping(config: RunConfig, _model: ModelFacts | None, _machine: MachineFacts | None) -> Iterator[str]:
    patience = config.train.early_stopping_patience
    if patience is None:
        return
    if config.data.split.validation == 0:
        yield (
            f"train.early_stopping_patience {patience} has no effect with data.split.validation 0, because there is no "
            "validation loss: set data.split.validation to 0.1, or remove the first"
        )
    elif config.evaluation.every_steps is None and patience + 1 >= _NUM_VALIDATIONS:
        yield (
            f"train.early_stopping_patience {patience} never stops the run early: it takes {patience + 1} validations, "
            f"and there are at most {_NUM_VALIDATIONS}, the last one at the end: set evaluation.every_steps to less "
            f"than a {patience + 1}th of the steps, or the first to {_NUM_VALIDATIONS - 2} or lower"
        )


def _ignored(config: RunConfig, _model: ModelFacts | None, _machine: MachineFacts | None) -> Iterator[str]:
    """Settings that were changed but have no effect under the others."""
    adapter, parallel, train = config.adapter, config.parallel, config.train
    method = f"adapter.method {adapter.method}"
    offloads = "cpu" in (parallel.offload_optimizer, parallel.offload_parameters)
    cases: tuple[tuple[bool, str, Section, str, tuple[str, ...]], ...] = (
        (adapter.method in _LORA, method, adapter, "adapter", ("r", "alpha", "dropout", "target_modules")),
        (adapter.method in _VIRTUAL_TOKENS, method, adapter, "adapter", ("num_virtual_tokens",)),
        (adapter.method == AdapterMethod.BOTTLENECK, method, adapter, "adapter", ("bottleneck_size",)),
        (
            config.quantization.method == "nf4",
            f"quantization.method {config.quantization.method}",
            config.quantization,
            "quantization",
            ("double_quantization",),
        ),
        (
            parallel.zero_stage > 0,
            "parallel.zero_stage 0",
            parallel,
            "parallel",
            ("overlap_comm", "contiguous_gradients", "reduce_bucket_size"),
        ),
        (
            parallel.zero_stage == 3,
            f"parallel.zero_stage {parallel.zero_stage}",
            parallel,
            "parallel",
            ("prefetch_bucket_size", "parameter_persistence_threshold"),
        ),
        (offloads, "nothing offloaded", parallel, "parallel", ("pin_memory",)),
        (
            train.early_stopping_patience is not None,
            "train.early_stopping_patience unset",
            train,
            "train",
            ("early_stopping_min_delta",),
        ),
    )
    for has_effect, because, section, name, fields in cases:
        changed = [] if has_effect else [f"{name}.{field}" for field in fields if _is_changed(section, field)]
        if changed:
            yield f"{', '.join(changed)} has no effect with {because}: remove it"


def _is_changed(section: Section, field: str) -> bool:
    return bool(getattr(section, field) != type(section).model_fields[field].default)


def _updated(config: RunConfig, section: str, **fields: Any) -> RunConfig:
    return config.model_copy(update={section: getattr(config, section).model_copy(update=fields)})


def _is_unsharded(config: RunConfig) -> bool:
    return config.parallel.zero_stage == 0 and config.parallel.tensor_parallel_degree == 1


def _room(config: RunConfig, model: ModelFacts | None, machine: MachineFacts | None) -> str | None:
    """That the whole run fits one GPU without sharding and offload, in words; None where it does not, or perhaps."""
    if model is None or machine is None or not machine.num_gpus:
        return None
    need = unsharded_gpu_bytes(config, model)
    if need > _USABLE * machine.gpu_memory_bytes:
        return None
    gpu = machine.gpu_name or "the GPU"
    return f"the whole run needs about {need / _GIB:.1f} of the {machine.gpu_memory_bytes / _GIB:.1f} GiB of {gpu}"


_RULES: tuple[Rule, ...] = (
    _large_rank,
    _query_and_value_only,
    _full_fine_tuning,
    _embeddings_after_warm_start,
    _checkpointing,
    _needless_tensor_parallelism,
    _needless_offload,
    _does_not_fit,
    _host_memory,
    _nothing_to_shard,
    _slow_precision,
    _vain_early_stopping,
    _ignored,
)
