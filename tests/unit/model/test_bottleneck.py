from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel, get_peft_model

from legaltune.model import bottleneck
from legaltune.model.bottleneck import BottleneckConfig
from legaltune.model.checkpointing import apply_gradient_checkpointing
from tests.unit.model.test_adapters import disturb, logits, make_base, trained


def make_adapted() -> Any:
    model = get_peft_model(make_base(), BottleneckConfig(task_type="CAUSAL_LM", bottleneck_size=8))
    disturb(model)
    return model


class _Attention(torch.nn.Module):
    """Returns a tuple, as attention layers do."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, str]:
        return self.linear(x), "weights"


class _Model(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.self_attn, self.mlp = _Attention(), torch.nn.Linear(4, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x, rest = self.self_attn(x)
        assert rest == "weights"
        result: torch.Tensor = self.mlp(x)
        return result


def test_the_output_of_attention_and_mlp_passes_through_a_bottleneck_with_a_residual() -> None:
    base = _Model()
    attention, mlp = base.self_attn.linear, base.mlp
    model = get_peft_model(base, BottleneckConfig(bottleneck_size=2, hidden_size=4))
    disturb(model)
    x = torch.randn(3, 4)
    expected = x
    for layer, place in ((attention, base.self_attn), (mlp, base.mlp)):
        adapted: Any = place
        hidden = layer(expected)
        down, up = adapted.bottleneck_down["default"], adapted.bottleneck_up["default"]
        inner = torch.nn.functional.gelu(hidden @ down.weight.T + down.bias)
        expected = hidden + inner @ up.weight.T + up.bias
    assert torch.allclose(model(x), expected, atol=1e-6)
    assert not torch.allclose(model(x), mlp(attention(x)), atol=1e-3)


def test_disabled_it_is_the_base_model() -> None:
    model = make_adapted()
    with model.disable_adapter():
        assert torch.equal(logits(model), logits(make_base()))
    assert not torch.allclose(logits(model), logits(make_base()), atol=1e-2)


@pytest.mark.parametrize("mode", ["full", "selective"])
def test_gradient_checkpointing_changes_no_gradient(mode: Any) -> None:
    gradients = []
    for own_mode in ("off", mode):
        model = make_adapted().train()
        apply_gradient_checkpointing(model, own_mode)
        loss: Any = logits(model).square().mean()
        loss.backward()
        gradients.append({name: parameter.grad for name, parameter in trained(model).items()})
    assert all(torch.equal(gradients[0][name], gradients[1][name]) for name in gradients[0])


def test_a_new_process_loads_it_once_legaltune_is_imported(tmp_path: Path) -> None:
    model = make_adapted()
    model.save_pretrained(tmp_path)
    settings = json.loads((tmp_path / "adapter_config.json").read_text())
    assert (settings["peft_type"], settings["bottleneck_size"], settings["hidden_size"]) == ("BOTTLENECK", 8, 32)
    script = (
        "import sys, torch, legaltune.model.bottleneck\n"
        "from peft import PeftModel\n"
        "from tests.unit.model.test_adapters import logits, make_base\n"
        "torch.save(logits(PeftModel.from_pretrained(make_base(), sys.argv[1])), sys.argv[1] + '/logits.pt')\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True)
    # not bitwise: another number of threads rounds otherwise
    assert torch.allclose(
        torch.load(tmp_path / "logits.pt"), logits(model), atol=1e-6
    )  # other threads, other roundings


def test_a_second_import_registers_nothing_twice(tmp_path: Path) -> None:
    make_adapted().save_pretrained(tmp_path)
    importlib.reload(bottleneck)
    assert PeftModel.from_pretrained(make_base(), tmp_path).peft_config["default"].bottleneck_size == 8
