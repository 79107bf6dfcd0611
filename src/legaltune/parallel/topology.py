"""How one optimizer step is spread over processes and micro-steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from legaltune.config.schema import RunConfig
from legaltune.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Topology:
    """Data-parallel layout of a step.

    Attributes:
        world_size: Processes.
        micro_batch_size: Rows per process and forward pass.
        accumulation_steps: Forward passes per process and optimizer step.
    """

    world_size: int
    micro_batch_size: int
    accumulation_steps: int

    @property
    def global_batch_size(self) -> int:
        """Rows per optimizer step."""
        return self.world_size * self.micro_batch_size * self.accumulation_steps


def plan_topology(config: RunConfig, world_size: int) -> Topology:
    """Derive the accumulation steps from the global batch.

    Raises:
        ConfigurationError: The global batch cannot be divided evenly.
    """
    rows, micro_batch = config.train.global_batch_size, config.parallel.micro_batch_size
    if rows % (world_size * micro_batch):
        raise ConfigurationError(
            f"train.global_batch_size {rows} is no multiple of {world_size} processes x "
            f"parallel.micro_batch_size {micro_batch}: change one of them"
        )
    return Topology(world_size, micro_batch, rows // (world_size * micro_batch))


def deepspeed_config(config: RunConfig, topology: Topology) -> dict[str, Any]:
    """The DeepSpeed configuration of a run; gradient clipping is always explicit because its default changed to 1."""
    return {
        "train_micro_batch_size_per_gpu": topology.micro_batch_size,
        "gradient_accumulation_steps": topology.accumulation_steps,
        "gradient_clipping": config.optimizer.max_gradient_norm,
        "bf16": {"enabled": config.model.dtype == "bfloat16"},
        "zero_optimization": {"stage": config.parallel.zero_stage},
        "zero_allow_untested_optimizer": True,
        "steps_per_print": 2**31,
    }
