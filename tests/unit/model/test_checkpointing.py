from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import Qwen2Config, Qwen2ForCausalLM
from transformers.modeling_layers import GradientCheckpointingLayer

from legaltune.config.schema import QuantizationConfig
from legaltune.errors import ConfigurationError
from legaltune.model.checkpointing import apply_gradient_checkpointing
from tests.quantizing import quantize

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
MODES: tuple[Any, ...] = ("full", "selective")
INPUT_IDS = torch.randint(3, 100, (1, 256), generator=torch.Generator().manual_seed(0))


def adapted_model(*, quantization: Any = "none", dropout: float = 0.1, attention_dropout: float = 0.0) -> Any:
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=128,
        hidden_size=128,
        intermediate_size=384,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        attention_dropout=attention_dropout,
    )
    model = Qwen2ForCausalLM(config)
    if quantization != "none":
        quantize(model, QuantizationConfig(method=quantization), compute_dtype=torch.float32)
    lora = LoraConfig(task_type="CAUSAL_LM", r=8, lora_dropout=dropout, target_modules=TARGETS)
    model = get_peft_model(model, lora)
    for parameter in model.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.05)
    return model.train()


def loss(model: Any) -> torch.Tensor:
    torch.manual_seed(5)
    decoder = model.get_base_model().get_decoder()
    result: torch.Tensor = decoder(input_ids=INPUT_IDS, use_cache=False).last_hidden_state.sin().mean()
    return result


def gradients(model: Any) -> dict[str, torch.Tensor]:
    model.zero_grad()
    loss(model).backward()  # type: ignore[no-untyped-call]
    return {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


def _reference(tensor: torch.Tensor) -> StorageWeakRef:
    return StorageWeakRef(tensor.untyped_storage())  # type: ignore[no-untyped-call]


class _Operators(TorchDispatchMode):
    """Counts the operators that are really run, and notes the memory of the tensors they make."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.counts: Counter[Any] = Counter()
        self._storages: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.counts[func] += 1
        result = func(*args, **(kwargs or {}))
        for value in result if isinstance(result, (tuple, list)) else (result,):
            if isinstance(value, torch.Tensor):
                reference = _reference(value)
                self._storages[reference.cdata] = (reference, value.untyped_storage().nbytes())
        return result

    def alive_bytes(self, *, without: Any) -> int:
        """Memory that something still refers to, without a model's parameters (views of them are made too)."""
        known = {_reference(parameter).cdata for parameter in without.parameters()}
        alive = [key for key, (reference, _) in self._storages.items() if not reference.expired()]  # type: ignore[no-untyped-call]
        return sum(self._storages[key][1] for key in alive if key not in known)


def bytes_kept(model: Any) -> int:
    """Memory that waits for the backward pass."""
    with _Operators() as operators:
        kept = loss(model)
    size: int = operators.alive_bytes(without=model)
    assert kept.requires_grad
    return size


@contextmanager
def counted_calls(module: Any) -> Iterator[list[int]]:
    calls = [0]

    def count(*_: Any) -> None:
        calls[0] += 1

    handle = module.register_forward_hook(count)
    yield calls
    handle.remove()


@pytest.mark.parametrize("quantization", ["none", "nf4", "int8"])
@pytest.mark.parametrize("mode", MODES)
def test_gradients_are_those_without_checkpointing_dropout_included(mode: Any, quantization: Any) -> None:
    model = adapted_model(quantization=quantization)
    expected = gradients(model)
    model.zero_grad()
    apply_gradient_checkpointing(model, mode)

    found = gradients(model)

    assert len(found) == 2 * 7 * 3
    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-6, atol=0, msg=name)


@pytest.mark.parametrize("mode", MODES)
def test_dropout_of_attention_draws_the_same_numbers_again(mode: Any) -> None:
    model = adapted_model(attention_dropout=0.2)
    expected = gradients(model)
    apply_gradient_checkpointing(model, mode)

    found = gradients(model)

    for name, gradient in expected.items():
        torch.testing.assert_close(found[name], gradient, rtol=1e-6, atol=0, msg=name)


def test_dropout_matters_to_these_tests() -> None:
    with_dropout, without = adapted_model(dropout=0.1), adapted_model(dropout=0.0)

    assert not torch.allclose(loss(with_dropout), loss(without))


@pytest.mark.parametrize("quantization", ["none", "nf4", "int8"])
def test_each_mode_keeps_less_than_the_one_before(quantization: Any) -> None:
    model = adapted_model(quantization=quantization)
    kept = {}
    for mode in ("off", "selective", "full"):
        apply_gradient_checkpointing(model, mode)
        kept[mode] = bytes_kept(model)

    assert kept["selective"] < 0.75 * kept["off"]
    assert kept["full"] < 0.5 * kept["selective"]
    num_layers, hidden_bytes = 3, INPUT_IDS.numel() * 128 * 4
    assert kept["full"] < 2 * (num_layers + 1) * hidden_bytes + 100_000


def test_selective_runs_no_attention_again_and_full_does() -> None:
    model = adapted_model()
    attention = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu.default
    counts = {}
    for mode in ("off", *MODES):
        apply_gradient_checkpointing(model, mode)
        with _Operators() as operators:
            gradients(model)
        counts[mode] = operators.counts[attention]

    assert counts == {"off": 3, "selective": 3, "full": 6}


@pytest.mark.parametrize("mode", MODES)
def test_keyword_arguments_reach_the_recomputation(mode: Any) -> None:
    model = adapted_model()
    seen: list[object] = []

    def note(module: Any, args: Any, kwargs: dict[str, Any]) -> None:
        seen.append(kwargs.get("documents"))

    attention = model.get_base_model().get_decoder().layers[0].self_attn
    attention.register_forward_pre_hook(note, with_kwargs=True)
    apply_gradient_checkpointing(model, mode)
    decoder = model.get_base_model().get_decoder()
    documents = object()
    decoder(input_ids=INPUT_IDS, use_cache=False, documents=documents).last_hidden_state.sum().backward()

    assert seen == [documents, documents]


def test_hooks_on_a_layer_run_once() -> None:
    model = adapted_model()
    apply_gradient_checkpointing(model, "full")
    with counted_calls(model.get_base_model().get_decoder().layers[1]) as calls:
        gradients(model)

    assert calls == [1]


def test_it_can_be_switched_off_again() -> None:
    model = adapted_model()
    before = bytes_kept(model)
    apply_gradient_checkpointing(model, "full")
    apply_gradient_checkpointing(model, "off")

    assert bytes_kept(model) == before


def test_a_model_without_such_layers_is_refused() -> None:
    apply_gradient_checkpointing(torch.nn.Linear(2, 2), "off")

    with pytest.raises(ConfigurationError, match=r"gradient_checkpointing full .* Linear: set it to off"):
        apply_gradient_checkpointing(torch.nn.Linear(2, 2), "full")


def test_a_kept_result_that_is_changed_in_place_is_noticed() -> None:
    class InPlace(GradientCheckpointingLayer):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.linear = torch.nn.Linear(128, 128)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y = x @ self.linear.weight.t()
            with torch.no_grad():
                y += self.linear.bias
            return y.sin()

    layer = InPlace()
    apply_gradient_checkpointing(layer, "selective")

    with pytest.raises(ConfigurationError, match=r"add_.* changes in place: set it to full"):
        layer(torch.randn(2, 3, 128, requires_grad=True))
