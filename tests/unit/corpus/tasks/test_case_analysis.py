from __future__ import annotations

from dataclasses import replace

from legaltune.corpus.document import Decision, Paragraph, SectionName
from legaltune.corpus.statute_index import StatuteIndex
from legaltune.corpus.tasks.base import Limits, TaskContext
from legaltune.corpus.tasks.case_analysis import examples
from tests.unit.corpus.cases import make_decision

FACTS = {SectionName.TATBESTAND: ["Es geschah."]}


def targets(decision: Decision, max_characters: int) -> list[str]:
    context = TaskContext(StatuteIndex.from_statutes([]), Limits(max_target_characters=max_characters))
    return [example.messages[2].content for example in examples(decision, context)]


def test_the_answer_is_whole_paragraphs_that_fit() -> None:
    decision = make_decision({**FACTS, SectionName.ENTSCHEIDUNGSGRUENDE: ["a" * 10, "b" * 10, "c" * 10]})
    assert targets(decision, 21) == ["a" * 10 + "\n" + "b" * 10]
    assert targets(decision, 20) == ["a" * 10]


def test_no_example_where_the_first_paragraph_is_too_long() -> None:
    decision = make_decision({**FACTS, SectionName.ENTSCHEIDUNGSGRUENDE: ["a" * 10, "b"]})
    assert targets(decision, 9) == []


def test_no_heading_is_left_at_the_end() -> None:
    decision = make_decision(FACTS)
    grounds = (
        Paragraph("I.", is_heading=True),
        Paragraph("Darum."),
        Paragraph("II.", is_heading=True),
        Paragraph("x" * 99),
    )
    decision = replace(decision, sections={**decision.sections, SectionName.GRUENDE: grounds})
    assert targets(decision, 50) == ["I.\nDarum."]


def test_no_example_without_facts() -> None:
    assert targets(make_decision({SectionName.GRUENDE: ["Darum."]}), 100) == []
