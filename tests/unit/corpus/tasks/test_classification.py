from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from legaltune.config.schema import TaskName
from legaltune.corpus.document import Decision, SectionName
from legaltune.corpus.example import Example
from legaltune.corpus.tasks import Rejection
from legaltune.corpus.tasks.classification import format_labels, parse_labels
from legaltune.corpus.tasks.leaks import Label
from tests.unit.corpus.cases import make_decision, run_task

GROUNDS = {SectionName.GRUENDE: ["Der Antrag hat keinen Erfolg."]}
TENOR = {SectionName.TENOR: ["Der Antrag wird abgelehnt."]}


def only_example(decision: Decision) -> Example:
    (example,), _ = run_task(TaskName.CLASSIFICATION, decision)
    return example


def test_three_lines_where_all_is_known() -> None:
    decision = make_decision({**GROUNDS, **TENOR}, court="VG Hannover", decision_type="Beschluss")
    example = only_example(decision)
    assert example.messages[2].content == (
        "Gerichtsbarkeit: Verwaltungsgerichtsbarkeit\nEntscheidungsart: Beschluss\nErgebnis: zurückgewiesen"
    )
    for option in ("Finanzgerichtsbarkeit", "Urteil, Beschluss oder eine andere", "nicht angenommen"):
        assert option in example.messages[1].content[example.document_chars :]


def test_what_is_not_known_is_neither_asked_nor_answered() -> None:
    example = only_example(make_decision(GROUNDS, court="VG Hannover", decision_type=""))
    assert example.messages[2].content == "Gerichtsbarkeit: Verwaltungsgerichtsbarkeit"
    assert Label.KIND not in example.messages[1].content
    assert Label.OUTCOME not in example.messages[1].content


def test_what_the_document_states_is_neither_asked_nor_answered() -> None:
    grounds = [
        "Der Verwaltungsrechtsweg ist eröffnet. Der Antrag ist abzulehnen, weil der alte Zaun keine Rolle spielt und "
        "weil der Antragsteller auch sonst keine Gründe genannt hat, aus denen sich ein Anspruch auf den Neubau des "
        "Zauns ergeben könnte, den er schon im vergangenen Jahr ohne Erfolg beantragt hatte."
    ]
    decision = make_decision({SectionName.GRUENDE: grounds, **TENOR}, court="VG Hannover", decision_type="Beschluss")
    assert only_example(decision).messages[2].content == "Entscheidungsart: Beschluss"


def test_no_example_where_the_document_states_all() -> None:
    decision = make_decision(
        {SectionName.GRUENDE: ["Der Verwaltungsrechtsweg ist eröffnet."]}, court="VG Hannover", decision_type=""
    )
    assert run_task(TaskName.CLASSIFICATION, decision) == ([], [Rejection.LABELS_STATED])


def test_headings_do_not_tell_judgments_from_orders() -> None:
    judgment = make_decision({SectionName.ENTSCHEIDUNGSGRUENDE: ["Darum ging es."]})
    order = make_decision({SectionName.GRUENDE: ["Darum ging es."]}, decision_type="Beschluss")
    assert only_example(judgment).messages[:2] == only_example(order).messages[:2]


def test_no_example_without_branch() -> None:
    assert run_task(TaskName.CLASSIFICATION, make_decision(GROUNDS, court="Vergabekammer Musterland")) == ([], [])


def test_no_example_without_text() -> None:
    assert run_task(TaskName.CLASSIFICATION, make_decision(court="VG Hannover")) == ([], [])


def test_an_answer_with_other_lines_is_read() -> None:
    assert parse_labels("Gern:\n Ergebnis:  verworfen \nErgebnis: stattgegeben\nGericht: X\nEntscheidungsart:") == {
        "Ergebnis": "verworfen"
    }


VALUES = st.text(min_size=1).filter(lambda text: text == text.strip() and len(text.splitlines()) == 1)


@given(st.dictionaries(st.sampled_from([label.value for label in Label]), VALUES))
def test_parsing_inverts_formatting(labels: dict[str, str]) -> None:
    assert parse_labels(format_labels(labels)) == labels
