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
    assert recipe_names() == [
        "demo",
        "full-finetune",
        "qwen2.5-0.5b-lora",
        "qwen2.5-7b-lora",
        "qwen2.5-7b-qlora",
        "qwen2.5-7b-tp2",
        "qwen2.5-7b-zero3-offload",
    ]


@pytest.mark.parametrize("name", recipe_names())
def test_the_longest_document_leaves_room_for_the_longest_answer(name: str) -> None:
    config = load_config(name)
    if config.data.max_document_length is not None:
        characters = config.data.max_document_length + config.data.max_target_characters
        assert 0.3 * characters < config.tokens.sequence_length, "0.3 tokens per character"


def test_the_offload_recipe_has_the_source_articles_settings() -> None:
    parallel = load_config("qwen2.5-7b-zero3-offload").parallel
    assert (parallel.zero_stage, parallel.offload_optimizer, parallel.offload_parameters) == (3, "cpu", "cpu")
    assert (parallel.reduce_bucket_size, parallel.prefetch_bucket_size) == (500_000_000, 500_000_000)
    assert parallel.parameter_persistence_threshold == 1_000_000
    assert parallel.pin_memory
    assert parallel.overlap_comm
    assert parallel.contiguous_gradients


@pytest.mark.parametrize("mode", ["off", "full", "selective"])
def test_off_is_a_word_in_files_and_overrides(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(f"train: {{gradient_checkpointing: {mode}}}\n", encoding="utf-8")
    assert load_config(str(path)).train.gradient_checkpointing == mode
    overridden = load_config("qwen2.5-7b-lora", [f"train.gradient_checkpointing={mode}"])
    assert overridden.train.gradient_checkpointing == mode
    path.write_text(dump_yaml(overridden), encoding="utf-8")
    assert load_config(str(path)) == overridden


def test_truth_values_and_numbers_with_exponents_are_read() -> None:
    config = load_config("demo", ["train.compile=true", "train.fused_kernels=no", "parallel.reduce_bucket_size=5e7"])
    assert config.train.compile
    assert not config.train.fused_kernels
    assert config.parallel.reduce_bucket_size == 50_000_000


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
        (["parallel.tensor_parallel_degree=2"], "num_processes / parallel.tensor_parallel_degree: .*first to 2"),
        (["parallel.offload_optimizer=cpu"], "offload_optimizer / parallel.zero_stage: .*zero_stage to 1"),
        (
            ["parallel.offload_parameters=cpu", "parallel.zero_stage=2"],
            "offload_parameters / parallel.zero_stage: .*not by 2: set parallel.zero_stage to 3",
        ),
        (
            ["optimizer.name=adamw_8bit", "parallel.zero_stage=1", "parallel.offload_optimizer=cpu"],
            "optimizer.name / parallel.offload_optimizer: .*set optimizer.name to adamw",
        ),
        (["train.compile=true", "parallel.zero_stage=3"], "train.compile / parallel.zero_stage: .*to 2"),
        (["quantization.method=nf4", "adapter.method=full"], "quantization.method / adapter.method: .*to lora"),
        (["quantization.method=int8", "adapter.method=full"], "int8 weights are frozen"),
        (
            ["adapter.method=dora", "parallel.tensor_parallel_degree=2", "parallel.num_processes=2"],
            "adapter.method / adapter.dropout / parallel.tensor_parallel_degree: .*adapter.dropout to 0",
        ),
        (["adapter.method=prefix", "adapter.num_virtual_tokens=1024"], "num_virtual_tokens / tokens.sequence_length"),
        (["adapter.method=prompt", "adapter.num_virtual_tokens=2000"], "num_virtual_tokens / tokens.sequence_length"),
        (["model.new_token_vectors=v.txt"], "model.new_token_vectors / model.new_tokens: v.txt holds"),
        (["adapter.train_embeddings=all"], "train_embeddings / adapter.method: lora keeps .*to new"),
        (["adapter.train_embeddings=new"], "train_embeddings / model.new_tokens: there are no new tokens"),
        (
            ["adapter.train_embeddings=new", "model.new_tokens=[Rn]", "adapter.method=ia3"],
            "train_embeddings / adapter.method: ia3 does not train single rows",
        ),
        (
            ["adapter.train_embeddings=new", "model.new_tokens=[Rn]", "parallel.tensor_parallel_degree=2"],
            "train_embeddings / parallel.tensor_parallel_degree: tensor parallelism shares the vocabulary",
        ),
        (
            ["adapter.train_embeddings=new", "model.new_tokens=[Rn]", "adapter.method=full"],
            "full does not train single rows of the embedding: set the first to all or none",
        ),
        (["train.compile=true", "train.gradient_checkpointing=selective"], "compiled matrix products"),
        (["adapter.method=prefix", "model.attention=sdpa"], "the trained prefix is seen by attention per document"),
        (
            ["adapter.method=dora", "parallel.zero_stage=3", "train.gradient_checkpointing=selective"],
            "DoRA reads base weights",
        ),
    ],
)
def test_contradictions_are_refused(overrides: list[str], expected: str) -> None:
    with pytest.raises(ConfigurationError, match=expected):
        load_config("demo", overrides)


@pytest.mark.parametrize(
    ("recipe", "override"),
    [
        ("qwen2.5-7b-lora", "train.max_steps=5"),
        ("qwen2.5-7b-lora", "optimizer.warmup_steps=5"),
        ("demo", "data.input=[decisions]"),
    ],
)
def test_what_a_recipe_sets_can_be_taken_back_as_the_message_says(recipe: str, override: str) -> None:
    with pytest.raises(ConfigurationError, match=r"set one of them, not both .*`\S+` takes back") as caught:
        load_config(recipe, [override])
    load_config(recipe, [override, str(caught.value).split("`")[1]])


@pytest.mark.parametrize(
    "overrides",
    [
        ["parallel.tensor_parallel_degree=2", "parallel.num_processes=4", "parallel.micro_batch_size=2"],
        ["parallel.zero_stage=1", "parallel.offload_optimizer=cpu"],
        ["parallel.zero_stage=3", "parallel.offload_parameters=cpu"],
        ["optimizer.name=adamw_8bit", "parallel.zero_stage=3", "parallel.offload_parameters=cpu"],
        ["train.compile=true", "parallel.zero_stage=2"],
        ["quantization.method=nf4", "adapter.method=dora"],
        [
            "adapter.method=dora",
            "adapter.dropout=0",
            "parallel.tensor_parallel_degree=2",
            "parallel.num_processes=2",
        ],
        ["adapter.method=lora", "adapter.num_virtual_tokens=2000"],
        ["adapter.train_embeddings=all", "adapter.method=full"],
        ["adapter.train_embeddings=new", "model.new_tokens=[Rn]", "parallel.zero_stage=3"],
        ["model.new_token_vectors=v.txt", "model.new_tokens=[Rn]"],
    ],
)
def test_the_nearest_that_works_is_accepted(overrides: list[str]) -> None:
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
