"""What must hold for real decisions, whose texts no fixture foresees."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from legaltune.config.schema import TaskName
from legaltune.corpus.document import Decision, Document, DocumentError, RawDocument, SectionName, Statute
from legaltune.corpus.outcome import read_outcome
from legaltune.corpus.readers import read_document
from legaltune.corpus.sources import walk
from legaltune.corpus.statute_index import StatuteIndex
from legaltune.corpus.tasks import Limits, build_examples, parse_labels

pytestmark = pytest.mark.corpus


@pytest.fixture(scope="module")
def documents(real_corpus: Path) -> list[Document]:
    return list(_read(real_corpus))


def _read(folder: Path) -> Iterator[Document]:
    for raw in walk([folder]):
        if isinstance(raw, RawDocument):
            try:
                yield read_document(raw)
            except DocumentError:
                continue


def test_examples_of_real_decisions(documents: list[Document]) -> None:
    index = StatuteIndex.from_statutes(document for document in documents if isinstance(document, Statute))
    limits = Limits()
    made: set[TaskName] = set()
    for decision in (document for document in documents if isinstance(document, Decision)):
        examples = build_examples(decision, index, limits=limits)
        made.update(example.task for example in examples)
        assert len({example.example_id for example in examples}) == len(examples)
        texts = sorted((example.messages[1].content[: example.document_chars] for example in examples), key=len)
        for shorter, longer in pairwise(texts):
            assert longer.startswith(shorter)
        for example in examples:
            answer = example.messages[2].content
            assert answer == answer.strip() != ""
            if example.task is TaskName.CLASSIFICATION:
                assert len(parse_labels(answer)) == len(answer.splitlines())
            if example.task in {TaskName.CASE_ANALYSIS, TaskName.STATUTE_INTERPRETATION}:
                assert len(answer) <= limits.max_target_characters
    assert made == set(TaskName)


def test_most_outcomes_are_read(documents: list[Document]) -> None:
    tenors = [
        document.section(SectionName.TENOR)
        for document in documents
        if isinstance(document, Decision) and document.section(SectionName.TENOR)
    ]
    num_read = sum(read_outcome(tenor) is not None for tenor in tenors)
    assert num_read > 0.8 * len(tenors)
