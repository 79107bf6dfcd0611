"""How one optimizer step is spread over processes and micro-steps."""

from __future__ import annotations

from dataclasses import dataclass

from legaltune.config.schema import RunConfig
from legaltune.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Topology:
    """Layout of a step: processes that share each layer are neighbours, groups of them carry different rows.

    Attributes:
        data_parallel_degree: Groups that carry different rows.
        tensor_parallel_degree: Processes of a group; they carry the same rows.
        micro_batch_size: Rows per group and forward pass.
        accumulation_steps: Forward passes per optimizer step.
    """

    data_parallel_degree: int
    tensor_parallel_degree: int
    micro_batch_size: int
    accumulation_steps: int

    @property
    def world_size(self) -> int:
        """Processes."""
        return self.data_parallel_degree * self.tensor_parallel_degree

    @property
    def global_batch_size(self) -> int:
        """Rows per optimizer step."""
        return self.data_parallel_degree * self.micro_batch_size * self.accumulation_steps

    def data_parallel_rank(self, rank: int) -> int:
        """Which rows a process carries: its index among those that hold the same part of the layers."""
        return rank // self.tensor_parallel_degree

    def tensor_parallel_rank(self, rank: int) -> int:
        """Which part of each layer a process holds."""
        return rank % self.tensor_parallel_degree

    def tensor_parallel_groups(self) -> list[list[int]]:
        """Ranks that share each layer between them, by data-parallel rank."""
        degree = self.tensor_parallel_degree
        return [list(range(start, start + degree)) for start in range(0, self.world_size, degree)]

    def data_parallel_groups(self) -> list[list[int]]:
        """Ranks that hold the same part of the layers, by tensor-parallel rank."""
        degree = self.tensor_parallel_degree
        return [list(range(start, self.world_size, degree)) for start in range(degree)]


def plan_topology(config: RunConfig, world_size: int, *, processes_per_host: int | None = None) -> Topology:
    """Derive the data-parallel degree and the accumulation steps.

    Args:
        config: Degrees and batch sizes.
        world_size: Processes of all hosts.
        processes_per_host: Processes of each host; all of them where it is one host.

    Raises:
        ConfigurationError: The processes, or the rows of a step, cannot be divided evenly.
    """
    degree = config.parallel.tensor_parallel_degree
    per_host = processes_per_host or world_size
    if per_host % degree:
        fitting = largest_divisor(per_host, limit=degree)
        raise ConfigurationError(
            f"parallel.tensor_parallel_degree / parallel.num_processes: the number of processes on a host, {per_host}, "
            f"is no multiple of the degree {degree}, and a layer is never shared between hosts: set the degree to "
            f"{fitting}, or the processes to {-(-per_host // degree) * degree}"
        )
    data_parallel_degree = world_size // degree
    rows, micro_batch = config.train.global_batch_size, config.parallel.micro_batch_size
    if rows % (data_parallel_degree * micro_batch):
        raise ConfigurationError(uneven_batch(rows, data_parallel_degree, micro_batch))
    return Topology(data_parallel_degree, degree, micro_batch, rows // (data_parallel_degree * micro_batch))


def uneven_batch(rows: int, data_parallel_degree: int, micro_batch_size: int) -> str:
    """What to say of a global batch that cannot be divided, and the nearest sizes that can."""
    at_once = data_parallel_degree * micro_batch_size
    nearest = [str(size) for size in (rows // at_once * at_once, -(-rows // at_once) * at_once) if size]
    return (
        f"train.global_batch_size / parallel.micro_batch_size: {rows} rows are no multiple of {data_parallel_degree} "
        f"data-parallel processes x {micro_batch_size} rows: set the global batch to {' or '.join(nearest)}, or change "
        "the others"
    )


def largest_divisor(number: int, *, limit: int) -> int:
    """Largest divisor of a positive number that does not exceed the limit."""
    return max(divisor for divisor in range(1, min(number, limit) + 1) if number % divisor == 0)
