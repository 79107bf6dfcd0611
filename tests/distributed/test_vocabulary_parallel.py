from __future__ import annotations

import os
import pickle
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch.nn.functional import cross_entropy

from legaltune.model.cross_entropy import linear_cross_entropy
from legaltune.model.tensor_parallel import TensorParallel
from tests.ranks import run_ranks

pytestmark = pytest.mark.distributed

NUM_TARGETS, VOCABULARY, HIDDEN = 37, 401, 16
TOLERANCE = {torch.float64: 1e-13, torch.float32: 2e-6, torch.bfloat16: 3e-3}


def make_inputs(dtype: torch.dtype, scale: float = 1.0) -> list[torch.Tensor]:
    """Hidden states, weight, bias and targets, which take turns in the parts of the vocabulary."""
    generator = torch.Generator().manual_seed(0)
    shapes = (NUM_TARGETS, HIDDEN), (VOCABULARY, HIDDEN), (VOCABULARY,)
    tensors = [(torch.randn(shape, generator=generator) * scale).to(dtype) for shape in shapes]
    return [*tensors, torch.arange(NUM_TARGETS) * 10 + 7]


def one_rank(size: int, dtype: torch.dtype, scale: float, num_targets: int) -> bytes:
    """Loss and gradients of one process of a group, the weight's and bias' being its part."""
    rank = int(os.environ["RANK"])
    dist.init_process_group("gloo", rank=rank, world_size=size)
    parallel = TensorParallel(rank, size, dist.group.WORLD)
    states, weight, bias, targets = make_inputs(dtype, scale)
    inputs = [states[:num_targets], parallel.slice(weight, 0).clone(), parallel.slice(bias, 0).clone()]
    for tensor in inputs:
        tensor.requires_grad_()
    total, per_target = linear_cross_entropy(
        inputs[0],
        inputs[1],
        targets[:num_targets],
        bias=inputs[2],
        parallel=parallel,
        vocabulary_size=VOCABULARY,
        chunk_size=10,
    )
    (total / 7).backward()  # type: ignore[no-untyped-call]
    return pickle.dumps([total.detach(), per_target, *(tensor.grad for tensor in inputs)])


def run_group(size: int, dtype: torch.dtype, scale: float = 1.0, num_targets: int = NUM_TARGETS) -> list[list[Any]]:
    return [pickle.loads(result) for result in run_ranks(size, one_rank, size, dtype, scale, num_targets)]


def relative(value: torch.Tensor, expected: torch.Tensor | None) -> float:
    assert expected is not None
    return float((value.double() - expected).norm() / expected.norm())


@pytest.mark.parametrize(
    ("size", "dtype"), [(2, torch.float64), (2, torch.float32), (2, torch.bfloat16), (3, torch.float32)]
)
def test_a_shared_vocabulary_gives_the_loss_and_gradients_of_the_whole(size: int, dtype: torch.dtype) -> None:
    states, weight, bias, targets = make_inputs(dtype)
    inputs = [tensor.double().requires_grad_() for tensor in (states, weight, bias)]
    losses = cross_entropy(inputs[0] @ inputs[1].T + inputs[2], targets, reduction="none")
    (losses.sum() / 7).backward()  # type: ignore[no-untyped-call]

    results = run_group(size, dtype)
    exact = TOLERANCE[torch.float64 if dtype == torch.float64 else torch.float32]
    for total, per_target, of_states, _, _ in results:
        assert relative(total, losses.sum().detach()) < exact
        assert relative(per_target, losses.detach()) < exact
        assert relative(of_states, inputs[0].grad) < TOLERANCE[dtype]
        assert torch.equal(of_states, results[0][2])  # replicas must not drift apart
    for index, tensor in ((3, inputs[1]), (4, inputs[2])):
        assert relative(torch.cat([result[index] for result in results]), tensor.grad) < TOLERANCE[dtype]


def test_a_part_whose_logits_are_all_far_below_the_others_is_no_harm() -> None:
    states, weight, bias, targets = make_inputs(torch.float64, 100.0)
    inputs = [tensor.double().requires_grad_() for tensor in (states, weight, bias)]
    losses = cross_entropy(inputs[0] @ inputs[1].T + inputs[2], targets, reduction="none")
    (losses.sum() / 7).backward()  # type: ignore[no-untyped-call]
    assert losses.max() > 10_000
    for total, _, of_states, _, _ in run_group(2, torch.float32, 100.0):
        assert relative(total, losses.sum().detach()) < 1e-5
        assert torch.isfinite(of_states).all()
        assert relative(of_states, inputs[0].grad) < 1e-2


def test_no_targets_are_no_harm() -> None:
    for total, per_target, of_states, of_weight, _ in run_group(2, torch.float32, num_targets=0):
        assert total == 0 and per_target.shape == (0,) and of_states.shape == (0, HIDDEN) and not of_weight.any()
