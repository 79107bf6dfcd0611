from __future__ import annotations

from typing import Any

import bitsandbytes.nn.modules as bnb
import pytest
import torch
from peft import IA3Config, LoraConfig, get_peft_model
from torch import nn
from transformers import Qwen2Config, Qwen2ForCausalLM

from legaltune.config.schema import QuantizationConfig
from legaltune.model.quantization import Linear4bit, Linear8bit, quantized_linear
from tests.quantizing import dequantized_linear, quantize

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
CONFIGS = [
    QuantizationConfig(method="nf4"),
    QuantizationConfig(method="nf4", double_quantization=False),
    QuantizationConfig(method="int8"),
]
DTYPES = [torch.float32, torch.bfloat16]
NF4_STEP, INT8_STEP = 0.304, 1 / 127  # widest gap between two values, relative to the largest of a block or row


def tiny_model(dtype: torch.dtype) -> Any:
    torch.manual_seed(0)
    config = Qwen2Config(
        vocab_size=100,
        hidden_size=128,
        intermediate_size=192,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
    )
    model = Qwen2ForCausalLM(config)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            nn.init.normal_(parameter, std=0.1)
    return model.to(dtype)


def adapted(model: Any, method: str, dtype: torch.dtype) -> Any:
    torch.manual_seed(1)
    if method == "ia3":
        names = ["k_proj", "v_proj", "down_proj"]
        config: Any = IA3Config(task_type="CAUSAL_LM", target_modules=names, feedforward_modules=["down_proj"])
    else:
        config = LoraConfig(task_type="CAUSAL_LM", r=8, target_modules=TARGETS, use_dora=method == "dora")
    model = get_peft_model(model, config, autocast_adapter_dtype=False)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            parameter.data = parameter.data.to(dtype)
            if "magnitude" not in name:
                parameter.data += 0.05 * torch.randn_like(parameter)
    return model.train()


def dequantized(model: Any) -> Any:
    for name, module in list(model.named_modules()):
        if isinstance(module, (Linear4bit, Linear8bit)):
            model.set_submodule(name, dequantized_linear(module))
    return model


def loss_and_gradients(model: Any) -> tuple[float, dict[str, torch.Tensor]]:
    model.zero_grad()
    ids = torch.randint(3, 100, (2, 16), generator=torch.Generator().manual_seed(2))
    logits = model(input_ids=ids, use_cache=False).logits.float()
    loss = nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
    loss.backward()  # type: ignore[no-untyped-call]
    return loss.item(), {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", ["lora", "dora", "ia3"])
@pytest.mark.parametrize("config", CONFIGS)
def test_adapters_learn_as_on_the_dequantized_model(config: QuantizationConfig, method: str, dtype: Any) -> None:
    model, reference = tiny_model(dtype), tiny_model(dtype)
    quantize(model, config, compute_dtype=dtype)
    quantize(reference, config, compute_dtype=dtype)

    loss, gradients = loss_and_gradients(adapted(model, method, dtype))
    expected_loss, expected = loss_and_gradients(adapted(dequantized(reference), method, dtype))

    # DoRA measures the weights itself, for which PEFT dequantizes in fp32.
    tolerance = 5e-2 if method == "dora" and dtype == torch.bfloat16 else 1e-5
    assert loss == pytest.approx(expected_loss, rel=0.1 * tolerance)
    assert gradients.keys() == expected.keys() and gradients
    for name, gradient in expected.items():
        assert (gradients[name] - gradient).norm() <= tolerance * gradient.norm(), name


@pytest.mark.parametrize("config", CONFIGS)
def test_evaluation_in_between_changes_nothing(config: QuantizationConfig) -> None:
    model = tiny_model(torch.float32)
    quantize(model, config, compute_dtype=torch.float32)
    model = adapted(model, "lora", torch.float32)
    loss, gradients = loss_and_gradients(model)
    weights = {name: p.clone() for name, p in model.named_parameters()}

    model.eval()
    with torch.no_grad():
        first = model(input_ids=torch.arange(3, 20)[None], use_cache=False).logits
    model.train()

    with torch.no_grad():
        assert torch.equal(model(input_ids=torch.arange(3, 20)[None], use_cache=False).logits, first)
    assert all(torch.equal(p, weights[name]) for name, p in model.named_parameters())
    loss_after, gradients_after = loss_and_gradients(model)
    assert loss_after == loss
    assert all(torch.equal(gradients_after[name], gradient) for name, gradient in gradients.items())


@pytest.mark.parametrize("config", CONFIGS)
def test_weights_are_off_by_half_a_step_at_most(config: QuantizationConfig) -> None:
    torch.manual_seed(0)
    linear = nn.Linear(128, 96)

    weight = dequantized_linear(quantized_linear(linear, config, compute_dtype=torch.float32)).weight

    step = NF4_STEP if config.method == "nf4" else INT8_STEP
    bound = 0.55 * step * linear.weight.abs().amax()
    assert not torch.equal(weight, linear.weight)
    assert (weight - linear.weight).abs().max() <= bound


@pytest.mark.parametrize(("config", "expected"), list(zip(CONFIGS, (0.516, 0.5625, 1.0), strict=True)))
def test_bytes_per_parameter(config: QuantizationConfig, expected: float) -> None:
    layer = quantized_linear(nn.Linear(2048, 2048, bias=False), config, compute_dtype=torch.bfloat16)

    size = sum(tensor.nbytes for tensor in layer.state_dict().values())

    assert size / 2048**2 == pytest.approx(expected, abs=0.003)


@pytest.mark.parametrize("config", CONFIGS)
def test_the_layer_is_bitsandbytes_own_kind_frozen_and_keeps_the_bias(config: QuantizationConfig) -> None:
    linear = nn.Linear(64, 32).to(torch.bfloat16).eval()

    layer = quantized_linear(linear, config, compute_dtype=torch.bfloat16)

    kind = bnb.Linear4bit if config.method == "nf4" else bnb.Linear8bitLt
    assert isinstance(layer, kind)
    assert (layer.in_features, layer.out_features, layer.training) == (64, 32, False)
    assert not any(parameter.requires_grad for parameter in layer.parameters())
    assert torch.equal(layer.bias, linear.bias)
    assert layer(torch.ones(3, 64)).dtype == torch.float32


@pytest.mark.parametrize("config", CONFIGS)
def test_nothing_but_the_parameters_waits_for_the_backward_pass(config: QuantizationConfig) -> None:
    layer = quantized_linear(nn.Linear(64, 32), config, compute_dtype=torch.float32)
    saved: list[torch.Tensor] = []
    x = torch.randn(5, 64, requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: (saved.append(t), t)[1], lambda t: t):  # type: ignore[func-returns-value]
        y = layer(x)

    assert [tensor.data_ptr() for tensor in saved] == [layer.weight.data_ptr()]
    held = [value for value in vars(y.grad_fn).values() if isinstance(value, torch.Tensor)]
    assert all(tensor.numel() == layer.out_features for tensor in held)  # the scales of int8


def test_only_the_decoder_blocks_are_quantized() -> None:
    model = tiny_model(torch.float32)

    quantize(model, CONFIGS[0], compute_dtype=torch.float32)

    names = {name.rpartition(".")[2] for name, module in model.named_modules() if isinstance(module, Linear4bit)}
    assert names == set(TARGETS)
    assert type(model.lm_head) is nn.Linear
    assert type(model.get_input_embeddings()) is nn.Embedding


def test_a_slice_of_the_weights_is_quantized_as_it_is() -> None:
    torch.manual_seed(0)
    linear = nn.Linear(128, 64, bias=False)
    rows = nn.Linear(128, 32, bias=False)
    rows.weight.data = linear.weight.data[32:]  # a view, as a tensor-parallel slice is
    config = QuantizationConfig(method="int8")

    whole = dequantized_linear(quantized_linear(linear, config, compute_dtype=torch.float32)).weight
    part = dequantized_linear(quantized_linear(rows, config, compute_dtype=torch.float32)).weight

    assert torch.equal(part, whole[32:])
