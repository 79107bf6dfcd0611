"""Tests of the readers of court pages: bverwg_html, bayern_html, bag_html, bfh_html, bverfg_html, html_page."""

from __future__ import annotations

from datetime import date

import pytest

from legaltune.corpus.document import Decision, DocumentError, DropReason, RawDocument, SectionName
from legaltune.corpus.readers import read_document
from tests.unit.corpus.readers import pages

Printed = dict[str, list[tuple[str | None, str]]]


def read(page: str, encoding: str = "utf-8") -> Decision:
    decision = read_document(RawDocument("x", page.encode(encoding)))
    assert isinstance(decision, Decision)
    return decision


def printed(decision: Decision) -> Printed:
    return {name.value: [(p.randnummer, p.text) for p in section] for name, section in decision.sections.items()}


def test_bverwg() -> None:
    decision = read(pages.BVERWG)
    assert (decision.source, decision.document_id) == ("bverwg-html", "010224U9A1.24.0")
    assert (decision.court, decision.chamber, decision.decision_type) == ("BVerwG", "9. Senat", "Urteil")
    assert (decision.date, decision.file_numbers) == (date(2024, 2, 1), ("9 A 1.24",))
    assert decision.ecli == "ECLI:DE:BVerwG:2024:010224U9A1.24.0"
    assert decision.title == "Muster im Verwaltungsrecht"
    assert decision.norms == ("§ 3 Abs. 4 MustG", "§ 5 MustG")
    assert decision.previous_instances == ("VG Musterstadt - 19.11.2021 - AZ: 9 K 45/21",)
    rubrum = "In der Verwaltungsstreitsache hat der 9. Senat des Bundesverwaltungsgerichts\nfür Recht erkannt:"
    assert printed(decision) == {
        "leitsatz": [(None, "1. Muster sind frei."), (None, "2. Immer.")],
        "rubrum": [(None, rubrum)],
        "tenor": [(None, "Die Klage wird abgewiesen."), (None, "Der Kläger trägt die Kosten.")],
        "gruende": [
            (None, "I"),
            ("1", "Der Kläger beantragt,\nalles zu ändern."),
            (None, "II"),
            ("2", "Die Klage ist unbegründet."),
        ],
    }


def test_the_tenor_of_the_bverwg_may_begin_in_the_box_of_the_rubrum() -> None:
    page = pages.BVERWG.replace("erkannt:</p>", "erkannt:</p><p>Die Klage ist erledigt.</p>")
    found = printed(read(page))
    assert (found["tenor"][0], len(found["tenor"])) == ((None, "Die Klage ist erledigt."), 3)
    assert [text[-8:] for _, text in found["rubrum"]] == ["erkannt:"]


def test_bayern() -> None:
    decision = read(pages.BAYERN)
    assert (decision.source, decision.document_id) == ("bayern-html", "Y-300-Z-MUSTER-B-2019-N-1")
    assert (decision.court, decision.decision_type, decision.date) == (
        "VGH Musterstadt",
        "Beschluss",
        date(2019, 7, 26),
    )
    assert (decision.file_numbers, decision.title) == (("11 CS 19.1",), "Ein Muster")
    assert decision.norms == ("§ 2 Abs. 9 MustG", "§ 3 MustG")
    assert decision.previous_instances == ("VG Musterstadt vom 15.05.2019 – M 6 S 19.1",)
    assert printed(decision) == {
        "leitsatz": [(None, "2. Immer.")],
        "orientierungssatz": [(None, "1. Muster zählen.")],
        "tenor": [(None, "I. Nein.")],
        "gruende": [
            (None, "I."),
            ("1", "Der Antragsteller will:"),
            (None, "1. etwas"),
            ("2", "Das ist unanfechtbar."),
        ],
    }


def test_bag() -> None:
    decision = read(pages.BAG)
    assert (decision.source, decision.court, decision.chamber) == ("bag-html", "BAG", "1. Senat")
    assert (decision.decision_type, decision.date, decision.file_numbers) == (
        "Urteil",
        date(2021, 5, 12),
        ("1 AZR 2/20",),
    )
    assert printed(decision) == {
        "tenor": [(None, "1. Die Revision wird zurückgewiesen.")],
        "tatbestand": [
            ("1", "Die Parteien streiten."),
            ("2", "Die Klägerin hat beantragt,"),
            (None, "die Beklagte zu verurteilen."),
        ],
        "entscheidungsgruende": [(None, "A."), ("3", "Die Revision ist unbegründet.")],
    }
    assert decision.section(SectionName.TATBESTAND)[2].is_quotation


def test_bfh() -> None:
    decision = read(pages.BFH)
    assert (decision.source, decision.court, decision.chamber) == ("bfh-html", "BFH", "VI. Senat")
    assert (decision.decision_type, decision.date, decision.file_numbers) == (
        "Urteil",
        date(2023, 1, 1),
        ("VI R 99/99",),
    )
    assert printed(decision) == {
        "leitsatz": [(None, "Ein Muster-Zimmer zählt.")],
        "tenor": [(None, "Die Revision wird zurückgewiesen.")],
        "tatbestand": [(None, "I."), ("1", "Die Kläger wohnen."), ("2", "Sie arbeiten.")],
        "entscheidungsgruende": [(None, "II."), ("3", "Die Revision ist unbegründet."), (None, "Sie bleibt es.")],
    }


def test_bverfg() -> None:
    decision = read(pages.BVERFG)
    assert (decision.source, decision.court) == ("bverfg-html", "BVerfG")
    assert (decision.chamber, decision.decision_type) == ("1. Kammer des Zweiten Senats", "Beschluss")
    assert (decision.date, decision.file_numbers) == (date(2019, 9, 25), ("2 BvR 12/18",))
    assert decision.document_id == decision.ecli == "ECLI:DE:BVerfG:2019:rk20190925.2bvr001218"
    assert printed(decision) == {
        "leitsatz": [(None, "1. Muster sind frei.")],
        "rubrum": [
            (None, "BUNDESVERFASSUNGSGERICHT"),
            (None, "IM NAMEN DES VOLKES"),
            (None, "In dem Verfahren über die Verfassungsbeschwerde des Herrn (…)"),
            (None, "einstimmig beschlossen:"),
        ],
        "tenor": [(None, "Die Verfassungsbeschwerde wird nicht angenommen.")],
        "gruende": [
            (None, "I."),
            ("1", "Der Beschwerdeführer rügt:"),
            (None, "Muster über alles."),
            (None, "II."),
            ("2", "Ohne Erfolg (vgl. BVerfGE 1, 2 <3>)."),
        ],
        "abweichende_meinung": [("3", "Ich sehe es anders.")],
    }


def test_older_pages_of_the_bverfg() -> None:
    decision = read(pages.BVERFG_OLD, "cp1252")
    assert (decision.source, decision.chamber) == ("bverfg-html", "2. Kammer des Ersten Senats")
    assert (decision.decision_type, decision.date, decision.file_numbers) == (
        "Beschluss",
        date(2001, 3, 12),
        ("1 BvR 2/99",),
    )
    assert printed(decision) == {
        "rubrum": [
            (None, "Im Namen des Volkes"),
            (None, "In dem Verfahren\ndes Herrn M..."),
            (None, "hat die 2. Kammer des Ersten Senats einstimmig beschlossen:"),
        ],
        "tenor": [(None, "Die Verfassungsbeschwerde wird nicht angenommen.")],
        "gruende": [(None, "I."), ("1", "Der Beschwerdeführer rügt."), ("2", "Diese Entscheidung ist unanfechtbar.")],
    }


def test_any_other_page_with_labels() -> None:
    decision = read(pages.NRWE)
    assert (decision.source, decision.court, decision.chamber) == (
        "html-page",
        "Oberlandesgericht Musterhausen",
        "2. Strafsenat",
    )
    assert (decision.decision_type, decision.date, decision.file_numbers) == (
        "Beschluss",
        date(1995, 10, 18),
        ("2 Ws 364/95",),
    )
    assert decision.ecli == "ECLI:DE:OLGMU:1995:1018.2WS364.95.00"
    assert decision.previous_instances == ("Landgericht Musterstadt, 14 (V) G 3/94",)
    assert printed(decision) == {
        "tenor": [(None, "Verworfen.")],
        "gruende": [("2", "Der Beschwerdeführer will mehr."), ("3", "Das gibt es nicht.")],
    }


def test_any_other_page_whose_headings_are_lines_of_a_paragraph() -> None:
    page = (
        "<html><body><h1>AG Musterstadt, Urteil vom 1. Februar 2020 - 5 C 6/19</h1><b>Tenor</b><br>Die Klage wird"
        " abgewiesen.<br><br><b>Entscheidungsgründe</b><br>Die Klage ist unbegründet.<br>Sie war abzuweisen.</body>"
    )
    assert printed(read(page)) == {
        "tenor": [(None, "Die Klage wird abgewiesen.")],
        "entscheidungsgruende": [(None, "Die Klage ist unbegründet.\nSie war abzuweisen.")],
    }


def test_fields_below_a_leitsatz_are_no_part_of_it() -> None:
    page = (
        "<html><body><h1>OLG Musterstadt, Urteil vom 1. Februar 2020 - 5 U 6/19</h1><div>Leitsätze:</div>"
        "<p>Ein Muster haftet nicht.</p><div>Rechtskraft:</div><div>nein</div><div>Tenor:</div>"
        "<p>Die Klage wird abgewiesen.</p><p>Gründe</p><p>Normen</p><p>Die Klage ist unbegründet.</p></body>"
    )
    assert printed(read(page)) == {
        "leitsatz": [(None, "Ein Muster haftet nicht.")],
        "tenor": [(None, "Die Klage wird abgewiesen.")],
        "gruende": [(None, "Normen"), (None, "Die Klage ist unbegründet.")],
    }


def test_any_other_page_with_a_table_of_fields() -> None:
    decision = read(pages.JURIS)
    assert (decision.court, decision.chamber, decision.date) == ("VG Musterstadt", "3. Kammer", date(2020, 3, 2))
    assert decision.norms == ("§ 1 MustG", "§ 2 MustG")
    assert decision.document_id == "VG-Musterstadt-2020-03-02-3-K-5-19"
    assert list(printed(decision)) == ["tenor", "tatbestand", "entscheidungsgruende"]
    assert [p.randnummer for p in decision.grounds] == ["2"]


def test_any_other_page_without_any_markup() -> None:
    decision = read(pages.PLAIN)
    assert (decision.court, decision.chamber) == ("LG Musterstadt", "5. Zivilkammer")
    assert (decision.decision_type, decision.date, decision.file_numbers) == (
        "Urteil",
        date(2010, 2, 1),
        ("5 O 12/09",),
    )
    assert printed(decision) == {
        "rubrum": [
            (None, "IM NAMEN DES VOLKES"),
            (None, "In dem Rechtsstreit"),
            (None, "A. gegen B."),
            (None, "hat die 5. Zivilkammer für Recht erkannt:"),
        ],
        "tenor": [(None, "Die Klage wird abgewiesen.")],
        "tatbestand": [("1", "Die Klägerin begehrt Zahlung."), ("2", "Der Beklagte tritt dem entgegen.")],
        "entscheidungsgruende": [("3", "Die Klage ist unbegründet."), (None, "Sie kostet.")],
    }


@pytest.mark.parametrize("depth", [100, 1000])
def test_deep_nesting_costs_no_text(depth: int) -> None:
    page = pages.PLAIN.replace("<body>", "<body>" + "<div>" * depth)
    assert printed(read(page)).keys() == {"rubrum", "tenor", "tatbestand", "entscheidungsgruende"}


def test_what_lxml_takes_for_text_is_parsed_again() -> None:
    page = pages.PLAIN.replace("<body>", "<body><xmp>")
    assert printed(read(page))["tenor"] == [(None, "Die Klage wird abgewiesen.")]


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        ("<html><body><p>Impressum</p></body></html>", DropReason.NO_SECTIONS),
        ("<html></html>", DropReason.NO_SECTIONS),
        ("<html><h2>Tenor</h2><p>Abgewiesen.</p></html>", DropReason.MISSING_FIELD),
        (pages.BVERWG.replace("ECLI:DE", "X"), DropReason.MISSING_FIELD),
        (pages.BAYERN.replace("Beschluss v.", "x"), DropReason.MISSING_FIELD),
        (pages.BAYERN.replace("entsueber", "x").replace("Tenor", "x").replace("Gründe", "x"), DropReason.NO_SECTIONS),
        (pages.BFH.replace("2023:U.010123", "2013:U.010113"), DropReason.CONTRADICTORY_METADATA),
    ],
)
def test_pages_that_cannot_be_used(page: str, reason: DropReason) -> None:
    with pytest.raises(DocumentError) as caught:
        read(page)
    assert caught.value.reason is reason
