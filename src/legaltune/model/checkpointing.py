"""Gradient checkpointing: which activations of a decoder layer are kept for the backward pass (arXiv 1604.06174)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal

import torch
import torch.nn.attention.varlen  # registers torch_attn::_varlen_attn
from torch import nn
from torch.utils.checkpoint import CheckpointPolicy, checkpoint, create_selective_checkpoint_contexts
from transformers.modeling_layers import GradientCheckpointingLayer

from legaltune.errors import ConfigurationError

# A product over fewer elements than this is bound by memory traffic, as element-wise operations are: one operation per
# element and byte, where a GPU can do hundreds per byte. So the result of LoRA's B (inner dimension r) is recomputed.
MIN_INNER_DIMENSION = 128

_aten = torch.ops.aten
_ATTENTION = frozenset(
    {
        _aten._scaled_dot_product_flash_attention.default,
        _aten._scaled_dot_product_flash_attention_for_cpu.default,
        _aten._scaled_dot_product_efficient_attention.default,
        _aten._scaled_dot_product_cudnn_attention.default,
        _aten._scaled_dot_product_fused_attention_overrideable.default,
        torch.ops.torch_attn._varlen_attn.default,
    }
)
_INPUT_OF_PRODUCT = {_aten.mm.default: 0, _aten.addmm.default: 1}  # which argument the left factor is
_QUANTIZED_PRODUCT = "bitsandbytes::gemm_4bit"  # by name: the operator exists only where bitsandbytes is loaded


def apply_gradient_checkpointing(model: nn.Module, mode: Literal["off", "full", "selective"]) -> None:
    """Choose what each decoder layer keeps in training mode; call it again to choose otherwise.

    The layers recompute through transformers' own mechanism, so keyword arguments reach them unchanged and hooks on a
    layer run once. Random numbers are drawn again as in the first pass: dropout masks are the same. As nothing here is
    reentrant, adapters on a frozen model get their gradients without `enable_input_require_grads`.

    Args:
        model: A Hugging Face model, with or without an adapter; changed in place.
        mode: off: everything; full: the layer's input; selective: also the results of matrix products and attention.

    Raises:
        ConfigurationError: The model has no layer that supports it.
    """
    layers = [module for module in model.modules() if isinstance(module, GradientCheckpointingLayer)]
    if mode != "off" and not layers:
        raise ConfigurationError(
            f"train.gradient_checkpointing {mode} is not supported by {type(model).__name__}: set it to off, or choose "
            "a model whose layers transformers can checkpoint"
        )
    for layer in layers:
        layer.gradient_checkpointing = mode != "off"
        layer._gradient_checkpointing_func = _selective(layer) if mode == "selective" else _full


def _full(function: Callable[..., Any], *args: Any) -> Any:
    return checkpoint(function, *args, use_reentrant=False)


def _selective(layer: nn.Module) -> Callable[..., Any]:
    # Attention that is not run again draws no random numbers, so later dropout masks would differ.
    draws = any(getattr(module, "attention_dropout", 0.0) for module in layer.modules())
    attention = frozenset() if draws else _ATTENTION

    def contexts() -> tuple[Any, Any]:
        pair: tuple[Any, Any] = create_selective_checkpoint_contexts(_Policy(attention))  # type: ignore[no-untyped-call]
        return pair

    return partial(checkpoint, use_reentrant=False, context_fn=contexts)


class _Policy:
    """Which results of one forward pass of one layer are kept; watches that nothing changes them afterwards.

    torch watches too, but not through the views that a product of more than two dimensions ends in. DeepSpeed's
    replacement of `linear` for ZeRO-3 adds the bias to such a view, in place: it would be added twice.
    """

    def __init__(self, attention: frozenset[Any]) -> None:
        self._attention = attention
        self._kept: set[int] = set()

    def __call__(self, context: Any, operator: Any, *args: Any, **kwargs: Any) -> CheckpointPolicy:
        if operator in self._attention or _inner_dimension(operator, args) >= MIN_INNER_DIMENSION:
            result = context.op_output
            results = result if isinstance(result, tuple) else (result,)
            self._kept.update(_storage(one) for one in results if isinstance(one, torch.Tensor))
            return CheckpointPolicy.MUST_SAVE
        schema = getattr(operator, "_schema", None)  # higher-order operators have none
        if schema is not None and schema.is_mutable and not self._kept.isdisjoint(map(_storage, args)):
            raise ConfigurationError(
                f"train.gradient_checkpointing selective cannot keep a result that {operator} changes in place: set "
                "it to full (with ZeRO-3, DeepSpeed's memory_efficient_linear must be off)"
            )
        return CheckpointPolicy.PREFER_RECOMPUTE


def _storage(value: Any) -> int:
    """Identity of a tensor's memory; -1 for anything else."""
    return value.untyped_storage()._cdata if isinstance(value, torch.Tensor) else -1


def _inner_dimension(operator: Any, args: tuple[Any, ...]) -> int:
    """Number of products summed to one element of the result; 0 where it is no matrix product."""
    if operator in _INPUT_OF_PRODUCT:
        return int(args[_INPUT_OF_PRODUCT[operator]].shape[-1])
    if operator.name() == _QUANTIZED_PRODUCT:
        return int(args[0].shape[-1])
    return 0
