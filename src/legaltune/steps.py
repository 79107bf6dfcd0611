"""The steps of a run; each reads what the one before left in the run directory."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from legaltune.config import RunConfig, config_hash, dump_yaml
from legaltune.corpus.pipeline import prepare
from legaltune.corpus.prepared import read_examples, read_manifest
from legaltune.corpus.synthetic import write_corpus
from legaltune.errors import ConfigurationError, DataError
from legaltune.files import whole_folder, write_json, write_text
from legaltune.run_directory import RunDirectory

# Steps import torch, transformers and matplotlib only when they run: preparing data needs none of them.

logger = logging.getLogger(__name__)

Step = Callable[[RunConfig, RunDirectory], dict[str, Any]]


def prepare_step(config: RunConfig, run: RunDirectory) -> dict[str, Any]:
    """Documents -> prepared dataset; generates the documents first where the configuration says so."""
    with _timed(run, "prepare"):
        _save_config(config, run)
        inputs = [Path(name) for name in config.data.input]
        if config.data.synthetic_decisions:
            with whole_folder(run.corpus) as folder:
                write_corpus(folder, num_decisions=config.data.synthetic_decisions, seed=config.data.seed)
            inputs = [run.corpus]
        if not inputs:
            raise ConfigurationError("there is no input: set data.input to files or folders of decisions and statutes")
        return prepare(inputs, run.prepared, config.data, config_hash=config_hash(config.data))


def tokenize_step(config: RunConfig, run: RunDirectory) -> dict[str, Any]:
    """Prepared dataset -> token dataset."""
    from legaltune.model.base import load_tokenizer  # noqa: PLC0415
    from legaltune.tokens.dataset import TokenLimits, write_token_dataset  # noqa: PLC0415

    with _timed(run, "tokenize"):
        _save_config(config, run)
        manifest = read_manifest(run.prepared)
        return write_token_dataset(
            run.tokens,
            read_examples(run.prepared, list(manifest["shards"])),
            tokenizer=load_tokenizer(config.model),
            limits=TokenLimits(config.tokens.sequence_length, config.tokens.min_document_tokens),
            dataset_fingerprint=manifest["fingerprint"],
        )


def train_step(config: RunConfig, run: RunDirectory) -> dict[str, Any]:
    """Token dataset -> adapter."""
    from legaltune.tokens.dataset import read_token_manifest  # noqa: PLC0415
    from legaltune.training.processes import run_training  # noqa: PLC0415

    with _timed(run, "train"):
        _save_config(config, run)
        _require_current_tokens(run, read_token_manifest(run.tokens))
        return run_training(config, run)


def evaluate_step(config: RunConfig, run: RunDirectory) -> dict[str, Any]:
    """Adapter and held-out documents -> metrics."""
    from legaltune.evaluation.evaluate import evaluate  # noqa: PLC0415

    with _timed(run, "evaluate"):
        return evaluate(config, run)


def report_step(config: RunConfig, run: RunDirectory) -> dict[str, Any]:
    """All that was measured -> report.json and report.html."""
    from legaltune.report.build import write_report  # noqa: PLC0415

    return write_report(config, run)


STEPS: dict[str, Step] = {
    "prepare": prepare_step,
    "tokenize": tokenize_step,
    "train": train_step,
    "evaluate": evaluate_step,
    "report": report_step,
}


def run_all(config: RunConfig, run: RunDirectory) -> dict[str, Any]:
    """All steps in order; returns the report."""
    result: dict[str, Any] = {}
    for number, (name, step) in enumerate(STEPS.items(), start=1):
        logger.info("step %d of %d: %s", number, len(STEPS), name)
        result = step(config, run)
    return result


def _save_config(config: RunConfig, run: RunDirectory) -> None:
    run.path.mkdir(parents=True, exist_ok=True)
    write_text(run.config, dump_yaml(config))


def _require_current_tokens(run: RunDirectory, tokens: dict[str, Any]) -> None:
    """Refuse to train on tokens of an earlier prepared dataset."""
    if not run.prepared.is_dir():
        return
    if read_manifest(run.prepared)["fingerprint"] != tokens["dataset_fingerprint"]:
        raise DataError(f"{run.tokens} was made from another prepared dataset: run `legaltune tokenize` again")


@contextmanager
def _timed(run: RunDirectory, name: str) -> Iterator[None]:
    """Record the seconds a step took."""
    start = time.monotonic()
    yield
    seconds = json.loads(run.timings.read_text(encoding="utf-8")) if run.timings.is_file() else {}
    run.timings.parent.mkdir(parents=True, exist_ok=True)
    write_json(run.timings, seconds | {name: round(time.monotonic() - start, 3)})
