"""Tests of legaltune.corpus.readers.reasons."""

from __future__ import annotations

import pytest

from legaltune.corpus.document import Paragraph, SectionName
from legaltune.corpus.readers.reasons import with_reasons_in_tenor

TENOR, GRUENDE = SectionName.TENOR, SectionName.GRUENDE
RULING = "Die Revision gegen das Urteil vom 3. April 2025 wird verworfen."


def divided(*tenor: Paragraph) -> tuple[list[str], list[str]]:
    sections = with_reasons_in_tenor({TENOR: tenor})
    assert all(sections.values())
    return [p.text for p in sections[TENOR]], [p.text for p in sections.get(GRUENDE, ())]


@pytest.mark.parametrize(
    "remark",
    [
        "Zu der Rüge (§ 1 Abs. 1 MustG) bemerkt der Senat ergänzend: Sie ist unzulässig.",
        "Ergänzend bemerkt der Senat: Die Rüge ist unzulässig.",
        "Ergänzend zu der Zuschrift merkt der Senat an, dass die Rüge unzulässig ist.",
        "Der Senat bemerkt ergänzend: Die Rüge ist unzulässig.",
        "Der Strafsenat entscheidet. Ergänzend bemerkt der 2. Strafsenat: Die Rüge ist unzulässig.",
    ],
)
def test_a_remark_and_what_follows_are_reasons(remark: str) -> None:
    first, second = remark, "Mehr ist nicht zu sagen."
    ruling, reasons = divided(Paragraph(f"{RULING} {first}"), Paragraph(second))
    assert " ".join([*ruling, *reasons]) == f"{RULING} {remark} {second}"
    assert "merkt" not in ruling[0]
    assert reasons[1:] == [second]
    assert divided(Paragraph(RULING), Paragraph(first), Paragraph(second))[1][-1] == second


def test_the_first_randnummer_begins_the_reasons() -> None:
    tenor = (Paragraph(RULING), Paragraph("I.", is_heading=True), Paragraph("Eins.", "1"), Paragraph("Zwei."))
    assert divided(*tenor) == ([RULING], ["I.", "Eins.", "Zwei."])


@pytest.mark.parametrize(
    "tenor",
    [
        (Paragraph(RULING),),
        (Paragraph(RULING, "1"), Paragraph("Die Kosten trägt der Kläger.", "2")),
        (Paragraph("Der Senat bemerkt ergänzend: Alles."),),
        (Paragraph("Der Beklagten wird untersagt zu behaupten, der Gesetzgeber bemerke nichts."),),
    ],
)
def test_a_tenor_that_only_rules_stays_whole(tenor: tuple[Paragraph, ...]) -> None:
    sections = {TENOR: tenor}
    assert with_reasons_in_tenor(sections) == sections


@pytest.mark.parametrize("name", [SectionName.TATBESTAND, SectionName.ENTSCHEIDUNGSGRUENDE, GRUENDE])
def test_a_decision_with_reasons_keeps_its_tenor(name: SectionName) -> None:
    sections = {TENOR: (Paragraph(RULING), Paragraph("Eins.", "1")), name: (Paragraph("Darum."),)}
    assert with_reasons_in_tenor(sections) == sections
