from __future__ import annotations

from collections.abc import Sequence

import pytest

from legaltune.config.schema import TaskName
from legaltune.corpus.document import Decision, SectionName
from legaltune.corpus.example import Example
from legaltune.corpus.tasks import Limits, Rejection
from legaltune.corpus.tasks.summarization import stems, support
from tests.unit.corpus.cases import make_decision, run_task

LEITSATZ = "Wer beim Rangieren einen Gartenzaun beschädigt, haftet dem Eigentümer auf Ersatz."
SUPPORT = "Der Fahrer hat beim Rangieren den Gartenzaun beschädigt. Er haftet dem Eigentümer deshalb auf Ersatz."
FILLER = "Über die weiteren Fragen war nicht zu befinden, weil keine Seite sie aufgeworfen hat."


def decision_with(leitsatz: Sequence[str], grounds: Sequence[str]) -> Decision:
    return make_decision({SectionName.LEITSATZ: leitsatz, SectionName.GRUENDE: grounds})


def summarize(decision: Decision, **limits: int) -> tuple[list[Example], list[Rejection]]:
    return run_task(TaskName.SUMMARIZATION, decision, limits=Limits(**limits))


def test_leitsaetze_are_joined_and_the_prompt_holds_no_randnummer() -> None:
    second = "Auf den Wert des Zauns kommt es für den Ersatz nicht an."
    (example,), _ = summarize(decision_with([f"1. {LEITSATZ}", f"2. {second}"], [SUPPORT, FILLER]))
    assert example.messages[2].content == f"1. {LEITSATZ}\n2. {second}"
    assert example.messages[1].content[: example.document_chars] == f"Gründe:\n{SUPPORT}\n{FILLER}"
    assert example.example_id.endswith("/summarization")


def test_what_a_publisher_adds_is_removed() -> None:
    (example,), _ = summarize(decision_with([f"{LEITSATZ} (Rn. 12 – 14) (redaktioneller Leitsatz)"], [SUPPORT, FILLER]))
    assert example.messages[2].content == LEITSATZ


def test_no_example_without_leitsatz_or_grounds() -> None:
    assert summarize(decision_with([], [SUPPORT])) == ([], [])
    facts_alone = make_decision({SectionName.LEITSATZ: [LEITSATZ], SectionName.TATBESTAND: [SUPPORT]})
    assert summarize(facts_alone) == ([], [])


@pytest.mark.parametrize(
    ("leitsatz", "grounds", "reason"),
    [
        (LEITSATZ, [LEITSATZ, FILLER], Rejection.TARGET_COPIES_DOCUMENT),
        (LEITSATZ, [FILLER, f"Es gilt: {LEITSATZ}", FILLER], Rejection.TARGET_COPIES_DOCUMENT),
        (LEITSATZ, [FILLER, FILLER], Rejection.TARGET_UNSUPPORTED),
        (LEITSATZ, ["Darum."], Rejection.TARGET_NOT_SHORTER),
        ("Zur Haftung für beschädigte Gartenzäune beim Rangieren.", [SUPPORT], Rejection.TARGET_NAMES_TOPIC_ONLY),
        ("Haftung für beschädigte Gartenzäune beim Rangieren", [SUPPORT], Rejection.TARGET_UNFINISHED),
        ("Er haftet.", [SUPPORT], Rejection.TARGET_TOO_SHORT),
    ],
)
def test_a_leitsatz_that_teaches_no_summary_is_rejected(leitsatz: str, grounds: list[str], reason: Rejection) -> None:
    assert summarize(decision_with([leitsatz], grounds)) == ([], [reason])


def test_the_lead_is_shown_where_it_supports_the_leitsatz() -> None:
    (example,), _ = summarize(decision_with([LEITSATZ], [SUPPORT, *[FILLER] * 20]), max_document_length=500)
    document = example.messages[1].content[: example.document_chars]
    assert document.startswith(f"Gründe:\n{SUPPORT}\n{FILLER}")
    assert len(document) <= 500
    assert example.example_id.endswith("/summarization/p1-5")


def test_else_the_windows_that_support_it() -> None:
    grounds = [*[FILLER] * 10, SUPPORT, *[FILLER] * 10]
    (example,), _ = summarize(decision_with([LEITSATZ], grounds), max_document_length=500)
    document = example.messages[1].content[: example.document_chars]
    assert document == f"Gründe:\n[…]\n{SUPPORT}"
    assert example.example_id.endswith("/summarization/p11")


def test_facts_in_the_words_of_the_leitsatz_do_not_stand_in_for_the_grounds() -> None:
    facts = ["Der Fahrer hat beim Rangieren den Gartenzaun beschädigt; der Eigentümer will, dass er auf Ersatz haftet."]
    sections = {SectionName.LEITSATZ: [LEITSATZ], SectionName.TATBESTAND: facts}
    decision = make_decision({**sections, SectionName.ENTSCHEIDUNGSGRUENDE: [*[FILLER] * 10, SUPPORT, *[FILLER] * 10]})
    (example,), _ = summarize(decision, max_document_length=500)
    assert SUPPORT in example.messages[1].content


def test_support_is_the_share_of_content_words() -> None:
    wanted = stems("Der Gartenzaun haftet dem Eigentümer")
    assert wanted == ["gartenz", "haftet", "eigentü"]
    assert support(wanted, "Gartenzäune haften; ein Eigentümer") == pytest.approx(2 / 3)
    assert support([], "Text") == 0


def test_a_leitsatz_longer_than_an_answer_may_be_is_rejected() -> None:
    found = summarize(decision_with([LEITSATZ], [SUPPORT, FILLER]), max_target_characters=20)
    assert found == ([], [Rejection.TARGET_TOO_LONG])
