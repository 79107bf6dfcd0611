"""Tests of legaltune.corpus.quality."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from legaltune.corpus.document import DocumentError, DropReason, Paragraph, ReadyMade, SectionName
from legaltune.corpus.quality import QualityLimits, check_quality
from legaltune.errors import ConfigurationError
from tests.unit.corpus.cases import make_decision, make_statute

LIMITS = QualityLimits()
TENOR, GROUNDS, FACTS = SectionName.TENOR, SectionName.GRUENDE, SectionName.TATBESTAND
REASONS = (
    "Die Klage ist zulässig und hat auch in der Sache Erfolg. Der Beklagte hat die Sorgfalt verletzt,"
    " die der Verkehr von ihm erwarten durfte, denn er ließ den Gehweg trotz des angekündigten "
    "Schneefalls ungeräumt. Dass die Klägerin stürzte, beruht nach der überzeugenden Aussage der "
    "Zeugin auf der Glätte und nicht auf eigener Unachtsamkeit."
)
ENGLISH = (
    "The claim is admissible and well founded. The defendant failed to take the care that could be "
    "expected of him, because he left the pavement uncleared although snow had been announced. "
    "According to the witness the claimant fell because of the ice and not because she was careless, "
    "and the court sees no reason to doubt what she said."
)
FRENCH = (
    "La demande est recevable et fondée. Le défendeur n'a pas pris les précautions que l'on pouvait "
    "attendre de lui, car il n'a pas déneigé le trottoir alors que la neige avait été annoncée. Selon"
    " le témoin, la demanderesse est tombée à cause du verglas et non par sa propre négligence, et le"
    " tribunal n'a aucune raison d'en douter."
)
DUTCH = (
    "De vordering is ontvankelijk en ook gegrond. De gedaagde heeft niet de zorg betracht die van hem verwacht mocht "
    "worden, omdat hij het trottoir niet had geruimd hoewel de sneeuw was aangekondigd. Volgens de getuige is de "
    "eiseres door het ijs gevallen en niet door eigen onvoorzichtigheid, en er is geen reden om dat te betwijfelen."
)


def refused(sections: Mapping[SectionName, Sequence[str]], limits: QualityLimits = LIMITS) -> DropReason:
    with pytest.raises(DocumentError) as caught:
        check_quality(make_decision(sections), limits)
    return caught.value.reason


def test_a_reasoned_decision_passes() -> None:
    check_quality(make_decision({TENOR: ["Die Klage hat Erfolg."], GROUNDS: [REASONS]}), LIMITS)


def test_a_decision_without_reasons() -> None:
    assert refused({}) is DropReason.NO_SECTIONS
    assert refused({SectionName.RUBRUM: ["In der Sache"]}) is DropReason.NO_SECTIONS
    assert refused({TENOR: ["Abgewiesen."]}) is DropReason.TENOR_ONLY
    assert refused({TENOR: ["Abgewiesen."], SectionName.RUBRUM: ["In der Sache"]}) is DropReason.TENOR_ONLY
    assert refused({TENOR: ["Abgewiesen."], FACTS: [REASONS]}) is DropReason.NO_GROUNDS
    assert refused({SectionName.LEITSATZ: [REASONS]}) is DropReason.NO_GROUNDS


def test_short_reasons() -> None:
    assert (
        refused({GROUNDS: ["Der Kläger schuldet nichts, denn er hat den Kaufpreis bereits bezahlt."]})
        is DropReason.TOO_SHORT
    )
    check_quality(make_decision({GROUNDS: [REASONS]}), QualityLimits(min_grounds_characters=len(REASONS)))
    assert refused({GROUNDS: [REASONS]}, QualityLimits(min_grounds_characters=len(REASONS) + 1)) is DropReason.TOO_SHORT


def test_damaged_text() -> None:
    assert refused({GROUNDS: ["7#4 %&/ 12.3 |-- 88 a§ " * 60]}) is DropReason.TOO_SHORT


@pytest.mark.parametrize("row", ["1.204,50 | 88,00 | 1.292,50", "2019 | 17 % | § 4 | 3 : 4"])
def test_rows_of_tables_do_not_count_as_damage_or_language(row: str) -> None:
    table = "\n".join([row] * 400)
    check_quality(make_decision({GROUNDS: [REASONS, table, table, REASONS]}), LIMITS)
    assert refused({GROUNDS: [REASONS, table.replace(" | ", "/")]}) is DropReason.TOO_SHORT
    assert refused({GROUNDS: [table]}) is DropReason.TOO_SHORT
    assert refused({GROUNDS: [ENGLISH, table, ENGLISH]}) is DropReason.OTHER_LANGUAGE


@pytest.mark.parametrize(
    "sentences",
    [
        ["Diese Entscheidung ist unanfechtbar."],
        ["Von der Darstellung des Tatbestandes und der Entscheidungsgründe wird gemäß § 313a Abs. 1 ZPO abgesehen."],
        [
            "Die Verfassungsbeschwerde wird nicht zur Entscheidung angenommen, ohne dass es auf weiteres ankommt.",
            "Von einer Begründung wird nach § 93d Abs. 1 Satz 3 BVerfGG abgesehen. Diese Entscheidung"
            " ist unanfechtbar.",
        ],
        [
            "Die Rechtssache hat keine grundsätzliche Bedeutung, und auch die Fortbildung des Rechts "
            "oder die Sicherung einer einheitlichen Rechtsprechung erfordert keine Entscheidung des "
            "Revisionsgerichts. Von einer näheren Begründung wird gemäß § 544 Abs. 6 Satz 2 ZPO "
            "abgesehen. Die Kostenentscheidung folgt aus § 97 Abs. 1 ZPO.",
        ],
        [
            "Das Verfahren war nach der Rücknahme der Klage gemäß § 92 Abs. 3 VwGO einzustellen. Der "
            "Kläger hat die Kosten zu tragen. Die Festsetzung des Streitwerts beruht auf § 52 Abs. 2 "
            "GKG.",
        ],
    ],
)
def test_formula_alone(sentences: list[str]) -> None:
    assert refused({TENOR: ["Abgewiesen."], GROUNDS: sentences}) is DropReason.BOILERPLATE_ONLY


def test_formula_beside_reasons() -> None:
    check_quality(make_decision({GROUNDS: [REASONS, "Diese Entscheidung ist unanfechtbar."]}), LIMITS)


@pytest.mark.parametrize("text", [ENGLISH, FRENCH, DUTCH])
def test_another_language(text: str) -> None:
    assert refused({GROUNDS: [text] * 5}) is DropReason.OTHER_LANGUAGE
    check_quality(make_decision({GROUNDS: [text]}), QualityLimits(language=None))


def test_another_language_with_some_german_words() -> None:
    assert refused({GROUNDS: [f"{REASONS[:40]} {ENGLISH}" for _ in range(5)]}) is DropReason.OTHER_LANGUAGE


@pytest.mark.parametrize("quotation", [ENGLISH, FRENCH])
def test_long_quotations_pass(quotation: str) -> None:
    check_quality(make_decision({GROUNDS: [REASONS, quotation, REASONS, quotation, REASONS, REASONS]}), LIMITS)


def test_indented_quotations_do_not_count() -> None:
    decision = make_decision({GROUNDS: [REASONS]})
    quotation = Paragraph(ENGLISH, is_quotation=True)
    sections = {GROUNDS: (quotation, quotation, *decision.section(GROUNDS), quotation)}
    check_quality(
        type(decision)(**{name: getattr(decision, name) for name in decision.__slots__} | {"sections": sections}),
        LIMITS,
    )


@pytest.mark.parametrize(
    "text",
    [
        "Die Beschwerde wird abgewiesen, soweit darauf einzutreten ist. Die Vorinstanz hat weder "
        "gegen Treu und Glauben verstossen noch das rechtliche Gehör verletzt; die Rüge der "
        "Beschwerdeführerin geht an der Sache vorbei. Die Gerichtskosten von Fr. 800.-- werden der "
        "Beschwerdeführerin auferlegt, die im Kanton Zürich wohnt und arbeitet.",
        "Die außerordentliche Revision der klagenden Partei ist mangels einer erheblichen Rechtsfrage"
        " zurückzuweisen. Die Revisionswerberin vermag nicht aufzuzeigen, weshalb dem "
        "Berufungsgericht eine Fehlbeurteilung unterlaufen sein sollte, zumal sie im Jänner selbst "
        "eingeräumt hat, den Kaufpreis nicht fristgerecht erlegt zu haben.",
    ],
)
def test_swiss_and_austrian_german_pass(text: str) -> None:
    check_quality(make_decision({GROUNDS: [text]}), LIMITS)


def test_unknown_language_code() -> None:
    with pytest.raises(ConfigurationError, match=r"'xx'.* de, "):
        QualityLimits(language="xx")


def test_decisions_of_another_language_than_german() -> None:
    check_quality(make_decision({GROUNDS: [ENGLISH]}), QualityLimits(language="en"))
    assert refused({GROUNDS: [REASONS]}, QualityLimits(language="en")) is DropReason.OTHER_LANGUAGE


def test_statutes_and_ready_made_examples() -> None:
    check_quality(make_statute("MustG"), LIMITS)
    example = ReadyMade("1", "test", (("user", ENGLISH), ("assistant", ENGLISH)))
    check_quality(example, LIMITS)
    with pytest.raises(DocumentError):
        check_quality(example, QualityLimits(check_ready_made_language=True))
