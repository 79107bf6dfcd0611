"""New tokens through a run: tokenized data, base model, training and the saved adapter."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from legaltune.errors import DataError
from legaltune.model.base import load_base_model, load_extension, load_tokenizer
from legaltune.tokens.chat import fingerprint
from legaltune.tokens.dataset import TokenDataset
from legaltune.training.processes import run_training
from tests.parity import set_up_run

TERMS = ("juristischer", "Verfahren")  # each occurs once in a prompt of tests.tiny
NEW_TOKENS = f"model.new_tokens=[{', '.join(TERMS)}]"
KEY = "base_model.model.model.embed_tokens.token_adapter.trainable_tokens_delta"


def test_new_tokens_make_the_data_shorter_and_leave_the_text(tmp_path: Path) -> None:
    config, run = set_up_run(tmp_path / "with", NEW_TOKENS)
    old_config, old_run = set_up_run(tmp_path / "without")
    tokenizer, old_tokenizer = load_tokenizer(config.model), load_tokenizer(old_config.model)
    new, old = TokenDataset(run.tokens, "train"), TokenDataset(old_run.tokens, "train")
    saved = sum(len(old_tokenizer(term, add_special_tokens=False)["input_ids"]) - 1 for term in TERMS)
    assert saved > 2
    assert (old.lengths - new.lengths).tolist() == [saved] * len(old)
    assert tokenizer.decode(new.tokens(0)) == old_tokenizer.decode(old.tokens(0))


def test_training_refuses_tokens_that_were_made_without_the_new_ones(tmp_path: Path) -> None:
    config, run = set_up_run(tmp_path)
    model = config.model.model_copy(update={"new_tokens": TERMS})
    with pytest.raises(DataError, match="was not made for"):
        run_training(config.model_copy(update={"model": model}), run)


def trained_run(tmp_path: Path, train_embeddings: str, *overrides: str) -> tuple[torch.Tensor, torch.Tensor, Path]:
    """Embedding of the base model with its start rows, embedding with the adapter by plain PEFT, and the adapter."""
    config, run = set_up_run(tmp_path, NEW_TOKENS, f"adapter.train_embeddings={train_embeddings}", *overrides)
    run_training(config, run)
    start = load_base_model(config.model).get_input_embeddings().weight.detach()
    tokenizer = AutoTokenizer.from_pretrained(run.adapter)
    assert fingerprint(tokenizer) == fingerprint(load_tokenizer(config.model))
    base = AutoModelForCausalLM.from_pretrained(config.model.name)
    base.resize_token_embeddings(len(tokenizer))
    adapted = PeftModel.from_pretrained(base, run.adapter)
    return start, adapted.get_input_embeddings().weight.detach(), run.adapter


@pytest.mark.parametrize("overrides", [[], ["parallel.zero_stage=3", "parallel.parameter_persistence_threshold=0"]])
def test_training_new_embeddings_changes_their_rows_and_no_others(tmp_path: Path, overrides: list[str]) -> None:
    start, trained, adapter = trained_run(tmp_path, "new", *overrides)
    num_old = len(start) - len(TERMS)
    assert torch.equal(trained[:num_old], start[:num_old])
    assert ((trained[num_old:] - start[num_old:]).abs().amax(dim=1) > 1e-4).all()
    assert set(load_file(adapter / "adapter_model.safetensors")) > {KEY}
    indices = json.loads((adapter / "adapter_config.json").read_text())["trainable_token_indices"]
    assert indices == {"model.embed_tokens": [num_old, num_old + 1]}


def test_frozen_embeddings_stay_at_their_start_and_are_saved(tmp_path: Path) -> None:
    start, trained, _ = trained_run(tmp_path, "none")
    assert torch.equal(trained, start)


def test_start_rows_are_means_of_sub_tokens(tmp_path: Path) -> None:
    config, _ = set_up_run(tmp_path, NEW_TOKENS)
    extension = load_extension(config.model)
    assert extension is not None
    rows = load_base_model(config.model).get_input_embeddings().weight
    for token in extension.tokens:
        torch.testing.assert_close(rows[token.token_id], rows[list(token.source_ids)].mean(dim=0))
