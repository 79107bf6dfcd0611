"""DoRA layers that hold under tensor parallelism, ZeRO-3 and quantization, in PEFT's format."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from peft.tuners.lora import LoraLayer
from peft.tuners.lora.dora import DoraLinearLayer
from peft.tuners.lora.variants import DoraLinearVariant

from legaltune.model.tensor_parallel import TensorParallel


def use_dora(layer: LoraLayer, name: str, parallel: TensorParallel) -> None:
    """Turn a PEFT LoRA layer that still is at its start (B = 0) into a DoRA layer (arXiv 2402.09353).

    The magnitude starts as the norm of each output row of the base weight.

    Args:
        layer: LoRA layer around a linear layer, quantized or not.
        name: Of the adapter.
        parallel: Processes that hold the other input columns of the weight; size 1 where it has all of them.
    """
    base = layer.get_base_layer()
    with _gathered(base.parameters()), torch.no_grad():
        norm = torch.linalg.vector_norm(_weight(base), dim=1, dtype=torch.float32)
        bias = None if base.bias is None else base.bias.detach().clone()
    if parallel.size > 1:
        norm = parallel.sum(norm.square()).sqrt()
        # Only the first process keeps the bias of a row-parallel layer; the others do not even know that there is one.
        bias = parallel.sum(torch.zeros_like(norm) if bias is None else bias.to(norm))
    layer.lora_variant[name] = DoraLinearVariant()
    layer.use_dora[name] = True
    layer.lora_magnitude_vector[name] = _Dora(norm, bias, parallel)


class _Dora(DoraLinearLayer):  # type: ignore[misc]
    """PEFT's DoRA layer, but for how it finds the norm of the adapted weight.

    PEFT builds the adapted weight and B A in full, the latter by sending an identity matrix through A. The squared norm
    of row i of W + s B A is |W_i|^2 + 2 s (W A^T)_i . B_i + s^2 B_i (A A^T) B_i^T: its first term is constant, and
    the products with A are sums over input columns, which processes can share.
    """

    def __init__(self, base_norm: torch.Tensor, base_bias: torch.Tensor | None, parallel: TensorParallel) -> None:
        super().__init__(fan_in_fan_out=False)
        self.weight = torch.nn.Parameter(base_norm.clone())
        self.register_buffer("base_norm", base_norm, persistent=False)
        self.register_buffer("base_bias", base_bias, persistent=False)
        self._parallel = parallel

    def forward(
        self,
        x: torch.Tensor,
        *,
        lora_A: torch.nn.Linear,  # noqa: N803  PEFT's names
        lora_B: torch.nn.Linear,  # noqa: N803
        scaling: float,
        base_layer: torch.nn.Module,
        base_result: torch.Tensor | None = None,
        adapter_name: str = "default",
    ) -> torch.Tensor:
        """What DoRA adds to the base layer's output; `base_result` is none where dropout has changed x."""
        if base_result is None:
            base_result = base_layer(_as_input(x, base_layer))
        if self.base_bias is not None:
            base_result = base_result - self.base_bias
        scale: torch.Tensor = self.weight.float() / self._adapted_norm(
            lora_A.weight, lora_B.weight, scaling, base_layer
        )
        update: torch.Tensor = lora_B(lora_A(x))
        return (scale - 1).to(base_result.dtype) * base_result + (scale * scaling).to(update.dtype) * update

    @torch.no_grad()  # the norm counts as a constant: section 4.3 of the paper
    def _adapted_norm(self, down: torch.Tensor, up: torch.Tensor, scaling: float, base_layer: torch.nn.Module) -> Any:
        down, up = down.float(), up.float()
        weight = _weight(base_layer)
        products = torch.cat([(weight @ down.T.to(weight.dtype)).float(), down @ down.T])
        cross, gram = torch.split(self._parallel.sum(products), [len(up), len(down)])
        change = 2 * scaling * (cross * up).sum(1) + scaling**2 * ((up @ gram) * up).sum(1)
        # Rounded as the magnitude is, so that their ratio is 1 at the start in any precision.
        base_norm = self.base_norm.to(self.weight.dtype).float()
        return (base_norm.square() + change).sqrt()


def _weight(layer: Any) -> torch.Tensor:
    weight: torch.Tensor = layer.dequantized_weight() if hasattr(layer, "dequantized_weight") else layer.weight
    return weight


def _as_input(x: torch.Tensor, layer: Any) -> torch.Tensor:
    dtype = layer.weight.dtype
    return x.to(dtype) if dtype.is_floating_point else x


def _gathered(parameters: Iterable[torch.nn.Parameter]) -> AbstractContextManager[Any]:
    """Make parameters whole that ZeRO-3 has partitioned."""
    partitioned = [parameter for parameter in parameters if hasattr(parameter, "ds_id")]
    if not partitioned:
        return nullcontext()
    from deepspeed.runtime.zero import GatheredParameters  # noqa: PLC0415  slow, and only ZeRO-3 needs it

    context: AbstractContextManager[Any] = GatheredParameters(partitioned)
    return context
