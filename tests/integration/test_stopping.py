"""How a run ends before its last step."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from legaltune.errors import DivergedError, ExitCode
from legaltune.tokens.dataset import TokenDataset
from legaltune.training.processes import run_training
from tests.parity import set_up_run


def test_early_stopping_keeps_the_best_adapter(tmp_path: Path) -> None:
    overheated = ["optimizer.learning_rate=0.3", "train.max_steps=30", "evaluation.every_steps=1"]
    config, run = set_up_run(tmp_path, *overheated, "train.early_stopping_patience=3", "train.divergence_margin=1000")
    summary = run_training(config, run)
    losses = {record["step"]: record["validation_loss"] for record in summary["history"] if "validation_loss" in record}
    best_step = min(losses, key=lambda step: losses[step])
    assert summary["stop_reason"] == "early_stopping"
    assert summary["num_steps"] == best_step + 3 < 30
    assert (summary["best_step"], summary["best_validation_loss"]) == (best_step, losses[best_step])
    kept = load_file(run.adapter / "adapter_model.safetensors")
    config, run = set_up_run(tmp_path, *overheated, "train.divergence_margin=1000")
    stopped = config.model_copy(update={"train": config.train.model_copy(update={"max_steps": 30})})
    assert stopped.train.early_stopping_patience is None
    whole = run_training(stopped, run)
    assert whole["stop_reason"] == "finished"
    last = load_file(run.adapter / "adapter_model.safetensors")
    assert any(not kept[name].equal(last[name]) for name in kept)


def test_a_loss_that_is_no_number_names_step_and_examples(tmp_path: Path) -> None:
    config, run = set_up_run(tmp_path, "train.log_every_steps=3")
    weights = Path(config.model.name) / "model.safetensors"
    tensors = load_file(weights)
    tensors["model.norm.weight"] *= float("nan")
    save_file(tensors, weights, metadata={"format": "pt"})
    with pytest.raises(DivergedError) as failure:
        run_training(config, run)
    text = str(failure.value)
    assert failure.value.exit_code == ExitCode.DIVERGED
    assert "the loss is nan at step 1, in micro-batch 1 of process 0" in text
    assert any(name in text for name in TokenDataset(run.tokens, "train").example_ids)
    assert not run.adapter.exists()


def test_cost_and_time_left_are_shown_when_a_price_is_known(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("legaltune.training.train.PROGRESS_SECONDS", 0.0)
    caplog.set_level(logging.INFO)
    config, run = set_up_run(tmp_path, "budget.host_usd_per_hour=7200")
    start = time.monotonic()
    summary = run_training(config, run)
    assert 2 * summary["seconds"] < summary["spent_usd"] < 2 * (time.monotonic() - start)
    assert all(record["spent_usd"] > 0 for record in summary["history"] if "loss" in record)
    assert " left, $" in caplog.text
