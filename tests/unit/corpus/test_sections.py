"""Tests of legaltune.corpus.sections."""

from __future__ import annotations

import pytest

from legaltune.corpus.document import Paragraph, SectionName
from legaltune.corpus.sections import (
    TENOR,
    VERFAHRENSGANG,
    collect_sections,
    is_outline_number,
    mark_titles,
    section_heading,
    split_at_headings,
)


def paragraphs(*texts: str) -> list[Paragraph]:
    return [Paragraph(text) for text in texts]


def sections(*texts: str) -> dict[str, list[str]]:
    collected = collect_sections(split_at_headings(paragraphs(*texts)))
    return {name.value: [p.text for p in section] for name, section in collected.items()}


@pytest.mark.parametrize(
    ("line", "section"),
    [
        ("Tenor", SectionName.TENOR),
        ("TENOR:", SectionName.TENOR),
        ("G r ü n d e :", SectionName.GRUENDE),
        ("Gründe", SectionName.GRUENDE),
        ("ENTSCHEIDUNGSGRÜNDE:", SectionName.ENTSCHEIDUNGSGRUENDE),
        ("T a t b e s t a n d", SectionName.TATBESTAND),
        ("Leitsätze", SectionName.LEITSATZ),
        ("Leitsatz:", SectionName.LEITSATZ),
        ("Orientierungssatz", SectionName.ORIENTIERUNGSSATZ),
        ("Sonstiger Orientierungssatz", SectionName.ORIENTIERUNGSSATZ),
        ("Rechtsmittelbelehrung", SectionName.SONSTIGES),
        ("Rechtsbehelfsbelehrung:", SectionName.SONSTIGES),
        ("Belehrung zum Berufungsverfahren", SectionName.SONSTIGES),
        ("Fußnoten", SectionName.SONSTIGES),
        ("Abweichende Meinung", SectionName.ABWEICHENDE_MEINUNG),
        ("Abweichende Meinung der Richterin Muster", SectionName.ABWEICHENDE_MEINUNG),
        ("Urteilstenor", SectionName.TENOR),
        ("Entscheidungsformel:", SectionName.TENOR),
        ("Sachverhalt", SectionName.TATBESTAND),
        ("Aus den Gründen:", SectionName.GRUENDE),
        ("Verfahrensgang", None),
        ("Permalink", None),
    ],
)
def test_headings(line: str, section: SectionName | None) -> None:
    heading = section_heading(line)
    assert heading is not None
    assert heading.section is section


@pytest.mark.parametrize(
    "line",
    ["Gründe dafür gibt es nicht", "Die Gründe", "Gründe.", "Tenors", "Beschluss", "Eine abweichende Meinung", ""],
)
def test_no_heading(line: str) -> None:
    assert section_heading(line) is None


@pytest.mark.parametrize("text", ["I.", "IV", "A.", "1.", "b)", "aa)", "(1)", "1. a)", "cc."])
def test_outline_number(text: str) -> None:
    assert is_outline_number(text)


@pytest.mark.parametrize("text", ["ff.", "f.", "I. Die Klage", "vgl.", "12", "", "usw."])
def test_no_outline_number(text: str) -> None:
    assert not is_outline_number(text)


def test_sections_of_a_judgment() -> None:
    assert sections("Titel", "Leitsatz", "L", "Tenor", "T", "Tatbestand", "S", "Entscheidungsgründe", "E1", "E2") == {
        "leitsatz": ["L"],
        "tenor": ["T"],
        "tatbestand": ["S"],
        "entscheidungsgruende": ["E1", "E2"],
    }


def test_front_headings_come_in_any_order_but_once() -> None:
    assert sections("Orientierungssatz", "O", "Leitsatz", "L1", "Leitsatz", "L2", "Tenor", "T") == {
        "orientierungssatz": ["O"],
        "leitsatz": ["L1", "Leitsatz", "L2"],
        "tenor": ["T"],
    }


def test_heading_of_an_earlier_stage_is_text() -> None:
    assert sections("Tenor", "T", "Gründe", "G1", "Tenor", "G2", "Gründe", "G3", "Leitsatz") == {
        "tenor": ["T"],
        "gruende": ["G1", "Tenor", "G2", "Gründe", "G3", "Leitsatz"],
    }


def test_instructions_behind_the_tenor_end_at_the_next_section() -> None:
    assert sections("Tenor", "T", "Rechtsmittelbelehrung", "R", "Tatbestand", "S", "Entscheidungsgründe", "E") == {
        "tenor": ["T"],
        "sonstiges": ["R"],
        "tatbestand": ["S"],
        "entscheidungsgruende": ["E"],
    }


def test_second_order_behind_the_instructions_stays_with_them() -> None:
    found = sections("Entscheidungsgründe", "E", "Rechtsmittelbelehrung", "R", "Gründe", "G")
    assert found == {"entscheidungsgruende": ["E"], "sonstiges": ["R", "Gründe", "G"]}


@pytest.mark.parametrize("before", ["Tenor", "Gründe"])
def test_order_on_the_value_in_dispute(before: str) -> None:
    found = sections(before, "X", "Beschluss", "Der Streitwert wird auf 500 Euro festgesetzt.")
    assert found["sonstiges"] == ["Der Streitwert wird auf 500 Euro festgesetzt."]


@pytest.mark.parametrize(
    "texts",
    [
        ("Gründe", "X", "Beschluss", "Er ist unanfechtbar."),
        ("Gründe", "X", "Beschluss"),
        ("Gründe", "X", "Kosten", "Der Streitwert wird auf 500 Euro festgesetzt."),
        ("Tatbestand", "X", "Beschluss", "Der Streitwert ..."),
    ],
)
def test_other_lines_that_say_beschluss_are_text(texts: tuple[str, ...]) -> None:
    assert "sonstiges" not in sections(*texts)


def test_dissent_and_portal_text() -> None:
    found = sections("Gründe", "G", "Abweichende Meinung des Richters Muster", "A", "Permalink", "Link kopieren")
    assert found == {"gruende": ["G"], "abweichende_meinung": ["A"]}


def test_parts_keep_empty_headings_and_the_text_before_the_first() -> None:
    parts = split_at_headings(paragraphs("Titel", "Verfahrensgang", "vorgehend AG", "Tenor", "Gründe", "G"))
    assert [(p.heading, [q.text for q in p.paragraphs]) for p in parts][:3] == [
        (None, ["Titel"]),
        (VERFAHRENSGANG, ["vorgehend AG"]),
        (TENOR, []),
    ]


def test_start_heading_stands_above_the_first_paragraph() -> None:
    parts = split_at_headings(paragraphs("T", "Leitsatz", "Gründe:", "G"), start=TENOR)
    assert {n: [p.text for p in s] for n, s in collect_sections(parts).items()} == {
        SectionName.TENOR: ["T", "Leitsatz"],
        SectionName.GRUENDE: ["G"],
    }


def test_empty_sections_are_absent() -> None:
    assert sections("Tenor", "Gründe", "G") == {"gruende": ["G"]}


@pytest.mark.parametrize(
    ("paragraph", "is_title"),
    [
        (Paragraph("II."), True),
        (Paragraph("II.", "7"), True),
        (Paragraph("Zulässigkeit der Revision"), True),
        (Paragraph("1. Zulässigkeit"), True),
        (Paragraph("Zulässigkeit der Revision", "7"), False),
        (Paragraph("Die Revision ist zulässig."), False),
        (Paragraph("die Klage abzuweisen"), False),
        (Paragraph("Alter | Faktor"), False),
        (Paragraph("Erste Zeile\nzweite Zeile"), False),
        (Paragraph("Wort " * 30), False),
        (Paragraph("Zulässigkeit der Revision", is_quotation=True), False),
        (Paragraph("II.", is_quotation=True), False),
        (Paragraph("Überschrift.", is_heading=True), True),
        (Paragraph("Titel", is_heading=True, is_quotation=True), True),
    ],
)
def test_titles_in_a_numbered_section(paragraph: Paragraph, is_title: bool) -> None:
    assert mark_titles([Paragraph("Text.", "1"), paragraph])[1].is_heading is is_title


def test_short_lines_of_a_section_without_numbers_are_no_titles() -> None:
    assert [p.is_heading for p in mark_titles(paragraphs("Nettomiete", "I."))] == [False, True]
