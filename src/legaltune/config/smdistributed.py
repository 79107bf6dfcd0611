"""SageMaker's `distribution` settings (model parallel library), mapped to this configuration or refused with a reason.

They may stand in a file or an override as the SageMaker SDK takes them, `distribution: {smdistributed: {modelparallel:
{enabled: true, parameters: {…}}}, mpi: {…}}`, or as `smdistributed: {…}` alone. The docstring of each parameter says
what becomes of it. Meanings: SageMaker Python SDK, "Configuration Parameters for distribution"; the library itself
(version 1) is archived.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import NonNegativeFloat, NonNegativeInt, PositiveInt, ValidationError

from legaltune.config.faults import faults_by_path
from legaltune.config.schema import ParallelConfig, Section, TrainConfig

_PARAMETERS = "smdistributed.modelparallel.parameters"
_PIPELINE_ONLY = (
    "pipeline", "auto_partition", "default_partition", "memory_weight", "active_microbatches", "deterministic_server",
    "activation_loading_horizon", "contiguous", "skip_tracing",
)  # fmt: skip
_FSDP_ONLY = ("allow_empty_shards", "fsdp_cache_flush_warnings")
_DEFAULT_BATCH: int = TrainConfig.model_fields["global_batch_size"].default
_DEFAULT_DEGREE: int = ParallelConfig.model_fields["tensor_parallel_degree"].default


class ModelParallelParameters(Section):
    """`smdistributed.modelparallel.parameters`, versions 1 and 2."""

    tensor_parallel_degree: PositiveInt | None = None
    """-> parallel.tensor_parallel_degree."""
    pipeline_parallel_degree: PositiveInt | None = None
    """Refused above 1: stages would need a schedule of their own, and ZeRO-3 does not go with one."""
    partitions: PositiveInt | None = None
    """The older name of pipeline_parallel_degree."""
    microbatches: PositiveInt | None = None
    """Parts in which a process carries its rows of a step through the model, one after the other, that is accumulation
    steps. train.global_batch_size stays the setting and parallel.micro_batch_size follows: global_batch_size /
    data-parallel degree of one host / microbatches. On n hosts there are n times fewer accumulation steps."""
    ddp: bool | None = None
    """true is implied: processes / tensor-parallel degree; false -> parallel.num_processes = tensor-parallel degree."""
    shard_optimizer_state: bool | None = None
    """true -> parallel.zero_stage 1 or above; false -> 0."""
    sharded_data_parallel_degree: PositiveInt | None = None
    """Above 1 -> parallel.zero_stage 3, over all data-parallel processes."""
    hybrid_shard_degree: NonNegativeInt | None = None
    """Version 2's name of sharded_data_parallel_degree; 0, its default there, stands for the largest."""
    sdp_reduce_bucket_size: PositiveInt | None = None
    """-> parallel.reduce_bucket_size."""
    sdp_param_persistence_threshold: NonNegativeInt | None = None
    """-> parallel.parameter_persistence_threshold."""
    sdp_gradient_clipping: NonNegativeFloat | None = None
    """-> optimizer.max_gradient_norm."""
    sdp_max_live_parameters: PositiveInt | None = None
    """Ignored with a warning: DeepSpeed's default of 1e9 holds."""
    sdp_hierarchical_allgather: bool | None = None
    """Ignored with a warning."""
    activation_checkpointing: bool | None = None
    """true -> train.gradient_checkpointing full, false -> off."""
    offload_activations: bool | None = None
    """true is refused: activations are recomputed, not offloaded."""
    sm_activation_offloading: bool | None = None
    """Version 2's name of offload_activations."""
    placement_strategy: str | None = None
    """cluster (DPT: processes that share a layer are neighbours) is the only layout; others are warned of."""
    optimize: Literal["speed", "memory"] | None = None
    """A preset for what is not set: memory -> train.gradient_checkpointing full (a warning where that is set to off),
    speed -> off."""
    fp16: bool | None = None
    """true -> model.dtype float16."""
    fp16_params: bool | None = None
    """As fp16."""
    bf16: bool | None = None
    """true -> model.dtype bfloat16."""
    prescaled_batch: bool | None = None
    """true is the only way: processes that share a layer carry the same rows; false is warned of."""
    delayed_parameter_initialization: bool | None = None
    """true is the only way; false is warned of."""
    random_seed: NonNegativeInt | None = None
    """-> train.seed."""
    horovod: bool | None = None
    """true is refused: torch.distributed carries the data parallelism."""
    context_parallel_degree: PositiveInt | None = None
    """Refused above 1."""
    expert_parallel_degree: PositiveInt | None = None
    """Refused above 1."""
    pipeline: str | None = None
    """Ignored with a warning, as all that concerns pipelining alone."""
    auto_partition: bool | None = None
    """See pipeline."""
    default_partition: NonNegativeInt | None = None
    """See pipeline."""
    memory_weight: float | None = None
    """See pipeline."""
    active_microbatches: PositiveInt | None = None
    """See pipeline."""
    deterministic_server: bool | None = None
    """See pipeline."""
    activation_loading_horizon: NonNegativeInt | None = None
    """See pipeline."""
    contiguous: bool | None = None
    """See pipeline."""
    skip_tracing: bool | None = None
    """See pipeline."""
    allow_empty_shards: bool | None = None
    """Ignored with a warning: DeepSpeed shards, not FSDP."""
    fsdp_cache_flush_warnings: bool | None = None
    """See allow_empty_shards."""


class Mpi(Section):
    """`mpi`: the SDK asks for it beside modelparallel; here torchrun starts the processes."""

    enabled: bool = True
    """false: the rest is ignored."""
    processes_per_host: PositiveInt | None = None
    """-> parallel.num_processes."""
    custom_mpi_options: str | None = None
    """Ignored with a warning: there is no MPI."""


class Switch(Section):
    """A section that can only be switched on."""

    enabled: bool = False
    """Whether it is used."""


class ModelParallel(Section):
    """`smdistributed.modelparallel`."""

    enabled: bool = True
    """false: the parameters are ignored with a warning."""
    parameters: ModelParallelParameters = ModelParallelParameters()
    """The library's parameters."""


class SMDistributed(Section):
    """`smdistributed`."""

    modelparallel: ModelParallel = ModelParallel(enabled=False)
    """Settings of the model parallel library."""
    dataparallel: Switch = Switch()
    """Ignored with a warning where enabled: NCCL (or gloo) carries the gradients."""


class Distribution(Section):
    """`distribution`, as the SageMaker SDK takes it."""

    smdistributed: SMDistributed = SMDistributed()
    """Settings of SageMaker's own libraries."""
    mpi: Mpi = Mpi(enabled=False)
    """How the SDK would start processes."""
    torch_distributed: Switch = Switch()
    """Nothing to map: torchrun starts the processes anyway."""
    pytorchddp: Switch = Switch()
    """Nothing to map: see torch_distributed."""


@dataclass(slots=True)
class Mapped:
    """Raw settings without the `distribution` sections.

    Attributes:
        values: The settings, with what the sections say in its place.
        settings: What was set on their account: dotted path -> value.
        faults: What cannot be carried, and what other settings contradict.
        warnings: What has no effect here.
    """

    values: dict[str, Any]
    settings: dict[str, Any] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def get(self, path: str) -> Any:
        """The raw value of a setting; None where it is not set, or left to us as auto."""
        section, name = path.split(".")
        values = self.values.get(section)
        value = values.get(name) if isinstance(values, Mapping) else None
        return None if value == "auto" else value

    def set(self, path: str, value: Any, source: str) -> None:
        """Set what `source` asks for; a fault where it is set to something else already."""
        section, name = path.split(".")
        current = self.get(path)
        if current is not None and not _same(current, value):
            self.contradict(path, source, f"asks for {value}", value)
            return
        if self.values.get(section) is None:
            self.values[section] = {}
        if current is None and isinstance(self.values[section], dict):
            self.values[section][name] = value
            self.settings[path] = value

    def contradict(self, path: str, source: str, demand: str, value: Any) -> None:
        """Report that a setting is not what `source` demands, and the value that would be.

        What a recipe sets cannot be removed, but it can be set again.
        """
        remedy = "remove one of them" if path in self.settings else f"set {path}={value} too, or remove the first"
        self.faults.append(f"{source} / {path}: the first {demand}, the second is {self.get(path)}: {remedy}")


def map_distribution(values: Mapping[str, Any]) -> Mapped:
    """Replace the sections `distribution` and `smdistributed` by the settings they stand for.

    Args:
        values: Raw settings of the run, not yet validated.

    Returns:
        The settings without these sections, and what there is to say about the mapping. Settings outside of them win
        over nothing: where they contradict the sections, that is a fault.
    """
    mapped = Mapped(deepcopy(dict(values)))
    outer, inner = mapped.values.pop("distribution", None), mapped.values.pop("smdistributed", None)
    if outer is not None and inner is not None:
        mapped.faults.append("distribution / smdistributed: the first holds the second: give one of them")
    elif outer is not None or inner is not None:
        raw = outer if outer is not None else {"smdistributed": inner}
        try:
            distribution = Distribution.model_validate(raw)
        except ValidationError as error:
            mapped.faults.extend(_with_prefix(faults_by_path(error, Distribution).values(), inner is None))
        else:
            _map(distribution, mapped)
    return mapped


def _with_prefix(faults: Any, nested: bool) -> list[str]:
    return [f"distribution.{fault}" if nested else str(fault) for fault in faults]


def _map(distribution: Distribution, mapped: Mapped) -> None:
    mpi, libraries = distribution.mpi, distribution.smdistributed
    if mpi.enabled and mpi.processes_per_host is not None:
        mapped.set("parallel.num_processes", mpi.processes_per_host, "mpi.processes_per_host")
    if mpi.enabled and mpi.custom_mpi_options:
        mapped.warnings.append("mpi.custom_mpi_options has no effect: torchrun starts the processes; remove it")
    if libraries.dataparallel.enabled:
        mapped.warnings.append("smdistributed.dataparallel has no effect: NCCL carries the gradients; remove it")
    parallel = libraries.modelparallel
    if not parallel.enabled:
        if parallel.parameters.model_fields_set:
            mapped.warnings.append("smdistributed.modelparallel is not enabled, so that its parameters have no effect")
        return
    parameters = parallel.parameters
    _refuse(parameters, mapped)
    _map_direct(parameters, mapped)
    _map_sharding(parameters, mapped)
    _map_checkpointing(parameters, mapped)
    _map_data_parallelism(parameters, mapped)
    _map_microbatches(parameters, mapped)
    _warn(parameters, mapped)


def _refuse(parameters: ModelParallelParameters, mapped: Mapped) -> None:
    degree = parameters.tensor_parallel_degree or 1
    for name in ("pipeline_parallel_degree", "partitions"):
        value = getattr(parameters, name)
        if value is not None and value > 1:
            instead = "tensor_parallel_degree splits each layer instead" if degree > 1 else "use tensor_parallel_degree"
            mapped.faults.append(
                f"{_PARAMETERS}.{name}: {value} pipeline stages are not supported, because ZeRO-3 does not go with "
                f"them: remove it ({instead})"
            )
    for name in ("context_parallel_degree", "expert_parallel_degree"):
        value = getattr(parameters, name)
        if value is not None and value > 1:
            mapped.faults.append(f"{_PARAMETERS}.{name}: {value} is not supported: remove it, or set it to 1")
    offloading = "activations are not offloaded: use activation_checkpointing, which recomputes them"
    refused = {
        "offload_activations": offloading,
        "sm_activation_offloading": offloading,
        "horovod": "torch.distributed carries the data parallelism: remove it",
    }
    mapped.faults.extend(
        f"{_PARAMETERS}.{name}: {reason}" for name, reason in refused.items() if getattr(parameters, name)
    )


def _map_direct(parameters: ModelParallelParameters, mapped: Mapped) -> None:
    targets = {
        "tensor_parallel_degree": "parallel.tensor_parallel_degree",
        "sdp_reduce_bucket_size": "parallel.reduce_bucket_size",
        "sdp_param_persistence_threshold": "parallel.parameter_persistence_threshold",
        "sdp_gradient_clipping": "optimizer.max_gradient_norm",
        "random_seed": "train.seed",
    }
    for name, path in targets.items():
        if getattr(parameters, name) is not None:
            mapped.set(path, getattr(parameters, name), f"{_PARAMETERS}.{name}")
    for name, dtype in (("fp16", "float16"), ("fp16_params", "float16"), ("bf16", "bfloat16")):
        if getattr(parameters, name):
            mapped.set("model.dtype", dtype, f"{_PARAMETERS}.{name}")


def _map_sharding(parameters: ModelParallelParameters, mapped: Mapped) -> None:
    path = "parallel.zero_stage"
    for name in ("sharded_data_parallel_degree", "hybrid_shard_degree"):
        degree = getattr(parameters, name)
        if degree is not None and degree != 1:
            mapped.set(path, 3, f"{_PARAMETERS}.{name}")
            chosen = "" if degree else "the library would choose the largest degree, and "
            mapped.warnings.append(
                f"{_PARAMETERS}.{name} {degree}: {chosen}ZeRO-3 shards over all data-parallel processes, whatever "
                "their number; 1 does not shard"
            )
    shards = parameters.shard_optimizer_state
    source, stage = f"{_PARAMETERS}.shard_optimizer_state", mapped.get(path)
    if shards is None:
        return
    if stage is None:
        mapped.set(path, 1 if shards else 0, source)
    elif shards == _same(stage, 0):
        mapped.contradict(path, source, "asks for 1 or above" if shards else "asks for 0", int(shards))


def _map_checkpointing(parameters: ModelParallelParameters, mapped: Mapped) -> None:
    path = "train.gradient_checkpointing"
    wanted, source, current = parameters.activation_checkpointing, f"{_PARAMETERS}.activation_checkpointing", mapped.get
    mode = "full" if wanted else "off"
    if wanted is not None and current(path) is None:
        mapped.set(path, mode, source)
    elif wanted is not None and wanted == (current(path) == "off"):
        mapped.contradict(path, source, "asks for full or selective" if wanted else "asks for off", mode)
    if parameters.optimize is not None and current(path) is None:
        mapped.set(path, {"memory": "full", "speed": "off"}[parameters.optimize], f"{_PARAMETERS}.optimize")
    elif parameters.optimize == "memory" and current(path) == "off":
        mapped.warnings.append(
            f"{_PARAMETERS}.optimize memory has no effect, because {path} is set to off: ask for full there, or remove "
            "optimize"
        )


def _map_data_parallelism(parameters: ModelParallelParameters, mapped: Mapped) -> None:
    if parameters.ddp is False:
        path, source = "parallel.num_processes", f"{_PARAMETERS}.ddp"
        degree, num_processes = _tensor_parallel_degree(mapped), mapped.get(path)
        if num_processes is None and degree is not None:
            mapped.set(path, degree, source)
        elif degree is not None and not _same(num_processes, degree):
            mapped.contradict(path, source, f"false asks for {degree}, the tensor-parallel degree,", degree)


def _map_microbatches(parameters: ModelParallelParameters, mapped: Mapped) -> None:
    microbatches, source = parameters.microbatches, f"{_PARAMETERS}.microbatches"
    if microbatches is None:
        return
    processes, degree = mapped.get("parallel.num_processes"), _tensor_parallel_degree(mapped)
    if processes is None:
        mapped.faults.append(
            f"{source} / parallel.num_processes: how many rows are in one of {microbatches} microbatches follows from "
            "the number of processes, which is auto: set parallel.num_processes to the GPUs of a host"
        )
        return
    num_processes, rows = _integer(processes), _integer(mapped.get("train.global_batch_size"), _DEFAULT_BATCH)
    if num_processes is None or rows is None or degree is None or num_processes % degree:
        return  # faults of their own
    data_parallel_degree = num_processes // degree
    if rows % (data_parallel_degree * microbatches):
        step = data_parallel_degree * microbatches
        mapped.faults.append(
            f"{source} / train.global_batch_size: {rows} rows are no multiple of {data_parallel_degree} data-parallel "
            f"processes x {microbatches} microbatches: set train.global_batch_size to {-(-rows // step) * step}, or "
            "change microbatches"
        )
        return
    mapped.set("parallel.micro_batch_size", rows // (data_parallel_degree * microbatches), source)


def _warn(parameters: ModelParallelParameters, mapped: Mapped) -> None:
    given = parameters.model_fields_set
    for names, reason in ((_PIPELINE_ONLY, "there are no pipeline stages"), (_FSDP_ONLY, "DeepSpeed shards, not FSDP")):
        ignored = [name for name in names if name in given]
        if ignored:
            mapped.warnings.append(f"{_PARAMETERS}: no effect of {', '.join(ignored)}: {reason}; remove it")
    ignored = [name for name in ("sdp_max_live_parameters", "sdp_hierarchical_allgather") if name in given]
    if ignored:
        mapped.warnings.append(f"{_PARAMETERS}: no effect of {', '.join(ignored)}: DeepSpeed decides; remove it")
    if parameters.placement_strategy is not None and not _is_cluster(parameters.placement_strategy):
        mapped.warnings.append(
            f"{_PARAMETERS}.placement_strategy {parameters.placement_strategy} has no effect: processes that share a "
            "layer are always neighbours on a host (cluster), because they exchange most; set it to cluster"
        )
    for name, way in (
        ("prescaled_batch", "processes that share a layer always carry the same rows"),
        ("delayed_parameter_initialization", "the model is always built without memory first"),
    ):
        if getattr(parameters, name) is False:
            mapped.warnings.append(f"{_PARAMETERS}.{name} false has no effect: {way}; remove it")


def _is_cluster(strategy: str) -> bool:
    """Without pipeline stages the order of D and T alone counts, the last one being innermost."""
    return strategy == "cluster" or strategy.upper().replace("P", "") == "DT"


def _tensor_parallel_degree(mapped: Mapped) -> int | None:
    return _integer(mapped.get("parallel.tensor_parallel_degree"), _DEFAULT_DEGREE)


def _integer(value: Any, default: int | None = None) -> int | None:
    """A raw value as a positive integer; None where it is none, which validation reports."""
    try:
        number = default if value is None else int(value)
    except (TypeError, ValueError):
        return None
    return number if number is not None and number > 0 else None


def _same(current: Any, value: Any) -> bool:
    """Whether a raw value (perhaps text) means the same as a mapped one."""
    try:
        return float(current) == float(value)
    except (TypeError, ValueError):
        return str(current) == str(value)
