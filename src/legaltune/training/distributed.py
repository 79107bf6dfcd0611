"""Process groups of a training run: one process by itself, or the ranks that torchrun started."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import deepspeed
import torch
import torch.distributed as dist

from legaltune.model.tensor_parallel import TensorParallel
from legaltune.parallel.topology import Topology


@dataclass(frozen=True, slots=True)
class Worker:
    """This process among its peers."""

    rank: int
    world_size: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this process logs and writes."""
        return self.rank == 0

    def sum(self, *values: float | torch.Tensor) -> list[float]:
        """Sums of numbers over all processes; waits for the device."""
        tensor = torch.stack([torch.as_tensor(value, dtype=torch.float64, device=self.device) for value in values])
        dist.all_reduce(tensor)
        numbers: list[float] = tensor.tolist()
        return numbers

    def gather(self, value: Any) -> list[Any]:
        """A small object of each process, in order of rank."""
        values: list[Any] = [None] * self.world_size
        dist.all_gather_object(values, value)
        return values


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups this process belongs to.

    Attributes:
        data_parallel: Processes that hold the same part of the model and carry other rows.
        data_parallel_rank: Index among them.
        tensor_parallel: Processes that share each layer.
    """

    data_parallel: dist.ProcessGroup
    data_parallel_rank: int
    tensor_parallel: TensorParallel


def join_process_group() -> Worker:
    """Join the process group that torchrun describes in the environment, or form one of a single process.

    The group is formed once per process and lives as long as it: DeepSpeed holds on to it in global state.
    """
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    use_cuda = torch.cuda.is_available()
    device = torch.device("cuda", local_rank) if use_cuda else torch.device("cpu")
    if use_cuda:
        torch.cuda.set_device(device)
    # On a CPU DeepSpeed would compile a shared-memory all-reduce at the first run, and fail where there is no compiler;
    # gloo does the same work.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    if not dist.is_initialized():
        backend = "nccl" if use_cuda else "gloo"
        if "RANK" in os.environ:
            dist.init_process_group(backend)
        else:
            os.environ["LOCAL_RANK"] = "0"  # DeepSpeed reads it even when the group exists already
            dist.init_process_group(backend, store=dist.HashStore(), rank=0, world_size=1)  # type: ignore[attr-defined]
    return Worker(dist.get_rank(), dist.get_world_size(), device)


def form_groups(topology: Topology, worker: Worker) -> Groups:
    """Split the processes into data-parallel and tensor-parallel groups; all processes call this together."""
    world = dist.group.WORLD
    assert world is not None
    if topology.tensor_parallel_degree == 1:
        return Groups(world, worker.rank, TensorParallel())
    data_parallel = _own_group(topology.data_parallel_groups(), worker.rank)
    tensor_parallel = _own_group(topology.tensor_parallel_groups(), worker.rank)
    return Groups(
        data_parallel,
        topology.data_parallel_rank(worker.rank),
        TensorParallel(
            topology.tensor_parallel_rank(worker.rank), topology.tensor_parallel_degree, group=tensor_parallel
        ),
    )


def _own_group(groups: list[list[int]], rank: int) -> dist.ProcessGroup:
    formed = [(dist.new_group(ranks), ranks) for ranks in groups]  # a collective: in the same order everywhere
    group: dist.ProcessGroup = next(group for group, ranks in formed if rank in ranks)
    return group


class ModelParallelUnit:
    """The groups as DeepSpeed asks for them (its `mpu` argument)."""

    def __init__(self, groups: Groups) -> None:
        self._groups = groups

    def get_model_parallel_rank(self) -> int:
        """Index among the processes that share each layer."""
        return self._groups.tensor_parallel.rank

    def get_model_parallel_group(self) -> dist.ProcessGroup | None:
        """Processes that share each layer."""
        return self._groups.tensor_parallel.group

    def get_model_parallel_world_size(self) -> int:
        """Tensor-parallel degree."""
        return self._groups.tensor_parallel.size

    get_tensor_model_parallel_rank = get_model_parallel_rank
    get_tensor_model_parallel_group = get_model_parallel_group
    get_tensor_model_parallel_world_size = get_model_parallel_world_size

    def get_data_parallel_rank(self) -> int:
        """Index among the processes that hold the same part of the model."""
        return self._groups.data_parallel_rank

    def get_data_parallel_group(self) -> dist.ProcessGroup:
        """Processes that hold the same part of the model."""
        return self._groups.data_parallel

    def get_data_parallel_world_size(self) -> int:
        """Data-parallel degree."""
        return dist.get_world_size(self._groups.data_parallel)
