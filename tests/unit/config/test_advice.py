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
            "set it to new or none",
        ),
        ([], H100, "gradient_checkpointing full repeats the forward pass", "set it to off"),
        (["tokens.sequence_length=1024"], T4_X4, "full with 1 rows of 1024 tokens", "4096 tokens or more"),
        ([f"{_TP}=2"], A10G_X4, f"{_TP} 2 exchanges activations", "set it to 1"),
        (_OFFLOAD, A10G, "parallel.offload_parameters and parallel.offload_optimizer cpu waits", "set to none"),
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
        (["parallel.pin_memory=false"], A10G, "parallel.pin_memory has no effect", "remove it"),
    ],
)
def test_a_common_mistake_is_warned_of_with_its_remedy(
    overrides: list[str], machine: MachineFacts, expected: str, remedy: str
) -> None:
    (warning,) = _about(expected, overrides, machine)
    assert remedy in warning


@pytest.mark.parametrize(
    ("overrides", "machine", "unexpected"),
    [
        (["adapter.r=64"], A10G, "adapter.r"),
        (["adapter.target_modules=[q_proj,v_proj,o_proj]"], A10G, "target_modules"),
        ([], A10G, "gradient_checkpointing"),
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
