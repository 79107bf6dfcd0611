"""Plans that a model or a machine cannot carry, refused before anything is loaded.

A rule is a function that yields refusals; `_RULES` lists them. Rules that need neither model nor machine are in
`config/checks.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from legaltune.config.facts import MachineFacts, ModelFacts
from legaltune.config.schema import AdapterMethod, RunConfig
from legaltune.errors import ConfigurationError
from legaltune.parallel.topology import plan_topology

_DIVISION = {"parallel.tensor_parallel_degree", "parallel.num_processes"}
_VIRTUAL_TOKENS = (AdapterMethod.PREFIX, AdapterMethod.PROMPT)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a plan cannot be carried out.

    Attributes:
        settings: Dotted paths.
        reason: Value and limit.
        remedy: The nearest that works.
    """

    settings: tuple[str, ...]
    reason: str
    remedy: str

    def __str__(self) -> str:
        return f"{' / '.join(self.settings)}: {self.reason}: {self.remedy}"


Rule = Callable[[RunConfig, ModelFacts, MachineFacts], Iterator[Refusal]]


def refusals(config: RunConfig, model: ModelFacts, machine: MachineFacts) -> list[Refusal]:
    """All reasons why this model and machine cannot carry a valid configuration."""
    return [refusal for rule in _RULES for refusal in rule(config, model, machine)]


def require_feasible(config: RunConfig, model: ModelFacts, machine: MachineFacts) -> None:
    """Refuse a plan that cannot be carried out.

    Raises:
        ConfigurationError: All refusals in one message, and what is wrong with the division of processes and rows
            where degree and number of processes are possible.
    """
    refused = refusals(config, model, machine)
    found = [str(refusal) for refusal in refused]
    if not any(_DIVISION.intersection(refusal.settings) for refusal in refused):
        per_host = machine.processes_per_host(config.parallel.num_processes)
        try:
            plan_topology(config, per_host * machine.num_hosts, processes_per_host=per_host)
        except ConfigurationError as error:
            found.append(str(error))
    if found:
        count = "1 reason" if len(found) == 1 else f"{len(found)} reasons"
        raise ConfigurationError(f"this plan cannot be carried out, {count}:\n" + "\n".join(f"  - {x}" for x in found))


def feasible_degrees(model: ModelFacts, *, limit: int) -> list[int]:
    """Tensor-parallel degrees up to a limit that the model's heads and MLP can be divided by, ascending."""
    return [
        degree
        for degree in range(1, min(limit, model.num_kv_heads) + 1)
        if not any(size % degree for size in (model.num_heads, model.num_kv_heads, model.intermediate_size))
    ]


def _more_processes_than_gpus(config: RunConfig, _model: ModelFacts, machine: MachineFacts) -> Iterator[Refusal]:
    num_processes = config.parallel.num_processes
    if machine.num_gpus and isinstance(num_processes, int) and num_processes > machine.num_gpus:
        yield Refusal(
            ("parallel.num_processes",),
            f"{num_processes} processes, but a host has {_gpus(machine)}, one for each process",
            f"set it to {machine.num_gpus} or auto",
        )


def _degree_exceeds_gpus(config: RunConfig, model: ModelFacts, machine: MachineFacts) -> Iterator[Refusal]:
    degree = config.parallel.tensor_parallel_degree
    if machine.num_gpus and degree > machine.num_gpus:
        yield Refusal(
            ("parallel.tensor_parallel_degree",),
            f"{degree} processes share each layer, but a host has {_gpus(machine)}",
            f"set it to {feasible_degrees(model, limit=machine.num_gpus)[-1]}, or take a host with {degree} GPUs",
        )


def _degree_does_not_fit_model(config: RunConfig, model: ModelFacts, _machine: MachineFacts) -> Iterator[Refusal]:
    degree = config.parallel.tensor_parallel_degree
    sizes = {
        "attention heads": model.num_heads,
        "key-value heads": model.num_kv_heads,
        "columns of the MLP": model.intermediate_size,
    }
    uneven = [f"{size} {name}" for name, size in sizes.items() if size % degree]
    if uneven:
        yield Refusal(
            ("parallel.tensor_parallel_degree",),
            f"{degree} does not divide the model's {' and '.join(uneven)}",
            f"set it to {feasible_degrees(model, limit=degree)[-1]}",
        )


def _degree_does_not_divide_gpus(config: RunConfig, model: ModelFacts, machine: MachineFacts) -> Iterator[Refusal]:
    """Of possible degrees: `plan_topology`, which knows no GPUs, would ask for more processes than there are."""
    degree = config.parallel.tensor_parallel_degree
    per_host = machine.processes_per_host(config.parallel.num_processes)
    if per_host % degree and degree in feasible_degrees(model, limit=machine.num_gpus):
        lower = [fitting for fitting in feasible_degrees(model, limit=degree) if per_host % fitting == 0]
        yield Refusal(
            ("parallel.tensor_parallel_degree", "parallel.num_processes"),
            f"the number of processes on a host, {per_host}, is no multiple of the degree {degree}, and a layer is "
            "never shared between hosts",
            f"set the degree to {lower[-1]}, or the processes to {machine.num_gpus // degree * degree}",
        )


def _dtype_unknown_to_hardware(config: RunConfig, _model: ModelFacts, machine: MachineFacts) -> Iterator[Refusal]:
    if config.model.dtype == "bfloat16" and machine.num_gpus and not machine.has_bfloat16:
        yield Refusal(
            ("model.dtype",),
            f"{machine.gpu_name} does not compute in bfloat16",
            "set it to auto, which is float16 with a dynamic loss scale there",
        )
    if config.model.dtype == "float16" and not machine.num_gpus:
        yield Refusal(
            ("model.dtype",), "float16 has no dynamic loss scale on a CPU", "set it to auto, float32 or bfloat16"
        )


def _optimizer_needs_gpu(config: RunConfig, _model: ModelFacts, machine: MachineFacts) -> Iterator[Refusal]:
    if config.optimizer.name == "adamw_8bit" and not machine.num_gpus:
        yield Refusal(
            ("optimizer.name",), "adamw_8bit updates on CUDA only, and this machine has no GPU", "set it to adamw"
        )


def _sequence_exceeds_context(config: RunConfig, model: ModelFacts, _machine: MachineFacts) -> Iterator[Refusal]:
    virtual = config.adapter.num_virtual_tokens if config.adapter.method in _VIRTUAL_TOKENS else 0
    length, limit = config.tokens.sequence_length, model.max_position_embeddings
    if length + virtual > limit:
        settings = ("tokens.sequence_length", "adapter.num_virtual_tokens") if virtual else ("tokens.sequence_length",)
        total = f"{length} tokens and {virtual} virtual ones exceed" if virtual else f"{length} tokens exceed"
        yield Refusal(
            settings,
            f"{total} the model's context of {limit}",
            f"set tokens.sequence_length to {limit - virtual}, or choose a model with a longer context",
        )


def _window_per_document(config: RunConfig, model: ModelFacts, _machine: MachineFacts) -> Iterator[Refusal]:
    if config.model.attention == "per_document" and model.sliding_window:
        yield Refusal(
            ("model.attention",),
            "per_document attends to the whole document, but layers of this model attend to a sliding window",
            "set it to sdpa",
        )


def _gpus(machine: MachineFacts) -> str:
    count = "1 GPU" if machine.num_gpus == 1 else f"{machine.num_gpus} GPUs"
    return f"{count} ({machine.gpu_name})" if machine.gpu_name else count


_RULES: tuple[Rule, ...] = (
    _more_processes_than_gpus,
    _degree_exceeds_gpus,
    _degree_does_not_fit_model,
    _degree_does_not_divide_gpus,
    _dtype_unknown_to_hardware,
    _optimizer_needs_gpu,
    _sequence_exceeds_context,
    _window_per_document,
)
