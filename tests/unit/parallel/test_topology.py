from __future__ import annotations

import pytest

from legaltune.config import load_config
from legaltune.errors import ConfigurationError
from legaltune.parallel.topology import deepspeed_config, plan_topology


def test_accumulation_follows_from_the_global_batch() -> None:
    config = load_config("qwen2.5-7b-lora", ["parallel.micro_batch_size=2"])
    topology = plan_topology(config, world_size=4)
    assert topology.accumulation_steps == 2
    assert topology.global_batch_size == 16


def test_a_world_that_does_not_divide_the_batch_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"global_batch_size 16 is no multiple of 3 processes"):
        plan_topology(load_config("qwen2.5-7b-lora"), world_size=3)


def test_deepspeed_gets_every_setting_that_has_a_changing_default() -> None:
    config = load_config("demo", ["optimizer.max_gradient_norm=0", "parallel.zero_stage=1"])
    settings = deepspeed_config(config, plan_topology(config, 1))
    assert settings["gradient_clipping"] == 0
    assert settings["zero_optimization"]["stage"] == 1
    assert settings["bf16"]["enabled"] is False
    assert settings["train_micro_batch_size_per_gpu"] * settings["gradient_accumulation_steps"] == 4
