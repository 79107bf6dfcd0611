"""Frozen linear layers with 4-bit or 8-bit weights (QLoRA, arXiv 2305.14314; LLM.int8(), arXiv 2208.07339).

The layers are bitsandbytes' classes with a forward pass of our own, for three reasons. Theirs repacks 4-bit weights in
place as soon as a CPU with bfloat16 instructions sees them in evaluation mode, after which training goes on with
garbage. Theirs keeps weights (4-bit) and inputs (8-bit) where neither ZeRO-3 nor gradient checkpointing can free them
before the backward pass. And their 8-bit product looks for outliers, which makes the host wait for the GPU in every
layer; here 8-bit weights are expanded before the product, as bitsandbytes itself does on a CPU, so that activations
are not quantized at all.
"""

from __future__ import annotations

from typing import Any

import bitsandbytes.nn.modules as bnb
import torch
from bitsandbytes import functional
from bitsandbytes.autograd._functions import matmul_4bit
from torch import nn

from legaltune.config.schema import QuantizationConfig

_INT8_MAXIMUM = 127.0
_OUTLIER_THRESHOLD = 6.0  # LLM.int8(), section 3.2; read by what loads the layer elsewhere


class Linear4bit(bnb.Linear4bit):
    """y = x W^T + b with W as NormalFloat4 in blocks of 64; computed in `compute_dtype`, the same in both modes.

    Its `weight` has shape ((out_features * in_features + 1) // 2, 1), uint8, two values to a byte; the scales are in
    `quant_state`, which ZeRO-3 leaves whole on every process (0.016 bytes per parameter with double quantization).
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute the layer for x of shape (..., in_features) in any floating dtype, which the result has too."""
        result: torch.Tensor = _Product4bit.apply(  # type: ignore[no-untyped-call]
            x.to(self.compute_dtype), self.weight, self.bias, self.quant_state
        )
        return result.to(x.dtype)

    def dequantized_weight(self) -> torch.Tensor:
        """The weights as used, shape (out_features, in_features), in `compute_dtype`."""
        return _dequantize_4bit(self.weight, self.quant_state)


class Linear8bit(bnb.Linear8bitLt):
    """y = x W^T + b with W as int8 and one fp32 scale per output; computed in `compute_dtype`.

    Its `weight` has shape (out_features, in_features), int8; the scales are in `state.SCB`, shape (out_features,).
    """

    compute_dtype: torch.dtype

    @property
    def scale(self) -> torch.Tensor:
        """Largest absolute weight of each output, shape (out_features,), fp32."""
        scale: torch.Tensor | None = self.state.SCB
        assert scale is not None
        return scale

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Compute the layer for x of shape (..., in_features) in any floating dtype, which the result has too."""
        result: torch.Tensor = _Product8bit.apply(  # type: ignore[no-untyped-call]
            x.to(self.compute_dtype), self.weight, self.bias, self.scale
        )
        return result.to(x.dtype)

    def dequantized_weight(self) -> torch.Tensor:
        """The weights as used, shape (out_features, in_features), in `compute_dtype`."""
        return _dequantize_8bit(self.weight, self.scale, self.compute_dtype)

    def _apply(self, fn: Any, recurse: bool = True) -> Linear8bit:
        """Move the scales with the weights, also where the call comes from a module above."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self.state.SCB = self.scale.to(self.weight.device)
        return self


def quantized_linear(
    linear: nn.Linear, config: QuantizationConfig, *, compute_dtype: torch.dtype
) -> Linear4bit | Linear8bit:
    """Quantize a layer on the device where its weights are.

    Args:
        linear: Layer with its weights, or with this process's slice of them; not changed, its bias is taken over.
        config: `method` must not be none.
        compute_dtype: Precision of the product and of the bias.

    Returns:
        The frozen layer. PEFT's ordinary layers (`lora.Linear`, `ia3.Linear`) go on top of it.
    """
    layer: Linear4bit | Linear8bit
    layer = _linear_4bit(linear, config, compute_dtype) if config.method == "nf4" else _linear_8bit(linear)
    layer.compute_dtype = compute_dtype  # PEFT makes its adapter in this precision
    if linear.bias is not None:
        layer.bias = nn.Parameter(linear.bias.detach().to(compute_dtype), requires_grad=False)
    layer.train(linear.training)
    return layer


def _linear_4bit(linear: nn.Linear, config: QuantizationConfig, compute_dtype: torch.dtype) -> Linear4bit:
    weight = linear.weight.detach()
    layer = Linear4bit(  # type: ignore[no-untyped-call]
        weight.shape[1],
        weight.shape[0],
        bias=linear.bias is not None,
        compress_statistics=config.double_quantization,
        quant_type="nf4",
        quant_storage=torch.uint8,  # no floating type: DeepSpeed would convert it to its own precision
        device="meta",
    )
    packed, state = functional.quantize_4bit(
        weight.contiguous(), compress_statistics=config.double_quantization, quant_type="nf4"
    )
    state.dtype = compute_dtype  # of what is dequantized
    layer.quant_state = state
    layer.weight = bnb.Params4bit(
        packed,
        requires_grad=False,
        quant_state=state,
        compress_statistics=config.double_quantization,
        quant_type="nf4",
        bnb_quantized=True,
    )
    return layer


def _linear_8bit(linear: nn.Linear) -> Linear8bit:
    weight = linear.weight.detach()
    layer = Linear8bit(
        weight.shape[1],
        weight.shape[0],
        bias=linear.bias is not None,
        has_fp16_weights=False,
        threshold=_OUTLIER_THRESHOLD,
        device="meta",
    )
    values, scale, _ = functional.int8_vectorwise_quant(weight.to(torch.float16))
    layer.weight = bnb.Int8Params(values, requires_grad=False)
    layer.state.SCB = scale
    return layer


class _Product4bit(torch.autograd.Function):
    """x W^T + b; what is kept for the backward pass is the parameter W itself, which ZeRO-3 gathers again."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, state: Any) -> torch.Tensor:
        ctx.save_for_backward(weight)
        ctx.state = state
        product: torch.Tensor = matmul_4bit(x, weight, quant_state=state, bias=bias)
        return product

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        (weight,) = ctx.saved_tensors
        return gradients[0] @ _dequantize_4bit(weight, ctx.state), None, None, None


class _Product8bit(torch.autograd.Function):
    """x W^T + b; what is kept for the backward pass is the parameter W itself, which ZeRO-3 gathers again."""

    @staticmethod
    def forward(
        ctx: Any, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None, scale: torch.Tensor
    ) -> torch.Tensor:
        ctx.save_for_backward(weight)
        ctx.scale = scale
        columns = _dequantize_8bit(weight, scale, x.dtype).t()
        rows = x.flatten(0, -2)  # spelt out, because DeepSpeed replaces torch's `linear` under ZeRO-3
        product = rows @ columns if bias is None else torch.addmm(bias, rows, columns)
        return product.view(*x.shape[:-1], -1)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> Any:
        (weight,) = ctx.saved_tensors
        return gradients[0] @ _dequantize_8bit(weight, ctx.scale, gradients[0].dtype), None, None, None


def _dequantize_4bit(weight: torch.Tensor, state: Any) -> torch.Tensor:
    dequantized: torch.Tensor = functional.dequantize_4bit(weight, state)
    return dequantized


def _dequantize_8bit(weight: torch.Tensor, scale: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    values = torch.empty(weight.shape, dtype=dtype, device=weight.device)
    values.copy_(weight)  # not weight.to(dtype), which bitsandbytes overrides
    return values.mul_(scale.unsqueeze(1) / _INT8_MAXIMUM)
