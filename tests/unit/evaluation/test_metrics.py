from __future__ import annotations

import pytest

from legaltune.evaluation.metrics import classification_scores, majority_scores, rouge_l

CIVIL = "Gerichtsbarkeit: ordentliche Gerichtsbarkeit\nEntscheidungsart: Urteil\nErgebnis: zurückgewiesen"
LABOUR = "Gerichtsbarkeit: Arbeitsgerichtsbarkeit\nEntscheidungsart: Urteil\nErgebnis: stattgegeben"
SOCIAL = "Gerichtsbarkeit: Sozialgerichtsbarkeit\nEntscheidungsart: Beschluss"


def test_an_answer_is_right_only_as_a_whole() -> None:
    nearly = CIVIL.replace("zurückgewiesen", "stattgegeben")
    scores = classification_scores([CIVIL, nearly], [CIVIL, CIVIL])
    assert scores["accuracy"] == 0.5
    assert scores["accuracy_per_label"] == {"Gerichtsbarkeit": 1.0, "Entscheidungsart": 1.0, "Ergebnis": 0.5}


def test_a_label_counts_where_the_reference_has_it() -> None:
    scores = classification_scores([SOCIAL, "Unsinn"], [SOCIAL, CIVIL])
    assert scores["accuracy_per_label"] == {"Gerichtsbarkeit": 0.5, "Entscheidungsart": 0.5, "Ergebnis": 0.0}


def test_the_majority_answers_with_what_training_shows_most() -> None:
    scores = majority_scores([CIVIL, CIVIL, LABOUR], [CIVIL, LABOUR, LABOUR, SOCIAL])
    assert scores["accuracy"] == 0.25
    assert scores["answer"] == CIVIL
    assert scores["accuracy_per_label"] == {
        "Gerichtsbarkeit": 0.25, "Entscheidungsart": 0.75, "Ergebnis": pytest.approx(1 / 3),
    }  # fmt: skip


def test_rouge_l_takes_umlauts_for_letters() -> None:
    assert rouge_l(["Die Kündigung ist unwirksam."], ["Die Kündigung ist unwirksam."]) == 1.0
    assert rouge_l(["K ndigung"], ["Kündigung"]) == 0.0
    assert rouge_l(["die Kündigung war unwirksam"], ["Die Kündigung ist unwirksam"]) == pytest.approx(0.75)
