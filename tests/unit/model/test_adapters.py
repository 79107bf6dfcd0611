from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import deepspeed
import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, GPT2Config, GPT2LMHeadModel, Qwen2Config, Qwen2ForCausalLM

from legaltune.config.schema import LORA_TARGET_MODULES, AdapterConfig, AdapterMethod, ModelConfig, QuantizationConfig
from legaltune.errors import ConfigurationError
from legaltune.model.adapters import (
    add_adapter,
    count_parameters,
    load_adapter,
    save_adapter,
    trained_shapes,
)
from legaltune.model.tensor_parallel import TensorParallel, shard_layers
from legaltune.training.distributed import join_process_group
from tests.quantizing import quantize
from tests.tiny import make_tokenizer

HIDDEN, MLP, KEY_VALUE, VOCABULARY = 32, 64, 16, 96
WIDTHS = {  # outputs, inputs
    "q_proj": (HIDDEN, HIDDEN),
    "k_proj": (KEY_VALUE, HIDDEN),
    "v_proj": (KEY_VALUE, HIDDEN),
    "o_proj": (HIDDEN, HIDDEN),
    "gate_proj": (MLP, HIDDEN),
    "up_proj": (MLP, HIDDEN),
    "down_proj": (HIDDEN, MLP),
}
PEFT_METHODS = [method for method in AdapterMethod if method is not AdapterMethod.FULL]
PLAIN_PEFT_METHODS = [method for method in PEFT_METHODS if method is not AdapterMethod.BOTTLENECK]
START_AT_BASE = [m for m in PEFT_METHODS if m not in (AdapterMethod.PREFIX, AdapterMethod.PROMPT)]
IDS = torch.randint(0, VOCABULARY, (2, 9), generator=torch.Generator().manual_seed(4))


def make_config(*, tied: bool = True) -> Qwen2Config:
    return Qwen2Config(
        vocab_size=VOCABULARY,
        hidden_size=HIDDEN,
        intermediate_size=MLP,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        tie_word_embeddings=tied,
        initializer_range=0.08,
    )


def make_base(*, tied: bool = True) -> Any:
    torch.manual_seed(0)
    model = Qwen2ForCausalLM(make_config(tied=tied)).eval()
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            torch.nn.init.normal_(parameter, std=0.1)
    return model


def make_adapter(method: AdapterMethod, **settings: Any) -> AdapterConfig:
    return AdapterConfig(
        **{"method": method, "r": 4, "dropout": 0.0, "num_virtual_tokens": 3, "bottleneck_size": 8} | settings
    )


def trained(model: Any) -> dict[str, Any]:
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


@torch.no_grad()
def disturb(model: Any) -> None:
    """Move everything trained away from its start, where much of it has no effect."""
    generator = torch.Generator().manual_seed(3)
    for parameter in trained(model).values():
        parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))


def logits(model: Any) -> torch.Tensor:
    """Of the real tokens, without those of virtual ones."""
    result: torch.Tensor = model(input_ids=IDS).logits[:, -IDS.shape[1] :]
    return result


def expected_shapes(method: AdapterMethod) -> dict[str, tuple[int, ...]]:
    layers = "base_model.model.model.layers"
    projections = {
        f"{layers}.{layer}.{'mlp' if width in ('gate_proj', 'up_proj', 'down_proj') else 'self_attn'}.{width}": sizes
        for layer in range(2)
        for width, sizes in WIDTHS.items()
    }
    shapes: dict[str, tuple[int, ...]] = {}
    match method:
        case AdapterMethod.LORA | AdapterMethod.RSLORA | AdapterMethod.DORA:
            for name, (outputs, inputs) in projections.items():
                shapes |= {f"{name}.lora_A.default.weight": (4, inputs), f"{name}.lora_B.default.weight": (outputs, 4)}
                if method is AdapterMethod.DORA:
                    shapes[f"{name}.lora_magnitude_vector.default.weight"] = (outputs,)
        case AdapterMethod.IA3:
            for name, (outputs, inputs) in projections.items():
                if name.endswith(("k_proj", "v_proj")):
                    shapes[f"{name}.ia3_l.default"] = (outputs, 1)
                elif name.endswith("down_proj"):
                    shapes[f"{name}.ia3_l.default"] = (1, inputs)
        case AdapterMethod.PREFIX:  # keys and values of two layers
            shapes["prompt_encoder.default.embedding.weight"] = (3, 2 * 2 * KEY_VALUE)
        case AdapterMethod.PROMPT:
            shapes["prompt_encoder.default.embedding.weight"] = (3, HIDDEN)
        case AdapterMethod.BOTTLENECK:
            for place in (f"{layers}.{layer}.{module}" for layer in range(2) for module in ("self_attn", "mlp")):
                shapes |= {
                    f"{place}.bottleneck_down.default.weight": (8, HIDDEN),
                    f"{place}.bottleneck_down.default.bias": (8,),
                    f"{place}.bottleneck_up.default.weight": (HIDDEN, 8),
                    f"{place}.bottleneck_up.default.bias": (HIDDEN,),
                }
    return shapes


@pytest.mark.parametrize("method", PEFT_METHODS)
def test_each_method_trains_what_its_paper_says(method: AdapterMethod) -> None:
    shapes = trained_shapes(add_adapter(make_base(), make_adapter(method), seed=0))
    assert {name: tuple(shape) for name, shape in shapes.items()} == expected_shapes(method)


@pytest.mark.parametrize("method", list(AdapterMethod))
def test_the_meta_device_gives_the_same_names_and_shapes(method: AdapterMethod) -> None:
    config = make_adapter(method)
    with torch.device("meta"):
        empty: Any = Qwen2ForCausalLM(make_config())
    empty.tie_weights()
    empty, real = add_adapter(empty, config, seed=0), add_adapter(make_base(), config, seed=0)
    assert trained_shapes(empty) == trained_shapes(real)
    assert count_parameters(empty) == count_parameters(real)
    assert all(parameter.is_meta for parameter in empty.parameters())


@pytest.mark.parametrize("method", list(AdapterMethod))
def test_a_step_changes_all_that_is_trained_and_nothing_else(method: AdapterMethod) -> None:
    model = add_adapter(make_base(), make_adapter(method), seed=0).train()
    disturb(model)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    optimizer = torch.optim.AdamW(trained(model).values(), lr=1e-2, weight_decay=0.0)
    loss: Any = _Loss(model)()
    loss.backward()
    optimizer.step()
    changed = {name for name, parameter in model.named_parameters() if not torch.equal(parameter, before[name])}
    assert changed == set(trained(model))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("method", START_AT_BASE)
def test_the_start_is_the_base_model(method: AdapterMethod, dtype: torch.dtype) -> None:
    base = make_base().to(dtype)
    expected = logits(base)
    model = add_adapter(base, make_adapter(method), seed=0)
    for parameter in trained(model).values():
        parameter.data = parameter.data.to(dtype)
    assert torch.equal(logits(model), expected)


@pytest.mark.parametrize("method", ["nf4", "int8"])
def test_dora_on_quantized_layers_starts_at_the_quantized_model(method: Any) -> None:
    base = make_base()
    quantize(base, QuantizationConfig(method=method), compute_dtype=torch.float32)
    expected = logits(base)
    model = add_adapter(base, make_adapter(AdapterMethod.DORA), seed=0)
    assert torch.allclose(logits(model), expected, atol=1e-6)
    disturb(model)
    assert not torch.allclose(logits(model), expected, atol=1e-2)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_dora_computes_what_peft_computes(dropout: float) -> None:
    config = make_adapter(AdapterMethod.DORA, dropout=dropout)
    ours = add_adapter(make_base(), config, seed=0).train()
    disturb(ours)
    settings = {"r": 4, "lora_alpha": config.alpha, "lora_dropout": dropout, "target_modules": [*LORA_TARGET_MODULES]}
    theirs = get_peft_model(make_base(), LoraConfig(task_type="CAUSAL_LM", use_dora=True, **settings)).train()
    theirs.load_state_dict(trained(ours), strict=False)
    results: list[Any] = []
    for model in (ours, theirs):
        torch.manual_seed(1)  # dropout
        results.append(logits(model))
        results[-1].square().mean().backward()
    assert torch.allclose(results[0], results[1], atol=1e-5)
    for name, parameter in trained(theirs).items():
        assert torch.allclose(parameter.grad, trained(ours)[name].grad, atol=1e-6), name


@pytest.mark.parametrize("method", PEFT_METHODS)
def test_the_start_depends_on_seed_and_name_alone(method: AdapterMethod) -> None:
    config = make_adapter(method)
    models = [add_adapter(make_base(), config, seed=seed) for seed in (1, 1, 2)]
    first, again, other = (trained(model) for model in models)
    assert all(torch.equal(first[name], again[name]) for name in first)
    is_random = method is not AdapterMethod.IA3
    assert any(not torch.equal(first[name], other[name]) for name in first) == is_random
    if method is AdapterMethod.LORA:  # a smaller adapter of the same name shares no state with the others
        fewer = trained(add_adapter(make_base(), make_adapter(method, target_modules=("o_proj",)), seed=1))
        assert all(torch.equal(fewer[name], first[name]) for name in fewer)


@pytest.mark.parametrize("method", PEFT_METHODS)
def test_parts_of_a_sharded_model_start_from_parts_of_the_whole(method: AdapterMethod) -> None:
    # The magnitude of row-parallel layers needs other processes: tests/distributed
    targets = ("q_proj", "k_proj", "v_proj", "gate_proj", "up_proj")
    config = make_adapter(method, **({"target_modules": targets} if method is AdapterMethod.DORA else {}))
    whole = trained(add_adapter(make_base(), config, seed=1))
    parts = []
    for rank in range(2):
        base, parallel = make_base(), TensorParallel(rank, 2)
        shard_layers(base, parallel)
        parts.append(trained(add_adapter(base, config, seed=1, parallel=parallel)))
    num_cut = 0
    for name, tensor in whole.items():
        first, second = (part[name] for part in parts)
        cut = [dim for dim, size in enumerate(tensor.shape) if first.shape[dim] != size]
        num_cut += len(cut)
        joined = torch.cat([first, second], cut[0]) if cut else first
        assert torch.equal(joined, tensor), name
        assert cut or torch.equal(first, second), name
    assert (num_cut > 0) == (method in (*PEFT_METHODS[:3], AdapterMethod.IA3))


@pytest.mark.parametrize("method", PLAIN_PEFT_METHODS)
def test_plain_peft_loads_what_was_saved(method: AdapterMethod, tmp_path: Path) -> None:
    base = ModelConfig(name="some/model", revision="abc")
    model = add_adapter(make_base(), make_adapter(method), seed=0, base=base)
    disturb(model)
    expected, state = logits(model.eval()), {name: tensor.detach().clone() for name, tensor in trained(model).items()}
    for parameter in model.parameters():
        parameter.data = torch.empty(0)  # as ZeRO-3 leaves them
    state["base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta"] = torch.ones(2, HIDDEN)
    save_adapter(model, make_tokenizer(), tmp_path / "adapter", state)
    loaded = PeftModel.from_pretrained(make_base(), tmp_path / "adapter").eval()
    assert torch.allclose(logits(loaded), expected, atol=1e-5)
    assert not torch.allclose(expected, logits(make_base()), atol=1e-2)
    saved = loaded.peft_config["default"]
    assert (saved.base_model_name_or_path, saved.revision) == ("some/model", "abc")
    tensors = load_file(tmp_path / "adapter" / "adapter_model.safetensors")
    assert all(tensor.dtype == torch.float32 for tensor in tensors.values())
    assert not any("embed_tokens" in name for name in tensors)  # not the adapter's


@pytest.mark.parametrize("method", PEFT_METHODS)
def test_without_a_state_the_models_own_weights_are_saved(method: AdapterMethod, tmp_path: Path) -> None:
    model = add_adapter(make_base(), make_adapter(method), seed=0)
    disturb(model)
    save_adapter(model, make_tokenizer(), tmp_path / "adapter")
    assert torch.allclose(logits(load_adapter(make_base(), tmp_path / "adapter")), logits(model.eval()), atol=1e-5)


@pytest.mark.parametrize("tied", [True, False])
def test_full_training_leaves_embeddings_and_head_unless_told(tied: bool) -> None:
    frozen = {"model.embed_tokens.weight"} | (set() if tied else {"lm_head.weight"})
    model = add_adapter(make_base(tied=tied), make_adapter(AdapterMethod.FULL), seed=0)
    assert {name for name, parameter in model.named_parameters() if not parameter.requires_grad} == frozen
    model = add_adapter(make_base(tied=tied), make_adapter(AdapterMethod.FULL, train_embeddings="all"), seed=0)
    assert len(trained(model)) == len(list(model.parameters()))


@pytest.mark.parametrize("tied", [True, False])
def test_a_fully_trained_model_is_saved_whole_in_its_precision(tied: bool, tmp_path: Path) -> None:
    model = add_adapter(make_base(tied=tied).to(torch.bfloat16), make_adapter(AdapterMethod.FULL), seed=0)
    state = {name: parameter.detach().float() for name, parameter in trained(model).items()}
    state["model.norm.weight"] += 1
    save_adapter(model, make_tokenizer(), tmp_path / "model", state)
    model.load_state_dict({"model.norm.weight": state["model.norm.weight"]}, strict=False)
    again = load_adapter(make_base(tied=tied).to(torch.bfloat16), tmp_path / "model")
    for loaded in (AutoModelForCausalLM.from_pretrained(tmp_path / "model"), again):
        assert loaded.dtype == torch.bfloat16
        tensors = loaded.state_dict()
        assert all(torch.equal(tensors[name], tensor) for name, tensor in model.state_dict().items())
    assert ("lm_head.weight" in load_file(tmp_path / "model/model.safetensors")) != tied


def test_a_part_of_a_frozen_embedding_is_not_saved_as_the_whole(tmp_path: Path) -> None:
    model = make_base()
    shard_layers(model, TensorParallel(0, 2))
    model = add_adapter(model, make_adapter(AdapterMethod.FULL), seed=0)
    state = {name: tensor for name, tensor in make_base().named_parameters() if name != "model.embed_tokens.weight"}
    with pytest.raises(AssertionError, match="embed_tokens"):
        save_adapter(model, make_tokenizer(), tmp_path / "model", state)
    assert not (tmp_path / "model").exists()


def test_unknown_target_modules_list_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"query do not occur in Qwen2ForCausalLM.*q_proj"):
        add_adapter(make_base(), make_adapter(AdapterMethod.LORA, target_modules=("query", "q_proj")), seed=0)


def test_ia3_is_refused_where_its_layers_are_missing() -> None:
    model = GPT2LMHeadModel(GPT2Config(n_embd=16, n_layer=1, n_head=2, vocab_size=32))
    with pytest.raises(ConfigurationError, match=r"ia3.*down_proj, k_proj, v_proj do not occur"):
        add_adapter(model, make_adapter(AdapterMethod.IA3), seed=0)


def test_layers_that_cannot_be_cut_are_refused_under_tensor_parallelism() -> None:
    base, parallel = make_base(), TensorParallel(0, 2)
    shard_layers(base, parallel)
    with pytest.raises(ConfigurationError, match=r"lm_head cannot be shared.*tensor_parallel_degree"):
        config = make_adapter(AdapterMethod.LORA, target_modules=("q_proj", "lm_head"))
        add_adapter(base, config, seed=0, parallel=parallel)


def test_bottlenecks_are_refused_where_attention_has_another_name() -> None:
    model = GPT2LMHeadModel(GPT2Config(n_embd=16, n_layer=1, n_head=2, vocab_size=32))
    with pytest.raises(ConfigurationError, match=r"bottleneck.*self_attn do not occur in GPT2LMHeadModel"):
        add_adapter(model, make_adapter(AdapterMethod.BOTTLENECK), seed=0)


def test_quantized_parameters_count_by_what_they_stand_for() -> None:
    base = make_base()
    expected = count_parameters(base)[1]
    quantize(base, QuantizationConfig(method="nf4"), compute_dtype=torch.float32)
    assert count_parameters(base)[1] == expected
    assert sum(parameter.numel() for parameter in base.parameters()) < expected


@pytest.mark.slow
@pytest.mark.parametrize("method", PEFT_METHODS)
def test_zero_3_gives_the_gradients_of_one_process(method: AdapterMethod) -> None:
    join_process_group()
    base = make_base()
    plan = {
        "train_batch_size": 1,
        "gradient_clipping": 0.0,
        "zero_force_ds_cpu_optimizer": False,
        "zero_allow_untested_optimizer": True,
        "zero_optimization": {
            "stage": 3,
            "stage3_param_persistence_threshold": 0,
            "offload_param": {"device": "cpu"},
            "offload_optimizer": {"device": "cpu"},
        },
    }
    deepspeed.zero.Init(module=base, config_dict_or_path=plan)
    sharded, plain = (add_adapter(model, make_adapter(method), seed=0).train() for model in (base, make_base()))
    assert count_parameters(sharded) == count_parameters(plain)
    disturb(plain)
    disturb(sharded)
    optimizer = torch.optim.AdamW(trained(sharded).values(), lr=1e-3)
    engine, *_ = deepspeed.initialize(
        model=_Loss(sharded), model_parameters=[*trained(sharded).values()], optimizer=optimizer, config=plan
    )
    loss = _Loss(plain)()
    loss.backward()
    sharded_loss = engine()
    engine.backward(sharded_loss)
    assert sharded_loss.item() == pytest.approx(loss.item(), abs=1e-6)
    expected: Mapping[str, Any] = trained(plain)
    for name, parameter in trained(sharded).items():
        gradient = deepspeed.utils.safe_get_full_grad(parameter)
        assert (gradient - expected[name].grad).norm() < 1e-5 * expected[name].grad.norm(), name
    engine.destroy()


class _Loss(torch.nn.Module):
    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(logits(self.model)[:, :-1].flatten(0, 1), IDS[:, 1:].flatten())
