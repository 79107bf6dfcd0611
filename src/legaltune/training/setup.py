"""From a configuration to an engine: base model, adapter, sharding, and the checks that it is as planned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import deepspeed
import torch

from legaltune.config.schema import AdapterMethod, RunConfig
from legaltune.model.adapters import add_adapter, count_parameters
from legaltune.model.attention import base_model, use_per_document_attention
from legaltune.model.base import dtype_name, load_base_model, load_extension, resolve_dtype
from legaltune.model.checkpointing import apply_gradient_checkpointing
from legaltune.model.embeddings import EmbeddingExtension, NewRows, start_rows, train_new_rows
from legaltune.model.facts import model_facts
from legaltune.model.flops import Architecture
from legaltune.model.kernels import apply_fused_kernels
from legaltune.model.loading import build_empty_model, load_sharded_model, read_new_rows
from legaltune.model.loss import TargetLoss
from legaltune.model.tensor_parallel import TensorParallel, require_trainable
from legaltune.parallel.deepspeed import deepspeed_config
from legaltune.parallel.topology import Topology
from legaltune.training.distributed import Groups, Worker
from legaltune.training.engine import DeepSpeedEngine, Engine, TorchEngine
from legaltune.training.sharding import verify_sharding


@dataclass(frozen=True, slots=True)
class Setup:
    """A model ready to be trained.

    Attributes:
        engine: Engine of this process.
        new_rows: Embeddings of `model.new_tokens` at the start; None without.
        architecture: Sizes that the count of operations needs.
        trainable_parameters: Trained parameters of the whole model.
        total_parameters: All parameters of the whole model, adapter included.
    """

    engine: Engine
    new_rows: NewRows | None
    architecture: Architecture
    trainable_parameters: int
    total_parameters: int


def set_up(config: RunConfig, topology: Topology, groups: Groups, worker: Worker) -> Setup:
    """Load the base model as the plan says, add the adapter, and build the engine; all processes call this together.

    Raises:
        ConfigurationError: Settings that do not fit the model.
        ShardingError: The result is not what was planned.
    """
    dtype = resolve_dtype(config.model.dtype)
    extension = load_extension(config.model)
    empty = build_empty_model(config.model, dtype, extension)
    whole_model, _ = _adapted(empty, config, extension, TensorParallel(), device=empty.device)
    require_trainable(whole_model, groups.tensor_parallel)
    trainable, total = count_parameters(whole_model)
    base = _load_base(config, topology, groups, worker, extension)
    if config.train.fused_kernels:
        apply_fused_kernels(base, rotary=config.train.gradient_checkpointing != "selective")
    model, new_rows = _adapted(base, config, extension, groups.tensor_parallel, device=worker.device)
    engine = _build_engine(model, config, topology, groups, worker, whole_model)
    verify_sharding(engine, config, topology, groups.tensor_parallel, whole_model=whole_model, device=worker.device)
    return Setup(engine, new_rows, _architecture(config, trainable), trainable, total)


def _architecture(config: RunConfig, num_trainable: int) -> Architecture:
    facts = model_facts(config.model)
    return Architecture(
        block_parameters=facts.num_block_parameters,
        head_parameters=facts.vocabulary_size * facts.hidden_size,
        trainable_parameters=num_trainable,
        hidden_size=facts.num_heads * facts.head_size,
        num_layers=facts.num_layers,
        trains_base=config.adapter.method is AdapterMethod.FULL,
    )


def _adapted(
    base: Any,
    config: RunConfig,
    extension: EmbeddingExtension | None,
    parallel: TensorParallel,
    *,
    device: torch.device,
) -> tuple[Any, NewRows | None]:
    """The model with what is trained, and the start rows of new tokens."""
    new_rows = None
    if extension is not None:
        if is_sharded(config) and device.type != "meta":
            new_rows = read_new_rows(config.model, extension, base.dtype, device)
        else:
            new_rows = start_rows(base, extension)
    model = add_adapter(base, config.adapter, seed=config.train.seed, base=config.model, parallel=parallel)
    if config.adapter.train_embeddings == "new" and new_rows is not None:
        train_new_rows(base, new_rows)
    return model, new_rows


def _build_engine(
    model: Any,
    config: RunConfig,
    topology: Topology,
    groups: Groups,
    worker: Worker,
    whole_model: torch.nn.Module,
) -> Engine:
    dtype = resolve_dtype(config.model.dtype)
    if config.model.attention == "per_document":
        use_per_document_attention(model)
    apply_gradient_checkpointing(model, config.train.gradient_checkpointing)
    for parameter in model.parameters():
        if parameter.requires_grad:  # fp32 master copies are the engine's
            parameter.data = parameter.data.to(worker.device, dtype)
    for name, tokens in getattr(model, "prompt_tokens", {}).items():
        model.prompt_tokens[name] = tokens.to(worker.device)  # PEFT leaves them on the CPU
    if config.train.compile:
        _compile_layers(model)
    module = TargetLoss(model, parallel=groups.tensor_parallel).train()
    whole_shapes = {name: parameter.shape for name, parameter in whole_model.named_parameters()}
    if config.parallel.zero_stage == 0:
        return TorchEngine(module, config, groups, whole_shapes, device=worker.device)
    return DeepSpeedEngine(
        module,
        config,
        topology,
        groups,
        whole_shapes,
        dtype=dtype_name(config.model.dtype),
        device=worker.device,
    )


def is_sharded(config: RunConfig) -> bool:
    """Whether no process holds the model whole."""
    return config.parallel.tensor_parallel_degree > 1 or config.parallel.zero_stage == 3


def _load_base(
    config: RunConfig, topology: Topology, groups: Groups, worker: Worker, extension: EmbeddingExtension | None
) -> Any:
    dtype, parallel = resolve_dtype(config.model.dtype), groups.tensor_parallel
    if not is_sharded(config) and config.quantization.method == "none":
        return load_base_model(config.model, device=worker.device)
    partition = zero_partition(config, topology, groups, worker) if config.parallel.zero_stage == 3 else None
    return load_sharded_model(
        config.model,
        config.quantization,
        dtype=dtype,
        device=worker.device,
        parallel=parallel,
        extension=extension,
        partition=partition,
        reads=partition is None or groups.data_parallel_rank == 0,  # ZeRO-3 takes the first process's values
    )


def zero_partition(
    config: RunConfig, topology: Topology, groups: Groups, worker: Worker
) -> Callable[[torch.nn.Module], None]:
    """How ZeRO-3 partitions a module's parameters, taking their values from the first data-parallel process."""
    on_cpu = worker.device.type == "cpu"
    plan = deepspeed_config(config, topology, dtype=dtype_name(config.model.dtype), on_cpu=on_cpu)
    dtype = resolve_dtype(config.model.dtype)

    def partition(module: torch.nn.Module) -> None:
        deepspeed.zero.Init(
            module=module, data_parallel_group=groups.data_parallel, config_dict_or_path=plan, dtype=dtype
        )

    return partition


def _compile_layers(model: Any) -> None:
    """Compile the parts of each decoder layer: checkpointing, which is around the layer, must stay outside."""
    for layer in base_model(model).get_decoder().layers:
        for part in layer.children():
            part.compile(dynamic=True)  # rows differ in length
