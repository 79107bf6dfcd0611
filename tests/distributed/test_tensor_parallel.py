from __future__ import annotations

import pytest
import torch

from legaltune.model.tensor_parallel import TensorParallel, VocabularyParallelEmbedding
from legaltune.parallel.topology import Topology
from legaltune.training.distributed import form_groups, join_process_group
from tests.ranks import run_ranks

pytestmark = pytest.mark.distributed


def own_part() -> TensorParallel:
    worker = join_process_group()
    return form_groups(Topology(1, worker.world_size, 1, 1), worker).tensor_parallel


def gathered(shape: tuple[int, ...], dim: int) -> bool:
    parallel, whole = own_part(), torch.arange(float(torch.Size(shape).numel())).reshape(shape)
    return torch.equal(parallel.gather(parallel.slice(whole, dim), whole.shape), whole)


@pytest.mark.parametrize(("shape", "dim"), [((7, 3), 0), ((3, 7), 1), ((8, 2), 0), ((5,), 0)])
def test_parts_make_the_whole_again(shape: tuple[int, ...], dim: int) -> None:
    assert run_ranks(3, gathered, shape, dim) == [True] * 3


def looked_up() -> tuple[float, float]:
    """Largest differences of output and of weight gradient from those of the whole embedding."""
    torch.manual_seed(0)
    whole, ids = torch.nn.Embedding(11, 4), torch.tensor([[0, 3, 10, 5, 3]])
    parallel = own_part()
    part = VocabularyParallelEmbedding(whole, parallel)
    output, expected = part(ids), whole(ids)
    (output * torch.arange(4.0)).sum().backward()
    (expected * torch.arange(4.0)).sum().backward()
    assert part.weight.grad is not None
    assert whole.weight.grad is not None
    gradient = parallel.slice(whole.weight.grad, 0)
    return float((output - expected).detach().abs().max()), float((part.weight.grad - gradient).abs().max())


def test_an_embedding_that_is_shared_gives_the_same() -> None:
    assert run_ranks(2, looked_up) == [(0.0, 0.0)] * 2
