"""Quantizes whole models, and takes it back, for tests."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from legaltune.config.schema import QuantizationConfig
from legaltune.model.quantization import Linear4bit, Linear8bit, quantized_linear


def quantize(model: Any, config: QuantizationConfig, *, compute_dtype: torch.dtype) -> None:
    """Replace each linear layer in the decoder blocks of a causal language model; embeddings and head stay."""
    for block in model.get_decoder().layers:
        for name, module in list(block.named_modules()):
            if type(module) is nn.Linear:
                block.set_submodule(name, quantized_linear(module, config, compute_dtype=compute_dtype))


def dequantized_linear(layer: Linear4bit | Linear8bit) -> nn.Linear:
    """An ordinary frozen layer that computes the same as a quantized one, in its `compute_dtype`."""
    linear = nn.Linear(layer.in_features, layer.out_features, layer.bias is not None, device="meta")
    linear.weight = nn.Parameter(layer.dequantized_weight(), requires_grad=False)
    if layer.bias is not None:
        linear.bias = nn.Parameter(layer.bias.detach().clone(), requires_grad=False)
    return linear.train(layer.training)
