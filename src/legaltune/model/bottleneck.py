"""Bottleneck adapters (Houlsby et al. 2019, arXiv 1902.00751) as a method of PEFT.

Importing this module registers the method, so that `PeftModel.from_pretrained` knows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from peft.config import PeftConfig
from peft.tuners.tuners_utils import BaseTuner, BaseTunerLayer
from peft.utils import PeftType, register_peft_method
from torch import nn

TARGET_MODULES = ("self_attn", "mlp")
INITIAL_STANDARD_DEVIATION = 0.01  # of the down-projection; the paper's
_METHOD = "BOTTLENECK"


@dataclass
class BottleneckConfig(PeftConfig):  # type: ignore[misc]
    """Configuration, as saved in `adapter_config.json`.

    Attributes:
        target_modules: Modules whose output passes through an adapter, by the last part of their name.
        bottleneck_size: Width of the hidden layer.
        hidden_size: Width of the modules' output; 0 takes the model's.
    """

    target_modules: list[str] | None = None
    bottleneck_size: int = 64
    hidden_size: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.peft_type = PeftType(_METHOD)


class BottleneckLayer(nn.Module, BaseTunerLayer):  # type: ignore[misc]
    """A module whose output h becomes h + up(gelu(down(h))).

    Args:
        base_layer: Returns hidden states (…, hidden_size), or a tuple that starts with them.
        adapter_name: Name of the first adapter.
        config: Sizes.
    """

    adapter_layer_names = ("bottleneck_down", "bottleneck_up")

    def __init__(self, base_layer: nn.Module, adapter_name: str, config: BottleneckConfig) -> None:
        super().__init__()
        self.base_layer: Any = base_layer
        self.bottleneck_down: Any = nn.ModuleDict()
        self.bottleneck_up: Any = nn.ModuleDict()
        self.update_layer(adapter_name, config)

    def update_layer(self, adapter_name: str, config: BottleneckConfig) -> None:
        """Add an adapter, near the identity: the up-projection is zero."""
        device = next(self.base_layer.parameters()).device
        down = nn.Linear(config.hidden_size, config.bottleneck_size, device=device)
        up = nn.Linear(config.bottleneck_size, config.hidden_size, device=device)
        nn.init.normal_(down.weight, std=INITIAL_STANDARD_DEVIATION)
        for zero in (down.bias, up.weight, up.bias):
            nn.init.zeros_(zero)
        self.bottleneck_down[adapter_name], self.bottleneck_up[adapter_name] = down, up
        BaseTunerLayer.set_adapter(self, adapter_name, inference_mode=config.inference_mode)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the module and adapt its (first) output."""
        output = self.base_layer(*args, **kwargs)
        if self.disable_adapters:
            return output
        if isinstance(output, tuple):
            return self._adapt(output[0]), *output[1:]
        return self._adapt(output)

    def _adapt(self, hidden: torch.Tensor) -> torch.Tensor:
        names: Any = self.active_adapters
        for name in names:
            down, up = self.bottleneck_down[name], self.bottleneck_up[name]
            hidden = hidden + up(nn.functional.gelu(down(hidden.to(down.weight.dtype)))).to(hidden.dtype)
        return hidden


class BottleneckModel(BaseTuner):  # type: ignore[misc]
    """Puts bottleneck adapters after attention and MLP of each decoder layer."""

    prefix = "bottleneck_"
    tuner_layer_cls = BottleneckLayer

    def _prepare_adapter_config(self, peft_config: BottleneckConfig, model_config: dict[str, Any]) -> BottleneckConfig:
        if peft_config.target_modules is None:
            peft_config.target_modules = list(TARGET_MODULES)
        if not peft_config.hidden_size:
            peft_config.hidden_size = model_config["hidden_size"]
        return peft_config

    def _create_and_replace(
        self,
        peft_config: BottleneckConfig,
        adapter_name: str,
        target: nn.Module,
        target_name: str,
        parent: nn.Module,
        current_key: str,
        parameter_name: str | None = None,
    ) -> None:
        if isinstance(target, BottleneckLayer):
            target.update_layer(adapter_name, peft_config)
        else:
            setattr(parent, target_name, BottleneckLayer(target, adapter_name, peft_config))


def _register() -> None:
    # PEFT keeps its methods in a closed enumeration, and leaves no other way to add one.
    member = str.__new__(PeftType, _METHOD)
    member._name_ = member._value_ = _METHOD
    PeftType._member_names_.append(_METHOD)
    PeftType._member_map_[_METHOD] = PeftType._value2member_map_[_METHOD] = member
    register_peft_method(name=_METHOD.lower(), config_cls=BottleneckConfig, model_cls=BottleneckModel)


if _METHOD not in PeftType.__members__:
    _register()
