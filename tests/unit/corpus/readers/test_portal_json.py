"""Tests of legaltune.corpus.readers.portal_json and portal_text."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from legaltune.corpus.document import Decision, DocumentError, DropReason, Paragraph, RawDocument, SectionName
from legaltune.corpus.readers import read_document
from legaltune.corpus.reflow import is_pronouncement
from tests.unit.corpus.readers.samples import PORTAL_RECORD

LEITSATZ = SectionName.LEITSATZ


def read(omit: tuple[str, ...] = (), /, **changes: Any) -> Decision:
    record = {key: value for key, value in (PORTAL_RECORD | changes).items() if key not in omit}
    decision = read_document(RawDocument("record_0000.json", json.dumps(record).encode()))
    assert isinstance(decision, Decision)
    return decision


def drop(omit: tuple[str, ...] = (), /, **changes: Any) -> tuple[DropReason, str]:
    with pytest.raises(DocumentError) as caught:
        read(omit, **changes)
    return caught.value.reason, caught.value.detail


def sections(**changes: Any) -> dict[str, list[str]]:
    return {name.value: [p.text for p in section] for name, section in read(**changes).sections.items()}


def test_fields() -> None:
    assert read() == Decision(
        document_id="XX-1",
        source="portal-json",
        court="VG Musterstadt",
        chamber="3. Kammer",
        decision_type="Beschluss",
        date=date(2024, 2, 29),
        file_numbers=("3 K 12/23",),
        norms=("§ 1 MustG", "§ 2 MustG"),
        sections={
            SectionName.TENOR: (Paragraph("Die Klage wird abgewiesen."),),
            SectionName.GRUENDE: (Paragraph("Die Klage ist unbegründet.", "1"),),
        },
    )


@pytest.mark.parametrize(
    ("field", "name"),
    [
        ("aktenzeichen", "case_number"),
        ("file_number", "case_number"),
        ("normen", "norms"),
        ("court_name", "court"),
        ("case_type", "decision_type"),
    ],
)
def test_field_names_vary(field: str, name: str) -> None:
    assert read((name,), **{field: PORTAL_RECORD[name]}) == read()


@pytest.mark.parametrize(
    ("omit", "detail"),
    [
        (("text",), "text"),
        (("court",), "court or court_name"),
        (("decision_type",), "decision_type or case_type"),
    ],
)
def test_required_fields(omit: tuple[str, ...], detail: str) -> None:
    assert drop(omit) == (DropReason.MISSING_FIELD, detail)


def test_required_fields_of_a_wrong_kind() -> None:
    assert drop(_id=17) == (DropReason.MISSING_FIELD, "_id")
    assert drop(text=["Tenor"]) == (DropReason.MISSING_FIELD, "text")


def test_optional_fields_may_be_absent() -> None:
    decision = read(("date", "case_number", "norms", "title", "ecli", "chamber", "headnote", "summary"))
    assert (decision.date, decision.file_numbers, decision.norms, decision.title) == (None, (), (), None)


@pytest.mark.parametrize("value", ["08.10.2205", "", None, 20240101])
def test_impossible_date(value: object) -> None:
    assert read(date=value).date is None


def test_ecli_and_jurisdiction() -> None:
    decision = read(ecli="ECLI:DE:X:2024:1", court_jurisdiction="Ordentliche Gerichtsbarkeit", jurisdiction="Bayern")
    assert (decision.ecli, decision.jurisdiction) == ("ECLI:DE:X:2024:1", "Ordentliche Gerichtsbarkeit")


@pytest.mark.parametrize(
    ("court", "expected"),
    [
        ("BGH 6a. Zivilsenat", ("BGH", "6a. Zivilsenat")),
        ("OVG Berlin-Brandenburg Der 4. Senat", ("OVG Berlin-Brandenburg", "4. Senat")),
        ("OLG Koblenz Vergabesenat", ("OLG Koblenz", "Vergabesenat")),
        ("OLG Koblenz 2. Senat für Familiensachen", ("OLG Koblenz", "2. Senat für Familiensachen")),
        ("VG Neustadt (Weinstraße) 4. Kammer", ("VG Neustadt (Weinstraße)", "4. Kammer")),
        ("OVG\u00a0Niedersachsen", ("OVG Niedersachsen", None)),
        ("LG München I", ("LG München I", None)),
        ("BPatG München", ("BPatG", None)),
    ],
)
def test_court_and_chamber(court: str, expected: tuple[str, str | None]) -> None:
    decision = read(court=court)
    assert (decision.court, decision.chamber) == expected


def test_chamber_field_wins() -> None:
    assert read(chamber="Kartellsenat").chamber == "Kartellsenat"


@pytest.mark.parametrize(
    ("norms", "expected"),
    [
        ("SGB VIII § 42a,, SGB X § 24", ("SGB VIII § 42a", "SGB X § 24")),
        ("GG Art. 7 Abs. 4; SOFS § 13", ("GG Art. 7 Abs. 4", "SOFS § 13")),
        ("Sonstiges", ()),
        ("", ()),
    ],
)
def test_norms(norms: str, expected: tuple[str, ...]) -> None:
    assert read(norms=norms).norms == expected


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Urteil", "Urteil"),
        ("B E S C H L U S S", "Beschluss"),
        ("Beschluss vom 7. April 2025", "Beschluss"),
        ("Verkündet am 27.01.2026 Beschluss", "Beschluss"),
    ],
)
def test_decision_type_from_the_rubrum(line: str, expected: str) -> None:
    text = f"Gericht\n{line}\nTenor\nAbgewiesen.\nGründe\nUrteil\nDarum."
    assert read(decision_type="", text=text).decision_type == expected
    assert read(decision_type="Endurteil", text=text).decision_type == "Endurteil"


def test_decision_type_is_looked_for_in_the_rubrum_only() -> None:
    text = "Tenor\nAbgewiesen.\nGründe\n" + "Satz.\n" * 60 + "Urteil"
    assert drop(decision_type="", text=text)[0] is DropReason.MISSING_FIELD


def test_legislation_is_a_fragment() -> None:
    assert drop(_type="legislation", title="Eingangsformel") == (
        DropReason.STATUTE_FRAGMENT,
        "one section of a statute: Eingangsformel",
    )


def test_nothing_recognisable() -> None:
    assert drop(text="Ein Text ohne Überschriften.")[0] is DropReason.NO_SECTIONS


# Title and Leitsatz ------------------------------------------------------------------------------------------------

FRONT = "Leitsatz\nEin Leitsatz.\n(Rn.4)\nTenor\nAbgewiesen.\nGründe\nDarum."


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"text": "Erschließung; \nBeitrag\n" + FRONT}, "Erschließung; Beitrag"),
        ({"text": "Eins.\nZwei.\nDrei.\nVier.\n" + FRONT, "title": "VG, 3 K 12/23"}, None),
        ({"summary": "Kündigung - Frist"}, "Kündigung - Frist"),
        ({"title": "Streit um ein Muster"}, None),
    ],
)
def test_title(changes: dict[str, str], title: str | None) -> None:
    assert read(**changes).title == title


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Streit um ein Muster", "Streit um ein Muster"),
        ("VG Musterstadt | 3 K 12/23 | Beschluss", None),
        ("Veröffentlichungsinformationen", None),
        ("\n      ", None),
    ],
)
def test_title_field(title: str, expected: str | None) -> None:
    decision = read(("headnote",), title=title, summary="aus einer Trefferliste")
    assert decision.title == expected


def test_leitsatz_in_the_text_without_references_to_margins() -> None:
    decision = read(text=FRONT, headnote="Ein anderer.")
    assert decision.section(LEITSATZ) == (Paragraph("Ein Leitsatz."),)


def test_reference_on_its_own_does_not_leave_an_empty_paragraph() -> None:
    assert sections(text="Leitsatz\nEin Satz\n\n(Rn.4)\nTenor\nA.\nGründe\nB (Rn.4).") == {
        "leitsatz": ["Ein Satz"],
        "tenor": ["A."],
        "gruende": ["B (Rn.4)."],
    }


@pytest.mark.parametrize("field", ["headnote", "leitsatz"])
def test_leitsatz_field(field: str) -> None:
    decision = read(**{field: "Leitsatz:\n1. Erstens. \n 2. Zweitens."})
    assert decision.section(LEITSATZ) == (Paragraph("1. Erstens."), Paragraph("2. Zweitens."))


def test_summary_is_a_leitsatz_only_under_an_empty_heading() -> None:
    body = "Tenor\nAbgewiesen.\nGründe\nDarum."
    assert read(text=body, summary="Eine Meldung.").section(LEITSATZ) == ()
    assert read(text="Leitsatz\n \n" + body, summary="Ein Satz.").section(LEITSATZ) == (Paragraph("Ein Satz."),)
    assert read(text="Leitsatz\n \n" + body, summary="").section(LEITSATZ) == ()
    both = read(text="Leitsatz\n \n" + body, summary="Eine Meldung.", headnote="Ein Satz.")
    assert both.section(LEITSATZ) == (Paragraph("Ein Satz."),)


# Sections ----------------------------------------------------------------------------------------------------------


def test_previous_instances() -> None:
    text = "Verfahrensgang\nvorgehend AG Musterstadt, 1. Mai 2020\nvorgehend LG Musterstadt\nTenor\nA.\nGründe\nB."
    assert read(text=text).previous_instances == ("vorgehend AG Musterstadt, 1. Mai 2020", "vorgehend LG Musterstadt")


def test_empty_tenor_is_absent() -> None:
    assert sections(text="Tenor\nGründe\nI.\n1\nDarum.") == {"gruende": ["I.", "Darum."]}


def test_notices_of_the_portal_are_dropped() -> None:
    text = (
        "Tenor: \nA.\nGründe\nB.\nHinweis:\nHinweis: Das Dokument wurde redaktionell aufgearbeitet und unterliegt ..."
    )
    assert sections(text=text) == {"tenor": ["A."], "gruende": ["B."]}
    assert sections(text="Tenor\nA.\nGründe\nB.\nPermalink\nhttps://example.invalid") == {
        "tenor": ["A."],
        "gruende": ["B."],
    }


def test_signatures_are_dropped() -> None:
    text = "Tenor:\nA.\n\nEntscheidungsgründe:\n[1] Die Kosten trägt er. \n \n Roth \n \n Kern"
    assert sections(text=text)["entscheidungsgruende"] == ["Die Kosten trägt er."]


def test_doubled_phrases_and_loose_punctuation() -> None:
    assert sections(text="Tenor:\nA.\nGründe:\nI. I.\n[1] So ist es (BGH, Rn. 3) .")["gruende"] == [
        "I.",
        "So ist es (BGH, Rn. 3).",
    ]


def test_rubrum_inside_the_tenor_is_cut() -> None:
    text = (
        "Tenor:\nIn der Sache In der Sache \n hat der 5. Senat \n beschlossen: \n \n Abgewiesen.\nGründe:\n[1] Darum."
    )
    assert sections(text=text) == {
        "rubrum": ["In der Sache", "hat der 5. Senat", "beschlossen:"],
        "tenor": ["Abgewiesen."],
        "gruende": ["Darum."],
    }


def test_second_half_of_a_tenor_is_no_rubrum() -> None:
    text = (
        "Tenor\n1. Der Bescheid wird aufgehoben.\nund beschlossen:\n2. Der Streitwert beträgt 5 Euro.\nGründe\nDarum."
    )
    assert sections(text=text)["tenor"] == [
        "1. Der Bescheid wird aufgehoben.",
        "und beschlossen:",
        "2. Der Streitwert beträgt 5 Euro.",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Er lebte\n1\nvgl. Blatt 5\nvgl. Blatt 5\nin der Stadt.", "Er lebte in der Stadt."),
        ("Er lebte\n1 ) \nvgl. Blatt 5\n„Muster“\nvgl. Blatt 5\n„Muster“\n, dort.", "Er lebte, dort."),
    ],
)
def test_footnote_inside_a_sentence_is_cut(text: str, expected: str) -> None:
    found = sections(text=f"Gründe\n{text}\nFußnoten\n1)\nvgl. Blatt 5")
    assert found["gruende"] == [expected]
    assert found["sonstiges"] == ["1) vgl. Blatt 5"]


def test_footnote_behind_a_sentence_does_not_join_paragraphs() -> None:
    text = "Gründe\nEr klagte.\n1\nvgl. Blatt 5\nvgl. Blatt 5\nSie nicht.\nFußnoten\n1)\nvgl. Blatt 5"
    assert sections(text=text)["gruende"] == ["Er klagte.", "Sie nicht."]


@pytest.mark.parametrize(
    ("note", "name"),
    [
        ("(Rn.12)", "leitsatz"),
        ("(Rn. 3 – 5) (amtlicher Leitsatz)", "leitsatz"),
        ("(Rn. 3) (redaktioneller Leitsatz)", "orientierungssatz"),
    ],
)
def test_notes_behind_a_leitsatz_tell_whose_it_is(note: str, name: str) -> None:
    found = sections(text=f"Leitsatz\nMuster gelten (Art. 1). {note}\nTenor\nAbgewiesen.\nGründe\nDarum.")
    assert found == {name: ["Muster gelten (Art. 1)."], "tenor": ["Abgewiesen."], "gruende": ["Darum."]}


@pytest.mark.parametrize("heading", ["Redaktionelle Leitsätze", "Nicht amtlicher Leitsatz:"])
def test_a_heading_tells_whose_the_leitsaetze_are(heading: str) -> None:
    found = sections(text=f"Leitsatz\nMuster gelten.\n{heading}\nAlle.\nTenor\nAbgewiesen.\nGründe\nDarum.")
    assert (found["leitsatz"], found["orientierungssatz"]) == (["Muster gelten."], ["Alle."])


def test_no_summary_stands_in_for_a_leitsatz_of_editors() -> None:
    found = sections(text=FRONT.replace("(Rn.4)", "(redaktioneller Leitsatz)"), summary="Eine Meldung.")
    assert found["orientierungssatz"] == ["Ein Leitsatz."]
    assert "leitsatz" not in found


# Labels of the outline that run on behind the paragraph above ------------------------------------------------------


@pytest.mark.parametrize("label", ["a)", "bb)", "(1)", "(aa)"])
def test_label_of_the_next_paragraph(label: str) -> None:
    found = read(text=f"Gründe\n1\nDie Klage ist unbegründet (§ 2 MustG). {label}\n2\nDas Muster fehlt.")
    assert found.section(SectionName.GRUENDE) == (
        Paragraph("Die Klage ist unbegründet (§ 2 MustG).", "1"),
        Paragraph(label, is_heading=True),
        Paragraph("Das Muster fehlt.", "2"),
    )


@pytest.mark.parametrize(
    "end",
    [
        "im Sinne von § 2 Nr. 1 Buchst. a)",
        "wie oben unter 1. a)",
        "wie oben unter B. II. a)",
        "wie im Verfahren des Zeugen B. (1)",
        "nach § 2 Abs. 3.",
        "siehe S. 5.",
        "im Ordner 1.",
        "des Zeugen T.",
        "am 1. 2.",
        "gesagt. ab)",
    ],
)
def test_end_of_a_sentence_that_looks_like_a_label(end: str) -> None:
    assert sections(text=f"Gründe\nSo {end}\nDas Muster fehlt.")["gruende"][0] == f"So {end}"


# Texts of the BGH: all headings at the top, everything below the last one ------------------------------------------

BODY = """ Die Revision wird verworfen. I.
[1] Das Landgericht hat entschieden. II.
[2] Die Revision ist unbegründet. Roth\u00a0\u00a0\u00a0Kern\u00a0\u00a0von Amsberg"""


@pytest.mark.parametrize(
    ("headings", "grounds"),
    [
        ("Tenor\n \n\nGründe\n", "gruende"),
        ("Tenor\n \n\nTatbestand\n \n\nEntscheidungsgründe\n", "entscheidungsgruende"),
        ("Sonstiger Orientierungssatz\n \n\nTenor\n \n\nGründe\n \n\nSonstiger Langtext\n", "gruende"),
    ],
)
@pytest.mark.parametrize("repetition", ["", BODY])
def test_run_on_text(headings: str, grounds: str, repetition: str) -> None:
    assert sections(text=headings + BODY + repetition) == {
        "tenor": ["Die Revision wird verworfen."],
        grounds: ["I.", "Das Landgericht hat entschieden.", "II.", "Die Revision ist unbegründet."],
    }


def test_notice_in_front_of_a_run_on_tenor_is_cut() -> None:
    text = (
        "Tenor\n \n\nGründe\n Hinweis der Stelle:Der Beschluss ist berichtigt. Der Antrag wird abgelehnt.\n[1] Darum."
    )
    found = sections(text=text, summary="Hinweis der Stelle: Der Beschluss ist berichtigt.")
    assert found == {"tenor": ["Der Antrag wird abgelehnt."], "gruende": ["Darum."]}
    other = sections(text=text, summary="Hinweis der Stelle: Ein anderer.")
    assert other["tenor"] == ["Hinweis der Stelle:Der Beschluss ist berichtigt. Der Antrag wird abgelehnt."]


def test_text_in_order_is_not_taken_for_run_on() -> None:
    assert sections(text="Tenor\nA.\nGründe\nVorab.\n[1] Darum.") == {"tenor": ["A."], "gruende": ["Vorab.", "Darum."]}
    assert sections(text="Tenor\nGründe\nVorab.\n1\nDarum.") == {"gruende": ["Vorab.", "Darum."]}


# Printed lines -----------------------------------------------------------------------------------------------------

PRINTED = """HAMBURGISCHES OBERVERWALTUNGSGERICHT
1 Bf 1/23
Urteil vom 3. Juli 2024
§ 1 MustG
{leitsatz}
Hamburgisches Oberverwaltungsgericht
Urteil
Im Namen des Volkes
des Klägers, Musterweg 1, 20000 Hamburg,
hat das Hamburgische Oberverwaltungsgericht am 3. Juli 2024 durch
für Recht erkannt:
Die Berufung wird zurückgewiesen.
Der Kläger trägt die Kosten.
Rechtsmittelbelehrung
Die Revision kann eingelegt werden.
T a t b e s t a n d
Der Kläger wendet sich gegen einen Bescheid, den die Be-
klagte erlassen hat. Sie hat vorher entschieden:
Nein.
E n t s c h e i d u n g s g r ü n d e
Die Berufung ist unbegründet.
gez. Roth
"""


@pytest.mark.parametrize(
    ("leitsatz", "expected"),
    [
        ("1. Muster gelten.\n- II -\n2. Immer.", ["1. Muster gelten.", "2. Immer."]),
        (
            "Wer ein Muster verwendet, der muss es auch kennen, bevor er darüber redet.\nSonst nicht.",
            ["Wer ein Muster verwendet, der muss es auch kennen, bevor er darüber redet. Sonst nicht."],
        ),
        ("Art. 5 Abs. 1 Satz 2 des Grundgesetzes für die Bundesrepublik Deutschland von 1949", None),
        ("AEG § 18 Abs. 1 Satz 1, § 18a, § 18e, § 19 Abs. 4 Satz 3, § 20 Abs. 1, § 21 Abs. 2", None),
        ("AVV Muster", None),
    ],
)
def test_printed_lines(leitsatz: str, expected: list[str] | None) -> None:
    found = sections(_source="DE/HamburgCourts", decision_type="", text=PRINTED.format(leitsatz=leitsatz))
    assert found.pop("leitsatz", None) == expected
    rubrum = found.pop("rubrum")
    assert not set(expected or ()) & set(rubrum)
    assert is_pronouncement(rubrum[-1])
    assert found == {
        "tenor": ["Die Berufung wird zurückgewiesen.", "Der Kläger trägt die Kosten."],
        "sonstiges": ["Die Revision kann eingelegt werden."],
        "tatbestand": [
            "Der Kläger wendet sich gegen einen Bescheid, den die Beklagte erlassen hat. Sie hat vorher entschieden:",
            "Nein.",
        ],
        "entscheidungsgruende": ["Die Berufung ist unbegründet."],
    }


@pytest.mark.parametrize("source", ["DE/BremenCaseLaw", "DE/SachsenCaseLaw"])
def test_sources_of_printed_lines(source: str) -> None:
    text = "Gericht\nhat am 3. Mai 2020 be-\nschlossen:\nAbge-\nlehnt.\nGründe\nDarum."
    assert sections(_source=source, text=text) == {
        "rubrum": ["Gericht hat am 3. Mai 2020 beschlossen:"],
        "tenor": ["Abgelehnt."],
        "gruende": ["Darum."],
    }
    assert "tenor" not in sections(text=text)


def test_front_sheet_needs_the_court_a_second_time() -> None:
    text = PRINTED.format(leitsatz="1. Muster gelten.").replace(
        "Hamburgisches Oberverwaltungsgericht\nUrteil", "Urteil"
    )
    assert "leitsatz" not in sections(_source="DE/HamburgCourts", text=text)


# Judgments of the European Court of Justice ------------------------------------------------------------------------

EUROPEAN = """Vorläufige Fassung

URTEIL DES GERICHTSHOFS (Erste Kammer)

16.\u00a0April 2026(
*
)

„ Vorlage zur Vorabentscheidung – Muster “

In den verbundenen Rechtssachen C\u2011672/23 und C\u2011673/23\u00a0P

betreffend ein Ersuchen, das auf die Rechtssache C-1/01 verweist, in der das Gericht hat entschieden:

folgendes

Urteil

1
\u00a0\u00a0Das Ersuchen betrifft Muster.

Urteil

\u00a0
Kosten

2
\u00a0\u00a0Die Kosten trägt das Gericht.

Aus diesen Gründen hat der Gerichtshof (Erste Kammer) für Recht erkannt{and_decided}:

1.\u00a0\u00a0
Muster sind zulässig.

Unterschriften

*
Verfahrenssprache: Deutsch.
"""


@pytest.mark.parametrize("and_decided", ["", " und entschieden"])
def test_european_judgment(and_decided: str) -> None:
    text = EUROPEAN.format(and_decided=and_decided)
    decision = read(
        _source="DE/OpenLegalData",
        court="Europäischer Gerichtshof",
        text=text,
        case_number="C-293/26",
        title="C-293/26",
    )
    assert (decision.court, decision.chamber) == ("EuGH", "Erste Kammer")
    assert decision.file_numbers == ("C-672/23", "C-673/23 P")
    assert decision.title == "Vorlage zur Vorabentscheidung – Muster"
    assert decision.sections == {
        SectionName.GRUENDE: (
            Paragraph("Das Ersuchen betrifft Muster.", "1"),
            Paragraph("Urteil", is_heading=True),
            Paragraph("Kosten", is_heading=True),
            Paragraph("Die Kosten trägt das Gericht.", "2"),
        ),
        SectionName.TENOR: (Paragraph("1. Muster sind zulässig."),),
    }


def test_blocks_of_open_legal_data() -> None:
    text = (
        "Tenor\n\nAbge\nwiesen.\n\n1\n\nT a t b e s t a n d :\n\n2\n\nSo.\n\n3\n\nEntscheidungsgründe:\n\n4\n\nDarum."
    )
    assert sections(_source="DE/OpenLegalData", text=text) == {
        "tenor": ["Abgewiesen."],
        "tatbestand": ["So."],
        "entscheidungsgruende": ["Darum."],
    }
