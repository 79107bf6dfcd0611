from __future__ import annotations

import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.corpus.citations import extract_case_citations


def found(text: str) -> list[tuple[str, str]]:
    return [(text[case.start : case.end], case.normalized) for case in extract_case_citations(text)]


@pytest.mark.parametrize(
    ("text", "printed", "normalized"),
    [
        (
            "BGH, Urteil vom 25. Mai 2020 – VI ZR 252/19, NJW 2020, 1962 Rn. 13",
            "BGH, Urteil vom 25. Mai 2020 – VI ZR 252/19",
            "BGH, Urteil vom 25. Mai 2020 – VI ZR 252/19",
        ),
        (
            "(BVerwG, Beschl. v. 3.3.2010 - 1 B 2.10 - juris Rn. 4)",
            "BVerwG, Beschl. v. 3.3.2010 - 1 B 2.10",
            "BVerwG, Beschluss vom 3. März 2010 – 1 B 2.10",
        ),
        (
            "BayVGH, B.v. 5.3.19 – 11 CS 18.2442 –",
            "BayVGH, B.v. 5.3.19 – 11 CS 18.2442",
            "BayVGH, Beschluss vom 5. März 2019 – 11 CS 18.2442",
        ),
        (
            "das Urteil des Landgerichts Köln vom 3. Mai 2019 – 3 O 12/18 – ist",
            "Urteil des Landgerichts Köln vom 3. Mai 2019 – 3 O 12/18",
            "LG Köln, Urteil vom 3. Mai 2019 – 3 O 12/18",
        ),
        (
            "gegen das Urteil der 2. Kammer des Verwaltungsgerichts Ulm - 2 K 5/19 -",
            "Urteil der 2. Kammer des Verwaltungsgerichts Ulm - 2 K 5/19",
            "VG Ulm, Urteil – 2 K 5/19",
        ),
        (
            "BFH-Urteil vom 4. Juni 2009 VI R 12/08, BFHE 225, 1, BStBl II 2009, 930",
            "BFH-Urteil vom 4. Juni 2009 VI R 12/08",
            "BFH, Urteil vom 4. Juni 2009 – VI R 12/08",
        ),
        (
            "BVerfG, Beschluss der 3. Kammer des Ersten Senats vom 1. Juli 2020 - 1 BvR 5/19 u.a. -",
            "BVerfG, Beschluss der 3. Kammer des Ersten Senats vom 1. Juli 2020 - 1 BvR 5/19",
            "BVerfG, Beschluss vom 1. Juli 2020 – 1 BvR 5/19",
        ),
        (
            "VG Trier, Gerichtsbescheid vom 4.11.2019 – 5 K 77/18.TR –",
            "VG Trier, Gerichtsbescheid vom 4.11.2019 – 5 K 77/18.TR",
            "VG Trier, Gerichtsbescheid vom 4. November 2019 – 5 K 77/18.TR",
        ),
        (
            "Senatsbeschluss vom 7. Juli 2021 – XII ZB 3/20",
            "Senatsbeschluss vom 7. Juli 2021 – XII ZB 3/20",
            "Beschluss vom 7. Juli 2021 – XII ZB 3/20",
        ),
        (
            "EuGH, Urteil vom 17. Juli 2008, Rs. C-412/06, ECLI:EU:C:2008:215",
            "EuGH, Urteil vom 17. Juli 2008, Rs. C-412/06",
            "EuGH, Urteil vom 17. Juli 2008 – C-412/06",
        ),
        (
            "Urteil vom 2. März 2019, Meyer/Kommission, C-540/18 P, EU:C:2019:707",
            "Urteil vom 2. März 2019, Meyer/Kommission, C-540/18 P",
            "Urteil vom 2. März 2019 – C-540/18 P",
        ),
        (
            "der Bundesgerichtshof (Urteil vom 25. Mai 2020 – VI ZR 252/19) hat",
            "Bundesgerichtshof (Urteil vom 25. Mai 2020 – VI ZR 252/19",
            "BGH, Urteil vom 25. Mai 2020 – VI ZR 252/19",
        ),
        (
            "BVerfG, Urteil vom 3. Juni 1981 - 2 BvR 1107, 1124/77 und 195/79 -",
            "BVerfG, Urteil vom 3. Juni 1981 - 2 BvR 1107, 1124/77 und 195/79",
            "BVerfG, Urteil vom 3. Juni 1981 – 2 BvR 1107, 1124/77, 195/79",
        ),
        (
            "Niedersächsisches Finanzgericht, Urteil vom 1.2.2013 – 3 K 5/12",
            "Niedersächsisches Finanzgericht, Urteil vom 1.2.2013 – 3 K 5/12",
            "Niedersächsisches FG, Urteil vom 1. Februar 2013 – 3 K 5/12",
        ),
        (
            "KG Berlin, Beschluss vom 21. Juni 2011 – (3) 1 Ss 38/11 (12/11) –",
            "KG Berlin, Beschluss vom 21. Juni 2011 – (3) 1 Ss 38/11",
            "KG Berlin, Beschluss vom 21. Juni 2011 – (3) 1 Ss 38/11",
        ),
        (
            "VG Ulm, 9 K 45/21 - Urteil vom 19. Mai 2021 -",
            "VG Ulm, 9 K 45/21 - Urteil vom 19. Mai 2021",
            "VG Ulm, Urteil vom 19. Mai 2021 – 9 K 45/21",
        ),
        ("BVerwG, Urteil vom 1. Mai 2001, DVBl 2001, 5", "BVerwG, Urteil vom 1. Mai 2001", None),
        ("EuGH, Rs. C-412/06", "EuGH, Rs. C-412/06", "EuGH – C-412/06"),
        ("BGHZ 225, 316 Rn. 13", "BGHZ 225, 316", None),
        ("BVerfGE 47,198 <204>", "BVerfGE 47,198", "BVerfGE 47, 198"),
        ("BFHE 225, 1, BStBl II 2009, 930", "BFHE 225, 1", None),
        ("BSG SozR 4-2500 § 5 Nr. 8", "BSG SozR 4-2500 § 5 Nr. 8", "BSG, SozR 4-2500 § 5 Nr. 8"),
        ("vgl. Buchholz 310 § 132 VwGO Nr. 5 S. 3", "Buchholz 310 § 132 VwGO Nr. 5", None),
        ("OLG Hamm NJW 2004, 1876", "OLG Hamm NJW 2004, 1876", "OLG Hamm, NJW 2004, 1876"),
        ("siehe ECLI:EU:C:2018:247.", "ECLI:EU:C:2018:247", None),
    ],
)
def test_one_citation(text: str, printed: str, normalized: str | None) -> None:
    assert found(text) == [(printed, normalized or printed)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "BGH, Urteile vom 1. Mai 2010 - I ZR 1/09 - und vom 2. Mai 2011 - I ZR 2/10 -",
            ["BGH, Urteil vom 1. Mai 2010 – I ZR 1/09", "BGH, Urteil vom 2. Mai 2011 – I ZR 2/10"],
        ),
        (
            "BAG 12. März 2015 - 6 AZR 82/14 - Rn. 15; 2. Juni 2016 - 6 AZR 9/15 - [Meyer] Rn. 3",
            ["BAG, 12. März 2015 – 6 AZR 82/14", "BAG, 2. Juni 2016 – 6 AZR 9/15"],
        ),
        (
            "BGH, Urteil vom 1. Mai 2010 - I ZR 1/09, NJW 2010, 5, 7 - Roter Faden; Beschluss vom 2.2.2012 – I ZB 2/11",
            ["BGH, Urteil vom 1. Mai 2010 – I ZR 1/09", "BGH, Beschluss vom 2. Februar 2012 – I ZB 2/11"],
        ),
        (
            "BVerwG, U.v. 1.5.2010 – 1 C 1.09; Beschluss des Senats vom 2.2.2012 – 4 B 2/11",
            ["BVerwG, Urteil vom 1. Mai 2010 – 1 C 1.09", "Beschluss vom 2. Februar 2012 – 4 B 2/11"],
        ),
        (
            "BGH, Urteile vom 20. Juli 2023 - III ZR 267/20, juris Rn. 2; - III ZR 303/20, juris",
            ["BGH, Urteil vom 20. Juli 2023 – III ZR 267/20", "BGH, Urteil vom 20. Juli 2023 – III ZR 303/20"],
        ),
        ("BVerfGE 7, 198 <204>; 12, 113 <124>; stRspr", ["BVerfGE 7, 198", "BVerfGE 12, 113"]),
    ],
)
def test_lists_inherit_what_they_do_not_repeat(text: str, expected: list[str]) -> None:
    assert [normalized for _, normalized in found(text)] == expected


@pytest.mark.parametrize(
    "text",
    [
        "mit Urteil vom 3. Mai 2019 hat das Landgericht die Klage abgewiesen",
        "Urteil des Landgerichts vom 3. Mai 2019",
        "der Bescheid vom 3. Mai 2019 – 12 A 3/19",
        "BGH, a.a.O.",
        "Az. 3 O 12/18",
        "Klage VG 3 K 12/18",
        "Planfeststellungsbeschluss vom 3. Mai 2019 – 12 A 3/19",
        "Müller, NJW 2020, 1962",
        "BGH, Urteil vom 00.00.2019 – I ZR 1/18",
        "§§ 826, 31 BGB und Rn. 13, 15",
    ],
)
def test_no_citation(text: str) -> None:
    assert found(text) == []


def test_pages_in_parentheses_do_not_end_a_list() -> None:
    first, second = extract_case_citations("BVerfGE 7, 198 (208 f.); 30, 173 (188)")
    assert (first.normalized, first.pinpoint) == ("BVerfGE 7, 198", "(208 f.)")
    assert (second.normalized, second.pinpoint) == ("BVerfGE 30, 173", "(188)")


@pytest.mark.parametrize("separator", [" ", ", (", " – (", " - [("])
def test_a_table_in_parentheses_takes_no_time(separator: str) -> None:
    start = time.process_time()
    assert len(extract_case_citations(f"BGHZ 1, 2{separator}({'1 ' * 500}x")) == 1
    assert time.process_time() - start < 1


def test_fields() -> None:
    (case,) = extract_case_citations("BGH, Urteil vom 25.5.2020 – VI ZR 252/19, BGHZ 225, 316 = NJW 2020, 1962 Rn. 13")
    assert (case.court, case.kind, case.date, case.file_numbers) == (
        "BGH",
        "Urteil",
        date(2020, 5, 25),
        ("VI ZR 252/19",),
    )
    assert case.reporters == ("BGHZ 225, 316", "NJW 2020, 1962")
    assert case.pinpoint == "Rn. 13"
    assert case.ecli is None


def test_ecli_behind_a_citation_and_alone() -> None:
    (case,) = extract_case_citations("EuGH, Urteil vom 17. Juli 2008 – C-412/06, EU:C:2008:215, Rn. 3")
    assert (case.ecli, case.pinpoint) == ("EU:C:2008:215", "Rn. 3")
    (alone,) = extract_case_citations("(ECLI:EU:C:2008:215)")
    assert alone.ecli == alone.normalized == "ECLI:EU:C:2008:215"


@given(
    court=st.sampled_from(["BGH", "OLG München", "VGH Baden-Württemberg", "Nds. OVG", "LG Frankfurt am Main"]),
    kind=st.sampled_from([("Urteil vom", "Urteil"), ("Urt. v.", "Urteil"), ("B. v.", "Beschluss")]),
    decided=st.dates(date(1950, 1, 1), date(2029, 12, 31)),
    number=st.sampled_from(["VI ZR 252/19", "1 B 2.10", "11 CS 18.2442", "B 4 AS 10/08 R", "2 BvR 1/20"]),
    separator=st.sampled_from([" – ", " - ", ", ", ", Az. "]),
)
def test_every_print_has_the_same_form(
    court: str, kind: tuple[str, str], decided: date, number: str, separator: str
) -> None:
    printed = f"{court}, {kind[0]} {decided.day}.{decided.month:02}.{decided.year}{separator}{number}"
    ((text, normalized),) = found(f"(vgl. {printed}, juris Rn. 5)")
    assert text == printed
    assert normalized.startswith(f"{court}, {kind[1]} vom {decided.day}. ")
    assert normalized.endswith(f" {decided.year} – {number}")
