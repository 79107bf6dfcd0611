from __future__ import annotations

from dataclasses import replace

import pytest

from legaltune.config import load_config, recipe_names
from legaltune.config.advice import warnings
from legaltune.config.facts import MachineFacts
from legaltune.config.footprint import activation_bytes, num_trainable, unsharded_gpu_bytes
from tests.unit.config.facts import A10G, A10G_X4, CPU, H100, QWEN_7B, T4_X4

_GIB = 2**30
_LORA = "qwen2.5-7b-lora"
_TP = "parallel.tensor_parallel_degree"
_OFFLOAD = ["parallel.zero_stage=3", "parallel.offload_parameters=cpu", "parallel.offload_optimizer=cpu"]


def _about(expected: str, overrides: list[str], machine: MachineFacts | None = A10G) -> list[str]:
    found = warnings(load_config(_LORA, overrides), QWEN_7B, machine)
    return [warning for warning in found if expected in warning]


@pytest.mark.parametrize(
    ("overrides", "machine", "expected", "remedy"),
    [
        (["adapter.r=128"], A10G, "adapter.r 128 is above 64", "set it to 4 to 32"),
        (["adapter.target_modules=[q_proj,v_proj]"], A10G, "adapter.target_modules q_proj, v_proj", "on all seven"),
        (["adapter.method=full"], A10G, "7,615,616,512 parameters instead of 40,370,176", "adapter.method=lora"),
        (
            ["adapter.method=full", "adapter.train_embeddings=all", "model.new_tokens=[Rn, Abs]"],
            A10G,
            "adapter.train_embeddings all moves every embedding, though only 2 are new",
            "set it to none, or adapter.method to lora and this to new",
        ),
        ([], H100, "gradient_checkpointing full repeats the forward pass", "set it to off"),
        (
            ["tokens.sequence_length=1024"],
            None,
            "full with 1 rows of 1024 tokens at once saves little",
            "or set it to off",
        ),
        (["tokens.sequence_length=2048"], A10G, "full with 1 rows of 2048 tokens", "hold 4096 tokens or more"),
        ([f"{_TP}=2"], A10G_X4, f"{_TP} 2 exchanges activations", "set it to 1"),
        (_OFFLOAD, A10G, "parallel.offload_parameters and parallel.offload_optimizer cpu waits", "zero_stage to 0"),
        (
            _OFFLOAD,
            replace(T4_X4, host_memory_bytes=16 * _GIB),
            "GiB of host memory, and the host has 16",
            "larger host",
        ),
        (["parallel.zero_stage=2"], A10G, "parallel.zero_stage 2 shards over data-parallel processes", "set it to 0"),
        (["model.dtype=float32"], H100, "model.dtype float32 takes twice the memory", "set it to auto"),
        (["adapter.method=ia3", "adapter.r=8"], A10G, "adapter.r has no effect with adapter.method ia3", "remove it"),
        (["parallel.prefetch_bucket_size=9"], A10G, "prefetch_bucket_size has no effect", "remove it"),
        (["quantization.double_quantization=false"], A10G, "double_quantization has no effect", "remove it"),
        (["train.early_stopping_min_delta=0.1"], A10G, "early_stopping_min_delta has no effect", "remove it"),
        (
            ["train.early_stopping_patience=3"],
            A10G,
            "early_stopping_patience 3 never stops the run early",
            "set evaluation.every_steps to less than a 4th of the steps",
        ),
        (
            ["train.early_stopping_patience=1", "data.split.validation=0", "evaluation.every_steps=1"],
            A10G,
            "early_stopping_patience 1 has no effect with data.split.validation 0",
            "set data.split.validation to 0.1",
        ),
        (["parallel.pin_memory=false"], A10G, "parallel.pin_memory has no effect", "remove it"),
    ],
)
def test_a_common_mistake_is_warned_of_with_its_remedy(
    overrides: list[str], machine: MachineFacts | None, expected: str, remedy: str
) -> None:
    (warning,) = _about(expected, overrides, machine)
    assert remedy in warning


@pytest.mark.parametrize(
    ("overrides", "machine", "unexpected"),
    [
        (["adapter.r=64"], A10G, "adapter.r"),
        (["adapter.target_modules=[q_proj,v_proj,o_proj]"], A10G, "target_modules"),
        ([], A10G, "gradient_checkpointing"),
        (["tokens.sequence_length=2048"], A10G, "set it to off"),
        (["tokens.sequence_length=1024"], T4_X4, "full with 1 rows"),
        (["train.early_stopping_patience=2"], A10G, "early_stopping"),
        (["train.early_stopping_patience=3", "evaluation.every_steps=10"], A10G, "early_stopping"),
        (["data.split.validation=0"], A10G, "early_stopping"),
        ([f"{_TP}=2"], T4_X4, "GiB of GPU memory"),
        (["parallel.zero_stage=3"], T4_X4, "GiB of GPU memory"),
        (["adapter.method=full"], CPU, "GiB of GPU memory"),
        (["train.gradient_checkpointing=off"], H100, "GiB of GPU memory"),
        (["train.gradient_checkpointing=off"], H100, "gradient_checkpointing"),
        ([f"{_TP}=2"], T4_X4, "tensor_parallel_degree"),
        ([f"{_TP}=2", "train.gradient_checkpointing=off"], A10G_X4, "tensor_parallel_degree"),
        (_OFFLOAD, T4_X4, "waits for the bus"),
        (_OFFLOAD, A10G, "host memory"),
        (["parallel.zero_stage=2"], A10G_X4, "zero_stage"),
        (["parallel.zero_stage=1", "parallel.offload_optimizer=cpu"], A10G, "shards over"),
        (["adapter.method=full", "adapter.train_embeddings=all"], A10G, "train_embeddings"),
        (["quantization.method=nf4", "quantization.double_quantization=false"], A10G, "double_quantization"),
    ],
)
def test_what_is_right_is_not(overrides: list[str], machine: MachineFacts, unexpected: str) -> None:
    assert _about(unexpected, overrides, machine) == []


def test_the_articles_settings_on_the_gpu_it_names_draw_no_warning() -> None:
    assert warnings(load_config(_LORA), QWEN_7B, A10G) == []


@pytest.mark.parametrize(
    ("overrides", "machine", "expected", "remedy"),
    [
        ([], T4_X4, "about 18.7 GiB of GPU memory, and Tesla T4 has 14.6 GiB", "set quantization.method=nf4"),
        (["train.gradient_checkpointing=off"], A10G, "41.8 GiB", "set train.gradient_checkpointing=full"),
        (
            ["train.gradient_checkpointing=off"],
            T4_X4,
            "41.8 GiB",
            "set train.gradient_checkpointing=full, quantization.method=nf4",
        ),
        (["model.dtype=float32"], A10G, "GiB", "set model.dtype=auto"),
        (["parallel.micro_batch_size=4"], A10G, "GiB", "set parallel.micro_batch_size=1"),
        (["adapter.method=full"], A10G, "133.8 GiB", "set parallel.zero_stage=3"),
        (
            ["adapter.method=full", "optimizer.name=adamw_8bit", "train.gradient_checkpointing=selective"],
            A10G,
            "GiB",
            "set train.gradient_checkpointing=full, parallel.zero_stage=3, parallel.offload_parameters=cpu (",
        ),
        (["adapter.method=full", "train.compile=true"], A10G, "GiB", "set train.compile=false, parallel.zero_stage=3"),
    ],
)
def test_a_plan_that_does_not_fit_is_warned_of_and_the_remedy_helps(
    overrides: list[str], machine: MachineFacts, expected: str, remedy: str
) -> None:
    (warning,) = _about("GiB of GPU memory", overrides, machine)
    assert expected in warning
    assert remedy in warning
    settings = warning.partition(": set ")[2].partition(" (as in")[0].split(", ")
    assert _about("GiB of GPU memory", [*overrides, *settings], machine) == []


def test_the_demo_draws_no_warning_on_a_gpu() -> None:
    small = replace(
        QWEN_7B,
        num_layers=2,
        num_heads=4,
        num_kv_heads=2,
        head_size=16,
        hidden_size=64,
        intermediate_size=192,
        vocabulary_size=2048,
        num_parameters=300_000,
        num_block_parameters=100_000,
    )
    assert warnings(load_config("demo"), small, H100) == []
    assert any("model.dtype float32" in warning for warning in warnings(load_config("demo"), QWEN_7B, H100))


def test_what_is_not_known_is_not_guessed() -> None:
    config = load_config(_LORA, [f"{_TP}=2", "model.dtype=float32", "parallel.zero_stage=1"])
    assert warnings(config) == []
    assert warnings(config, QWEN_7B) == []
    assert warnings(load_config(_LORA, _OFFLOAD), QWEN_7B, CPU) == []
    assert "a hundred times more parameters" in warnings(load_config("full-finetune"))[0]


@pytest.mark.parametrize("name", recipe_names())
def test_recipes_set_nothing_that_has_no_effect(name: str) -> None:
    assert not [warning for warning in warnings(load_config(name)) if "no effect" in warning]


def test_trainable_parameters_of_the_source_articles_lora() -> None:
    assert num_trainable(load_config(_LORA).adapter, QWEN_7B) == 40_370_176


def test_heads_may_be_wider_than_the_hidden_size_divided_by_them() -> None:
    """Qwen3-0.6B: 16 query and 8 key-value heads of 128 on a hidden size of 1,024."""
    qwen3 = replace(
        QWEN_7B, num_heads=16, num_kv_heads=8, head_size=128, hidden_size=1024, intermediate_size=3072, num_layers=1
    )
    widths = {"q_proj": 1024 + 2048, "k_proj": 1024 + 1024, "v_proj": 1024 + 1024, "o_proj": 2048 + 1024}
    for name, width in widths.items():
        adapter = load_config(_LORA, [f"adapter.target_modules=[{name}]", "adapter.r=1"]).adapter
        assert num_trainable(adapter, qwen3) == width
    assert num_trainable(load_config(_LORA, ["adapter.method=prefix"]).adapter, qwen3) == 2 * 1024 * 20
    for mode in ("off", "full", "selective"):
        config = load_config(_LORA, [f"train.gradient_checkpointing={mode}"])
        assert activation_bytes(config, qwen3) > activation_bytes(config, replace(qwen3, head_size=64))


@pytest.mark.parametrize(("mode", "allocated_gib"), [("full", 16.4), ("off", 39.4)])
def test_the_estimate_is_near_the_published_allocation(mode: str, allocated_gib: float) -> None:
    """facts: Qwen2.5-7B, r = 16, one row of 4,096 tokens, bf16, chunked loss."""
    config = load_config(_LORA, [f"train.gradient_checkpointing={mode}"])
    allocated = (unsharded_gpu_bytes(config, QWEN_7B) / _GIB - 1.5) / 1.02
    assert allocated == pytest.approx(allocated_gib, rel=0.05)


def test_what_saves_memory_is_estimated_to_save_it() -> None:
    off, selective, full = (
        activation_bytes(load_config(_LORA, [f"train.gradient_checkpointing={mode}"]), QWEN_7B)
        for mode in ("off", "selective", "full")
    )
    assert full < selective < off
    bf16, int8, nf4 = (
        unsharded_gpu_bytes(load_config(_LORA, [f"quantization.method={method}"]), QWEN_7B)
        for method in ("none", "int8", "nf4")
    )
    assert nf4 < int8 < bf16 < unsharded_gpu_bytes(load_config(_LORA, ["model.dtype=float32"]), QWEN_7B)
