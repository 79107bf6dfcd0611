"""The steps of a run; each reads what the one before left in the run directory."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from legaltune.config import RunConfig, dump_yaml
from legaltune.corpus.engines import Engine
from legaltune.corpus.prepared import read_examples, read_manifest
from legaltune.corpus.synthetic import write_corpus
from legaltune.errors import ConfigurationError, DataError, InputMissingError
from legaltune.files import whole_folder, write_json, write_text
from legaltune.preparation import ONE_PROCESS, prepare_dataset, require_usable
from legaltune.run_directory import RunDirectory
from legaltune.training.hosts import Hosts

# Steps import torch, transformers and matplotlib only when they run: preparing data needs none of them.

logger = logging.getLogger(__name__)

Step = Callable[[RunConfig, RunDirectory], dict[str, Any]]


def prepare_step(
    config: RunConfig, run: RunDirectory, *, engine: Engine = ONE_PROCESS, previous: str | None = None
) -> dict[str, Any]:
    """Documents -> prepared dataset; generates the documents first where the configuration says so.

    Args:
        config: Configuration of the run.
        run: Folder of the run.
        engine: Where the work runs.
        previous: Manifest of an earlier dataset whose split is kept.
    """
    inputs = [str(run.corpus)] if config.data.synthetic_decisions else config.data.input
    if not config.data.synthetic_decisions:
        require_usable(inputs, config.data)
    with _timed(run, "prepare"):
        _begin(config, run)
        if config.data.synthetic_decisions:
            with whole_folder(run.corpus) as folder:
                write_corpus(folder, num_decisions=config.data.synthetic_decisions, seed=config.data.seed)
        return prepare_dataset(inputs, str(run.prepared), config.data, engine=engine, previous=previous)


def tokenize_step(config: RunConfig, run: RunDirectory) -> dict[str, Any]:
    """Prepared dataset -> token dataset."""
    from legaltune.model.base import load_tokenizer  # noqa: PLC0415
    from legaltune.tokens.dataset import write_token_dataset  # noqa: PLC0415

    manifest = read_manifest(run.prepared)
    _require_unchanged(config, {"data": manifest["configuration"]}, "prepare")
    with _timed(run, "tokenize"):
        tokenizer = load_tokenizer(config.model)
        _begin(config, run)
        return write_token_dataset(
            run.tokens,
            read_examples(run.prepared, list(manifest["shards"])),
            tokenizer=tokenizer,
            config=config.tokens,
            dataset_fingerprint=manifest["fingerprint"],
        )


def train_step(config: RunConfig, run: RunDirectory, hosts: Hosts | None = None) -> dict[str, Any]:
    """Token dataset -> adapter; no summary on hosts other than the first."""
    from legaltune.training.processes import ONE_HOST, run_training  # noqa: PLC0415

    hosts = hosts or ONE_HOST
    _require_current_tokens(config, run)
    with _timed(run, "train") if hosts.is_first else nullcontext():
        _save_config(config, run)
        return run_training(config, run, hosts)


def evaluate_step(config: RunConfig, run: RunDirectory) -> dict[str, Any]:
    """Adapter and held-out documents -> metrics."""
    from legaltune.evaluation.evaluate import evaluate  # noqa: PLC0415

    tokens = _require_current_tokens(config, run)
    training = _read_finished(run.training_summary, "train")
    if training["tokens_fingerprint"] != tokens["fingerprint"]:
        raise DataError(
            f"{run.adapter} was trained on other tokens than {run.tokens} now holds, held-out documents among them "
            "perhaps: run `legaltune train` again"
        )
    trained = ("model", "adapter", "quantization", "optimizer", "train", "parallel")
    _require_unchanged(config, {name: training["configuration"][name] for name in trained}, "train")
    with _timed(run, "evaluate"):
        run.discard_report()
        return evaluate(config, run)


def report_step(_config: RunConfig, run: RunDirectory) -> dict[str, Any]:
    """All that was measured -> report.json and report.html."""
    from legaltune.model.adapters import weights_digest  # noqa: PLC0415
    from legaltune.report.build import write_report  # noqa: PLC0415

    evaluation = _read_finished(run.evaluation, "evaluate")
    if evaluation["adapter_sha256"] != weights_digest(run.adapter):
        raise DataError(f"{run.evaluation} measured another adapter: run `legaltune evaluate` again")
    return write_report(run)


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
        if name == "prepare":
            _require_held_out(result)
    return result


def _begin(config: RunConfig, run: RunDirectory) -> None:
    """Start a step that changes the data: an earlier report no longer tells what lies beside it."""
    _save_config(config, run)
    run.discard_report()


def _save_config(config: RunConfig, run: RunDirectory) -> None:
    run.path.mkdir(parents=True, exist_ok=True)
    write_text(run.config, dump_yaml(config))


def _require_held_out(manifest: dict[str, Any]) -> None:
    """Refuse to train what could not be evaluated."""
    documents = manifest["documents_per_split"]
    if not documents["validation"] + documents["test"]:
        raise DataError(
            f"all {documents['train']} decisions are for training and none is left to evaluate on: "
            "raise data.split.test or give more documents"
        )


def _require_current_tokens(config: RunConfig, run: RunDirectory) -> dict[str, Any]:
    """Manifest of the token dataset; it must be that of the prepared dataset beside it and of these settings.

    A job may have been given the token dataset alone: then there is nothing to compare it with.
    """
    from legaltune.tokens.dataset import read_token_manifest  # noqa: PLC0415

    tokens = read_token_manifest(run.tokens)
    if run.prepared.is_dir():
        prepared = read_manifest(run.prepared)
        if prepared["fingerprint"] != tokens["dataset_fingerprint"]:
            raise DataError(f"{run.tokens} was made from another prepared dataset: run `legaltune tokenize` again")
        _require_unchanged(config, {"data": prepared["configuration"]}, "prepare")
    _require_unchanged(config, {"tokens": tokens["configuration"]}, "tokenize")
    return tokens


def _require_unchanged(config: RunConfig, recorded: dict[str, Any], step: str) -> None:
    """Refuse settings that an earlier step would have to be run again for."""
    current = config.model_dump(mode="json")
    changed = [
        f"{section}.{field} is {value!r}, but was {values.get(field)!r}"
        for section, values in recorded.items()
        for field, value in current[section].items()
        if value != values.get(field)
    ]
    if changed:
        raise ConfigurationError(
            f"{'; '.join(changed)} when `legaltune {step}` ran: run it again, or take the setting back"
        )


def _read_finished(path: Path, step: str) -> dict[str, Any]:
    if not path.is_file():
        raise InputMissingError(f"{path} does not exist: run `legaltune {step}` first")
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return value


@contextmanager
def _timed(run: RunDirectory, name: str) -> Iterator[None]:
    """Record the seconds a step took."""
    start = time.monotonic()
    yield
    seconds = json.loads(run.timings.read_text(encoding="utf-8")) if run.timings.is_file() else {}
    run.timings.parent.mkdir(parents=True, exist_ok=True)
    write_json(run.timings, seconds | {name: round(time.monotonic() - start, 3)})
