from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from legaltune.config import RunConfig, dump_yaml, load_config, recipe_names
from legaltune.errors import ConfigurationError, ExitCode, InputMissingError


@pytest.mark.parametrize("name", recipe_names())
def test_every_shipped_recipe_loads(name: str) -> None:
    config = load_config(name)
    assert RunConfig.model_validate(yaml.safe_load(dump_yaml(config))) == config


def test_the_recipes_are_the_ones_the_documentation_names() -> None:
    assert recipe_names() == ["demo", "qwen2.5-0.5b-lora", "qwen2.5-7b-lora"]


def test_lora_defaults_are_those_of_the_source_article() -> None:
    adapter = load_config("qwen2.5-7b-lora").adapter
    assert (adapter.r, adapter.alpha, adapter.dropout, adapter.bias) == (16, 32, 0.05, "none")
    assert set(adapter.target_modules) == {
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
    }  # fmt: skip


def test_overrides_win_and_strings_from_sagemaker_are_read_as_numbers() -> None:
    config = load_config("demo", ["adapter.r=8", "adapter.r=4", "optimizer.learning_rate=1e-4", "data.tasks=[]"])
    assert config.adapter.r == 4
    assert config.optimizer.learning_rate == 1e-4
    assert config.data.tasks == ()


def test_all_faults_are_reported_at_once() -> None:
    overrides = ["adaptr.r=8", "adapter.r=viele", "train.max_steps=4", "data.split.tes=0.1", "no-value"]
    with pytest.raises(ConfigurationError) as caught:
        load_config("demo", overrides)
    message = str(caught.value)
    assert message.startswith("5 faults")
    assert "adaptr: unknown setting; did you mean adapter?" in message
    assert "adapter.r: Input should be a valid integer" in message
    assert "data.split.tes: unknown setting; did you mean test?" in message
    assert "train.epochs / train.max_steps: set one of them, not both" in message
    assert "override 'no-value'" in message
    assert caught.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["data.input=[a]"], "data.input / data.synthetic_decisions"),
        (["optimizer.warmup_ratio=0.1", "optimizer.warmup_steps=3"], "optimizer.warmup_ratio / optimizer.warmup_steps"),
        (["data.split.test=0.5", "data.split.validation=0.5"], "data.split.validation / data.split.test"),
        (["tokens.min_document_tokens=1024"], "tokens.min_document_tokens / tokens.sequence_length"),
        (["parallel.micro_batch_size=3"], "train.global_batch_size / parallel.micro_batch_size"),
        (["parallel.num_processes=3"], "train.global_batch_size / parallel.micro_batch_size"),
        (["model.revision=main"], "model.revision / model.name"),
        (["train.epochs=null", "train.max_steps=5", "optimizer.warmup_steps=5"], "optimizer.warmup_steps / train.max"),
    ],
)
def test_contradictions_are_refused(overrides: list[str], expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        load_config("demo", overrides)


def test_a_contradiction_is_not_reported_on_top_of_a_faulty_field() -> None:
    with pytest.raises(ConfigurationError, match="1 fault in") as caught:
        load_config("demo", ["train.max_steps=viele"])
    assert "train.max_steps" in str(caught.value)


def test_neither_recipe_nor_file_is_a_missing_input() -> None:
    with pytest.raises(InputMissingError, match="the recipes are demo"):
        load_config("dmo")


@pytest.mark.parametrize("text", ["a: [", "- a\n- b\n", "just text"])
def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError):
        load_config(str(path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train: {seed: 1}\ntrain: {seed: 2}\n", "the key 'train' stands twice"),
        ("train: {seed: 1, seed: 2}\n", "the key 'seed' stands twice"),
        ("2024-01-01: x\n", "is no text"),
        ("train: {epochs: .inf}\n", "train.epochs: Input should be a finite number"),
        ("train: {seed: 1000000000000000000000}\n", "train.seed: Input should be less than"),
    ],
)
def test_odd_files_are_refused_with_a_reason(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError, match=expected):
        load_config(str(path))


def test_a_field_that_takes_several_types_is_one_fault() -> None:
    with pytest.raises(ConfigurationError, match=r"1 fault in.*\n  - parallel.num_processes: "):
        load_config("demo", ["parallel.num_processes=two"])


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("", encoding="utf-8")
    assert load_config(str(path)) == RunConfig()


def test_every_field_is_described_in_the_schema() -> None:
    schema = RunConfig.model_json_schema()
    for section in schema["$defs"].values():
        for name, field in section.get("properties", {}).items():
            assert field.get("description"), name
