from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from peft import LoraConfig, PrefixTuningConfig, PromptTuningConfig, get_peft_model
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, Qwen2Config, Qwen2ForCausalLM

from legaltune.config.schema import AdapterConfig
from legaltune.errors import ConfigurationError
from legaltune.model.adapters import add_adapter, count_parameters
from legaltune.model.attention import use_per_document_attention
from legaltune.model.embeddings import NewRows, train_new_rows
from legaltune.model.loss import TargetLoss
from legaltune.tokens.batch import BatchLayout, make_batch
from legaltune.tokens.dataset import TokenDataset
from tests.tiny import chat_examples, save_model, save_tokens

EXAMPLES = range(6)
NUM_VIRTUAL = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder)
    return folder


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> TokenDataset:
    folder = tmp_path_factory.mktemp("tokens")
    save_tokens(folder, chat_examples(len(EXAMPLES)))
    return TokenDataset(folder, "train")


def load(folder: Path, attention: str = "per_document") -> Any:
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="sdpa")
    if attention == "per_document":
        use_per_document_attention(model)
    return model.train()


def randomized(model: Any) -> Any:
    """Trained parameters away from where they start, so that each has a gradient."""
    generator = torch.Generator().manual_seed(1)
    for parameter in model.parameters():
        if parameter.requires_grad:
            torch.nn.init.normal_(parameter, std=0.05, generator=generator)
    return model


def separate_losses(model: Any, dataset: TokenDataset, examples: Sequence[int] = EXAMPLES) -> torch.Tensor:
    """Loss of each target by the model's own forward pass and the whole logits, one example at a time."""
    losses = []
    for index in examples:
        ids = torch.from_numpy(dataset.tokens(index).astype("int64"))
        targets = torch.from_numpy(dataset.loss_mask(index))[1:] == 1
        logits = model(input_ids=ids[None], attention_mask=torch.ones_like(ids)[None]).logits[0, -len(ids) : -1]
        losses.append(cross_entropy(logits[targets], ids[1:][targets], reduction="none"))
    return torch.cat(losses)


def gradients(model: Any, total: torch.Tensor) -> dict[str, torch.Tensor]:
    trained = {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}
    return dict(zip(trained, torch.autograd.grad(total, list(trained.values())), strict=True))


def assert_same(
    result: tuple[torch.Tensor, torch.Tensor], model: Any, expected: torch.Tensor, expected_model: Any
) -> None:
    """The same losses, and the same gradients of what is trained."""
    total, per_target = result
    assert not per_target.requires_grad
    assert torch.allclose(per_target, expected, rtol=0, atol=1e-5)
    assert total.item() == pytest.approx(float(expected.detach().sum()), rel=2e-6)
    of_model, of_expected = gradients(model, total), gradients(expected_model, expected.sum())
    assert of_model.keys() == of_expected.keys()
    for name, gradient in of_expected.items():
        assert (of_model[name] - gradient).norm() / gradient.norm() < 1e-5, name


@pytest.mark.parametrize("attention", ["per_document", "sdpa"])
def test_packed_documents_give_the_loss_and_gradients_of_separate_ones(
    folder: Path, dataset: TokenDataset, attention: str
) -> None:
    models = [
        randomized(add_adapter(load(folder, kind), AdapterConfig(dropout=0.0), seed=0)) for kind in (attention, "sdpa")
    ]
    result = TargetLoss(models[0])(make_batch(dataset, [[0, 1, 2], [3, 4], [5]]))
    assert_same(result, models[0], separate_losses(models[1], dataset), models[1])


@pytest.mark.parametrize("tied", [True, False])
def test_all_weights_can_be_trained_output_layer_and_tied_embedding_too(dataset: TokenDataset, tied: bool) -> None:
    models = [make_model(tie_word_embeddings=tied) for _ in range(2)]
    use_per_document_attention(models[0])
    result = TargetLoss(models[0])(make_batch(dataset, [list(EXAMPLES)]))
    assert_same(result, models[0], separate_losses(models[1], dataset), models[1])


def make_model(architecture: str = "Qwen2", **settings: Any) -> Any:
    sizes = {"vocab_size": 400, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "initializer_range": 0.1}
    torch.manual_seed(0)
    config = getattr(transformers, f"{architecture}Config")(**sizes | heads | settings)
    return getattr(transformers, f"{architecture}ForCausalLM")(config).train()


def test_prompt_tuning_is_that_of_peft(folder: Path, dataset: TokenDataset) -> None:
    config = PromptTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=NUM_VIRTUAL)
    models = [randomized(get_peft_model(load(folder, kind), config)) for kind in ("per_document", "sdpa")]
    batch = make_batch(dataset, [list(EXAMPLES)], BatchLayout(num_virtual_tokens=NUM_VIRTUAL))
    assert_same(TargetLoss(models[0])(batch), models[0], separate_losses(models[1], dataset), models[1])


def test_prefix_tuning_is_that_of_peft(folder: Path, dataset: TokenDataset) -> None:
    config = PrefixTuningConfig(task_type="CAUSAL_LM", num_virtual_tokens=NUM_VIRTUAL)
    models = [randomized(get_peft_model(load(folder, kind), config)) for kind in ("per_document", "sdpa")]
    batch = make_batch(dataset, [list(EXAMPLES)], BatchLayout(position_offset=NUM_VIRTUAL))
    assert_same(TargetLoss(models[0])(batch), models[0], separate_losses(models[1], dataset), models[1])
    with pytest.raises(ConfigurationError, match=r"set model\.attention"):
        TargetLoss(models[1])(batch)


@pytest.fixture(scope="module")
def new_tokens(dataset: TokenDataset) -> list[int]:
    """Three tokens that occur."""
    return sorted(set(dataset.tokens(0).tolist()))[-3:]


@pytest.mark.parametrize("tied", [True, False])
def test_trained_rows_of_new_tokens(dataset: TokenDataset, new_tokens: list[int], tied: bool) -> None:
    models = [make_model(tie_word_embeddings=tied) for _ in range(2)]
    for model in models:
        start = {"model.embed_tokens": torch.zeros(3, 32)} | ({} if tied else {"lm_head": torch.zeros(3, 32)})
        model.requires_grad_(False)
        train_new_rows(model, NewRows(new_tokens, start))
        randomized(model)
    use_per_document_attention(models[0])
    result = TargetLoss(models[0])(make_batch(dataset, [list(EXAMPLES)]))
    assert_same(result, models[0], separate_losses(models[1], dataset), models[1])


@pytest.mark.parametrize("tied", [True, False])
def test_trained_rows_as_peft_loads_them(dataset: TokenDataset, new_tokens: list[int], tied: bool) -> None:
    indices = new_tokens if tied else {"embed_tokens": new_tokens, "lm_head": new_tokens}
    config = LoraConfig(task_type="CAUSAL_LM", target_modules=["q_proj"], trainable_token_indices=indices)
    models = [randomized(get_peft_model(make_model(tie_word_embeddings=tied), config)) for _ in range(2)]
    use_per_document_attention(models[0])
    module = TargetLoss(models[0])
    batch = make_batch(dataset, [list(EXAMPLES)])
    assert_same(module(batch), models[0], separate_losses(models[1], dataset), models[1])
    with models[0].disable_adapter(), models[1].disable_adapter(), torch.no_grad():
        assert torch.allclose(module(batch)[1], separate_losses(models[1], dataset), rtol=0, atol=1e-5)


def test_the_output_layer_runs_for_targets_only(dataset: TokenDataset) -> None:
    model = make_model()
    use_per_document_attention(model)
    module = TargetLoss(model)
    seen = []
    module.head.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0].shape))
    batch = make_batch(dataset, [list(EXAMPLES)])
    module(batch)
    assert seen == [(len(batch.target_ids), 32)]
    assert len(batch.target_ids) < batch.input_ids.numel() / 2


def test_parameters_are_listed_once_under_the_names_they_have_in_the_model(dataset: TokenDataset) -> None:
    module = TargetLoss(make_model(tie_word_embeddings=False))
    assert [name for name, _ in module.named_parameters()] == [
        f"model.{name}" for name, _ in module.model.named_parameters()
    ]


@pytest.mark.parametrize(
    ("architecture", "settings"),
    [
        ("Gemma2", {"final_logit_softcapping": 30.0, "head_dim": 8}),
        ("Cohere", {"logit_scale": 0.0625}),
        ("Granite", {"logits_scaling": 8.0}),
    ],
)
def test_models_that_change_their_logits_are_refused(architecture: str, settings: dict[str, Any]) -> None:
    (setting, value), *_ = settings.items()
    with pytest.raises(ConfigurationError, match=f"{setting} {value}"):
        TargetLoss(make_model(architecture, **settings))
    neutral = None if setting == "final_logit_softcapping" else 1.0
    TargetLoss(make_model(architecture, **settings | {setting: neutral}))


def test_an_output_layer_with_an_adapter_of_its_own_is_refused() -> None:
    model = get_peft_model(make_model(), LoraConfig(task_type="CAUSAL_LM", target_modules=["q_proj", "lm_head"]))
    with pytest.raises(ConfigurationError, match=r"adapter\.target_modules"):
        TargetLoss(model)


def test_counts_are_those_of_the_formula(folder: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(folder)
    base = sum(p.numel() for p in model.parameters())
    trainable, total = count_parameters(add_adapter(model, AdapterConfig(r=4), seed=0))
    # r x (in + out) per module: q and o 32+32, k and v 32+16, gate, up and down 32+64; two layers
    assert trainable == 4 * (2 * 64 + 2 * 48 + 3 * 96) * 2
    assert total == base + trainable


def test_qwen2_5_7b_has_the_published_number_of_lora_parameters() -> None:
    config = Qwen2Config(
        vocab_size=152_064,
        hidden_size=3584,
        intermediate_size=18_944,
        num_hidden_layers=28,
        num_attention_heads=28,
        num_key_value_heads=4,
        tie_word_embeddings=False,
    )
    with torch.device("meta"):
        model = add_adapter(Qwen2ForCausalLM(config), AdapterConfig(), seed=0)
    assert count_parameters(model)[0] == 40_370_176
