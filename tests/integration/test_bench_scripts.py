"""The training benchmarks: what they feed to both engines, what they count, and short runs of both scripts."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM

from legaltune.tokens.dataset import TokenDataset
from legaltune.tokens.packing import pack_best_fit

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture
def inputs(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("bench_inputs")


@pytest.fixture
def bench_train(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("bench_train")


def write_tokens(inputs: ModuleType, folder: Path, share: float) -> TokenDataset:
    lengths = inputs.Lengths(median=90, sigma=0.5, shortest=30, longest=256)
    inputs.write_tokens(
        folder, num_rows=12, sequence_length=256, vocabulary=500, lengths=lengths, target_share=share, seed=3
    )
    return TokenDataset(folder, "train")


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_a_random_token_dataset_holds_what_was_asked_for(inputs: ModuleType, tmp_path: Path, share: float) -> None:
    dataset = write_tokens(inputs, tmp_path / "tokens", share)
    assert len(pack_best_fit(dataset.lengths.tolist(), 256)) >= 12
    assert 30 <= dataset.lengths.min() < dataset.lengths.max() <= 256
    assert dataset.num_targets.sum() / dataset.lengths.sum() == pytest.approx(share, abs=0.02)
    for index in range(len(dataset)):
        mask = dataset.loss_mask(index)
        assert mask[0] == 0
        assert mask[-1] == 1
        assert mask.sum() == dataset.num_targets[index]
        assert dataset.tokens(index).max() < 500


@pytest.mark.parametrize("tied", [True, False])
def test_a_random_model_loads_whole(inputs: ModuleType, tmp_path: Path, tied: bool) -> None:
    shape = inputs.Shape(hidden=32, layers=2, heads=4, key_value_heads=2, intermediate=64, vocabulary=2000, tied=tied)
    inputs.write_model(tmp_path / "model", shape, dtype=torch.bfloat16)
    model, report = AutoModelForCausalLM.from_pretrained(
        tmp_path / "model", dtype=torch.bfloat16, output_loading_info=True
    )
    assert not report["missing_keys"]
    assert not report["unexpected_keys"]
    assert (model.lm_head.weight is model.model.embed_tokens.weight) == tied
    linear = [m for m in model.model.layers.modules() if isinstance(m, torch.nn.Linear)]
    assert sum(m.weight.numel() for m in linear) == shape.block_parameters
    assert sum(16 * (m.in_features + m.out_features) for m in linear) == shape.lora_parameters()
    assert model.model.layers[0].mlp.up_proj.weight.detach().float().std() == pytest.approx(0.02, rel=0.1)


def test_operations_are_those_of_the_planner_for_qwen_7b(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    bench_gpu = importlib.import_module("bench_gpu")
    flops = bench_gpu.lora_flops_per_token
    assert bench_gpu.QWEN_7B.lora_parameters() == 40_370_176
    assert flops(bench_gpu.QWEN_7B, 2048) == pytest.approx(31.0e9, rel=1e-3)
    assert flops(bench_gpu.QWEN_7B, 2048, checkpointing=True) == pytest.approx(44.9e9, rel=1e-3)
    assert flops(bench_gpu.QWEN_7B, 2048, target_share=0.3) < flops(bench_gpu.QWEN_7B, 2048)


def test_engines_that_trained_on_different_rows_are_noticed(bench_train: ModuleType) -> None:
    def measurement(*losses: float) -> Any:
        return bench_train.Measurement(tokens_per_second=1.0, losses=list(losses), peak_memory_gib=1.0)

    bench_train.require_same_losses(measurement(9.0, 8.0), measurement(9.00001, 8.01), "float32")
    for other in (measurement(9.001, 8.0), measurement(9.0, 8.5)):
        with pytest.raises(SystemExit, match="the losses differ"):
            bench_train.require_same_losses(measurement(9.0, 8.0), other, "float32")


def test_pairs_alternate_and_the_median_ratio_counts(bench_train: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    order, rates = [], {"ours": iter([100.0, 300.0, 200.0]), "trl": iter([100.0, 100.0, 100.0])}

    def measure(engine: str, case: Any, **_: Any) -> Any:
        order.append(engine)
        return bench_train.Measurement(tokens_per_second=next(rates[engine]), losses=[9.0], peak_memory_gib=1.0)

    monkeypatch.setattr(bench_train, "measure", measure)
    case = bench_train.Case(model="", run="", sequence_length=8, rows_per_step=1, steps=1, warmup_steps=0)
    protocol = bench_train.Protocol(steps=1, warmup_steps=0, rows_per_step=1, threads=1)
    assert bench_train.compare(case, protocol, 3).ratio == 2.0
    assert order == ["ours", "trl", "trl", "ours", "ours", "trl"]


def test_the_mean_of_attended_keys_is_that_of_causal_documents(inputs: ModuleType) -> None:
    lengths = np.array([1, 4])
    assert inputs.mean_attended(lengths) == (1 + (1 + 2 + 3 + 4)) / 5


def test_the_bundle_leaves_torch_to_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    packages = importlib.import_module("gpu_bundle").needed_packages()
    assert {"transformers", "peft", "safetensors", "huggingface-hub", "numpy"} <= set(packages)
    assert not {"torch", "triton", "ray", "pytest"} & set(packages)


@pytest.mark.slow
def test_the_training_benchmark_runs_to_its_last_line() -> None:
    command = [sys.executable, str(SCRIPTS / "bench_train.py"), "--quick", "--threads", "1", "--trl-compile", "no"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.fullmatch(r"ratio_30=\d+\.\d{3} ratio_100=\d+\.\d{3}", run.stdout.splitlines()[-1])


@pytest.mark.slow
def test_the_gpu_benchmark_runs_through_on_a_cpu() -> None:
    command = [sys.executable, str(SCRIPTS / "bench_gpu.py"), "--tiny", "--steps", "1", "--rows", "2"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    rows = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    assert len(rows) == 2 * len({row["case"] for row in rows}) == 8
    losses = {row["variant"]: row["losses"] for row in rows if row["case"] == "LoRA"}
    assert losses["ours"] == pytest.approx(losses["TRL"], rel=0.01)
    assert all(row["case"] in run.stdout.rpartition("{")[2] for row in rows)
