from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.config import load_config
from legaltune.errors import ConfigurationError
from legaltune.parallel.topology import Topology, plan_topology


def test_accumulation_follows_from_the_global_batch() -> None:
    config = load_config("qwen2.5-7b-lora", ["parallel.micro_batch_size=2"])
    topology = plan_topology(config, world_size=4)
    assert topology == Topology(4, 1, micro_batch_size=2, accumulation_steps=2)
    assert topology.global_batch_size == 16


def test_processes_that_share_layers_carry_the_same_rows() -> None:
    config = load_config("qwen2.5-7b-lora", ["parallel.tensor_parallel_degree=2"])
    topology = plan_topology(config, world_size=8)
    assert topology == Topology(4, 2, micro_batch_size=1, accumulation_steps=4)
    assert topology.global_batch_size == 16


@given(st.integers(1, 8), st.integers(1, 8))
def test_each_process_is_in_one_group_of_each_kind(data_parallel: int, tensor_parallel: int) -> None:
    topology = Topology(data_parallel, tensor_parallel, micro_batch_size=1, accumulation_steps=1)
    world = list(range(topology.world_size))
    for groups in (topology.tensor_parallel_groups(), topology.data_parallel_groups()):
        assert sorted(rank for group in groups for rank in group) == world
    for index, group in enumerate(topology.tensor_parallel_groups()):
        assert [topology.tensor_parallel_rank(rank) for rank in group] == list(range(tensor_parallel))
        assert {topology.data_parallel_rank(rank) for rank in group} == {index}
        assert group == list(range(group[0], group[0] + tensor_parallel)), "they are neighbours"
    for index, group in enumerate(topology.data_parallel_groups()):
        assert [topology.data_parallel_rank(rank) for rank in group] == list(range(data_parallel))
        assert {topology.tensor_parallel_rank(rank) for rank in group} == {index}


def test_a_world_that_does_not_divide_the_batch_is_refused_with_the_nearest_sizes() -> None:
    with pytest.raises(ConfigurationError, match=r"16 rows are no multiple of 3 .* set the global batch to 15 or 18"):
        plan_topology(load_config("qwen2.5-7b-lora"), world_size=3)


def test_a_batch_smaller_than_the_processes_carry_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="set the global batch to 32, or"):
        plan_topology(load_config("qwen2.5-7b-lora"), world_size=32)


@pytest.mark.parametrize(
    ("world_size", "per_host", "remedy"),
    [(3, None, "degree to 1, or the processes to 4"), (6, 3, "degree to 1, or the processes to 4")],
)
def test_a_layer_is_never_shared_between_hosts(world_size: int, per_host: int | None, remedy: str) -> None:
    config = load_config("qwen2.5-7b-lora", ["parallel.tensor_parallel_degree=2", "train.global_batch_size=12"])
    with pytest.raises(
        ConfigurationError, match=rf"{per_host or world_size}, is no multiple of the degree 2.*{remedy}"
    ):
        plan_topology(config, world_size, processes_per_host=per_host)


def test_two_hosts_give_the_plan_of_one() -> None:
    config = load_config("qwen2.5-7b-lora", ["parallel.tensor_parallel_degree=2"])
    assert plan_topology(config, 8, processes_per_host=4) == plan_topology(config, 8)
