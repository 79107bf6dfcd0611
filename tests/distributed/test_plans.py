"""A few plans against a plain loop; `make bench-equality` covers all pairs of settings."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parity import SCALE_SENSITIVE, differences, plain_trajectory, set_up_run, train_in_ranks

pytestmark = [pytest.mark.distributed, pytest.mark.slow]

OFFLOAD = ["parallel.offload_optimizer=cpu", "parallel.offload_parameters=cpu"]


@pytest.mark.parametrize(
    ("tensor_parallel_degree", "overrides"),
    [
        (1, ["parallel.zero_stage=1"]),
        (1, ["parallel.zero_stage=3", "train.gradient_checkpointing=full", *OFFLOAD]),
        (2, ["parallel.zero_stage=0"]),
        (2, ["parallel.zero_stage=3", "train.gradient_checkpointing=selective", *OFFLOAD]),
        (2, ["parallel.zero_stage=2", "adapter.method=full", "adapter.train_embeddings=all"]),
        (2, ["parallel.zero_stage=3", "adapter.method=full"]),
        (2, ["parallel.zero_stage=1", "adapter.method=prefix"]),
        (1, ["parallel.zero_stage=2", "quantization.method=nf4"]),
    ],
)
def test_two_by_one_and_two_by_two_processes(tmp_path: Path, tensor_parallel_degree: int, overrides: list[str]) -> None:
    world_size = 2 * tensor_parallel_degree
    parallel = [
        f"parallel.num_processes={world_size}",
        f"parallel.tensor_parallel_degree={tensor_parallel_degree}",
    ]
    config, run = set_up_run(tmp_path, *parallel, *overrides, *SCALE_SENSITIVE)
    loss, gradient_norm, weights = differences(train_in_ranks(config, run, world_size), plain_trajectory(config, run))
    assert loss < 2e-6
    assert gradient_norm < 5e-6
    assert weights < 5e-6


@pytest.mark.parametrize("tensor_parallel_degree", [1, 2])
def test_float16_with_a_loss_scale_comes_close_to_float32(tmp_path: Path, tensor_parallel_degree: int) -> None:
    """Only GPUs without bfloat16 train so; the command line refuses it on a CPU, the engine computes the same there."""
    parallel = ["parallel.num_processes=2", f"parallel.tensor_parallel_degree={tensor_parallel_degree}"]
    config, run = set_up_run(tmp_path, "model.dtype=float16", *parallel)
    trained = train_in_ranks(config, run, 2)
    reference = plain_trajectory(set_up_run(tmp_path)[0], run)
    assert trained.losses == pytest.approx(reference.losses, rel=0.01)
    assert trained.gradient_norms == pytest.approx(reference.gradient_norms, rel=0.05)
