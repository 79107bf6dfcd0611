from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from legaltune.config.schema import RunConfig
from legaltune.errors import ConfigurationError, DataError, DivergedError
from legaltune.model.base import load_tokenizer
from legaltune.tokens.dataset import TokenDataset
from legaltune.training.processes import run_training
from tests.parity import SCALE_SENSITIVE, STEPS, plain_trajectory, set_up_run
from tests.tiny import chat_examples, save_tokens


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        ["parallel.micro_batch_size=2"],
        ["parallel.micro_batch_size=4", "parallel.zero_stage=2"],
        ["parallel.micro_batch_size=2", "parallel.zero_stage=3"],
        ["optimizer.max_gradient_norm=0.05"],
        ["model.attention=sdpa"],
        ["parallel.micro_batch_size=2", *SCALE_SENSITIVE],
    ],
)
def test_losses_equal_those_of_a_plain_loop(tmp_path: Path, overrides: list[str]) -> None:
    config, run = set_up_run(tmp_path, *overrides)
    summary = run_training(config, run)
    losses = [record["loss"] for record in summary["history"] if "loss" in record]
    assert len(losses) == STEPS
    assert losses == pytest.approx(plain_trajectory(config, run).losses, rel=2e-6)
    assert losses[-1] < losses[0] - 0.1


def test_the_adapter_loads_with_plain_peft_and_was_trained(tmp_path: Path) -> None:
    config, run = set_up_run(tmp_path)
    run_training(config, run)
    base = AutoModelForCausalLM.from_pretrained(config.model.name)
    adapted = PeftModel.from_pretrained(base, run.adapter)
    updates = [p for name, p in adapted.named_parameters() if "lora_B" in name]
    assert len(updates) == 2 * 7
    assert all(p.abs().max() > 0 for p in updates)


def test_two_runs_give_the_same_bytes(tmp_path: Path) -> None:
    config, run = set_up_run(tmp_path, "adapter.dropout=0.1")
    run_training(config, run)
    first = (run.adapter / "adapter_model.safetensors").read_bytes()
    run_training(config, run)
    assert (run.adapter / "adapter_model.safetensors").read_bytes() == first


@pytest.mark.parametrize("zero_stage", [0, 1, 2, 3])
def test_bfloat16_comes_close_to_float32(tmp_path: Path, zero_stage: int) -> None:
    config, run = set_up_run(tmp_path, "model.dtype=bfloat16", f"parallel.zero_stage={zero_stage}")
    losses = [record["loss"] for record in run_training(config, run)["history"] if "loss" in record]
    assert losses == pytest.approx(plain_trajectory(set_up_run(tmp_path)[0], run).losses, rel=0.02)


def test_epochs_give_the_steps(tmp_path: Path) -> None:
    config, run = set_up_run(tmp_path, "train.max_steps=null", "train.epochs=2")
    summary = run_training(config, run)
    assert summary["num_steps"] == -(-2 * summary["num_rows"] // 4)
    dataset = TokenDataset(run.tokens, "train")
    assert summary["num_tokens"] >= 2 * int(dataset.lengths.sum())


def test_validation_loss_and_tensorboard_events_are_written(tmp_path: Path) -> None:
    config, run = set_up_run(tmp_path, "evaluation.every_steps=3")
    history = run_training(config, run)["history"]
    assert [record["step"] for record in history if "validation_loss" in record] == [3, 6]
    assert list(run.tensorboard.glob("events.out.tfevents.*"))


def changed(config: RunConfig, section: str, **values: object) -> RunConfig:
    return config.model_copy(update={section: getattr(config, section).model_copy(update=values)})


@pytest.mark.parametrize("max_steps", [1, 6])
def test_a_failed_run_leaves_no_result_of_an_earlier_one(tmp_path: Path, max_steps: int) -> None:
    config, run = set_up_run(tmp_path)
    run_training(config, run)
    diverging = changed(config, "optimizer", learning_rate=1e30, max_gradient_norm=0.0)
    with pytest.raises(DivergedError, match=r"lower optimizer\.learning_rate"):
        run_training(changed(diverging, "train", max_steps=max_steps), run)
    assert not run.adapter.exists()
    assert not run.training_summary.exists()


def test_a_mistake_that_is_found_before_the_first_step_costs_no_earlier_result(tmp_path: Path) -> None:
    config, run = set_up_run(tmp_path)
    run_training(config, run)
    with pytest.raises(ConfigurationError):
        run_training(changed(config, "adapter", target_modules=("query",)), run)
    assert (run.adapter / "adapter_model.safetensors").is_file()
    assert run.training_summary.is_file()


def test_the_adapter_remembers_its_base(tmp_path: Path) -> None:
    config, run = set_up_run(tmp_path)
    run_training(config, run)
    saved = json.loads((run.adapter / "adapter_config.json").read_text())
    assert saved["base_model_name_or_path"] == config.model.name
    assert saved["revision"] is None


def test_a_step_larger_than_the_data_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    config, run = set_up_run(tmp_path, "train.global_batch_size=64", "train.max_steps=1")
    run_training(config, run)
    assert "lower train.global_batch_size" in caplog.text


def test_tokens_of_another_tokenizer_are_refused(tmp_path: Path) -> None:
    config, run = set_up_run(tmp_path)
    manifest = run.tokens / "manifest.json"
    values = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(values | {"tokenizer_fingerprint": "other"}))
    with pytest.raises(DataError, match="was not made for"):
        run_training(config, run)


def test_examples_longer_than_a_row_are_refused(tmp_path: Path) -> None:
    config, run = set_up_run(tmp_path, "tokens.sequence_length=64")
    with pytest.raises(DataError, match=r"tokens\.sequence_length is 64"):
        run_training(config, run)


def test_an_unknown_target_module_is_refused(tmp_path: Path) -> None:
    config, run = set_up_run(tmp_path, "adapter.target_modules=[q_proj, query]")
    with pytest.raises(ConfigurationError, match="query do not occur in Qwen2ForCausalLM"):
        run_training(config, run)


def test_without_validation_documents_training_goes_on(tmp_path: Path) -> None:
    config, run = set_up_run(tmp_path)
    save_tokens(run.tokens, chat_examples(8), load_tokenizer(config.model))
    assert not [record for record in run_training(config, run)["history"] if "validation_loss" in record]
    assert torch.isfinite(torch.tensor(json.loads(run.training_summary.read_text())["history"][-1]["loss"]))
