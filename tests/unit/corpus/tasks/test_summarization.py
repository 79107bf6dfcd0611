from __future__ import annotations

from legaltune.corpus.document import SectionName
from legaltune.corpus.statute_index import StatuteIndex
from legaltune.corpus.tasks.base import Limits, TaskContext
from legaltune.corpus.tasks.summarization import examples
from tests.unit.corpus.cases import make_decision

CONTEXT = TaskContext(StatuteIndex.from_statutes([]), Limits())


def test_leitsaetze_are_joined_and_the_prompt_holds_no_randnummer() -> None:
    decision = make_decision(
        {SectionName.LEITSATZ: ["1. Erstens.", "2. Zweitens."], SectionName.GRUENDE: ["Darum.", "Und darum."]}
    )
    (example,) = examples(decision, CONTEXT)
    assert example.messages[2].content == "1. Erstens.\n2. Zweitens."
    assert example.messages[1].content[: example.document_chars] == "Gründe:\nDarum.\nUnd darum."


def test_no_example_without_leitsatz() -> None:
    assert list(examples(make_decision({SectionName.GRUENDE: ["Darum."]}), CONTEXT)) == []


def test_no_example_from_facts_alone() -> None:
    decision = make_decision({SectionName.LEITSATZ: ["Ein Satz."], SectionName.TATBESTAND: ["Es geschah."]})
    assert list(examples(decision, CONTEXT)) == []


def test_no_example_where_the_grounds_begin_with_the_leitsatz() -> None:
    decision = make_decision({SectionName.LEITSATZ: ["Ein Satz."], SectionName.GRUENDE: ["Ein Satz.", "Darum."]})
    assert list(examples(decision, CONTEXT)) == []
