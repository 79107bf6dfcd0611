"""The optimizer, and the fp32 copies it updates when the model computes in 16 bits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch

from legaltune.config.schema import OptimizerConfig
from legaltune.errors import ConfigurationError


def make_optimizer(
    parameters: Iterable[torch.Tensor], config: OptimizerConfig, device: torch.device
) -> torch.optim.Optimizer:
    """AdamW as configured (arXiv 1711.05101).

    Args:
        parameters: What is trained, fp32 (see `MasterWeights`).
        config: Kind of AdamW and its constants; the learning rate is set anew before each step.
        device: Where the optimizer runs.

    Raises:
        ConfigurationError: adamw_8bit without a CUDA GPU, where it would take minutes for a step of a large model.
    """
    betas, rate = (config.beta1, config.beta2), config.learning_rate
    if config.name == "adamw":
        return torch.optim.AdamW(
            parameters, lr=rate, betas=betas, eps=config.epsilon, weight_decay=config.weight_decay, fused=True
        )
    if device.type != "cuda":
        raise ConfigurationError(
            f"optimizer.name adamw_8bit needs a CUDA GPU, the optimizer runs on {device.type}: set it to adamw, or, "
            "where there is a GPU, parallel.offload_optimizer to none"
        )
    from bitsandbytes.optim.adamw import AdamW8bit  # noqa: PLC0415 - looks for its CUDA library, logs what it misses

    optimizer: torch.optim.Optimizer = AdamW8bit(  # type: ignore[no-untyped-call]
        parameters, lr=rate, betas=betas, eps=config.epsilon, weight_decay=config.weight_decay
    )
    return optimizer


class MasterWeights:
    """fp32 copies of trained parameters: updates too small for 16 bits add up in them (arXiv 1710.03740).

    Nothing here makes the host wait for the device.

    Args:
        parameters: Trained parameters of one device, in any floating types.

    Attributes:
        parameters: What the optimizer updates, in the same order; a parameter that is fp32 is its own master.
    """

    def __init__(self, parameters: Sequence[torch.nn.Parameter]) -> None:
        self.parameters = [p if p.dtype == torch.float32 else _copy_in_fp32(p) for p in parameters]
        self._pairs = [(p, master) for p, master in zip(parameters, self.parameters, strict=True) if p is not master]

    @torch.no_grad()
    def collect_gradients(self) -> None:
        """Add the gradients to those of the masters, in fp32, and free the model's; call it after each micro-batch."""
        for parameter, master in self._pairs:
            if parameter.grad is None:
                continue
            if master.grad is None:
                master.grad = parameter.grad.float()
            else:
                master.grad.add_(parameter.grad)
            parameter.grad = None

    def gradients(self) -> list[torch.Tensor]:
        """Gradients of the masters, in their order; zeros where a step gave none."""
        gradients = []
        for master in self.parameters:
            if master.grad is None:
                master.grad = torch.zeros_like(master)
            gradients.append(master.grad)
        return gradients

    @torch.no_grad()
    def write_back(self) -> None:
        """Round the masters to the model's parameters."""
        if self._pairs:
            parameters, masters = zip(*self._pairs, strict=True)
            torch._foreach_copy_(parameters, masters)


def _copy_in_fp32(parameter: torch.nn.Parameter) -> torch.nn.Parameter:
    return torch.nn.Parameter(parameter.detach().float())
