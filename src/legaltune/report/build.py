"""Collects what the steps of a run measured into one report."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import legaltune
from legaltune.errors import InputMissingError
from legaltune.files import write_json, write_text
from legaltune.report.page import render_page
from legaltune.run_directory import RunDirectory

FORMAT_VERSION = 1
_TOKEN_FIGURES = (
    "num_tokens",
    "num_target_tokens",
    "examples_cut",
    "examples_dropped",
    "length_histogram",
    "tokenizer_fingerprint",
)
_LIBRARIES = ("torch", "transformers", "peft", "deepspeed", "datasets")


def write_report(run: RunDirectory) -> dict[str, Any]:
    """Write `report.json` and `report.html`; returns the report.

    Raises:
        InputMissingError: A step of the run has not finished.
    """
    report = collect(run)
    write_text(run.report_html, render_page(report))
    write_json(run.report_json, report)
    return report


def collect(run: RunDirectory) -> dict[str, Any]:
    """The report as a value: data counts and drops, settings, training, evaluation, time, versions."""
    prepared = _read(run.prepared / "manifest.json", "prepare")
    tokens = _read(run.tokens / "manifest.json", "tokenize")
    training = _read(run.training_summary, "train")
    evaluation = _read(run.evaluation, "evaluate")
    return {
        "format_version": FORMAT_VERSION,
        "name": run.path.name,
        "stop_reason": training.get("stop_reason", "finished"),
        "finished_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "model": training["configuration"]["model"]["name"],
        "documents": prepared["documents"],
        "documents_per_split": prepared["documents_per_split"],
        "ignored_files": prepared["ignored_files"],
        "groups": prepared["groups"],
        "placeholders": prepared["placeholders"],
        "examples": prepared["examples"],
        "examples_rejected": prepared["examples_rejected"],
        "tokens": {
            "sequence_length": tokens["configuration"]["sequence_length"],
            **{key: tokens[key] for key in _TOKEN_FIGURES},
        },
        "trainable_parameters": training["trainable_parameters"],
        "total_parameters": training["total_parameters"],
        "tokens_per_second": training["tokens_per_second"],
        "training": {key: value for key, value in training.items() if key != "configuration"},
        "evaluation": {key: value for key, value in evaluation.items() if key != "configuration"},
        "seconds": _read(run.timings, "prepare"),
        # Each section as it was in effect when its step ran.
        "configuration": training["configuration"]
        | {
            "data": prepared["configuration"],
            "tokens": tokens["configuration"],
            "evaluation": evaluation["configuration"],
        },
        "environment": {
            "legaltune": legaltune.__version__,
            "python": platform.python_version(),
            **{name: version(name) for name in _LIBRARIES},
            "cpu_cores": os.cpu_count(),
            "device": training["device"],
        },
    }


def _read(path: Path, step: str) -> dict[str, Any]:
    if not path.is_file():
        raise InputMissingError(f"{path} does not exist: run `legaltune {step}` first")
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value
