from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import peft
import pytest
import torch
import transformers
from torch.nn.functional import cross_entropy

from legaltune.errors import ConfigurationError
from legaltune.model import attention
from legaltune.model.attention import (
    PER_DOCUMENT,
    SDPA,
    Documents,
    attention_implementation,
    use_per_document_attention,
)

LENGTHS = (7, 1, 19, 4)
NUM_VIRTUAL = 3
TOLERANCE = 2e-6  # relative, fp32
ARCHITECTURES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "qwen2": (transformers.Qwen2ForCausalLM, transformers.Qwen2Config, {}),
    "qwen2 without groups": (transformers.Qwen2ForCausalLM, transformers.Qwen2Config, {"num_key_value_heads": 4}),
    "llama": (transformers.LlamaForCausalLM, transformers.LlamaConfig, {}),
    "gemma2": (transformers.Gemma2ForCausalLM, transformers.Gemma2Config, {"layer_types": ["full_attention"] * 2}),
    "mistral": (transformers.MistralForCausalLM, transformers.MistralConfig, {"sliding_window": None}),
}


PLAIN = [name for name in ARCHITECTURES if name != "gemma2"]


def make_model(architecture: str = "qwen2", **settings: Any) -> Any:
    model_class, config_class, special = ARCHITECTURES[architecture]
    sizes: dict[str, Any] = {
        "vocab_size": 64,
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "initializer_range": 0.2,
    }
    torch.manual_seed(0)
    return model_class(config_class(**sizes | special | settings))


def make_texts(lengths: Sequence[int] = LENGTHS) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randint(0, 64, (length,), generator=generator) for length in lengths]


def packed(texts: Sequence[torch.Tensor], offset: int = 0) -> dict[str, Any]:
    lengths = tuple(len(text) for text in texts)
    cu_seqlens = torch.tensor([0, *lengths]).cumsum(0).to(torch.int32)
    return {
        "input_ids": torch.cat(list(texts))[None],
        "position_ids": torch.cat([torch.arange(offset, offset + length) for length in lengths])[None],
        "documents": Documents(lengths, cu_seqlens),
        "use_cache": False,
    }


def loss_of_row(logits: torch.Tensor, texts: Sequence[torch.Tensor]) -> torch.Tensor:
    """Sum over the documents of the cross-entropy of each token but the first."""
    parts = logits[0].split_with_sizes([len(text) for text in texts])
    return torch.stack([loss_of_document(part, text) for part, text in zip(parts, texts, strict=True)]).sum()


def loss_of_document(logits: torch.Tensor, text: torch.Tensor) -> torch.Tensor:
    return cross_entropy(logits[:-1], text[1:], reduction="sum")


def gradients(loss: torch.Tensor, parameters: Sequence[torch.Tensor]) -> torch.Tensor:
    return torch.cat([gradient.flatten() for gradient in torch.autograd.grad(loss, parameters)])


def alone(model: Any, texts: Sequence[torch.Tensor]) -> torch.Tensor:
    """The loss of each document run by itself."""
    return torch.stack([loss_of_document(model(input_ids=text[None]).logits[0], text) for text in texts]).sum()


def assert_same(actual: torch.Tensor, expected: torch.Tensor) -> None:
    assert (actual - expected).norm() / expected.norm() < TOLERANCE


@pytest.mark.parametrize("architecture", PLAIN)
def test_each_document_is_trained_as_if_alone(architecture: str) -> None:
    model, texts = make_model(architecture), make_texts()
    weights = list(model.parameters())
    expected = alone(model, texts)
    expected_gradients = gradients(expected, weights)
    use_per_document_attention(model)
    loss = loss_of_row(model(**packed(texts)).logits, texts)
    assert_same(loss, expected)
    assert_same(gradients(loss, weights), expected_gradients)


def test_masked_attention_of_transformers_trains_each_document_as_if_alone() -> None:
    model, texts = make_model(), make_texts()
    weights = list(model.parameters())
    expected = alone(model, texts)
    loss = loss_of_row(model(**packed(texts)).logits, texts)
    assert model.config._attn_implementation == SDPA
    assert_same(loss, expected)
    assert_same(gradients(loss, weights), gradients(expected, weights))


@pytest.mark.parametrize("implementation", [PER_DOCUMENT, SDPA])
def test_a_document_does_not_see_its_neighbours(implementation: str) -> None:
    model, texts = make_model(), make_texts()
    others = [texts[0].flip(0), texts[1], (texts[2] + 1) % 64, texts[3]]
    with attention_implementation(model, implementation):
        before, after = (model(**packed(row)).logits[0].split(LENGTHS) for row in (texts, others))
    for index in (1, 3):
        torch.testing.assert_close(after[index], before[index], rtol=0, atol=1e-6)
    for index in (0, 2):
        assert not torch.allclose(after[index], before[index], atol=1e-3)


def test_gradient_checkpointing_changes_nothing() -> None:
    model, texts = make_model(), make_texts()
    model.train()
    use_per_document_attention(model)
    weights = list(model.parameters())
    expected = gradients(loss_of_row(model(**packed(texts)).logits, texts), weights)
    model.activation_checkpointing_enable({"use_reentrant": False})
    actual = gradients(loss_of_row(model(**packed(texts)).logits, texts), weights)
    torch.testing.assert_close(actual, expected, rtol=0, atol=0)


@pytest.fixture
def prefix_model() -> Any:
    config = peft.PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=NUM_VIRTUAL)
    model = peft.get_peft_model(make_model(), config)
    torch.nn.init.normal_(prefix_weights(model))
    return model


def prefix_weights(model: Any) -> torch.Tensor:
    weights: torch.Tensor = model.prompt_encoder["default"].embedding.weight
    return weights


def prefix_of(model: Any) -> torch.Tensor:
    """PEFT's flat weights as (layers, 2, key-value heads, virtual tokens, head size)."""
    return prefix_weights(model).view(NUM_VIRTUAL, 2, 2, 2, 8).permute(1, 2, 3, 0, 4)


def forward_with_prefix(model: Any, texts: Sequence[torch.Tensor]) -> torch.Tensor:
    logits: torch.Tensor = model.get_base_model()(**packed(texts, offset=NUM_VIRTUAL), prefix=prefix_of(model)).logits
    return logits


@pytest.mark.parametrize("checkpointing", [False, True])
def test_prefix_tuning_equals_that_of_peft(prefix_model: Any, checkpointing: bool) -> None:
    texts = make_texts()
    weights = [prefix_weights(prefix_model)]
    expected = alone(prefix_model, texts)
    expected_gradients = gradients(expected, weights)
    use_per_document_attention(prefix_model)
    if checkpointing:
        prefix_model.get_base_model().activation_checkpointing_enable({"use_reentrant": False})
        prefix_model.train()
    loss = loss_of_row(forward_with_prefix(prefix_model, texts), texts)
    assert_same(loss, expected)
    assert_same(gradients(loss, weights), expected_gradients)


def kernel_by_definition(
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    cu_seq_q: torch.Tensor,
    cu_seq_k: torch.Tensor,
    max_q: int,
    max_k: int,
    *,
    scale: float,
    window_size: tuple[int, int],
    enable_gqa: bool,
) -> torch.Tensor:
    """What `varlen_attn` is documented to compute, with the alignment of FlashAttention-2 (bottom-right)."""
    assert window_size == (-1, 0)
    assert enable_gqa == (query.shape[1] != key.shape[1])
    assert int(cu_seq_q[-1]) == len(query)
    assert int(cu_seq_k[-1]) == len(key)
    assert (max_q, max_k) == (int(cu_seq_q.diff().max()), int(cu_seq_k.diff().max()))
    groups = query.shape[1] // key.shape[1]
    outputs = []
    for n in range(len(cu_seq_q) - 1):
        own, path = slice(int(cu_seq_q[n]), int(cu_seq_q[n + 1])), slice(int(cu_seq_k[n]), int(cu_seq_k[n + 1]))
        q, k, v = query[own], key[path], value[path]
        scores = torch.einsum("qhd,khd->hqk", q, k.repeat_interleave(groups, 1)) * scale
        visible = torch.ones(len(q), len(k), dtype=torch.bool).tril(len(k) - len(q))
        weights = scores.masked_fill(~visible, -torch.inf).softmax(-1)
        outputs.append(torch.einsum("hqk,khd->qhd", weights, v.repeat_interleave(groups, 1)))
    return torch.cat(outputs)


@pytest.mark.parametrize("with_prefix", [False, True])
def test_the_kernel_of_a_gpu_is_given_the_same_problem(
    prefix_model: Any, monkeypatch: pytest.MonkeyPatch, with_prefix: bool
) -> None:
    texts = make_texts()
    use_per_document_attention(prefix_model)

    def forward() -> torch.Tensor:
        if with_prefix:
            return forward_with_prefix(prefix_model, texts)
        logits: torch.Tensor = prefix_model.get_base_model()(**packed(texts)).logits
        return logits

    expected = forward()
    monkeypatch.setattr(attention, "_has_variable_length_kernel", lambda query: True)
    monkeypatch.setattr(attention, "varlen_attn", kernel_by_definition)
    assert_same(forward(), expected)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
@pytest.mark.parametrize("with_prefix", [False, True])
def test_the_kernel_of_a_gpu_computes_what_the_cpu_does(with_prefix: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = [(1, 4, sum(LENGTHS), 64), (1, 2, sum(LENGTHS), 64), (1, 2, sum(LENGTHS), 64), (1, 2, 2, NUM_VIRTUAL, 64)]
    inputs = [torch.randn(shape, generator=generator).to(torch.bfloat16).float().requires_grad_() for shape in shapes]
    cu_seqlens = torch.tensor([0, *LENGTHS]).cumsum(0).to(torch.int32)
    module = torch.nn.Module()
    module.layer_idx = 0  # type: ignore[assignment]

    def run(device: str, dtype: torch.dtype) -> list[torch.Tensor]:
        query, key, value, prefix = (x.to(device, dtype) for x in inputs)
        documents = Documents(LENGTHS, cu_seqlens.to(device))
        output, _ = attention.per_document_attention(
            module, query, key, value, None, documents=documents, prefix=prefix if with_prefix else None
        )
        assert attention._has_variable_length_kernel(query) == (device == "cuda")
        trained = inputs if with_prefix else inputs[:3]
        return [output.float().cpu(), *torch.autograd.grad(output.float().square().sum(), trained)]

    for actual, expected in zip(run("cuda", torch.bfloat16), run("cpu", torch.float32), strict=True):
        assert float((actual - expected).norm() / expected.norm()) < 2e-2


def test_generation_within_a_switch_and_the_loss_after_it() -> None:
    model, texts = make_model(), make_texts()
    expected = model.generate(texts[0][None], max_new_tokens=4, do_sample=False)
    use_per_document_attention(model)
    with attention_implementation(model, SDPA):
        assert torch.equal(model.generate(texts[0][None], max_new_tokens=4, do_sample=False), expected)
    assert model.config._attn_implementation == PER_DOCUMENT
    model(**packed(texts))


def test_the_switch_is_undone_after_an_error() -> None:
    model = make_model()
    with pytest.raises(RuntimeError), attention_implementation(model, PER_DOCUMENT):
        raise RuntimeError
    assert model.config._attn_implementation == SDPA


def test_what_would_silently_be_wrong_is_refused() -> None:
    model, texts = make_model(), make_texts()
    use_per_document_attention(model)
    row = packed(texts)
    with pytest.raises(ValueError, match="documents"):
        model(input_ids=row["input_ids"], position_ids=row["position_ids"])
    with pytest.raises(ValueError, match="mask"):
        model(**row, attention_mask=torch.ones(1, 1, sum(LENGTHS), sum(LENGTHS), dtype=torch.bool))
    with pytest.raises(ValueError, match="31 tokens"):
        model(**packed(texts) | {"input_ids": row["input_ids"][:, :-1], "position_ids": row["position_ids"][:, :-1]})
    two_rows = {name: row[name].expand(2, -1) for name in ("input_ids", "position_ids")}
    with pytest.raises(ValueError, match="one row"):
        model(**row | two_rows)


@pytest.mark.parametrize(
    ("architecture", "settings", "reason"),
    [
        ("mistral", {"sliding_window": 8}, "8 tokens"),
        ("qwen2", {"use_sliding_window": True, "sliding_window": 8, "max_window_layers": 1}, "8 tokens"),
        ("qwen2", {"attention_dropout": 0.1}, "dropout 0.1"),
        ("gemma2", {}, "softcapping"),
    ],
)
def test_attention_that_is_not_plain_is_refused_with_a_remedy(
    architecture: str, settings: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ConfigurationError, match=rf"{reason}.*model\.attention=sdpa"):
        use_per_document_attention(make_model(architecture, **settings))


def test_the_scaling_is_the_one_asked_for() -> None:
    query, key, value = torch.randn(3, 1, 2, 5, 8, generator=torch.Generator().manual_seed(0))
    documents = Documents((2, 3), torch.tensor([0, 2, 5], dtype=torch.int32))

    def attend(query: torch.Tensor, scaling: float) -> torch.Tensor:
        module = torch.nn.Module()
        return attention.per_document_attention(module, query, key, value, None, scaling, documents=documents)[0]

    torch.testing.assert_close(attend(query, 2.0), attend(2 * query, 1.0))


@pytest.mark.parametrize("argument", [{"sliding_window": 8}, {"softcap": 30.0}, {"dropout": 0.1}])
def test_a_layer_that_asks_for_more_than_plain_attention_is_refused(argument: dict[str, Any]) -> None:
    x = torch.zeros(1, 2, 3, 8)
    documents = Documents((3,), torch.tensor([0, 3], dtype=torch.int32))
    with pytest.raises(ConfigurationError, match=next(iter(argument))):
        attention.per_document_attention(torch.nn.Module(), x, x, x, None, documents=documents, **argument)


def test_layers_that_carry_a_state_over_are_refused() -> None:
    model = make_model()
    model.config.layer_types = ["linear_attention", "full_attention"]
    with pytest.raises(ConfigurationError, match="linear_attention"):
        use_per_document_attention(model)
