"""From a configuration to an engine: base model, adapter, sharding, and the checks that it is as planned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import deepspeed
import torch

from legaltune.config.schema import RunConfig
from legaltune.model.adapters import add_adapter, count_parameters
from legaltune.model.attention import use_per_document_attention
from legaltune.model.base import load_base_model, load_extension, resolve_dtype
from legaltune.model.checkpointing import apply_gradient_checkpointing
from legaltune.model.embeddings import EmbeddingExtension
from legaltune.model.kernels import apply_fused_kernels
from legaltune.model.loading import build_empty_model, load_sharded_model
from legaltune.model.loss import TargetLoss
from legaltune.model.quantization import quantize
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
        trainable_parameters: Trained parameters of the whole model.
        total_parameters: All parameters of the whole model, adapter included.
    """

    engine: Engine
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
    whole_model = add_adapter(build_empty_model(config.model, dtype, extension), config.adapter, seed=config.train.seed)
    trainable, total = count_parameters(whole_model)
    engine = _build_engine(config, topology, groups, worker, whole_model=whole_model, extension=extension)
    verify_sharding(engine, config, topology, groups.tensor_parallel, whole_model=whole_model, device=worker.device)
    return Setup(engine, trainable, total)


def _build_engine(
    config: RunConfig,
    topology: Topology,
    groups: Groups,
    worker: Worker,
    *,
    whole_model: torch.nn.Module,
    extension: EmbeddingExtension | None,
) -> Engine:
    dtype, parallel = resolve_dtype(config.model.dtype), groups.tensor_parallel
    base = _load_base(config, topology, groups, worker, extension)
    if config.model.attention == "per_document":
        use_per_document_attention(base)
    if config.train.fused_kernels:
        apply_fused_kernels(base)
    apply_gradient_checkpointing(base, config.train.gradient_checkpointing)
    model = add_adapter(base, config.adapter, seed=config.train.seed, base=config.model, parallel=parallel)
    for parameter in model.parameters():
        if parameter.requires_grad:  # fp32 master copies are the engine's
            parameter.data = parameter.data.to(worker.device, dtype)
    if config.train.compile:
        _compile_layers(base)
    module = TargetLoss(model, parallel=parallel).train()
    whole_shapes = {name: parameter.shape for name, parameter in whole_model.named_parameters()}
    if config.parallel.zero_stage == 0:
        return TorchEngine(module, config, groups, whole_shapes, device=worker.device)
    return DeepSpeedEngine(module, config, topology, groups, whole_shapes, dtype=_name(dtype), device=worker.device)


def _load_base(
    config: RunConfig, topology: Topology, groups: Groups, worker: Worker, extension: EmbeddingExtension | None
) -> Any:
    dtype, parallel = resolve_dtype(config.model.dtype), groups.tensor_parallel
    if parallel.size == 1 and config.parallel.zero_stage < 3:
        base = load_base_model(config.model, device=worker.device)
        if config.quantization.method != "none":
            quantize(base, config.quantization, compute_dtype=dtype)
        return base
    partition = None
    if config.parallel.zero_stage == 3:
        plan = deepspeed_config(config, topology, dtype=_name(dtype), on_cpu=worker.device.type == "cpu")

        def partition(module: torch.nn.Module) -> None:
            deepspeed.zero.Init(
                module=module, data_parallel_group=groups.data_parallel, config_dict_or_path=plan, dtype=dtype
            )

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


def _compile_layers(base: Any) -> None:
    for layer in base.get_decoder().layers:
        layer.compile(dynamic=True)  # rows differ in length


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
