"""What a model's config.json says of it, without loading its weights."""

from __future__ import annotations

from typing import Any

import torch

from legaltune.config.facts import ModelFacts
from legaltune.config.schema import ModelConfig
from legaltune.model.loading import build_empty_model


def model_facts(config: ModelConfig) -> ModelFacts:
    """Describe the base model.

    Raises:
        InputMissingError: There is no such model.
        ServiceUnavailableError: The hub does not answer.
    """
    model = build_empty_model(config, torch.float32)
    settings = model.config.get_text_config()
    layers = model.get_decoder().layers
    linears = [module for module in layers.modules() if isinstance(module, torch.nn.Linear)]
    return ModelFacts(
        architecture=type(model).__name__,
        num_layers=len(layers),
        num_heads=settings.num_attention_heads,
        num_kv_heads=getattr(settings, "num_key_value_heads", None) or settings.num_attention_heads,
        head_size=getattr(settings, "head_dim", None) or settings.hidden_size // settings.num_attention_heads,
        hidden_size=settings.hidden_size,
        intermediate_size=settings.intermediate_size,
        vocabulary_size=settings.vocab_size,
        num_parameters=sum(parameter.numel() for parameter in model.parameters()),
        num_block_parameters=sum(linear.weight.numel() for linear in linears),
        tied_embeddings=model.get_output_embeddings().weight is model.get_input_embeddings().weight,
        max_position_embeddings=settings.max_position_embeddings,
        sliding_window=_has_sliding_window(settings),
    )


def _has_sliding_window(settings: Any) -> bool:
    kinds = getattr(settings, "layer_types", None)
    if kinds is not None:
        return any(kind != "full_attention" for kind in kinds)
    return getattr(settings, "sliding_window", None) is not None
