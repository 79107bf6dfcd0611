"""Checks after initialisation that the plan was carried out: a silent no-op would cost memory, or train nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from legaltune.config.schema import RunConfig
from legaltune.errors import LegaltuneError
from legaltune.model.tensor_parallel import COLUMN_PARALLEL, ROW_PARALLEL, TensorParallel
from legaltune.parallel.topology import Topology
from legaltune.training.engine import DeepSpeedEngine, Engine

_MOST_NAMED = 3


class ShardingError(LegaltuneError):
    """The model was not set up as planned: a fault of ours or of a library whose behaviour changed (exit code 70)."""


def verify_sharding(
    engine: Engine,
    config: RunConfig,
    topology: Topology,
    parallel: TensorParallel,
    *,
    whole_model: torch.nn.Module,
    device: torch.device,
) -> None:
    """Compare what was set up with the plan.

    Args:
        engine: The engine, before the first step.
        config: The plan.
        topology: Degrees.
        parallel: This process's tensor-parallel part.
        whole_model: The same model with its adapter on the meta device, not sharded.
        device: Where the process computes.

    Raises:
        ShardingError: Says all that differs.
    """
    whole_shapes = {name: parameter.shape for name, parameter in whole_model.named_parameters()}
    trained = {name for name, parameter in whole_model.named_parameters() if parameter.requires_grad}
    faults = list(_trained_differs(set(engine.trained), trained))
    faults += _layers_differ(engine.module.model, whole_model, parallel)
    faults += _trained_shapes_differ(engine.trained, whole_shapes, parallel)
    if isinstance(engine, DeepSpeedEngine):
        faults += _zero_differs(engine, config, topology, device)
    elif config.parallel.zero_stage:
        faults.append(f"ZeRO {config.parallel.zero_stage} was asked for and is not at work")
    if config.train.gradient_checkpointing != "off":
        faults += _checkpointing_differs(engine.module)
    if faults:
        raise ShardingError("the model is not set up as planned: " + "; ".join(faults))


def _trained_differs(actual: set[str], planned: set[str]) -> Iterator[str]:
    if not planned:
        yield "nothing is to be trained"
    for names, what in ((planned - actual, "not trained"), (actual - planned, "trained without being planned")):
        if names:
            yield f"{len(names)} tensors are {what}, among them {', '.join(sorted(names)[:_MOST_NAMED])}"


def _layers_differ(model: torch.nn.Module, whole_model: torch.nn.Module, parallel: TensorParallel) -> Iterator[str]:
    """Linear layers of the decoder whose size is not this process's part."""
    whole = {name: module for name, module in whole_model.named_modules() if _is_parallel_linear(name, module)}
    actual = dict(model.named_modules())
    wrong = []
    for name, module in whole.items():
        dim = 0 if _target(name) in COLUMN_PARALLEL else 1
        expected = [int(module.out_features), int(module.in_features)]
        start, stop = parallel.span(expected[dim])
        expected[dim] = stop - start
        layer = actual.get(name)
        if layer is None or [layer.out_features, layer.in_features] != expected:
            wrong.append(name)
    if wrong:
        yield f"{len(wrong)} layers are not cut {parallel.size} ways, among them {', '.join(wrong[:_MOST_NAMED])}"


def _is_parallel_linear(name: str, module: torch.nn.Module) -> bool:
    is_layer = hasattr(module, "out_features") and "weight" in module._parameters
    return is_layer and _target(name) in COLUMN_PARALLEL | ROW_PARALLEL


def _target(name: str) -> str:
    """Name of the projection that a base layer belongs to."""
    return name.removesuffix(".base_layer").rpartition(".")[2]


def _trained_shapes_differ(
    trained: Mapping[str, torch.nn.Parameter], whole_shapes: Mapping[str, torch.Size], parallel: TensorParallel
) -> Iterator[str]:
    """Trained tensors that are neither whole nor cut along one dimension."""
    for name, parameter in trained.items():
        shape, whole = getattr(parameter, "ds_shape", parameter.shape), whole_shapes.get(name, torch.Size())
        cut = [(own, full) for own, full in zip(shape, whole, strict=False) if own != full]
        spans = [parallel.span(full) for _, full in cut]
        if (
            len(shape) != len(whole)
            or len(cut) > 1
            or any(own != stop - start for (own, _), (start, stop) in zip(cut, spans, strict=True))
        ):
            yield f"{name} has shape {tuple(shape)}, the whole is {tuple(whole)}"


def _zero_differs(
    engine: DeepSpeedEngine, config: RunConfig, topology: Topology, device: torch.device
) -> Iterator[str]:
    plan, deepspeed_engine, optimizer = config.parallel, engine.engine, engine.engine.optimizer
    if deepspeed_engine.zero_optimization_stage() != plan.zero_stage:
        yield f"ZeRO {deepspeed_engine.zero_optimization_stage()} is at work instead of {plan.zero_stage}"
        return
    degree = topology.data_parallel_degree
    states = _optimizer_partitions(optimizer)
    num_trained = sum(int(getattr(p, "ds_numel", p.numel())) for p in engine.trained.values())
    held, padding = sum(state.numel() for state in states), 4096 * degree + len(engine.trained) * degree
    if not num_trained / degree <= held <= num_trained / degree + padding:
        yield f"the optimizer holds {held:,} of {num_trained:,} values here, not 1/{degree}"
    if plan.offload_optimizer == "cpu" and any(state.device.type != "cpu" for state in states):
        yield "optimizer states lie on the GPU instead of in host memory"
    if plan.zero_stage == 3:
        yield from _parameters_differ(engine.module, degree, plan.offload_parameters == "cpu", device)


def _optimizer_partitions(optimizer: Any) -> list[torch.Tensor]:
    """This process's part of the fp32 weights, which each of DeepSpeed's optimizers calls by another name."""
    names = (
        "fp32_partitioned_groups_flat",  # ZeRO-3
        "single_partition_of_fp32_groups",  # ZeRO 1 and 2
        "fp32_groups_flat_partition",  # ZeRO 1 in bf16
    )
    return next((list(getattr(optimizer, name)) for name in names if hasattr(optimizer, name)), [])


def _parameters_differ(module: torch.nn.Module, degree: int, offloaded: bool, device: torch.device) -> Iterator[str]:
    whole, misplaced, expected_device = [], [], "cpu" if offloaded else device.type
    for name, parameter in module.named_parameters():
        part = getattr(parameter, "ds_tensor", None)
        persists = bool(getattr(parameter, "ds_persist", False))
        is_partitioned = part is not None and part.numel() == -(-int(getattr(parameter, "ds_numel", 0)) // degree)
        if not is_partitioned or (parameter.numel() > 0 and degree > 1 and not persists):
            whole.append(name)
        elif part is not None and not persists and part.device.type != expected_device:
            misplaced.append(name)
    for names, what in ((whole, "whole here"), (misplaced, f"not on {expected_device}")):
        if names:
            yield f"{len(names)} parameters are {what}, among them {', '.join(names[:_MOST_NAMED])}"


def _checkpointing_differs(module: torch.nn.Module) -> Iterator[str]:
    if not any(getattr(layer, "gradient_checkpointing", False) for layer in module.modules()):
        yield "gradient checkpointing is not at work"
