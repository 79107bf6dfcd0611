"""What was planned is what is at work; each way of it silently not being so is tried out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import torch

from legaltune.model import loading
from legaltune.model.tensor_parallel import TensorParallel
from legaltune.parallel.topology import plan_topology
from legaltune.training import engine, setup
from legaltune.training.distributed import form_groups, join_process_group
from tests.parity import set_up_run
from tests.ranks import RankError, run_ranks
from tests.tiny import save_model

pytestmark = pytest.mark.distributed

ZERO_3 = ["parallel.num_processes=2", "parallel.zero_stage=3"]
TENSOR_PARALLEL = ["parallel.num_processes=2", "parallel.tensor_parallel_degree=2"]


def set_up_with(sabotage: Callable[[], None] | None, folder: str, overrides: list[str]) -> Any:
    if sabotage is not None:
        sabotage()
    config, _ = set_up_run(Path(folder), *overrides)
    worker = join_process_group()
    topology = plan_topology(config, worker.world_size)
    return setup.set_up(config, topology, form_groups(topology, worker), worker)


def sharding(sabotage: Callable[[], None] | None, folder: str, overrides: list[str]) -> int:
    return len(set_up_with(sabotage, folder, overrides).engine.trained)


def drop_the_adapter() -> None:
    def add_nothing(model: Any, *_: Any, **__: Any) -> Any:
        for name, parameter in model.named_parameters():
            parameter.requires_grad_("norm" in name)
        return model

    replace(
        setup,
        "add_adapter",
        lambda original: (
            lambda model, *a, **k: (original if model.device.type == "meta" else add_nothing)(model, *a, **k)
        ),
    )


def freeze_half_of_it() -> None:
    def add_half(original: Any) -> Any:
        def add(model: Any, *args: Any, **kwargs: Any) -> Any:
            adapted = original(model, *args, **kwargs)
            for name, parameter in adapted.named_parameters():
                if "lora_A" in name and not parameter.is_meta:
                    parameter.requires_grad_(False)
            return adapted

        return add

    replace(setup, "add_adapter", add_half)


def cut_no_layer() -> None:
    replace(loading, "shard_layers", lambda _: lambda *_: None)


def shard_no_parameters() -> None:
    for module in (setup, engine):
        replace(module, "deepspeed_config", with_stage(2))


def shard_no_optimizer_state() -> None:
    replace(engine, "deepspeed_config", with_stage(0))


def with_stage(stage: int) -> Any:
    return lambda original: lambda *args, **kwargs: original(*args, **kwargs) | {"zero_optimization": {"stage": stage}}


def checkpoint_nothing() -> None:
    replace(setup, "apply_gradient_checkpointing", lambda _: lambda *_: None)


def replace(module: Any, name: str, make: Callable[[Any], Any]) -> None:
    """Put something else in place of a function, for the rest of this process."""
    mock.patch.object(module, name, make(getattr(module, name))).start()


@pytest.mark.parametrize("overrides", [ZERO_3, TENSOR_PARALLEL, ["parallel.num_processes=2", "parallel.zero_stage=1"]])
def test_a_plan_that_is_carried_out_passes(tmp_path: Path, overrides: list[str]) -> None:
    set_up_run(tmp_path)
    assert run_ranks(2, sharding, None, str(tmp_path), overrides) == [28, 28]


@pytest.mark.parametrize(
    ("sabotage", "overrides", "message"),
    [
        (drop_the_adapter, [], "28 tensors are not trained"),
        (freeze_half_of_it, TENSOR_PARALLEL, "14 tensors are not trained"),
        (cut_no_layer, TENSOR_PARALLEL, "layers are not cut 2 ways"),
        (shard_no_parameters, ZERO_3, "ZeRO 2 is at work instead of 3"),
        (shard_no_optimizer_state, ["parallel.zero_stage=1"], "ZeRO 0 is at work instead of 1"),
        (checkpoint_nothing, ["train.gradient_checkpointing=full"], "gradient checkpointing is not at work"),
    ],
)
def test_a_silent_no_op_does_not_pass(
    tmp_path: Path, sabotage: Callable[[], None], overrides: list[str], message: str
) -> None:
    set_up_run(tmp_path)
    with pytest.raises(RankError, match=f"(?s)ShardingError.*{message}"):
        run_ranks(2 if "parallel.num_processes=2" in overrides else 1, sharding, sabotage, str(tmp_path), overrides)


def bytes_while_loading(folder: str) -> tuple[int, int, int]:
    """Most bytes of weights held at once while loading under ZeRO-3, bytes of all weights, and slices read."""
    held, reads, models = [0], [0], []

    def remember(original: Any) -> Any:
        return lambda *args: models.append(original(*args)) or models[-1]  # type: ignore[func-returns-value]

    def count(original: Any) -> Any:
        def read(self: Any, name: str) -> Any:
            reads[0] += 1
            return original(self, name)

        return read

    replace(loading, "build_empty_model", remember)
    replace(loading.Checkpoint, "slice", count)
    config, _ = set_up_run(Path(folder), *ZERO_3)
    worker = join_process_group()
    topology = plan_topology(config, 2)
    partition = setup.zero_partition(config, topology, form_groups(topology, worker), worker)

    def measure(module: torch.nn.Module) -> None:
        partition_before(module)
        partition(module)

    def partition_before(_: torch.nn.Module) -> None:
        held[0] = max(held[0], sum(map(own_bytes, models[-1].parameters())))

    loading.load_sharded_model(
        config.model,
        config.quantization,
        dtype=torch.float32,
        device=worker.device,
        parallel=TensorParallel(),
        partition=measure,
        reads=worker.rank == 0,
    )
    return held[0], sum(p.ds_numel * 4 for p in models[-1].parameters()), reads[0]


def own_bytes(parameter: Any) -> int:
    if parameter.is_meta:
        return 0
    part = getattr(parameter, "ds_tensor", None)
    return int(parameter.numel() if part is None else part.numel()) * 4


def test_no_process_ever_holds_the_model_whole_and_only_one_reads_it(tmp_path: Path) -> None:
    save_model(tmp_path / "model", num_layers=8)
    set_up_run(tmp_path)
    (first, total, reads), (second, _, no_reads) = run_ranks(2, bytes_while_loading, str(tmp_path))
    largest_layer = 400 * 32 * 4
    assert max(first, second) < total / 2 + 1.2 * largest_layer < 0.8 * total
    assert (reads > 50, no_reads) == (True, 0)
