from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from legaltune.config.schema import ModelConfig
from legaltune.errors import ConfigurationError, InputMissingError, ServiceUnavailableError
from legaltune.model.base import find_model, load_base_model, load_tokenizer
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
