from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import pytest
import torch
from transformers import AutoTokenizer

from legaltune.config.schema import ModelConfig
from legaltune.errors import ConfigurationError, InputMissingError, ServiceUnavailableError
from legaltune.model.base import (
    find_model,
    load_base_model,
    load_extension,
    load_tokenizer,
    resolve_dtype,
    save_tokenizer,
)
from legaltune.tokens.chat import fingerprint
from tests.tiny import CHAT_TEMPLATE, make_tokenizer, save_model


def test_the_builtin_model_is_small_and_has_qwen_architecture_and_chat_template() -> None:
    folder = Path(find_model(ModelConfig()).name_or_path)
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 6_000_000
    assert type(load_base_model(ModelConfig())).__name__ == "Qwen2ForCausalLM"
    assert load_tokenizer(ModelConfig()).chat_template == CHAT_TEMPLATE
    assert resources.files("legaltune.model").joinpath("tiny_qwen2").is_dir()


def test_the_builtin_tokenizer_keeps_every_character() -> None:
    tokenizer = load_tokenizer(ModelConfig())
    text = "§ 823 Abs. 1 BGB – „Größe“, 5.000 €; Straße\n\tÄÖÜ …"
    assert tokenizer.decode(tokenizer(text, add_special_tokens=False)["input_ids"]) == text


def test_an_unknown_builtin_name_lists_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match="builtin:tiny-qwen2"):
        find_model(ModelConfig(name="builtin:tiny"))


def test_a_path_that_is_no_folder_is_a_missing_input() -> None:
    with pytest.raises(InputMissingError, match="is no folder"):
        find_model(ModelConfig(name="./nowhere"))


def test_a_hub_name_keeps_revision_and_takes_the_token_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_TOKEN", "secret")
    source = find_model(ModelConfig(name="Qwen/Qwen2.5-7B", revision="abc", token_variable="MY_TOKEN"))
    assert (source.name_or_path, source.revision, source.token) == ("Qwen/Qwen2.5-7B", "abc", "secret")


def test_an_unreachable_hub_is_an_unavailable_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(ServiceUnavailableError, match=r"legaltune-test/no-such-model"):
        load_tokenizer(ModelConfig(name="legaltune-test/no-such-model"))


def test_a_folder_without_a_model_is_a_missing_input(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="holds no complete model"):
        load_base_model(ModelConfig(name=str(tmp_path)))


def test_a_tokenizer_without_chat_template_is_refused(tmp_path: Path) -> None:
    save_model(tmp_path)
    tokenizer = make_tokenizer()
    tokenizer.chat_template = None
    (tmp_path / "chat_template.jinja").unlink()
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(ConfigurationError, match="no chat template"):
        load_tokenizer(ModelConfig(name=str(tmp_path)))


TERMS = ("Revisionsklägerin", "Entscheidungsgründe", "§§")


@pytest.fixture
def with_terms(tmp_path: Path) -> ModelConfig:
    save_model(tmp_path / "model")
    return ModelConfig(name=str(tmp_path / "model"), new_tokens=TERMS)


def test_a_saved_tokenizer_with_new_tokens_is_loaded_as_it_was(with_terms: ModelConfig, tmp_path: Path) -> None:
    tokenizer = load_tokenizer(with_terms)
    save_tokenizer(tokenizer, tmp_path / "saved")
    loaded = AutoTokenizer.from_pretrained(tmp_path / "saved")
    text = "die Revisionsklägerin: §§ 823, 826 („Entscheidungsgründe“)"
    ids = tokenizer(text)["input_ids"]
    assert loaded(text)["input_ids"] == ids
    assert loaded.decode(ids) == text
    assert fingerprint(loaded) == fingerprint(tokenizer)
    assert (loaded.eos_token, loaded.pad_token) == (tokenizer.eos_token, tokenizer.pad_token)
    assert (loaded.all_special_tokens, loaded.chat_template) == (tokenizer.all_special_tokens, tokenizer.chat_template)


def test_a_tokenizer_without_new_tokens_keeps_its_class(with_terms: ModelConfig, tmp_path: Path) -> None:
    save_tokenizer(load_tokenizer(ModelConfig(name=with_terms.name)), tmp_path / "saved")
    assert json.loads((tmp_path / "saved/tokenizer_config.json").read_text())["tokenizer_class"] == "Qwen2Tokenizer"


def test_the_base_model_has_rows_for_new_tokens_each_time_the_same(with_terms: ModelConfig) -> None:
    model, again = load_base_model(with_terms), load_base_model(with_terms)
    original = load_base_model(ModelConfig(name=with_terms.name)).get_input_embeddings().weight
    tokenizer, old_tokenizer = load_tokenizer(with_terms), make_tokenizer()
    rows = model.get_input_embeddings().weight
    assert len(rows) == len(tokenizer) == len(original) + len(TERMS)
    assert torch.equal(rows[: len(original)], original)
    for term in TERMS:
        sources = old_tokenizer(term, add_special_tokens=False)["input_ids"]
        assert len(sources) > 1
        torch.testing.assert_close(rows[tokenizer.convert_tokens_to_ids(term)], original[sources].mean(dim=0))
    assert torch.equal(rows, again.get_input_embeddings().weight)
    assert model.get_output_embeddings().weight is rows


def test_the_base_model_takes_vectors_from_a_file(with_terms: ModelConfig, tmp_path: Path) -> None:
    path = tmp_path / "vectors.txt"
    path.write_text("".join(f"{term}{f' {number}' * 32}\n" for number, term in enumerate(TERMS)))
    config = with_terms.model_copy(update={"new_token_vectors": str(path)})
    rows = load_base_model(config).get_input_embeddings().weight[-3:]
    assert rows.tolist() == [[number] * 32 for number in range(3)]


def test_vectors_without_tokens_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"without model\.new_tokens"):
        load_extension(ModelConfig(new_token_vectors="vectors.txt"))


def test_auto_is_float32_on_a_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert resolve_dtype("auto") is torch.float32
    assert resolve_dtype("bfloat16") is torch.bfloat16
