"""From files to the prepared dataset: read, deduplicate, split, build examples, count everything."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import legaltune
from legaltune.config.schema import DataConfig, TaskName
from legaltune.corpus.dedup import DuplicateFilter
from legaltune.corpus.document import Decision, Document, DocumentError, DropReason, Statute
from legaltune.corpus.example import Example
from legaltune.corpus.prepared import PreparedDatasetWriter, finish
from legaltune.corpus.readers import read_document
from legaltune.corpus.sources import IgnoredFile, walk
from legaltune.corpus.split import SPLITS, assign_split
from legaltune.corpus.statute_index import StatuteIndex
from legaltune.corpus.tasks import Limits, build_examples
from legaltune.errors import DataError
from legaltune.files import write_text
from legaltune.logs import progress

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class _Tally:
    """What became of each document: documents in = used + dropped, always."""

    read: int = 0
    used: Counter[str] = field(default_factory=Counter)
    dropped: list[dict[str, str]] = field(default_factory=list)
    ignored: list[dict[str, str]] = field(default_factory=list)
    examples: Counter[tuple[str, str]] = field(default_factory=Counter)
    documents_per_split: Counter[str] = field(default_factory=Counter)

    def drop(self, origin: str, error: DocumentError) -> None:
        self.dropped.append({"origin": origin, "reason": error.reason.value, "detail": error.detail})

    @property
    def drops_by_reason(self) -> dict[str, int]:
        return dict(sorted(Counter(drop["reason"] for drop in self.dropped).items()))


def prepare(inputs: Sequence[Path], output: Path, config: DataConfig) -> dict[str, Any]:
    """Turn documents into the prepared dataset.

    Args:
        inputs: Files and folders.
        output: Folder of the dataset; `dropped.jsonl` there names each dropped document with its reason.
        config: Tasks, split, limits and seed.

    Returns:
        The manifest.

    Raises:
        InputMissingError: An input does not exist.
        DataError: No training example is left; the message says what was dropped why.
    """
    tally = _Tally()
    decisions: list[tuple[str, Decision]] = []
    statutes: list[Statute] = []
    with progress("documents read") as advance:
        for origin, document in _read(inputs, tally, advance):
            if isinstance(document, Statute):
                statutes.append(document)
                tally.used[document.source] += 1
            else:
                decisions.append((origin, document))
    logger.info("%d documents read: %d decisions, %d statutes", tally.read, len(decisions), len(statutes))
    with PreparedDatasetWriter(output) as writer, progress("decisions turned into examples", len(decisions)) as advance:
        _write_examples(decisions, StatuteIndex.from_statutes(statutes), writer, config, tally, advance)
    write_text(output / "dropped.jsonl", "".join(json.dumps(d, ensure_ascii=False) + "\n" for d in tally.dropped))
    _require_training_examples(tally)
    return finish(output, _manifest_contents(tally, config))


def _read(inputs: Sequence[Path], tally: _Tally, advance: Any) -> Iterator[tuple[str, Document]]:
    """Documents that could be read and are no duplicates; the others are tallied."""
    duplicates = DuplicateFilter()
    for item in walk(inputs):
        if isinstance(item, IgnoredFile):
            tally.ignored.append({"origin": item.origin, "why": item.why})
            continue
        tally.read += 1
        advance(1)
        try:
            document = read_document(item)
            _require_text(document)
            duplicates.check(document)
        except DocumentError as error:
            tally.drop(item.origin, error)
            continue
        yield item.origin, document


def _require_text(document: Document) -> None:
    """Refuse a decision without any section: all of them would be duplicates of one another."""
    if isinstance(document, Decision) and not document.sections:
        raise DocumentError(DropReason.NO_SECTIONS, "no section holds any text")


def _write_examples(
    decisions: Iterable[tuple[str, Decision]],
    index: StatuteIndex,
    writer: PreparedDatasetWriter,
    config: DataConfig,
    tally: _Tally,
    advance: Any,
) -> None:
    limits = Limits(
        max_target_characters=config.max_target_characters,
        max_statute_examples=config.max_statute_examples,
        max_norm_characters=config.max_norm_characters,
    )
    for origin, decision in decisions:
        advance(1)
        try:
            examples = _examples_of(decision, index, limits, set(config.tasks))
        except DocumentError as error:
            tally.drop(origin, error)
            continue
        group_id = decision.document_id
        split = assign_split(group_id, seed=config.seed, validation=config.split.validation, test=config.split.test)
        tally.used[decision.source] += 1
        tally.documents_per_split[split] += 1
        for example in examples:
            writer.write(example, group_id=group_id, split=split)
            tally.examples[example.task.value, split] += 1


def _examples_of(decision: Decision, index: StatuteIndex, limits: Limits, tasks: set[TaskName]) -> list[Example]:
    """Examples of the wanted tasks.

    Raises:
        DocumentError: The decision supports none of them.
    """
    if not decision.grounds:
        raise DocumentError(DropReason.NO_GROUNDS, "no Gründe or Entscheidungsgründe: nothing to learn from")
    examples = [example for example in build_examples(decision, index, limits=limits) if example.task in tasks]
    if not examples:
        raise DocumentError(DropReason.NO_TASK, "its parts support none of the tasks wanted")
    return examples


def _require_training_examples(tally: _Tally) -> None:
    if any(split == "train" for _, split in tally.examples):
        return
    held_out = sum(tally.documents_per_split.values())
    if held_out:
        raise DataError(
            f"no training example is left: all {held_out} decisions fell to validation and test; "
            "lower data.split.validation and data.split.test, or give more documents"
        )
    dropped = ", ".join(f"{reason} {count}" for reason, count in tally.drops_by_reason.items()) or "none"
    raise DataError(
        f"no training example is left: {tally.read} documents read, {sum(tally.used.values())} used, "
        f"dropped: {dropped}, {len(tally.ignored)} files ignored; dropped.jsonl names each document"
    )


def _manifest_contents(tally: _Tally, config: DataConfig) -> dict[str, Any]:
    tasks = sorted({task for task, _ in tally.examples})
    return {
        "legaltune_version": legaltune.__version__,
        "seed": config.seed,
        "configuration": config.model_dump(mode="json"),
        "documents": {
            "read": tally.read,
            "used": sum(tally.used.values()),
            "used_by_source": dict(sorted(tally.used.items())),
            "dropped": tally.drops_by_reason,
        },
        "documents_per_split": {split: tally.documents_per_split[split] for split in SPLITS},
        "examples": {task: {split: tally.examples[task, split] for split in SPLITS} for task in tasks},
        "ignored_files": tally.ignored,
    }
