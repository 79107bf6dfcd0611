from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch.multiprocessing.spawn import start_processes
from transformers import LlamaConfig, LlamaForCausalLM

from legaltune.config.schema import AdapterMethod
from legaltune.model.adapters import add_adapter, trained_shapes
from legaltune.model.tensor_parallel import TensorParallel, connect_layers, shard_layers
from tests.unit.model.test_adapters import IDS, VOCABULARY, make_adapter, make_base, trained

pytestmark = pytest.mark.distributed

METHODS = ("lora", "rslora", "dora", "ia3", "bottleneck")


def test_tensor_parallel_adapters_start_and_learn_as_whole_ones(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start_processes(_compare, args=(port, tmp_path), nprocs=2, start_method="spawn")  # type: ignore[no-untyped-call]
    results = torch.load(tmp_path / "results.pt")
    assert len(results) == 2 * len(METHODS)
    for case, (start, output, gradient) in results.items():
        assert start < 1e-6, f"{case}: start values differ by {start}"
        assert output < 1e-5, f"{case}: outputs differ by {output}"
        assert gradient < 1e-5, f"{case}: gradients differ by {gradient}"


def _compare(rank: int, port: int, folder: Path) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=2)
    parallel = TensorParallel(rank, 2, dist.group.WORLD)
    results = {
        (name, method): _differences(make_model, AdapterMethod(method), parallel)
        for name, make_model in (("qwen2", make_base), ("biased", _make_biased_base))
        for method in METHODS
    }
    if rank == 0:
        torch.save(results, folder / "results.pt")
    dist.barrier()
    os._exit(0)  # torch's teardown sometimes aborts


def _make_biased_base() -> Any:
    """Llama with a bias in each projection, also in those cut by input columns."""
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=1,
            num_attention_heads=4,
            num_key_value_heads=2,
            attention_bias=True,
            mlp_bias=True,
            initializer_range=0.08,
        )
    )
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.3)
    return model


def _differences(make_model: Any, method: AdapterMethod, parallel: TensorParallel) -> tuple[float, float, float]:
    """Largest differences of start values, outputs and (relative) gradients."""
    config = make_adapter(method)
    whole, base = add_adapter(make_model(), config, seed=1), make_model()
    shard_layers(base, parallel)
    connect_layers(base, parallel)
    sharded, shapes = add_adapter(base, config, seed=1, parallel=parallel), trained_shapes(whole)
    expected, actual = trained(whole), trained(sharded)
    assert list(expected) == list(actual)

    def gathered(name: str, tensor: torch.Tensor) -> torch.Tensor:
        return parallel.gather(tensor.detach(), shapes[name])

    start = max(_largest(gathered(name, actual[name]) - expected[name]) for name in expected)
    generator = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for name, parameter in expected.items():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
            part: torch.Tensor = parameter
            for dim, size in enumerate(actual[name].shape):
                part = part if size == part.shape[dim] else parallel.slice(part, dim)
            actual[name].copy_(part)
    outputs = []
    for model in (whole, sharded):
        hidden = model.get_base_model().get_decoder()(input_ids=IDS).last_hidden_state
        (hidden * torch.randn(hidden.shape, generator=torch.Generator().manual_seed(3))).mean().backward()
        outputs.append(hidden)
    gradient = max(
        float((gathered(name, actual[name].grad) - expected[name].grad).norm() / expected[name].grad.norm())
        for name in expected
    )
    return start, _largest(outputs[0] - outputs[1]), gradient


def _largest(difference: torch.Tensor) -> float:
    return difference.abs().max().item()
