"""Each method of training, from the token dataset to a saved result that plain PEFT or transformers loads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from legaltune.config.schema import AdapterMethod, RunConfig
from legaltune.evaluation.evaluate import evaluate
from legaltune.run_directory import RunDirectory
from legaltune.tokens.dataset import TokenDataset
from legaltune.training.processes import run_training
from tests.parity import plain_loss, set_up_run

METHODS = [method.value for method in AdapterMethod]


def trained(folder: Path, *overrides: str) -> tuple[RunConfig, RunDirectory, dict[str, Any]]:
    config, run = set_up_run(
        folder, "evaluation.max_new_tokens=4", "evaluation.max_classification_examples=4", *overrides
    )
    return config, run, run_training(config, run)


def load_plainly(config: RunConfig, run: RunDirectory) -> Any:
    if config.adapter.method is AdapterMethod.FULL:
        return AutoModelForCausalLM.from_pretrained(run.adapter)
    return PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(config.model.name), run.adapter)


@pytest.mark.parametrize("method", METHODS)
def test_the_saved_result_has_the_loss_that_was_logged(tmp_path: Path, method: str) -> None:
    config, run, summary = trained(tmp_path, f"adapter.method={method}", "optimizer.learning_rate=0.02")
    logged = [record["validation_loss"] for record in summary["history"] if "validation_loss" in record]
    dataset = TokenDataset(run.tokens, "validation")
    with torch.no_grad():
        saved = plain_loss(load_plainly(config, run).eval(), dataset, range(len(dataset)))
    assert logged[-1] == pytest.approx(float(saved), rel=1e-5)
    assert logged[-1] < logged[0]


@pytest.mark.parametrize("method", METHODS)
def test_the_evaluation_measures_base_and_result(tmp_path: Path, method: str) -> None:
    config, run, summary = trained(tmp_path, f"adapter.method={method}", "optimizer.learning_rate=0.02")
    result = evaluate(config, run)
    logged = [record["validation_loss"] for record in summary["history"] if "validation_loss" in record]
    assert result["split"] == "validation"
    assert result["adapter"]["loss"] == pytest.approx(logged[-1], rel=1e-5)
    assert result["base"]["loss"] > result["adapter"]["loss"]


@pytest.mark.parametrize("quantization", ["nf4", "int8"])
def test_an_adapter_on_a_quantized_base_is_saved_like_any_other(tmp_path: Path, quantization: str) -> None:
    config, run, summary = trained(tmp_path, f"quantization.method={quantization}")
    dataset = TokenDataset(run.tokens, "validation")
    logged = [record["validation_loss"] for record in summary["history"] if "validation_loss" in record]
    with torch.no_grad():
        unquantized = plain_loss(load_plainly(config, run).eval(), dataset, range(len(dataset)))
    assert logged[-1] == pytest.approx(float(unquantized), rel=0.05)
    assert summary["method"] == f"lora on {quantization}"


def test_compiled_layers_give_the_same(tmp_path: Path) -> None:
    plain = trained(tmp_path)[2]["history"]
    compiled = trained(tmp_path, "train.compile=true", "train.gradient_checkpointing=full")[2]["history"]
    assert [record["loss"] for record in compiled if "loss" in record] == pytest.approx(
        [record["loss"] for record in plain if "loss" in record], rel=1e-5
    )
