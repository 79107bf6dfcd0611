"""The whole way, small: what `make demo` does, held against independent computations."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from legaltune.cli import run as run_command
from legaltune.config import load_config
from legaltune.errors import ExitCode
from legaltune.model.base import find_model
from legaltune.run_directory import RunDirectory
from legaltune.tokens.dataset import TokenDataset

pytestmark = pytest.mark.slow

SMALL = [
    "data.synthetic_decisions=60",
    "data.split.test=0.2",
    "train.epochs=null",
    "train.max_steps=6",
    "train.global_batch_size=2",
    "evaluation.max_summarization_examples=2",
    "evaluation.max_classification_examples=4",
    "evaluation.max_new_tokens=24",
]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    run = RunDirectory(tmp_path_factory.mktemp("runs") / "demo")
    assert run_command(["demo", "--run-dir", str(run.path), *SMALL]) == ExitCode.OK
    return run


@pytest.fixture(scope="module")
def report(finished: RunDirectory) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(finished.report_json.read_text(encoding="utf-8"))
    return value


def test_the_run_directory_is_complete(finished: RunDirectory) -> None:
    for name in (
        "run.yaml",
        "prepared/manifest.json",
        "tokens/manifest.json",
        "adapter/adapter_config.json",
        "adapter/adapter_model.safetensors",
        "report.json",
        "report.html",
    ):
        assert (finished.path / name).is_file(), name


def test_the_report_counts_every_document(report: dict[str, Any]) -> None:
    documents = report["documents"]
    assert documents["read"] == documents["used"] + sum(documents["dropped"].values()) > 60
    assert set(report["examples"]) == {
        "classification", "summarization", "case_analysis", "statute_interpretation",
    }  # fmt: skip
    tokenized = sum(sum(splits.values()) for splits in report["examples"].values())
    assert sum(report["tokens"]["length_histogram"].values()) == tokenized - sum(
        report["tokens"]["examples_dropped"].values()
    )


def test_the_report_has_the_baselines(report: dict[str, Any]) -> None:
    evaluation = report["evaluation"]
    assert evaluation["adapter"]["loss"] < evaluation["base"]["loss"]
    assert evaluation["unigram"]["entropy"] <= evaluation["unigram"]["loss"]
    assert 0 <= evaluation["majority"]["accuracy"] <= 1
    assert evaluation["base"]["perplexity"] == pytest.approx(math.exp(evaluation["base"]["loss"]))
    assert report["trainable_parameters"] == 217_088
    assert report["total_parameters"] > 2_000_000
    assert report["tokens_per_second"] > 0


def test_the_adapter_gives_the_reported_loss_with_plain_peft(finished: RunDirectory, report: dict[str, Any]) -> None:
    source = find_model(load_config("demo").model).name_or_path
    assert json.loads((finished.adapter / "adapter_config.json").read_text())["r"] == 16
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(source), finished.adapter).eval()
    dataset = TokenDataset(finished.tokens, "test")
    total, num_targets = 0.0, 0
    with torch.no_grad():
        for index in range(len(dataset)):
            ids = torch.from_numpy(dataset.tokens(index).astype("int64"))
            labels = ids.masked_fill(torch.from_numpy(dataset.loss_mask(index) == 0), -100)
            logits = model(input_ids=ids[None]).logits[0, :-1].float()
            total += float(torch.nn.functional.cross_entropy(logits, labels[1:], reduction="sum"))
            num_targets += int((labels != -100).sum())
    assert num_targets == report["evaluation"]["adapter"]["target_tokens"]
    assert total / num_targets == pytest.approx(report["evaluation"]["adapter"]["loss"], rel=1e-4)


def test_no_held_out_document_was_trained_on(finished: RunDirectory) -> None:
    train = set(TokenDataset(finished.tokens, "train").document_ids)
    for split in ("validation", "test"):
        assert not train & set(TokenDataset(finished.tokens, split).document_ids)


def test_settings_of_a_step_that_has_run_are_not_changed_silently(
    finished: RunDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    for command, setting in (
        ("train", "data.seed=7"),
        ("train", "tokens.sequence_length=512"),
        ("evaluate", "adapter.r=8"),
    ):
        assert run_command([command, "--run-dir", str(finished.path), setting]) == ExitCode.USAGE
        assert setting.partition("=")[0] in capsys.readouterr().err
    assert finished.report_json.is_file()


def test_an_adapter_of_other_tokens_is_not_evaluated(
    finished: RunDirectory, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = RunDirectory(tmp_path / "copy")
    shutil.copytree(finished.path, run.path)
    arguments = ["--run-dir", str(run.path), "data.seed=7"]
    assert run_command(["prepare", *arguments]) == ExitCode.OK
    assert not run.report_json.exists()
    assert run_command(["tokenize", *arguments]) == ExitCode.OK
    assert run_command(["evaluate", *arguments]) == ExitCode.DATA
    assert "run `legaltune train` again" in capsys.readouterr().err


def test_a_run_without_held_out_documents_ends_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ["data.synthetic_decisions=10", "data.split.test=0", "data.split.validation=0"]
    assert run_command(["demo", "--run-dir", str(tmp_path), *settings]) == ExitCode.DATA
    assert "raise data.split.test" in capsys.readouterr().err


def test_tokens_of_another_prepared_dataset_are_refused(
    finished: RunDirectory, capsys: pytest.CaptureFixture[str]
) -> None:
    tokens = finished.tokens / "manifest.json"
    original = tokens.read_text(encoding="utf-8")
    tokens.write_text(original.replace('"dataset_fingerprint": "', '"dataset_fingerprint": "x'), encoding="utf-8")
    try:
        assert run_command(["train", "--run-dir", str(finished.path)]) == ExitCode.DATA
    finally:
        tokens.write_text(original, encoding="utf-8")
    assert "made from another prepared dataset" in capsys.readouterr().err


@pytest.mark.corpus
def test_real_documents_go_the_same_way(real_corpus: Path, tmp_path: Path) -> None:
    settings = [
        "train.epochs=null",
        "train.max_steps=12",
        "train.global_batch_size=2",
        "train.log_every_steps=3",
        "evaluation.max_classification_examples=2",
        "evaluation.max_summarization_examples=1",
        "evaluation.max_new_tokens=8",
    ]
    assert run_command(["demo", "--corpus", str(real_corpus), "-o", str(tmp_path), *settings]) == ExitCode.OK
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    documents = report["documents"]
    assert documents["read"] == documents["used"] + sum(documents["dropped"].values())
    # Of two rows a step the training loss is too noisy to compare.
    losses = [record["validation_loss"] for record in report["training"]["history"] if "validation_loss" in record]
    assert losses[-1] < losses[0]
    assert report["evaluation"]["adapter"]["loss"] < report["evaluation"]["base"]["loss"]
