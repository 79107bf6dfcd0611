from __future__ import annotations

from dataclasses import replace

import pytest

from legaltune.config import load_config
from legaltune.config.facts import MachineFacts
from legaltune.errors import ConfigurationError, ExitCode
from legaltune.parallel.refusals import feasible_degrees, refusals, require_feasible
from tests.unit.config.facts import A10G, A10G_X4, CPU, QWEN_7B, T4_X4

_TP = "parallel.tensor_parallel_degree"


@pytest.mark.parametrize(
    ("overrides", "machine", "reason", "remedy"),
    [
        (
            [f"{_TP}=2"],
            A10G,
            "2 processes share each layer, but a host has 1 GPU",
            "set it to 1, or take a host with 2",
        ),
        ([f"{_TP}=8"], A10G_X4, "a host has 4 GPUs", "set it to 4, or"),
        (
            [f"{_TP}=3"],
            A10G_X4,
            "3 does not divide the model's 28 attention heads and 4 key-value heads and 18944",
            "to 2",
        ),
        ([f"{_TP}=8"], CPU, "8 does not divide the model's 28 attention heads and 4 key-value heads", "set it to 4"),
        (["parallel.num_processes=8"], A10G_X4, "8 processes, but a host has 4 GPUs", "set it to 4 or auto"),
        (["model.dtype=bfloat16"], T4_X4, "Tesla T4 does not compute in bfloat16", "set it to auto"),
        (["model.dtype=float16"], CPU, "no dynamic loss scale on a CPU", "float32 or bfloat16"),
        (["optimizer.name=adamw_8bit"], CPU, "CUDA only", "set it to adamw"),
        (["tokens.sequence_length=40000"], A10G, "40000 tokens exceed the model's context of 32768", "to 32768"),
        (
            ["tokens.sequence_length=32760", "adapter.method=prompt"],
            A10G,
            "32760 tokens and 20 virtual ones exceed",
            "set tokens.sequence_length to 32748",
        ),
    ],
)
def test_what_model_and_machine_cannot_carry_is_refused(
    overrides: list[str], machine: MachineFacts, reason: str, remedy: str
) -> None:
    config = load_config("qwen2.5-7b-lora", overrides)
    found = [str(refusal) for refusal in refusals(config, QWEN_7B, machine)]
    assert any(reason in text and remedy in text for text in found), found


@pytest.mark.parametrize(
    ("overrides", "machine"),
    [
        ([], A10G),
        ([f"{_TP}=4"], A10G_X4),
        ([f"{_TP}=2", "parallel.num_processes=4"], CPU),
        (["parallel.num_processes=4"], CPU),
        (["model.dtype=bfloat16"], CPU),
        (["model.dtype=float16"], T4_X4),
        (["optimizer.name=adamw_8bit"], A10G),
        (["tokens.sequence_length=32768"], A10G),
    ],
)
def test_what_they_can_carry_is_not(overrides: list[str], machine: MachineFacts) -> None:
    config = load_config("qwen2.5-7b-lora", overrides)
    assert refusals(config, QWEN_7B, machine) == []
    require_feasible(config, QWEN_7B, machine)


def test_a_sliding_window_needs_the_mask() -> None:
    model = replace(QWEN_7B, sliding_window=True)
    (refusal,) = refusals(load_config("qwen2.5-7b-lora"), model, A10G)
    assert refusal.settings == ("model.attention",)
    assert refusals(load_config("qwen2.5-7b-lora", ["model.attention=sdpa"]), model, A10G) == []


def test_all_reasons_are_raised_at_once() -> None:
    config = load_config("qwen2.5-7b-lora", [f"{_TP}=3", "model.dtype=bfloat16", "tokens.sequence_length=40000"])
    with pytest.raises(ConfigurationError, match="3 reasons") as caught:
        require_feasible(config, QWEN_7B, T4_X4)
    message = str(caught.value)
    for part in ("attention heads", "bfloat16", "context of 32768"):
        assert part in message
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("overrides", "machine", "remedy"),
    [
        ([f"{_TP}=2"], A10G, "set it to 1, or take a host with 2 GPUs"),
        ([f"{_TP}=3"], A10G_X4, "set it to 2"),
        (["parallel.num_processes=8", f"{_TP}=8"], A10G_X4, "set it to 4"),
        ([f"{_TP}=2"], replace(A10G_X4, num_gpus=3), "set the degree to 1, or the processes to 2"),
        ([f"{_TP}=4"], replace(A10G_X4, num_gpus=6), "set the degree to 2, or the processes to 4"),
    ],
)
def test_a_division_that_fails_is_reported_with_what_the_host_has(
    overrides: list[str], machine: MachineFacts, remedy: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        require_feasible(load_config("qwen2.5-7b-lora", overrides), QWEN_7B, machine)
    message = str(caught.value)
    assert remedy in message
    assert message.count("the processes to") == remedy.count("the processes to")
    assert "or the processes to" in remedy or "is no multiple" not in message


def test_auto_is_one_process_on_a_machine_without_gpus() -> None:
    with pytest.raises(ConfigurationError, match=r"1, is no multiple of the degree 2.*the processes to 2"):
        require_feasible(load_config("qwen2.5-7b-lora", [f"{_TP}=2"]), QWEN_7B, CPU)


def test_all_hosts_count_for_the_batch() -> None:
    config = load_config("qwen2.5-7b-lora", ["train.global_batch_size=4"])
    require_feasible(config, QWEN_7B, A10G_X4)
    with pytest.raises(ConfigurationError, match="set the global batch to 8"):
        require_feasible(config, QWEN_7B, replace(A10G_X4, num_hosts=2))


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 8])
def test_feasible_degrees_are_those_that_are_not_refused(limit: int) -> None:
    gpus = replace(A10G_X4, num_gpus=8)
    allowed = [
        degree
        for degree in range(1, limit + 1)
        if not refusals(load_config("qwen2.5-7b-lora", [f"{_TP}={degree}"]), QWEN_7B, gpus)
    ]
    assert feasible_degrees(QWEN_7B, limit=limit) == allowed
