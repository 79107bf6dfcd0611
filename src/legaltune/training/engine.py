"""What carries out an optimizer step: a small engine of our own without sharding, DeepSpeed for ZeRO 1 to 3.

Both take sums of losses, scaled by the caller so that the gradient is that of the mean over all target tokens of the
step, over all processes and micro-steps.
"""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import redirect_stdout
from typing import Any

import deepspeed
import torch
import torch.distributed as dist
from deepspeed.utils import safe_get_full_fp32_param

from legaltune.config.schema import RunConfig
from legaltune.model.loss import TargetLoss
from legaltune.parallel.deepspeed import deepspeed_config
from legaltune.parallel.topology import Topology
from legaltune.training.distributed import Groups, ModelParallelUnit
from legaltune.training.optimizer import MasterWeights, make_optimizer

_EPSILON = 1e-6  # as torch.nn.utils.clip_grad_norm_


class Engine(ABC):
    """Model and optimizer of one process.

    Attributes:
        module: Model with loss.
        trained: Trained parameters by name; under tensor parallelism or ZeRO-3 this process's parts of them.
    """

    def __init__(self, module: TargetLoss, groups: Groups, whole_shapes: Mapping[str, torch.Size]) -> None:
        self.module = module
        self.trained = {
            name: parameter for name, parameter in module.model.named_parameters() if parameter.requires_grad
        }
        self._groups = groups
        self._whole_shapes = whole_shapes

    @abstractmethod
    def accumulate(self, batch: Any, scale: float) -> torch.Tensor:
        """Run one micro-batch forward and backward; returns its loss, summed over its targets, on the device.

        Args:
            batch: Micro-batch of this process.
            scale: 1 / target tokens of the whole step.
        """

    @abstractmethod
    def step(self, learning_rate: float) -> None:
        """Update the weights once all micro-batches of the step are accumulated."""

    @property
    @abstractmethod
    def gradient_norm(self) -> torch.Tensor | float:
        """Global L2 norm of the last step's gradients before clipping; not finite where fp16 overflowed."""

    @abstractmethod
    def _full(self, name: str) -> torch.Tensor:
        """Fp32 value of a trained parameter, whole but for tensor parallelism; a collective."""

    def trained_state(self) -> dict[str, torch.Tensor]:
        """Whole trained tensors by name, fp32 on the CPU, in the first process (elsewhere empty); a collective."""
        state = {}
        for name in self.trained:
            whole = self._groups.tensor_parallel.gather(self._full(name).detach(), self._whole_shapes[name])
            if dist.get_rank() == 0:
                state[name] = whole.to("cpu", torch.float32, copy=True)
        return state

    def _is_part(self, name: str) -> bool:
        """Whether the other tensor-parallel processes hold other parts of a trained tensor."""
        return _shape(self.trained[name]) != self._whole_shapes.get(name)


class TorchEngine(Engine):
    """ZeRO 0: every process holds all its weights.

    Nothing in a step waits for the device, but for bitsandbytes' 8-bit optimizer.
    """

    def __init__(
        self,
        module: TargetLoss,
        config: RunConfig,
        groups: Groups,
        whole_shapes: Mapping[str, torch.Size],
        *,
        device: torch.device,
    ) -> None:
        super().__init__(module, groups, whole_shapes)
        self._max_norm = config.optimizer.max_gradient_norm
        self._masters = MasterWeights(list(self.trained.values()))
        self._optimizer = make_optimizer(self._masters.parameters, config.optimizer, device)
        self._parts = torch.tensor([self._is_part(name) for name in self.trained], device=device)
        self._norm = torch.zeros((), device=device)
        has_loss_scale = any(parameter.dtype == torch.float16 for parameter in self.trained.values())
        self._scaler = torch.amp.GradScaler(device.type) if has_loss_scale else None  # arXiv 1710.03740

    def accumulate(self, batch: Any, scale: float) -> torch.Tensor:
        """See `Engine`."""
        loss, _ = self.module(batch)
        scaled = loss * scale
        (self._scaler.scale(scaled) if self._scaler else scaled).backward()
        self._masters.collect_gradients()
        result: torch.Tensor = loss.detach()
        return result

    def step(self, learning_rate: float) -> None:
        """See `Engine`."""
        gradients = self._masters.gradients()
        self._sum_over_data_parallel(gradients)
        if self._scaler:
            self._spread_overflow(gradients)
            self._scaler.unscale_(self._optimizer)
        self._norm = self._global_norm(gradients)
        if self._max_norm:
            torch._foreach_mul_(gradients, (self._max_norm / (self._norm + _EPSILON)).clamp(max=1.0))
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate
        if self._scaler:
            self._scaler.step(self._optimizer)
            self._scaler.update()
        else:
            self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)
        self._masters.write_back()

    @property
    def gradient_norm(self) -> torch.Tensor:
        """See `Engine`."""
        return self._norm

    def _sum_over_data_parallel(self, gradients: list[torch.Tensor]) -> None:
        if dist.get_world_size(self._groups.data_parallel) == 1:
            return
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        dist.all_reduce(flat, group=self._groups.data_parallel)
        parts = torch.split(flat, [gradient.numel() for gradient in gradients])
        torch._foreach_copy_(
            gradients, [part.view_as(gradient) for part, gradient in zip(parts, gradients, strict=True)]
        )

    def _spread_overflow(self, gradients: list[torch.Tensor]) -> None:
        """Let the processes that share each layer skip a step together: the loss scale looks at its own gradients.

        torch's ShardedGradScaler is for that, but the fused optimizer does not take the shape of its flag (torch 2.13).
        """
        if self._groups.tensor_parallel.size > 1:
            norms = self._groups.tensor_parallel.sum(torch.stack(torch._foreach_norm(gradients)).sum())
            torch._foreach_add_(gradients, norms - norms)  # zero, or NaN where one of them is not finite

    def _global_norm(self, gradients: list[torch.Tensor]) -> torch.Tensor:
        squares = torch.stack(torch._foreach_norm(gradients)).square()
        parts = self._groups.tensor_parallel.sum(squares.where(self._parts, 0).sum())
        return (parts + squares.where(~self._parts, 0).sum()).sqrt()

    def _full(self, name: str) -> torch.Tensor:
        return self._masters.parameters[list(self.trained).index(name)]


class DeepSpeedEngine(Engine):
    """ZeRO 1 to 3, with or without offload (Rajbhandari et al. 2020, arXiv 1910.02054)."""

    def __init__(
        self,
        module: TargetLoss,
        config: RunConfig,
        topology: Topology,
        groups: Groups,
        whole_shapes: Mapping[str, torch.Size],
        *,
        dtype: str,
        device: torch.device,
    ) -> None:
        super().__init__(module, groups, whole_shapes)
        parameters = list(self.trained.values())
        for name, parameter in self.trained.items():  # DeepSpeed's mark; tensors without it count once in the norm
            parameter.model_parallel = self._is_part(name)
        where = torch.device("cpu") if config.parallel.offload_optimizer == "cpu" else device
        with redirect_stdout(sys.stderr):  # DeepSpeed prints what it builds; standard output is for results
            self.engine, *_ = deepspeed.initialize(
                model=module,
                model_parameters=parameters,
                optimizer=make_optimizer(parameters, config.optimizer, where),
                mpu=ModelParallelUnit(groups),
                config=deepspeed_config(
                    config,
                    topology,
                    dtype=dtype,
                    on_cpu=device.type == "cpu",
                    num_trainable=sum(_shape(parameter).numel() for parameter in parameters),
                ),
            )
        if dtype == "float16":  # at the least scale it would raise, before our own watch says what to do
            self.engine.optimizer.loss_scaler.raise_error_at_min_scale = False
        # DeepSpeed averages over data-parallel processes and accumulation steps; our loss is a sum over them.
        self._num_averaged = topology.data_parallel_degree * topology.accumulation_steps

    def accumulate(self, batch: Any, scale: float) -> torch.Tensor:
        """See `Engine`."""
        loss, _ = self.engine(batch)
        self.engine.backward(loss * (scale * self._num_averaged))
        if not self.engine.is_gradient_accumulation_boundary():
            self.engine.step()
        result: torch.Tensor = loss.detach()
        return result

    def step(self, learning_rate: float) -> None:
        """See `Engine`."""
        for group in self.engine.optimizer.param_groups:
            group["lr"] = learning_rate
        self.engine.step()

    @property
    def gradient_norm(self) -> torch.Tensor | float:
        """See `Engine`."""
        norm: torch.Tensor | float = self.engine.get_global_grad_norm()
        return norm

    def _full(self, name: str) -> torch.Tensor:
        value: torch.Tensor | None = safe_get_full_fp32_param(self.trained[name])
        assert value is not None, f"DeepSpeed holds no fp32 copy of {name}"
        return value


def _shape(parameter: torch.nn.Parameter) -> torch.Size:
    """Shape of this process's tensor-parallel part, also where ZeRO-3 has partitioned it further."""
    return torch.Size(getattr(parameter, "ds_shape", parameter.shape))
