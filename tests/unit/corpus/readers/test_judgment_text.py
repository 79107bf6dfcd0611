"""Tests of legaltune.corpus.readers.judgment_text."""

from __future__ import annotations

import time
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.corpus.document import Decision, DocumentError, DropReason, SectionName
from legaltune.corpus.readers import judgment_text
from legaltune.corpus.readers.content import Content

PORTAL = """LG Musterstadt, Endurteil v. 01.02.2019 – 1 O 23/18
Titel:
Haftung für ein Muster, das beim
Nachbarn steht
Normenketten:
MustG § 1, § 2 Abs. 1,
§ 3
Mustergrundverordnung in der geltenden Fassung
Art. 4
BGB § 823
Leitsätze:
1. Ein Muster haftet nicht. (Rn. 2 – 3) (redaktioneller
Leitsatz)
2. Wer es aufstellt, der haftet. (amtlicher Leitsatz)
Orientierungsatz:
Muster sind Sachen.
Schlagworte:
Muster, Haftung
Vorinstanz:
AG Musterdorf, Urteil vom 03.04.2018 – 5 C 6/17
Fundstelle:
BeckRS 2019, 1
Tenor
1. Die Klage wird abgewiesen.
2. Der Kläger trägt die Kosten.
Tatbestand
1
Der Kläger verlangt Schadensersatz für ein Muster, das der Beklagte auf seinem Grund-
stück aufgestellt hat, und beruft sich dafür auf die Angaben in der USBAnleitung
und auf das DINMuster, das er für einen USB-Stick und für eine USB-Anleitung gekauft hat.
2
Der Beklagte beantragt,
die Klage abzuweisen.
Entscheidungsgründe
I.
3
Die Klage ist unbegründet. Der Kläger hat gegen den Beklagten keinen Anspruch, weil das
Muster nicht gefährlich ist; ein öffentlich-
rechtlicher Anspruch ist nicht geltend gemacht worden und besteht auch sonst nicht.
4
Die Kosten trägt der Kläger.
LG Musterstadt 1. Zivilkammer
1 O 23/18 Urteil vom 01.02.2019 rechtskräftig
"""

COURT = """BUNDESVERFASSUNGSGERICHT
- 1 BvR 12/19 -
In dem Verfahren
über
die Verfassungsbeschwerde
des Herrn M…,
hat die 2. Kammer des Ersten Senats des Bundesverfassungsgerichts durch
die Richterin Muster
am 16. April 2019
einstimmig beschlossen:
Die Verfassungsbeschwerde wird nicht zur Entscheidung angenommen.
Gründe :
1
Die Verfassungsbeschwerde ist unzulässig, weil der Beschwerdeführer sie nicht einmal an-
1/2
satzweise begründet hat.
2
Diese Entscheidung ist unanfechtbar.
Muster Beispiel Vorlage
2/2
Bundesverfassungsgericht, Beschluss der 2. Kammer des Ersten Senats vom
16. April 2019 - 1 BvR 12/19
"""

RUBRUM = """Oberverwaltungsgericht Musterland
Az.: 3 B 45/20
B e s c h l u s s
In der Verwaltungsrechtssache
hat der 3. Senat am 5. März 2020
beschlossen:
Die Beschwerde wird verworfen.
G r ü n d e
Sie ist nicht begründet worden.
"""


def read(text: Any) -> Decision:
    return judgment_text.read(Content(b"", value={"Text": text, "Annotations": []}))


def texts(decision: Decision, name: SectionName) -> list[tuple[str | None, str]]:
    return [(p.randnummer, p.text) for p in decision.section(name)]


@pytest.mark.parametrize(
    ("printed", "court"),
    [("BGH", "BGH"), ("BUNDESGERICHTSHOF", "BGH"), ("LANDGERICHT MUSTERSTADT", "Landgericht Musterstadt")],
)
def test_courts_in_capitals(printed: str, court: str) -> None:
    assert read(PORTAL.replace("LG Musterstadt, ", f"{printed}, ")).court == court


def test_an_editors_mark_ends_a_leitsatz_whose_last_line_is_full() -> None:
    printed = "Wer ein Muster so aufstellt, dass es niemand übersehen kann, haftet nicht für Schäden an ihm.\n"
    below = "Das gilt auch nachts.\n"
    decision = read(PORTAL.replace("1. Ein Muster", f"{printed}(red. LS Erika\nMuster)\n{below}1. Ein Muster"))
    assert texts(decision, SectionName.ORIENTIERUNGSSATZ)[0] == (None, printed.strip())
    assert texts(decision, SectionName.LEITSATZ)[0] == (None, below.strip())


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("Amtliche Leitsätze:", SectionName.LEITSATZ),
        ("Redaktionelle Leitsätze:", SectionName.ORIENTIERUNGSSATZ),
        ("Nichtamtliche Leitsätze:", SectionName.ORIENTIERUNGSSATZ),
    ],
)
def test_a_label_tells_whose_the_leitsaetze_are(label: str, name: SectionName) -> None:
    decision = read(PORTAL.replace("Leitsätze:", label).replace(" (amtlicher Leitsatz)", ""))
    assert (None, "2. Wer es aufstellt, der haftet.") in texts(decision, name)


def test_order_on_the_value_in_dispute_stands_apart() -> None:
    order = "2. Der Kläger trägt die Kosten.\nBeschluss\nDer Streitwert wird auf 5 Euro festgesetzt.\n"
    decision = read(PORTAL.replace("2. Der Kläger trägt die Kosten.\n", order))
    assert texts(decision, SectionName.SONSTIGES) == [(None, "Der Streitwert wird auf 5 Euro festgesetzt.")]
    assert len(decision.section(SectionName.TENOR)) == 2


def test_sniff() -> None:
    assert judgment_text.sniff(Content(b"", value={"Text": "", "Annotations": [], "more": 1}))
    assert not judgment_text.sniff(Content(b"", value={"Text": ""}))
    assert not judgment_text.sniff(Content(b"", value=[{"Text": "", "Annotations": []}]))


def test_head_of_a_portals_print() -> None:
    decision = read(PORTAL)
    assert (decision.court, decision.decision_type, decision.date) == ("LG Musterstadt", "Endurteil", date(2019, 2, 1))
    assert (decision.file_numbers, decision.chamber) == (("1 O 23/18",), None)
    assert decision.title == "Haftung für ein Muster, das beim Nachbarn steht"
    assert decision.norms == (
        "§ 1 MustG",
        "§ 2 Abs. 1 MustG",
        "§ 3 MustG",
        "Art. 4 Mustergrundverordnung in der geltenden Fassung",
        "§ 823 BGB",
    )
    assert decision.previous_instances == ("AG Musterdorf, Urteil vom 03.04.2018 – 5 C 6/17",)
    assert decision.document_id == "LG Musterstadt 1 O 23/18 Endurteil 2019-02-01"


def test_a_title_is_put_together_again() -> None:
    text = PORTAL.replace("Haftung für", "Haftungs-\nausschluss für")
    assert (read(text).title or "").startswith("Haftungsausschluss für")


def test_sections_of_a_portals_print() -> None:
    decision = read(PORTAL)
    assert texts(decision, SectionName.LEITSATZ) == [(None, "2. Wer es aufstellt, der haftet.")]
    assert texts(decision, SectionName.ORIENTIERUNGSSATZ) == [
        (None, "1. Ein Muster haftet nicht."),
        (None, "Muster sind Sachen."),
    ]
    assert len(decision.section(SectionName.TENOR)) == 2
    assert texts(decision, SectionName.TATBESTAND) == [
        (
            "1",
            "Der Kläger verlangt Schadensersatz für ein Muster, das der Beklagte auf seinem Grundstück aufgestellt "
            "hat, und beruft sich dafür auf die Angaben in der USB-Anleitung und auf das DINMuster, das er für einen "
            "USB-Stick und für eine USB-Anleitung gekauft hat.",
        ),
        ("2", "Der Beklagte beantragt, die Klage abzuweisen."),
    ]
    assert [number for number, _ in texts(decision, SectionName.ENTSCHEIDUNGSGRUENDE)] == [None, "3", "4"]
    grounds = decision.grounds
    assert "ein öffentlich-rechtlicher Anspruch" in grounds[1].text
    assert grounds[2].text == "Die Kosten trägt der Kläger."


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("der DINNorm", "der DIN-Norm gemäß."),
        ("der DNorm", "der DNorm gemäß."),
        ("der GmbH", "der GmbH gemäß."),
        ("dem BGHZ", "dem BGHZ gemäß."),
        ("der EuGHRechtsprechung", "der EuGH-Rechtsprechung gemäß."),
    ],
)
def test_hyphen_lost_at_the_end_of_a_line(end: str, expected: str) -> None:
    text = PORTAL.replace("Die Kosten trägt der Kläger.", f"Es handelt sich um ein Muster, das ist\n{end}\ngemäß.")
    assert read(text).grounds[-1].text.endswith(expected)


def test_own_print_of_a_court() -> None:
    decision = read(COURT)
    assert (decision.court, decision.chamber) == ("BVerfG", "2. Kammer des Ersten Senats")
    assert (decision.date, decision.file_numbers) == (date(2019, 4, 16), ("1 BvR 12/19",))
    assert decision.section(SectionName.RUBRUM)[-1].text.endswith("einstimmig beschlossen:")
    assert texts(decision, SectionName.TENOR) == [
        (None, "Die Verfassungsbeschwerde wird nicht zur Entscheidung angenommen.")
    ]
    assert texts(decision, SectionName.GRUENDE) == [
        (
            "1",
            "Die Verfassungsbeschwerde ist unzulässig, weil der Beschwerdeführer sie nicht einmal ansatzweise "
            "begründet hat.",
        ),
        ("2", "Diese Entscheidung ist unanfechtbar."),
    ]


def test_rubrum_without_a_citation() -> None:
    decision = read(RUBRUM)
    assert (decision.court, decision.decision_type) == ("Oberverwaltungsgericht Musterland", "Beschluss")
    assert (decision.file_numbers, decision.date) == (("3 B 45/20",), date(2020, 3, 5))
    assert [p.text for p in decision.section(SectionName.TENOR)] == ["Die Beschwerde wird verworfen."]
    assert "Beschluss" in [p.text for p in decision.section(SectionName.RUBRUM)]


def test_id_of_a_decision_without_a_day_depends_on_its_text() -> None:
    undated = RUBRUM.replace(" am 5. März 2020", "")
    assert read(undated).date is None
    assert read(undated).document_id == read(undated).document_id
    assert read(undated).document_id != read(undated.replace("verworfen", "abgewiesen")).document_id


@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        (None, DropReason.MISSING_FIELD, "Text"),
        (" \n", DropReason.MISSING_FIELD, "Text"),
        (["Tenor"], DropReason.MISSING_FIELD, "Text"),
        ("1/2\n2/2", DropReason.MISSING_FIELD, "page numbers alone"),
        (RUBRUM.replace("Az.: 3 B 45/20\n", ""), DropReason.MISSING_FIELD, "file number not found"),
        (RUBRUM.replace("Oberverwaltungsgericht Musterland\n", ""), DropReason.MISSING_FIELD, "court not found"),
        ("Tenor\nNein.\nGründe\nDarum.", DropReason.MISSING_FIELD, "court, file number, kind of decision not found"),
        (PORTAL.split("\n", 1)[0] + "\nText ohne alles.", DropReason.NO_SECTIONS, "no heading"),
    ],
)
def test_drops(text: Any, reason: DropReason, detail: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(text)
    assert caught.value.reason is reason
    assert detail in caught.value.detail


def test_impossible_day_is_no_date() -> None:
    assert read(PORTAL.replace("v. 01.02.2019", "v. 31.02.2019")).date is None


def test_running_head_is_dropped_with_its_page_number() -> None:
    pages = "".join(f"Satz Nummer {i}.\n{i}/4\nMusterstadt Senat I\n" for i in range(1, 5))
    text = COURT.partition("1\nDie Verf")[0] + pages + "Ende."
    text = text.replace("BUNDESVERFASSUNGSGERICHT", "Verwaltungsgericht Musterstadt").replace("BvR", "K")
    body = " ".join(p.text for p in read(text).grounds)
    assert "Senat I" not in body
    assert "/4" not in body
    assert body.endswith("Satz Nummer 4. Ende.")


@given(st.text(alphabet="aB1.\n -/:§“", max_size=400))
def test_any_text_is_read_or_dropped(tail: str) -> None:
    for head in (PORTAL, COURT, RUBRUM):
        try:
            read(head + tail)
        except DocumentError as error:
            assert error.reason in {DropReason.MISSING_FIELD, DropReason.NO_SECTIONS}


@pytest.mark.parametrize("line", ["Ein Muster, das", "A. ", "USBKabel", "x" * 50, "1", "1/9", "n:", "I.", "a- b"])
def test_time_is_linear_in_the_text(line: str) -> None:
    text = PORTAL + f"{line}\n" * 20_000 + line * 20_000
    begin = time.process_time()
    read(text)
    assert time.process_time() - begin < 2
