from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from legaltune.corpus.document import Decision, SectionName
from legaltune.corpus.example import Example
from legaltune.corpus.statute_index import StatuteIndex
from legaltune.corpus.tasks.base import Limits, TaskContext
from legaltune.corpus.tasks.classification import BRANCH, KIND, OUTCOME, examples, format_labels, parse_labels
from tests.unit.corpus.cases import make_decision

CONTEXT = TaskContext(StatuteIndex.from_statutes([]), Limits())
GROUNDS = {SectionName.GRUENDE: ["Der Antrag hat keinen Erfolg."]}


def only_example(decision: Decision) -> Example:
    (example,) = examples(decision, CONTEXT)
    return example


def test_three_lines_where_all_is_known() -> None:
    decision = make_decision(
        {**GROUNDS, SectionName.TENOR: ["Der Antrag wird abgelehnt."]}, court="VG Hannover", decision_type="Beschluss"
    )
    assert only_example(decision).messages[2].content == (
        "Gerichtsbarkeit: Verwaltungsgerichtsbarkeit\nEntscheidungsart: Beschluss\nErgebnis: zurückgewiesen"
    )


def test_what_is_not_known_is_neither_asked_nor_answered() -> None:
    example = only_example(make_decision(GROUNDS, court="VG Hannover", decision_type=""))
    assert example.messages[2].content == "Gerichtsbarkeit: Verwaltungsgerichtsbarkeit"
    assert KIND not in example.messages[1].content
    assert OUTCOME not in example.messages[1].content


def test_no_example_without_branch() -> None:
    assert list(examples(make_decision(GROUNDS, court="Vergabekammer Musterland"), CONTEXT)) == []


def test_no_example_without_text() -> None:
    assert list(examples(make_decision(court="VG Hannover"), CONTEXT)) == []


def test_an_answer_with_other_lines_is_read() -> None:
    assert parse_labels("Gern:\n Ergebnis:  verworfen \nErgebnis: stattgegeben\nGericht: X\nEntscheidungsart:") == {
        OUTCOME: "verworfen"
    }


VALUES = st.text(min_size=1).filter(lambda text: text == text.strip() and len(text.splitlines()) == 1)


@given(st.dictionaries(st.sampled_from([BRANCH, KIND, OUTCOME]), VALUES))
def test_parsing_inverts_formatting(labels: dict[str, str]) -> None:
    assert parse_labels(format_labels(labels)) == labels
