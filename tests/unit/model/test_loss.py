from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForCausalLM, Qwen2Config, Qwen2ForCausalLM

from legaltune.config.schema import AdapterConfig
from legaltune.model.adapters import add_adapter, count_parameters
from legaltune.model.loss import TargetLoss
from legaltune.tokens.batch import make_batch
from legaltune.tokens.dataset import TokenDataset
from tests.tiny import chat_examples, save_model, save_tokens


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder)
    return folder


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> TokenDataset:
    folder = tmp_path_factory.mktemp("tokens")
    save_tokens(folder, chat_examples(6))
    return TokenDataset(folder, "train")


def test_packed_rows_give_the_loss_and_gradients_of_separate_examples(folder: Path, dataset: TokenDataset) -> None:
    model = add_adapter(AutoModelForCausalLM.from_pretrained(folder), AdapterConfig(dropout=0.0), seed=0).train()
    module = TargetLoss(model)
    trainable = {name: p for name, p in model.named_parameters() if p.requires_grad}
    for parameter in trainable.values():
        torch.nn.init.normal_(parameter, std=0.05)

    batch = make_batch(dataset, [[0, 1, 2], [3, 4], [5]])
    packed = module(batch.input_ids, batch.position_ids, batch.source_positions, batch.target_ids)
    packed.sum().backward()
    packed_gradients = {name: p.grad.clone() for name, p in trainable.items() if p.grad is not None}
    model.zero_grad()

    separate = []
    for index in range(6):
        ids = torch.from_numpy(dataset.tokens(index).astype("int64"))
        targets = torch.from_numpy(dataset.loss_mask(index))[1:] == 1
        logits = model(input_ids=ids[None]).logits[0, :-1]
        separate.append(torch.nn.functional.cross_entropy(logits[targets], ids[1:][targets], reduction="none"))
    torch.cat(separate).sum().backward()  # type: ignore[no-untyped-call]

    assert torch.allclose(packed, torch.cat(separate), atol=1e-5)
    for name, parameter in trainable.items():
        difference = (packed_gradients[name] - parameter.grad).norm() / parameter.grad.norm()
        assert difference < 1e-5, name


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
