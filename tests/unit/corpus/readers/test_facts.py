"""Tests of legaltune.corpus.readers.facts and legaltune.corpus.readers.consistency."""

from __future__ import annotations

import time
from datetime import date

import pytest

from legaltune.corpus.document import Decision, DocumentError, DropReason
from legaltune.corpus.readers.consistency import check_consistency
from legaltune.corpus.readers.facts import (
    find_chamber,
    find_court,
    find_date,
    find_ecli,
    find_file_numbers,
    find_kind,
    labelled_values,
    norm_entries,
    split_court,
)
from legaltune.corpus.readers.html import parse_html


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vom 01.02.2024", date(2024, 2, 1)),
        ("am 1. Februar 2024 hat", date(2024, 2, 1)),
        ("7. März 2008", date(2008, 3, 7)),
        ("99.13.2024, dann 2.3.2024", date(2024, 3, 2)),
        ("2024-02-29", date(2024, 2, 29)),
        ("2024-02-30", None),
        ("ohne", None),
    ],
)
def test_dates(text: str, expected: date | None) -> None:
    assert find_date(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Urteil vom", "Urteil"),
        ("Beschl. v. 30.01.2026", "Beschluss"),
        ("Beschluß des Senats", "Beschluss"),
        ("BESCHLUSS", "Beschluss"),
        ("Endurteil v. 1.2.2020", "Endurteil"),
        ("Gerichtsbescheid", "Gerichtsbescheid"),
        ("Urteilsverkündung", None),
    ],
)
def test_kinds(text: str, expected: str | None) -> None:
    assert find_kind(text) == expected


@pytest.mark.parametrize(
    ("text", "court", "chamber"),
    [
        ("BUNDESGERICHTSHOF Beschluß vom", "BGH", None),
        ("Oberlandesgericht Hamm, 2 Ws 364/95", "Oberlandesgericht Hamm", None),
        ("OLG Frankfurt am Main, Urteil", "OLG Frankfurt am Main", None),
        ("VERWALTUNGSGERICHT BERLIN VG 5 K 12.19", "Verwaltungsgericht Berlin", None),
        ("Landgericht Urteil vom", "Landgericht", None),
        ("der 2. Senat des Bundesverwaltungsgerichts", "BVerwG", "2. Senat"),
        ("die 1. Kammer des Zweiten Senats des Bundesverfassungsgerichts", "BVerfG", "1. Kammer des Zweiten Senats"),
        ("VIII. Zivilsenat", None, "VIII. Zivilsenat"),
        ("niemand", None, None),
    ],
)
def test_courts_and_panels(text: str, court: str | None, chamber: str | None) -> None:
    assert (find_court(text), find_chamber(text)) == (court, chamber)


def test_court_with_its_panel() -> None:
    assert split_court("VG Musterstadt 3. Kammer") == ("VG Musterstadt", "3. Kammer")
    assert split_court("OVG Musterland Der 4. Senat") == ("OVG Musterland", "4. Senat")
    assert split_court("Bundesgerichtshof") == ("BGH", None)


@pytest.mark.parametrize(
    "number",
    [
        *("VI ZR 543/20", "4 StR 328/17", "2 A 7.23", "1 W-VR 20.23", "11 CS 19.1093", "W 6 K 20.134", "Au 4 K 23.385"),
        *("S 39 KR 876/18", "34 Wx 240/23 e", "2 BvR 12/18", "1 AZR 2/20", "VI R 32/20", "203 StRR 381/23"),
    ],
)
def test_file_numbers(number: str) -> None:
    assert find_file_numbers(f"Beschluss vom 1.2.2020 – {number} – juris") == (number,)


def test_norms() -> None:
    assert norm_entries("VwGO § 80 Abs. 1, 2,§ 146") == ["§ 80 Abs. 1, 2 VwGO", "§ 146 VwGO"]
    assert norm_entries("GG Art. 3 Abs. 1, Art. 5") == ["Art. 3 Abs. 1 GG", "Art. 5 GG"]
    assert norm_entries("§ 1 MustG, § 2 MustG") == ["§ 1 MustG", "§ 2 MustG"]
    assert norm_entries("WpHG") == ["WpHG"]
    assert norm_entries("MustG § 1; § 2,") == ["§ 1 MustG", "§ 2 MustG"]
    assert norm_entries("Richtlinie zu § 4 MustG") == ["Richtlinie zu § 4 MustG"]


def test_norms_of_several_statutes_on_one_line() -> None:
    assert norm_entries("BGB § 823; ZPO § 286") == ["§ 823 BGB", "§ 286 ZPO"]
    assert norm_entries("BGB §§ 823, 826, AsylVfG 1992 § 3") == ["§§ 823, 826 BGB", "§ 3 AsylVfG 1992"]
    assert norm_entries("§ 1 MustG, VwGO § 80") == ["§ 1 MustG", "§ 80 VwGO"]


def test_ecli() -> None:
    assert find_ecli("BVerwG 2 A 7.23ECLI:DE:BVerwG:2024:010224U2A7.23.0]") == "ECLI:DE:BVerwG:2024:010224U2A7.23.0"
    assert find_ecli("ohne") is None


def test_labels() -> None:
    root = parse_html(
        "<table><tr><td>Gericht:</td><td>VG A</td></tr></table><p><b>Datum:</b> 1.2.2020</p>"
        "<dl><dt>Normen</dt><dd>§ 1 A</dd><dd>§ 2 B</dd><dt>ECLI</dt></dl><div>Aktenzeichen</div><div>1 K<br>2 K</div>"
        "<h2>Vorinstanzen</h2><ul><li>LG A</li><li>AG B</li></ul>"
    )
    assert labelled_values(root) == {
        "court": ["VG A"],
        "date": ["1.2.2020"],
        "norms": ["§ 1 A", "§ 2 B"],
        "file_numbers": ["1 K", "2 K"],
        "previous_instances": ["LG A", "AG B"],
    }


def decision(court: str, day: date | None, ecli: str | None) -> Decision:
    return Decision("x", "y", court, "Urteil", day, ("1",), {}, ecli=ecli)


@pytest.mark.parametrize(
    ("court", "day", "ecli"),
    [
        ("BGH", date(2022, 2, 8), "ECLI:DE:BGH:2022:080222UVIZR1.20.0"),
        ("BFH", date(2023, 1, 1), "ECLI:DE:BFH:2023:U.010123.VIR99.99.0"),
        ("BVerfG", date(2019, 9, 25), "ECLI:DE:BVerfG:2019:rk20190925.2bvr001218"),
        ("OLG Hamm", date(1995, 10, 18), "ECLI:DE:OLGHAM:1995:1018.2WS364.95.00"),
        ("BPatG", date(2016, 5, 2), "ECLI:DE:BPatG:2016:120416B26Wpat1.14.0"),
        ("BGH", None, "ECLI:DE:BGH:2022:080222UVIZR1.20.0"),
        ("BGH", date(2022, 2, 8), "ECLI:DE:BGH:2022:999999UVIZR1.20.0"),
        ("BGH", date(2022, 2, 8), None),
        ("BGH", date(2022, 2, 8), "unlesbar"),
    ],
)
def test_consistent_metadata(court: str, day: date | None, ecli: str | None) -> None:
    check_consistency(decision(court, day, ecli))


@pytest.mark.parametrize(
    ("court", "day", "ecli"),
    [
        ("BFH", date(2022, 2, 8), "ECLI:DE:BGH:2022:080222UVIZR1.20.0"),
        ("BGH", date(2012, 2, 8), "ECLI:DE:BGH:2022:080222UVIZR1.20.0"),
        ("BVerfG", date(2009, 9, 25), "ECLI:DE:BVerfG:2019:rk20190925.2bvr001218"),
        ("OLG Hamm", date(2005, 10, 18), "ECLI:DE:OLGHAM:1995:1018.2WS364.95.00"),
    ],
)
def test_contradictory_metadata(court: str, day: date, ecli: str) -> None:
    with pytest.raises(DocumentError, match=r"but ECLI:") as caught:
        check_consistency(decision(court, day, ecli))
    assert caught.value.reason is DropReason.CONTRADICTORY_METADATA


def test_labels_cost_linear_time() -> None:
    """Each of the elements around a text may be a label, and a value may consist of many pieces."""
    nested = "<div>" * 200 + "<p>x</p>" * 20_000 + "</div>" * 200
    begin = time.process_time()
    values = labelled_values(parse_html(f"{nested}<dl><dt>Normen</dt><dd>{'<b>ein Wort</b> ' * 100_000}</dd></dl>"))
    assert values["norms"][0].startswith("ein Wort ein Wort")
    assert time.process_time() - begin < 1.2
