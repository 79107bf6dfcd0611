"""Floating-point operations of an optimizer step, and what GPUs can do: together the model FLOPs utilization (MFU)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Checkpointing = Literal["off", "full", "selective"]

# Dense 16-bit matrix products with fp32 sums, FLOP/s, from NVIDIA's data sheets; the first whose words all occur in the
# device's name counts.
_PEAK_FLOPS: tuple[tuple[tuple[str, ...], float], ...] = (
    (("b200",), 2250e12),
    (("h200", "nvl"), 835e12),
    (("h200",), 989e12),
    (("h100", "nvl"), 835e12),
    (("h100", "pcie"), 756e12),
    (("h100",), 989e12),
    (("a100",), 312e12),
    (("l40s",), 362e12),
    (("a10g",), 70e12),
    (("l4",), 121e12),
    (("t4",), 65e12),
)
_WITHOUT_BFLOAT16 = frozenset({"t4"})


@dataclass(frozen=True, slots=True)
class Work:
    """What goes through the model.

    Attributes:
        num_tokens: Tokens of all documents.
        sum_squared_lengths: Sum of their squared lengths, which attention within documents grows with.
    """

    num_tokens: int
    sum_squared_lengths: int


@dataclass(frozen=True, slots=True)
class Architecture:
    """The model as far as the count needs it.

    Attributes:
        block_parameters: Weights of the linear layers in all decoder layers, without adapters.
        head_parameters: Weights of the output layer.
        trainable_parameters: Weights of the adapter; not looked at with `trains_base`.
        hidden_size: Width of attention: heads times head size.
        num_layers: Decoder layers.
        trains_base: The model's own weights are trained, so that they have gradients to be computed.
    """

    block_parameters: int
    head_parameters: int
    trainable_parameters: int
    hidden_size: int
    num_layers: int
    trains_base: bool = False


def model_flops(work: Work, architecture: Architecture, checkpointing: Checkpointing = "off") -> float:
    """Operations as they are counted for published figures: with the output layer on all tokens, targets or not.

    A frozen weight costs 2 operations a token forward and 2 backward, a trained one 2 more. Full checkpointing repeats
    the forward pass of the decoder layers, which published LoRA figures count; selective repeats no matrix product.
    Causal attention costs 2 x document length x width a token and layer forward, twice that backward.
    """
    per_weight = 6 if architecture.trains_base else 4
    repeats = 1 if checkpointing == "full" else 0
    blocks = work.num_tokens * (per_weight + 2 * repeats) * architecture.block_parameters
    head = work.num_tokens * per_weight * architecture.head_parameters
    adapter = 0 if architecture.trains_base else work.num_tokens * 6 * architecture.trainable_parameters
    width = architecture.hidden_size * architecture.num_layers
    attention = work.sum_squared_lengths * 2 * width * (3 + repeats)
    return float(blocks + head + adapter + attention)


def peak_flops(device_name: str, dtype: str) -> float | None:
    """Most matrix-product FLOP/s of a GPU in 16 bits, without sparsity; None where unknown.

    Args:
        device_name: As torch.cuda.get_device_name gives it, such as "NVIDIA A10G" or "NVIDIA H100 80GB HBM3" (SXM).
        dtype: "bfloat16" or "float16"; None for others.
    """
    words = frozenset(re.findall(r"[a-z0-9]+", device_name.lower()))
    if dtype not in ("bfloat16", "float16") or (dtype == "bfloat16" and words & _WITHOUT_BFLOAT16):
        return None
    return next((flops for wanted, flops in _PEAK_FLOPS if words.issuperset(wanted)), None)
