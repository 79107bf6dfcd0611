from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest

from legaltune.config.schema import TaskName
from legaltune.corpus.document import Norm, SectionName
from legaltune.corpus.example import Example
from legaltune.corpus.tasks import Limits, Rejection
from tests.unit.corpus.cases import make_decision, make_statute, run_task

UWG = make_statute(
    "UWG 2004",
    "UWG",
    norms=[
        Norm("§ 5", "Irreführung", ("(1) Unlauter ist, wer irreführt.", "(2) Irreführend ist Unwahres.")),
        Norm("§ 8", None, ("Auf Unterlassung haftet, wer unlauter handelt.",)),
        Norm("§ 9", None, ("Auf Ersatz haftet, wer schuldhaft handelt.",)),
    ],
)
FACTS = {SectionName.TATBESTAND: ["Die Beklagte warb mit einem Preis."]}
FILLER = "Die Werbung war geeignet, den Verkehr über den Preis der Ware zu täuschen, und ist zu unterlassen. " * 4


def discuss(norm: str, times: int = 2) -> str:
    return f"Nach {norm} kommt es hierauf an. " * times + FILLER.strip()


def run(
    grounds: Sequence[str], *, limits: Limits | None = None, with_facts: bool = True
) -> tuple[list[Example], list[Rejection]]:
    sections = {**(FACTS if with_facts else {}), SectionName.ENTSCHEIDUNGSGRUENDE: list(grounds)}
    decision = replace(make_decision(sections), date=date(2015, 5, 1))
    return run_task(TaskName.STATUTE_INTERPRETATION, decision, statutes=[UWG], limits=limits)


def build(grounds: Sequence[str], *, limits: Limits | None = None, with_facts: bool = True) -> list[Example]:
    return run(grounds, limits=limits, with_facts=with_facts)[0]


def test_the_answer_is_the_passage_on_the_norm() -> None:
    passage = [discuss("§ 5 Abs. 1 UWG"), discuss("§ 5 Abs. 2 UWG")]
    (example,) = build(["Die Klage ist zulässig.", *passage, "Anderes ist nicht zu prüfen."])
    assert example.messages[2].content == "\n".join(passage)
    assert example.example_id.endswith("/§ 5 UWG")


def test_the_norm_stands_behind_the_document_where_it_is_not_cut() -> None:
    (example,) = build([discuss("§ 5 UWG")])
    content = example.messages[1].content
    assert content[: example.document_chars] == "Sachverhalt:\nDie Beklagte warb mit einem Preis."
    assert content[example.document_chars :].startswith(
        "\n\nNorm: § 5 UWG – Irreführung\n(1) Unlauter ist, wer irreführt.\n(2) Irreführend ist Unwahres.\n\n"
    )


def test_without_facts_there_is_no_document() -> None:
    (example,) = build([discuss("§ 8 UWG")], with_facts=False)
    assert example.document_chars == 0
    assert example.messages[1].content.startswith("Norm: § 8 UWG\n")
    assert "Sachverhalt" not in example.messages[1].content


def test_norms_cited_most_come_first_and_only_so_many() -> None:
    grounds = [discuss("§ 8 UWG", 2), discuss("§ 9 UWG", 4), discuss("§ 5 UWG", 3)]
    found = build(grounds, limits=Limits(max_statute_examples=2))
    assert [example.example_id.rsplit("/")[-1] for example in found] == ["§ 9 UWG", "§ 5 UWG"]


@pytest.mark.parametrize(
    "paragraph",
    [
        pytest.param(FILLER + "§ 5 UWG. Nach § 5 UWG ist dies so. " + FILLER * 6, id="named too rarely for its length"),
        pytest.param("Nach § 5 UWG ist dies so. " + FILLER, id="named once"),
        pytest.param("§ 5 UWG, ja § 5 UWG.", id="too short"),
        pytest.param(f"{FILLER}(vgl. § 5 UWG; § 5 UWG).", id="in parentheses"),
        pytest.param(f"{FILLER}Vgl. § 5 UWG und § 5 UWG.", id="a reference"),
        pytest.param(discuss("§ 5 UWG") + " Die Kostenentscheidung folgt daraus.", id="costs"),
        pytest.param(discuss("§ 5 UWG") + " § 3 BGB, § 3 BGB, § 3 BGB.", id="another norm is named more"),
        pytest.param(discuss("§ 5 UWG") + " § 8 UWG, § 8 UWG.", id="another norm is named as often"),
        pytest.param(discuss("§ 77 UWG"), id="not in the statute"),
    ],
)
def test_no_example_where_the_norm_is_not_discussed(paragraph: str) -> None:
    assert build([paragraph]) == []


def test_of_a_long_norm_only_the_absatz_cited_most() -> None:
    (example,) = build([discuss("§ 5 Abs. 2 UWG")], limits=Limits(max_norm_characters=40))
    assert "Norm: § 5 UWG – Irreführung\n(2) Irreführend ist Unwahres.\n\n" in example.messages[1].content


def test_no_example_where_no_absatz_fits_or_is_named() -> None:
    assert build([discuss("§ 5 Abs. 2 UWG")], limits=Limits(max_norm_characters=10)) == []
    assert build([discuss("§ 5 UWG")], limits=Limits(max_norm_characters=40)) == []


def test_the_passage_ends_at_a_paragraph_within_the_limit() -> None:
    grounds = [discuss("§ 5 UWG"), discuss("§ 5 UWG")]
    (example,) = build(grounds, limits=Limits(max_target_characters=len(grounds[0]) + 5))
    assert example.messages[2].content == grounds[0]


def test_the_number_in_front_of_the_passage_is_left_out() -> None:
    (example,) = build([f"a) {discuss('§ 5 UWG')}"])
    assert example.messages[2].content == discuss("§ 5 UWG")


@pytest.mark.parametrize(
    ("grounds", "with_facts", "reason"),
    [
        pytest.param(f"Danach gilt: {discuss('§ 5 UWG')}", True, Rejection.TARGET_GOES_ON, id="goes on"),
        pytest.param(
            f"Die Beklagte meint, § 5 UWG ist hier nicht anwendbar. {discuss('§ 5 UWG')}",
            True,
            Rejection.VIEW_OF_OTHERS,
            id="view of a party",
        ),
        pytest.param(
            "Nach § 5 UWG und § 5 UWG warb die Beklagte so. "
            + "Die Beklagte warb mit einem Preis für Brot und Salz. " * 6,
            False,
            Rejection.TARGET_NEEDS_FACTS,
            id="needs facts",
        ),
        pytest.param(discuss("§ 5 Abs. 7 UWG"), True, Rejection.NORM_OTHER_VERSION, id="an Absatz that is not there"),
        pytest.param(discuss("§ 8 Abs. 3 UWG"), True, Rejection.NORM_OTHER_VERSION, id="Absätze where there are none"),
    ],
)
def test_a_passage_that_teaches_no_interpretation_is_rejected(
    grounds: str, with_facts: bool, reason: Rejection
) -> None:
    assert run([grounds], with_facts=with_facts) == ([], [reason])


def test_a_norm_of_one_absatz_may_be_cited_with_its_number() -> None:
    assert len(build([discuss("§ 8 Abs. 1 UWG")])) == 1


def test_a_statute_younger_than_the_decision_is_not_meant() -> None:
    decision = replace(
        make_decision({**FACTS, SectionName.ENTSCHEIDUNGSGRUENDE: [discuss("§ 5 UWG")]}), date=date(2001, 1, 1)
    )
    statute = replace(UWG, date=date(2004, 7, 3))
    found = run_task(TaskName.STATUTE_INTERPRETATION, decision, statutes=[statute])
    assert found == ([], [Rejection.NORM_OTHER_VERSION])


def test_a_rejected_passage_makes_room_for_the_next_norm() -> None:
    grounds = [f"Danach gilt: {discuss('§ 9 UWG', 4)}", discuss("§ 5 UWG", 3)]
    (example,) = build(grounds, limits=Limits(max_statute_examples=1))
    assert "/§ 5 UWG" in example.example_id
