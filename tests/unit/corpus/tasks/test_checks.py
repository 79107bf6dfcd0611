from __future__ import annotations

import pytest

from legaltune.corpus.document import Norm
from legaltune.corpus.tasks.checks import (
    Rejection,
    has_words,
    is_finished,
    is_own_text,
    is_own_view,
    is_shorter,
    needs_no_facts,
    repeats_norm,
    says_something,
    stands_alone,
    without_enumerator,
)
from tests.unit.corpus.cases import paragraphs


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("Wer einen Zaun umfährt, haftet.", None),
        ("Ja.", Rejection.TARGET_TOO_SHORT),
        ("[Adresse] … [Name der Person] ___ XXX und ja", Rejection.TARGET_PLACEHOLDERS_ONLY),
        ("Herr [Name] wohnt in [Ort] und haftet dem Kläger.", None),
    ],
)
def test_an_answer_has_words_of_its_own(target: str, expected: Rejection | None) -> None:
    assert has_words(target, at_least=4) is expected


@pytest.mark.parametrize("target", ["Er haftet.", "Er haftet (vgl. BGH, NJW 2001, 5).", "Er sagte: „Ja.“"])
def test_a_whole_sentence_is_finished(target: str) -> None:
    assert is_finished(target) is None


@pytest.mark.parametrize("target", ["Er haftet nach", "Das folgt aus § 5 Abs.", "Wie folgt:", "Mietrecht (Kündigung)"])
def test_half_a_sentence_is_not(target: str) -> None:
    assert is_finished(target) is Rejection.TARGET_UNFINISHED


def test_a_summary_is_shorter_than_its_document() -> None:
    assert is_shorter("kurz", "länger") is None
    assert is_shorter("länger", "kurz") is Rejection.TARGET_NOT_SHORTER


def test_sentences_of_the_document_are_no_answer() -> None:
    document = "Es geschah.\nWer einen Zaun umfährt, haftet. Der Abstand ist zu prüfen."
    copied = "1. Wer einen Zaun umfährt, haftet.\n2. Der Abstand ist zu prüfen."
    assert is_own_text(copied, document) is Rejection.TARGET_COPIES_DOCUMENT
    assert is_own_text(f"{copied} Das gilt auch nachts.", document) is None
    assert is_own_text(f"{copied} Nachts auch.", document, max_copied_share=0.5) is Rejection.TARGET_COPIES_DOCUMENT


def test_an_answer_that_quotes_the_norm_is_none() -> None:
    norm = Norm("§ 1", None, ("(1) Wer schädigt,\nersetzt den Schaden.", "(2) Der Schaden ist zu beziffern."))
    assert repeats_norm("Wer schädigt, ersetzt den Schaden. So ist es.", norm) is Rejection.NORM_TEXT_REPEATED
    assert repeats_norm("Der Zaun ist ein Schaden, den der Fahrer ersetzen muss.", norm) is None


@pytest.mark.parametrize(
    "text",
    [
        "Der Kläger meint, die Norm ist anders zu lesen.",
        "Das Berufungsgericht hat zu Recht angenommen, dass der Zaun stand.",
        "2. Die Revision rügt, dass die Norm verkannt ist.",
        "Die Norm sei weit auszulegen; sie gelte auch hier, und der Zaun stehe ihr nicht entgegen.",
    ],
)
def test_the_view_of_others_is_refused(text: str) -> None:
    assert is_own_view(paragraphs(text)) is Rejection.VIEW_OF_OTHERS


def test_the_court_may_mention_the_view_of_others() -> None:
    text = "Die Norm ist weit auszulegen. Sie gilt auch hier. Dass der Zaun alt sei, ist ohne Belang."
    assert is_own_view(paragraphs(text)) is None


@pytest.mark.parametrize("target", ["Zur Haftung des Halters.", "1. Zum Abstand.\n2. Zu den Kosten bei Zäunen."])
def test_a_topic_is_no_leitsatz(target: str) -> None:
    assert says_something(target) is Rejection.TARGET_NAMES_TOPIC_ONLY


@pytest.mark.parametrize(
    "target", ["Zum Ersatz ist verpflichtet, wer schädigt.", "1. Zum Abstand.\n2. Er ist zu prüfen."]
)
def test_a_leitsatz_says_something(target: str) -> None:
    assert says_something(target) is None


def test_a_passage_stands_alone() -> None:
    assert stands_alone("aa) Danach kommt es hierauf an.") is Rejection.TARGET_GOES_ON
    assert stands_alone("Letztlich kann die Frage dahinstehen.") is Rejection.TARGET_GOES_ON
    assert stands_alone("Nach § 5 kommt es hierauf an.") is None


def test_a_passage_for_a_prompt_without_facts_speaks_of_the_norm() -> None:
    general = "Die Norm verlangt Vorsatz. Er fehlt bei einem Irrtum."
    assert needs_no_facts(general) is None
    assert needs_no_facts(f"Der Kläger hat geirrt. {general[:26]}") is Rejection.TARGET_NEEDS_FACTS


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("a) Die Norm", "Die Norm"),
        ("II. 2. b) Die Norm", "Die Norm"),
        ("In der Norm", "In der Norm"),
        ("3 Jahre", "3 Jahre"),
    ],
)
def test_numbers_in_front_are_removed(text: str, rest: str) -> None:
    assert without_enumerator(text) == rest


@pytest.mark.parametrize(
    "target",
    [
        "Zur Begründung wird ausgeführt, die Vorschrift sei eng auszulegen.",
        "Zwar spricht die bereits unter a) erläuterte Vermutung dagegen.",
        "Die Norm greift, wie oben ausgeführt, nicht ein.",
        "Der Anspruch scheitert, weil die Behörde wie gesehen die Entnahme vorgesehen hat.",
    ],
)
def test_a_passage_that_points_to_what_is_not_shown_goes_on(target: str) -> None:
    assert stands_alone(target) is Rejection.TARGET_GOES_ON


@pytest.mark.parametrize(
    "target",
    [
        "Die Vorschrift war bereits in Kraft, als der Vertrag geschlossen wurde.",
        "Wie der Gesetzgeber betont hat, ist die Frist streng.",
    ],
)
def test_words_that_only_look_like_a_reference_back_do_no_harm(target: str) -> None:
    assert stands_alone(target) is None
