from __future__ import annotations

from dataclasses import replace

from legaltune.config.schema import TaskName
from legaltune.corpus.document import Decision, Paragraph, SectionName
from legaltune.corpus.tasks import Limits, Rejection
from tests.unit.corpus.cases import make_decision, run_task

FACTS = {SectionName.TATBESTAND: ["Der Beklagte fuhr gegen den Zaun der Klägerin, die Ersatz der Kosten verlangt."]}
FIRST = (
    "Die Klage ist begründet, weil der Beklagte den Zaun der Klägerin schuldhaft beschädigt hat und dafür auch dann "
    "einstehen muss, wenn er ihn nicht gesehen hat. "
)
SECOND = "Beim Rangieren hätte er auf den Abstand achten müssen, denn die Einfahrt ist eng und nicht gut einsehbar."
THIRD = "Auf ein Mitverschulden kann er sich nicht berufen, weil der Zaun ordnungsgemäß auf der Grenze stand."


def analyse(decision: Decision, max_characters: int = 6000) -> tuple[list[str], list[Rejection]]:
    limits = Limits(max_target_characters=max_characters)
    examples, rejections = run_task(TaskName.CASE_ANALYSIS, decision, limits=limits)
    return [example.messages[2].content for example in examples], rejections


def with_grounds(*grounds: str) -> Decision:
    return make_decision({**FACTS, SectionName.ENTSCHEIDUNGSGRUENDE: grounds})


def test_the_answer_is_whole_paragraphs_that_fit() -> None:
    both = f"{FIRST}\n{SECOND}"
    assert analyse(with_grounds(FIRST, SECOND, THIRD), len(both)) == ([both], [])
    assert analyse(with_grounds(FIRST + SECOND, THIRD), len(FIRST + SECOND) + 9) == ([FIRST + SECOND], [])


def test_a_long_first_paragraph_is_cut_at_a_sentence() -> None:
    assert analyse(with_grounds(FIRST + SECOND, THIRD), len(FIRST) + 9) == ([FIRST.strip()], [])


def test_no_example_where_the_first_sentence_is_too_long() -> None:
    assert analyse(with_grounds(FIRST), 40) == ([], [Rejection.TARGET_TOO_LONG])


def test_neither_a_heading_nor_an_announcement_is_left_at_the_end() -> None:
    decision = with_grounds(FIRST)
    grounds = (
        Paragraph("I.", is_heading=True),
        Paragraph(FIRST + SECOND),
        Paragraph("Im Einzelnen gilt dazu:"),
        Paragraph("II.", is_heading=True),
        Paragraph("x" * 300),
    )
    decision = replace(decision, sections={**decision.sections, SectionName.ENTSCHEIDUNGSGRUENDE: grounds})
    assert analyse(decision, 300) == ([f"I.\n{FIRST}{SECOND}"], [])


def test_no_example_from_grounds_that_repeat_the_facts() -> None:
    text = f"{FIRST}{SECOND}"
    decision = make_decision({SectionName.TATBESTAND: [text], SectionName.ENTSCHEIDUNGSGRUENDE: [text]})
    assert analyse(decision) == ([], [Rejection.TARGET_COPIES_DOCUMENT])


def test_no_example_without_facts() -> None:
    assert analyse(make_decision({SectionName.GRUENDE: [FIRST]})) == ([], [])


def test_an_order_that_tells_the_facts_first_is_a_case() -> None:
    story = "Der Antragsteller begehrt vorläufigen Rechtsschutz gegen den Abriss seines Gartenhauses. " * 3
    decision = make_decision({SectionName.GRUENDE: ["I.", story, "II.", FIRST + SECOND]}, decision_type="Beschluss")
    (example,), _ = run_task(TaskName.CASE_ANALYSIS, decision)
    assert example.messages[1].content[: example.document_chars] == f"Sachverhalt:\n{story}"
    assert example.messages[2].content == FIRST + SECOND


def test_long_facts_are_cut_to_a_window_that_leaves_room_for_the_grounds() -> None:
    facts = [f"Am {day}. Mai geschah etwas, das für den Fall eine Rolle spielt." for day in range(1, 30)]
    decision = make_decision({SectionName.TATBESTAND: facts, SectionName.ENTSCHEIDUNGSGRUENDE: [FIRST + SECOND, THIRD]})
    (example,), _ = run_task(TaskName.CASE_ANALYSIS, decision, limits=Limits(max_document_length=600))
    assert example.messages[1].content[: example.document_chars] == "\n".join(["Sachverhalt:", *facts[:6], "[…]"])
    assert example.example_id.endswith("/case_analysis/p1-6")
