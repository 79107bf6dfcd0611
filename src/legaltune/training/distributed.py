"""Process group of a training run: one process by itself, or the ranks that torchrun started."""

from __future__ import annotations

import os
from dataclasses import dataclass

import deepspeed
import torch
import torch.distributed as dist


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

    def sum(self, value: float) -> float:
        """Sum of a number over all processes."""
        tensor = torch.tensor(value, dtype=torch.float64, device=self.device)
        dist.all_reduce(tensor)
        return float(tensor)


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
