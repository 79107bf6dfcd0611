from __future__ import annotations

import json
from typing import Any

import pytest

from legaltune.config import load_config
from legaltune.parallel.deepspeed import deepspeed_config
from legaltune.parallel.topology import plan_topology


def _settings(*overrides: str, dtype: str = "bfloat16", on_cpu: bool = False, **options: Any) -> dict[str, Any]:
    config = load_config("qwen2.5-7b-zero3-offload", list(overrides))
    return deepspeed_config(config, plan_topology(config, 1), dtype=dtype, on_cpu=on_cpu, **options)


def test_the_defaults_are_the_source_articles() -> None:
    offload = {"device": "cpu", "pin_memory": True}
    assert _settings()["zero_optimization"] == {
        "stage": 3,
        "offload_optimizer": offload,
        "offload_param": offload,
        "overlap_comm": True,
        "contiguous_gradients": True,
        "reduce_bucket_size": 500_000_000,
        "stage3_prefetch_bucket_size": 500_000_000,
        "stage3_param_persistence_threshold": 1_000_000,
        "memory_efficient_linear": True,
    }


@pytest.mark.parametrize("norm", [0.0, 1.0, 0.3])
def test_clipping_is_always_explicit(norm: float) -> None:
    assert _settings(f"optimizer.max_gradient_norm={norm}")["gradient_clipping"] == norm


def test_nothing_is_page_locked_or_overlapped_on_a_cpu() -> None:
    zero = _settings(dtype="float32", on_cpu=True)["zero_optimization"]
    assert not zero["overlap_comm"]
    assert not zero["offload_optimizer"]["pin_memory"]
    assert not zero["offload_param"]["pin_memory"]


@pytest.mark.parametrize("stage", [1, 2])
def test_lower_stages_get_no_settings_of_stage_3(stage: int) -> None:
    zero = _settings(f"parallel.zero_stage={stage}", "parallel.offload_parameters=none")["zero_optimization"]
    assert zero["stage"] == stage
    assert "offload_optimizer" in zero
    assert not [name for name in zero if name.startswith("stage3") or name == "offload_param"]


def test_stage_0_does_not_use_deepspeed() -> None:
    with pytest.raises(ValueError, match="stage 0"):
        _settings("parallel.zero_stage=0", "parallel.offload_parameters=none", "parallel.offload_optimizer=none")


def test_precision_and_loss_scale() -> None:
    assert not {"bf16", "fp16", "data_types"} & _settings(dtype="float32").keys()
    assert _settings(dtype="bfloat16")["bf16"]["enabled"]
    fp16 = _settings(dtype="float16")["fp16"]
    assert fp16["enabled"]
    assert (fp16["loss_scale"], fp16["initial_scale_power"]) == (0, 16), "0 is dynamic"
    for dtype in ("bfloat16", "float16"):
        settings = _settings(dtype=dtype)
        assert settings["data_types"]["grad_accum_dtype"] == settings["communication_data_type"] == "fp32"


def test_buckets_are_no_larger_than_the_gradients() -> None:
    assert _settings(num_trainable=1000)["zero_optimization"]["reduce_bucket_size"] == 1000
    assert _settings(num_trainable=10**10)["zero_optimization"]["reduce_bucket_size"] == 500_000_000


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
@pytest.mark.parametrize("stage", [1, 2, 3])
def test_deepspeed_knows_every_setting(stage: int, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DS_ACCELERATOR", "cpu")
    from deepspeed.runtime import constants
    from deepspeed.runtime.config import DeepSpeedConfig

    overrides = ["parallel.offload_parameters=none"] if stage < 3 else []
    settings = _settings(f"parallel.zero_stage={stage}", *overrides, dtype=dtype)
    read = DeepSpeedConfig(json.loads(json.dumps(settings)))  # sections refuse unknown keys
    known = {value for value in vars(constants).values() if isinstance(value, str)} | {"zero_optimization"}
    assert settings.keys() <= known
    assert read.zero_optimization_stage == stage
    assert read.gradient_clipping == 1.0
    assert read.train_batch_size == 16
    assert read.steps_per_print is None
    assert not read.wall_clock_breakdown
    assert (read.bfloat16_config.enabled, read.float16_config.enabled) == (dtype == "bfloat16", dtype == "float16")
    assert read.zero_config.overlap_comm is True
