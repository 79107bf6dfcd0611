"""What tensor parallelism refuses; `tests/distributed` has what it computes."""

from __future__ import annotations

import pytest
import torch
from transformers import (
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    Phi3Config,
    Phi3ForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from legaltune.errors import ConfigurationError
from legaltune.model.tensor_parallel import TensorParallel, require_trainable, shard_layers

TWO = TensorParallel(rank=0, size=2)
SIZES = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 1,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "pad_token_id": 0,
}


def test_layers_are_cut_and_the_rest_is_whole() -> None:
    model = Qwen2ForCausalLM(Qwen2Config(**SIZES))
    shard_layers(model, TWO)
    layer = model.model.layers[0]
    assert layer.self_attn.q_proj.weight.shape == (16, 32)
    assert layer.self_attn.o_proj.weight.shape == (32, 16)
    assert layer.mlp.down_proj.in_features == 32
    assert layer.input_layernorm.weight.shape == (32,)
    assert model.get_input_embeddings().weight.shape == (32, 32)


def test_fused_projections_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"needs layers named .*k_proj.*Phi3ForCausalLM lacks: set it to 1"):
        shard_layers(Phi3ForCausalLM(Phi3Config(**SIZES)), TWO)


def test_an_embedding_that_does_more_than_look_up_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"a plain embedding, Gemma3ForCausalLM has Gemma3TextScaledWord"):
        shard_layers(Gemma3ForCausalLM(Gemma3TextConfig(**SIZES)), TWO)


def test_norms_on_the_heads_of_one_process_are_not_trained() -> None:
    with torch.device("meta"):
        model = Qwen3ForCausalLM(Qwen3Config(**SIZES))
    with pytest.raises(ConfigurationError, match=r"self_attn\.q_norm\.weight cannot be trained .*zero_stage 3"):
        require_trainable(model, TWO)
    require_trainable(model.requires_grad_(False), TWO)
    require_trainable(Qwen2ForCausalLM(Qwen2Config(**SIZES)), TWO)
