from __future__ import annotations

from dataclasses import replace

import pytest

from legaltune.corpus.document import Paragraph, SectionName
from legaltune.corpus.tasks.case import drop_announcements, drop_formulas, read_case, split_history
from tests.unit.corpus.cases import make_decision, paragraphs

STORY = "Der Antragsteller begehrt vorläufigen Rechtsschutz gegen den Abriss seines Gartenhauses. " * 4
REASONING = "Die Beschwerde hat keinen Erfolg, denn das Gartenhaus steht ohne Genehmigung auf fremdem Grund. " * 4


def split(*texts: str, has_facts: bool = False) -> tuple[str, str]:
    grounds = tuple(Paragraph(text, is_heading=len(text) < 4) for text in texts)
    history, reasoning = split_history(grounds, has_facts=has_facts)
    return "|".join(p.text for p in history), "|".join(p.text for p in reasoning)


@pytest.mark.parametrize(("first", "second"), [("I.", "II."), ("A.", "B."), ("I", "II")])
def test_an_order_tells_the_facts_under_the_first_number(first: str, second: str) -> None:
    assert split(first, STORY, second, REASONING) == (STORY, REASONING)


@pytest.mark.parametrize(("first", "second"), [("I.", "II."), ("A.", "B.")])
def test_the_number_may_stand_before_the_text(first: str, second: str) -> None:
    assert split(f"{first} {STORY}", f"{second} {REASONING}") == (STORY, REASONING)


def test_what_is_in_dispute_may_stand_above_the_numbers() -> None:
    disputed = "Streitig ist, ob das Gartenhaus abgerissen werden darf."
    assert split(disputed, "I.", STORY, "II.", REASONING) == (f"{disputed}|{STORY}", REASONING)
    assert split(disputed, "I.", STORY, "II.", REASONING, has_facts=True)[0] == ""
    result = "Die Beschwerde hat keinen Erfolg."
    assert split(result, "I.", STORY, "II.", REASONING)[0] == ""


@pytest.mark.parametrize(
    "grounds",
    [
        pytest.param((f"I. {REASONING}", f"II. {REASONING}"), id="the first part reasons"),
        pytest.param((f"I. {STORY}", "II. Die Kostenentscheidung folgt aus dem Gesetz. " + REASONING), id="costs"),
        pytest.param((f"I. {STORY}", "I. Noch einmal.", f"II. {REASONING}"), id="numbers twice"),
        pytest.param((f"I. {STORY}", REASONING), id="no second number"),
        pytest.param((f"I. {STORY} (vgl. BGH, NJW 2001, 5).", f"II. {REASONING}"), id="cites case law"),
        pytest.param(("I. Kurz.", f"II. {REASONING}"), id="hardly any facts"),
        pytest.param((STORY, f"II. {REASONING}"), id="no first number"),
        pytest.param((), id="nothing"),
    ],
)
def test_other_grounds_stay_whole(grounds: tuple[str, ...]) -> None:
    assert split(*grounds) == ("", "|".join(grounds))


def test_beside_a_tatbestand_only_a_summary_of_the_decision_below_is_split_off() -> None:
    summary = "Das Berufungsgericht hat die Klage abgewiesen und dazu ausgeführt, der Zaun sei alt gewesen. " * 4
    assert split(f"I. {summary}", f"II. {REASONING}", has_facts=True) == (summary, REASONING)
    assert split(f"I. {STORY}", f"II. {REASONING}", has_facts=True)[0] == ""


def test_the_facts_of_an_order_do_not_depend_on_headings_of_deeper_levels() -> None:
    history, reasoning = split("I.", "1.", STORY, "2.", STORY, "II.", "1.", REASONING)
    assert history == f"1.|{STORY}|2.|{STORY}"
    assert reasoning == f"1.|{REASONING}"


@pytest.mark.parametrize(
    "formula",
    [
        "Dieser Beschluss ist unanfechtbar (§ 152 Abs. 1 VwGO).",
        "IV. Der Beschluss ist gemäß § 80 AsylG unanfechtbar.",
        "Mit der Ablehnung des Antrags ist das Urteil des Verwaltungsgerichts rechtskräftig.",
        "Das Urteil des Verwaltungsgerichts ist damit rechtskräftig.",
        "Gegen diesen Beschluss ist die Beschwerde statthaft.",
        "Hinweis:",
    ],
)
def test_formulas_at_the_end_are_dropped(formula: str) -> None:
    kept = (Paragraph("Die Klage ist begründet."), Paragraph("Die Kosten trägt der Kläger."))
    assert drop_formulas((*kept, Paragraph("III.", is_heading=True), Paragraph(formula))) == kept
    together = replace(kept[1], text=f"{kept[1].text} {formula}")
    assert drop_formulas((kept[0], together)) == kept


def test_instructions_on_appeal_are_dropped_with_all_that_follows() -> None:
    kept = (Paragraph("Die Klage ist begründet."),)
    assert drop_formulas((*kept, Paragraph("Rechtsmittelbelehrung:"), Paragraph("Die Frist ist kurz."))) == kept


@pytest.mark.parametrize(
    "text",
    [
        "Der Vertrag ist anfechtbar, weil der Kläger getäuscht wurde.",
        "Die Rechtsmittelbelehrung des Landgerichts war falsch.",
        "Das Urteil ist falsch.",
    ],
)
def test_what_is_no_formula_stays(text: str) -> None:
    assert drop_formulas(paragraphs(text)) == paragraphs(text)


def test_a_formula_further_up_speaks_of_another_decision() -> None:
    grounds = paragraphs("Dieser Beschluss ist unanfechtbar.", *(f"Satz {n}." for n in range(9)))
    assert drop_formulas(grounds) == grounds


def test_prompts_do_not_show_the_sentence_that_announces_the_outcome_but_answers_do() -> None:
    grounds = paragraphs("Der Anspruch ist verjährt.", "Die Revision ist daher zurückzuweisen. Die Kosten folgen.")
    case = read_case(make_decision({SectionName.GRUENDE: [p.text for p in grounds]}))
    assert case.grounds == grounds
    assert [p.text for p in case.shown_grounds] == ["Der Anspruch ist verjährt.", "Die Kosten folgen."]


def test_what_a_party_asks_for_announces_nothing() -> None:
    grounds = paragraphs("Der Kläger beantragt, die Revision zurückzuweisen.")
    assert drop_announcements(grounds) == grounds


def test_a_case_shows_neither_rubrum_nor_tenor_nor_the_name_of_the_court() -> None:
    case = read_case(
        make_decision(
            {
                SectionName.RUBRUM: ["In dem Rechtsstreit des Herrn K."],
                SectionName.TENOR: ["Die Klage wird abgewiesen."],
                SectionName.TATBESTAND: ["Landgericht Musterstadt - 3. Kammer", "Es geschah."],
                SectionName.ENTSCHEIDUNGSGRUENDE: ["Das Landgericht Musterstadt ist zuständig."],
            }
        )
    )
    assert [p.text for p in case.facts] == ["Es geschah."]
    assert [p.text for p in case.grounds] == ["Das Landgericht Musterstadt ist zuständig."]


def test_facts_told_in_the_grounds_do_not_say_how_the_court_decides() -> None:
    result = (
        "Die Revision erzielt den aus der Entscheidungsformel ersichtlichen Erfolg; im Übrigen ist sie unbegründet."
    )
    assert split("I.", STORY + result, "II.", REASONING) == (STORY.rstrip(), REASONING)
