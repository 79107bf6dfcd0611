"""The step that turns decisions, whose group and split are known by now, into one shard of examples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any

from legaltune.config.schema import DataConfig, TaskName
from legaltune.corpus.citations import (
    NormCitation,
    extract_case_citations,
    extract_from_each,
    extract_norm_citations,
)
from legaltune.corpus.document import Decision, DocumentError, DropReason, ReadyMade
from legaltune.corpus.example import Example
from legaltune.corpus.parts import unpack
from legaltune.corpus.prepared import ShardBuilder
from legaltune.corpus.reading import attempt
from legaltune.corpus.split import SplitName
from legaltune.corpus.statute_index import ResolutionStatus, StatuteIndex
from legaltune.corpus.tasks import Limits, Rejection, TaskContext, build_examples, ready_made_example


@dataclass(frozen=True, slots=True)
class Assigned:
    """A document as it lies in its part, with what the grouping decided."""

    kind: str
    payload: bytes
    packed_bytes: int
    origin: str
    group_id: str
    split: SplitName


@dataclass(frozen=True, slots=True)
class ShardTask:
    """The documents of one shard, in their order."""

    number: int
    documents: tuple[Assigned, ...]


@dataclass(frozen=True, slots=True)
class ShardResult:
    """Contents of the files of one shard, and a summary of what became of its documents."""

    number: int
    files: Mapping[str, bytes]
    summary: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class BuildContext:
    """What all shards share.

    Attributes:
        statutes: Those that were read.
        count: Length of a text, in the unit of `data.max_document_length`.
    """

    config: DataConfig
    statutes: StatuteIndex
    count: Callable[[str], int] = len


def build_shard(context: BuildContext, task: ShardTask) -> ShardResult:
    """Examples of the documents of one shard, and the table of these documents."""
    builder = ShardBuilder()
    tally = _Tally()
    for assigned in task.documents:
        document = unpack(assigned.kind, assigned.payload, assigned.packed_bytes)
        assert isinstance(document, Decision | ReadyMade)
        made = attempt(assigned.origin, partial(_make, document, context))
        if isinstance(made, DocumentError):
            tally.fail(assigned, made)
            continue
        if not made.examples:
            tally.drop(assigned, made)
            continue
        tally.use(document, assigned, made)
        for example in made.examples:
            builder.add_example(example, group_id=assigned.group_id, split=assigned.split)
        builder.add_document(_document_row(document, assigned, made))
    files = {f"{name}.parquet": content for name, content in builder.files().items()}
    return ShardResult(task.number, files, tally.summary())


@dataclass(frozen=True, slots=True)
class _Made:
    """What was made of one document.

    Attributes:
        norms: Citations of norms, normalised, each once, in the order of the text.
        num_resolved: How many of them are norms of the statutes at hand.
        decisions: Citations of decisions, likewise.
    """

    examples: Sequence[Example]
    rejected: Mapping[tuple[TaskName, Rejection], int] = field(default_factory=dict)
    num_sentences_left_out: int = 0
    norms: tuple[str, ...] = ()
    num_resolved: int = 0
    decisions: tuple[str, ...] = ()


def _make(document: Decision | ReadyMade, context: BuildContext) -> _Made:
    config = context.config
    if isinstance(document, ReadyMade):
        return _Made([ready_made_example(document)] if TaskName.READY_MADE in config.tasks else [])
    texts = [paragraph.text for section in document.sections.values() for paragraph in section]
    cited = extract_from_each(texts, extract_norm_citations)
    result = build_examples(document, _task_context(context, _Cited(texts, cited)), tasks=config.tasks)
    if not result.examples:
        return _Made((), result.rejected)
    norms = {citation.normalized: citation for _, citation in cited}
    decisions = {citation.normalized: None for _, citation in extract_from_each(texts, extract_case_citations)}
    return _Made(
        result.examples,
        result.rejected,
        result.num_sentences_left_out,
        tuple(norms),
        sum(context.statutes.status(citation) is ResolutionStatus.RESOLVED for citation in norms.values()),
        tuple(decisions),
    )


class _Cited:
    """Gives the norms cited in a paragraph, found before in a search over the whole document; searches other texts."""

    def __init__(self, texts: Sequence[str], cited: Sequence[tuple[int, NormCitation]]) -> None:
        self._by_text: dict[str, list[NormCitation]] = {text: [] for text in texts}
        for number, found in groupby(cited, key=itemgetter(0)):
            self._by_text[texts[number]] = [citation for _, citation in found]

    def __call__(self, text: str) -> list[NormCitation]:
        found = self._by_text.get(text)
        return extract_norm_citations(text) if found is None else found


def _task_context(context: BuildContext, cite: Callable[[str], Sequence[NormCitation]]) -> TaskContext:
    config = context.config
    limits = Limits(
        max_target_characters=config.max_target_characters,
        max_statute_examples=config.max_statute_examples,
        max_norm_characters=config.max_norm_characters,
        max_document_length=config.max_document_length,
    )
    return TaskContext(
        context.statutes,
        limits,
        language=config.language,
        seed=config.seed,
        num_phrasings=config.num_phrasings,
        count=context.count,
        cite=cite,
    )


def _document_row(document: Decision | ReadyMade, assigned: Assigned, made: _Made) -> dict[str, Any]:
    row: dict[str, Any] = {
        "source": document.source,
        "document_id": document.document_id,
        "group_id": assigned.group_id,
        "split": assigned.split,
        "origin": assigned.origin,
        "num_examples": len(made.examples),
    }
    if isinstance(document, ReadyMade):
        return row
    return row | {
        "court": document.court,
        "decision_type": document.decision_type,
        "date": document.date.isoformat() if document.date else None,
        "file_numbers": document.file_numbers,
        "ecli": document.ecli,
        "cited_norms": made.norms,
        "cited_decisions": made.decisions,
    }


class _Tally:
    """Counts what became of the documents of a shard."""

    def __init__(self) -> None:
        self._used: Counter[str] = Counter()
        self._documents: Counter[str] = Counter()
        self._examples: Counter[tuple[str, str]] = Counter()
        self._rejected: Counter[tuple[str, str]] = Counter()
        self._citations: Counter[str] = Counter()
        self._dropped: list[dict[str, str]] = []
        self._sentences_left_out = 0

    def drop(self, assigned: Assigned, made: _Made) -> None:
        self._reject(made)
        reasons = ", ".join(f"{task} {reason}" for task, reason in made.rejected)
        detail = "its parts support none of the tasks wanted" + (f" ({reasons})" if reasons else "")
        self.fail(assigned, DocumentError(DropReason.NO_TASK, detail))

    def fail(self, assigned: Assigned, error: DocumentError) -> None:
        self._dropped.append({"origin": assigned.origin, "reason": error.reason.value, "detail": error.detail})

    def use(self, document: Decision | ReadyMade, assigned: Assigned, made: _Made) -> None:
        self._reject(made)
        self._used[document.source] += 1
        self._documents[assigned.split] += 1
        self._examples.update((example.task.value, assigned.split) for example in made.examples)
        self._citations["norms"] += len(made.norms)
        self._citations["norms_resolved"] += made.num_resolved
        self._citations["decisions"] += len(made.decisions)
        self._sentences_left_out += made.num_sentences_left_out

    def summary(self) -> dict[str, Any]:
        return {
            "used": dict(self._used),
            "documents": dict(self._documents),
            "examples": [[*key, count] for key, count in sorted(self._examples.items())],
            "rejected": [[*key, count] for key, count in sorted(self._rejected.items())],
            "citations": dict(self._citations),
            "dropped": self._dropped,
            "sentences_left_out": self._sentences_left_out,
        }

    def _reject(self, made: _Made) -> None:
        for (task, reason), count in made.rejected.items():
            self._rejected[task.value, reason.value] += count
