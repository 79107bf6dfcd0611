from __future__ import annotations

import pytest

from legaltune.corpus.tasks.leaks import Label, announces_outcome, states_label
from tests.unit.corpus.cases import paragraphs


@pytest.mark.parametrize(
    ("document", "value"),
    [
        ("Der Streitwertkatalog für die Verwaltungsgerichtsbarkeit sieht das vor.", "Verwaltungsgerichtsbarkeit"),
        ("Die Sache gehört vor die Gerichte der ordentlichen Gerichtsbarkeit.", "ordentliche Gerichtsbarkeit"),
        ("Der Verwaltungsrechtsweg ist eröffnet.", "Verwaltungsgerichtsbarkeit"),
        ("Rechtsweg zu den Finanzgerichten", "Finanzgerichtsbarkeit"),
        ("Das erkennende Sozialgericht hat Zeugen gehört.", "Sozialgerichtsbarkeit"),
    ],
)
def test_a_branch_is_stated(document: str, value: str) -> None:
    assert states_label(document, Label.BRANCH, value)


@pytest.mark.parametrize(
    "document",
    [
        "Das Verwaltungsgericht hat die Klage abgewiesen.",
        "Der erkennende Senat hält daran fest.",
        "Die Finanzgerichtsbarkeit urteilt anders.",
        "Der Rechtsweg ist erschöpft; der Rechtsweg zu den Gerichten steht offen.",
    ],
)
def test_a_branch_is_only_to_be_concluded(document: str) -> None:
    assert not states_label(document, Label.BRANCH, "Verwaltungsgerichtsbarkeit")


@pytest.mark.parametrize(
    ("document", "is_stated"),
    [
        ("Mit diesem Beschluss wird das Verfahren beendet.", True),
        ("Der Senat entscheidet nach § 130a VwGO durch Beschluss.", True),
        ("Gegen diesen Beschluss richtet sich die Beschwerde.", False),
        ("Das Landgericht hat durch Beschluss entschieden.", False),
        ("Der Beschluss des Landgerichts ist richtig.", False),
        ("Mit diesem Urteil ist das Landgericht im Unrecht.", False),
    ],
)
def test_a_kind_is_stated_where_the_decision_speaks_of_itself(document: str, is_stated: bool) -> None:
    assert states_label(document, Label.KIND, "Beschluss") is is_stated


@pytest.mark.parametrize(
    ("document", "value", "is_stated"),
    [
        ("Die Revision ist daher zurückzuweisen.", "zurückgewiesen", True),
        ("Die Klage war somit abzuweisen.", "zurückgewiesen", True),
        ("Die Revision ist unzulässig und daher zu verwerfen.", "verworfen", True),
        ("Die Revision ist daher zurückzuweisen.", "verworfen", False),
        ("Der Beklagte beantragt, die Revision zurückzuweisen.", "zurückgewiesen", False),
        ("Das Urteil ist alt. Der Beklagte beantragt, die Revision zurückzuweisen.", "zurückgewiesen", False),
        ("Die Revision hat keinen Erfolg.", "zurückgewiesen", False),
    ],
)
def test_an_outcome_is_stated_where_the_court_announces_it(document: str, value: str, is_stated: bool) -> None:
    assert states_label(document, Label.OUTCOME, value) is is_stated


def test_an_outcome_is_stated_by_the_tenor_itself() -> None:
    tenor = paragraphs("Die Klage des Klägers wird abgewiesen. Der Kläger trägt die Kosten des Rechtsstreits.")
    repeated = "Wie verkündet: Die Klage des Klägers wird abgewiesen."
    assert states_label(repeated, Label.OUTCOME, "zurückgewiesen", tenor=tenor)
    costs = "Der Kläger trägt die Kosten des Rechtsstreits."
    assert not states_label(costs, Label.OUTCOME, "zurückgewiesen", tenor=tenor)


@pytest.mark.parametrize(
    "end",
    [
        "stattzugeben",
        "teilweise abzuändern",
        "aufzuheben",
        "zurückzuweisen",
        "abzuweisen",
        "abzulehnen",
        "zu verwerfen",
        "zurückzuverweisen",
        "nicht zur Entscheidung anzunehmen",
        "nicht zur Entscheidung angenommen",
        "einzustellen",
        "für erledigt zu erklären",
    ],
)
def test_any_outcome_is_announced(end: str) -> None:
    assert announces_outcome(f"Danach ist sie {end}.")


def test_other_sentences_announce_nothing() -> None:
    assert not announces_outcome("Das Landgericht hat die Sache übersehen.")
