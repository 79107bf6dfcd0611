"""Decisions and statutes written for the tests of this package."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from legaltune.config.schema import TaskName
from legaltune.corpus.document import Decision, Norm, Paragraph, SectionName, Statute
from legaltune.corpus.example import Example
from legaltune.corpus.statute_index import StatuteIndex
from legaltune.corpus.tasks import Limits, Rejection, TaskContext, build_examples


def paragraphs(*texts: str) -> tuple[Paragraph, ...]:
    return tuple(Paragraph(text, randnummer=str(number)) for number, text in enumerate(texts, start=1))


def make_decision(
    sections: Mapping[SectionName, Sequence[str]] | None = None,
    *,
    court: str = "Landgericht Musterstadt",
    decision_type: str = "Urteil",
) -> Decision:
    return Decision(
        document_id="TEST000000001",
        source="test",
        court=court,
        decision_type=decision_type,
        date=None,
        file_numbers=("1 O 1/20",),
        sections={name: paragraphs(*texts) for name, texts in (sections or {}).items()},
    )


def make_statute(*abbreviations: str, norms: Sequence[Norm] = ()) -> Statute:
    return Statute(
        document_id="/".join(abbreviations),
        source="test",
        abbreviations=abbreviations,
        title="Ein Gesetz",
        date=None,
        norms=tuple(norms),
    )


def run_task(
    task: TaskName,
    decision: Decision,
    *,
    statutes: Sequence[Statute] = (),
    limits: Limits | None = None,
    count: Callable[[str], int] = len,
) -> tuple[list[Example], list[Rejection]]:
    """Examples and rejections of one task, in the only wording that does not depend on the document."""
    index = StatuteIndex.from_statutes(statutes)
    context = TaskContext(index, limits or Limits(), num_phrasings=1, count=count)
    result = build_examples(decision, context, tasks=[task])
    return result.examples, [reason for _, reason in result.rejected.elements()]
