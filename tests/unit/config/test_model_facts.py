from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from transformers import LlamaConfig

from legaltune.config.schema import ModelConfig
from legaltune.model.facts import model_facts

_SIZES: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "vocab_size": 64,
}


@pytest.mark.parametrize(("explicit", "expected"), [({}, 8), ({"head_dim": 16}, 16), ({"head_dim": None}, 8)])
def test_the_width_of_a_head_is_the_models_own(tmp_path: Path, explicit: dict[str, Any], expected: int) -> None:
    LlamaConfig(**_SIZES, **explicit).save_pretrained(tmp_path)
    assert model_facts(ModelConfig(name=str(tmp_path))).head_size == expected
