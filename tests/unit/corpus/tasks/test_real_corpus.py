"""What must hold for real decisions, whose texts no fixture foresees."""

from __future__ import annotations

from collections import Counter
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
from legaltune.corpus.tasks import TASKS, Limits, TaskContext, build_examples, parse_labels
from legaltune.corpus.tasks.leaks import Label, states_label

pytestmark = pytest.mark.corpus


@pytest.fixture(scope="module")
def documents(real_corpus: Path) -> list[Document]:
    return list(_read(real_corpus))


@pytest.fixture(scope="module")
def decisions(documents: list[Document]) -> list[Decision]:
    return [document for document in documents if isinstance(document, Decision)]


@pytest.fixture(scope="module")
def index(documents: list[Document]) -> StatuteIndex:
    return StatuteIndex.from_statutes(document for document in documents if isinstance(document, Statute))


def _read(folder: Path) -> Iterator[Document]:
    for raw in walk([folder]):
        if isinstance(raw, RawDocument):
            try:
                yield read_document(raw)
            except DocumentError:
                continue


def test_examples_of_real_decisions(decisions: list[Decision], index: StatuteIndex) -> None:
    context = TaskContext(index)
    made: Counter[TaskName] = Counter()
    for decision in decisions:
        examples = build_examples(decision, context).examples
        made.update(example.task for example in examples)
        assert len({example.example_id for example in examples}) == len(examples)
        assert len({example.messages[0] for example in examples}) <= 1
        texts = sorted((example.messages[1].content[: example.document_chars] for example in examples), key=len)
        for shorter, longer in pairwise(texts):
            assert longer.startswith(shorter)
        for example in examples:
            answer = example.messages[2].content
            assert answer == answer.strip() != ""
            if example.task in {TaskName.CASE_ANALYSIS, TaskName.STATUTE_INTERPRETATION}:
                assert len(answer) <= context.limits.max_target_characters
    assert set(made) == set(TASKS)
    num_with_grounds = sum(bool(decision.grounds) for decision in decisions)
    assert made[TaskName.CLASSIFICATION] > 0.9 * num_with_grounds
    assert made[TaskName.CASE_ANALYSIS] > 0.5 * num_with_grounds


def test_no_prompt_states_a_label_that_it_asks_for(decisions: list[Decision], index: StatuteIndex) -> None:
    num_asked: Counter[str] = Counter()
    for decision in decisions:
        for example in build_examples(decision, TaskContext(index), tasks=[TaskName.CLASSIFICATION]).examples:
            document = example.messages[1].content[: example.document_chars]
            labels = parse_labels(example.messages[2].content)
            assert len(labels) == len(example.messages[2].content.splitlines())
            num_asked.update(labels.keys())
            for label, value in labels.items():
                assert not states_label(document, Label(label), value, tenor=decision.section(SectionName.TENOR))
            assert not {"Tatbestand:", "Entscheidungsgründe:"} & set(document.splitlines())
    num_with_grounds = sum(bool(decision.grounds) for decision in decisions)
    assert all(num_asked[label] > 0.6 * num_with_grounds for label in Label)


@pytest.mark.parametrize("length", [1500, 8000])
def test_windows_of_real_decisions_fit(decisions: list[Decision], index: StatuteIndex, length: int) -> None:
    context = TaskContext(index, Limits(max_document_length=length))
    for decision in decisions:
        for example in build_examples(decision, context).examples:
            assert example.document_chars <= length


def test_most_outcomes_are_read(decisions: list[Decision]) -> None:
    tenors = [tenor for decision in decisions if (tenor := decision.section(SectionName.TENOR))]
    num_read = sum(read_outcome(tenor) is not None for tenor in tenors)
    assert num_read > 0.8 * len(tenors)
