from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.corpus.citations import extract_norm_citations

ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")


def found(text: str) -> list[tuple[str, str]]:
    """Printed text and normal form of the citations in a sentence."""
    sentence = f"Nach {text} gilt dies."
    return [(sentence[norm.start : norm.end], norm.normalized) for norm in extract_norm_citations(sentence)]


@pytest.mark.parametrize(
    ("text", "normalized"),
    [
        ("§ 823 Abs. 1 BGB", "§ 823 Abs. 1 BGB"),
        ("§823 Abs.1 BGB", "§ 823 Abs. 1 BGB"),
        ("§\xa0823\xa0Abs.\xa01 BGB", "§ 823 Abs. 1 BGB"),
        ("§ 280 Abs 1 S 2 BGB", "§ 280 Abs. 1 Satz 2 BGB"),
        ("§ 433 II 1 BGB", "§ 433 Abs. 2 Satz 1 BGB"),
        ("§ 15 Abs. (II) Buchst. d MTV", "§ 15 Abs. 2 Buchst. d MTV"),
        ("§ 495 a ZPO", "§ 495a ZPO"),
        ("§ 308 Nr. 1 b BGB", "§ 308 Nr. 1b BGB"),
        ("§ 7 Ziff. 3 Satz 1 Alternative 2 TV-L", "§ 7 Nr. 3 Satz 1 Alt. 2 TV-L"),
        ("§ 35 Abs. 1 Satz 1 Nr. 2 lit. a) 2. Alt. BauGB", "§ 35 Abs. 1 Satz 1 Nr. 2 Buchst. a Alt. 2 BauGB"),
        ("§ 3 Nr. 1 lit. a) bb) UStG", "§ 3 Nr. 1 Buchst. a Doppelbuchst. bb UStG"),
        ("§ 6 Abs. 3 Satz 1, Halbs. 2 PlanSiG", "§ 6 Abs. 3 Satz 1 Halbsatz 2 PlanSiG"),
        ("§ 6 Satz 1 zweiter Halbsatz BBG", "§ 6 Satz 1 Halbsatz 2 BBG"),
        ("Art. 17 Abs. 1 Unterabs. 2 MAR", "Art. 17 Abs. 1 UAbs. 2 MAR"),
        ("Art. 229 § 5 EGBGB", "Art. 229 § 5 EGBGB"),
        ("Art. 6quinquies B Nr. 2 PVÜ", "Art. 6quinquies B Nr. 2 PVÜ"),
        ("§§ 305 bis 310 BGB", "§§ 305 bis 310 BGB"),
        ("§§ 305-310 BGB", "§§ 305 bis 310 BGB"),
        ("§§ 812ff. BGB", "§§ 812 ff. BGB"),
        ("§ 15 f. UrhG", "§§ 15 f. UrhG"),
        ("Art. 12 ff. GG", "Art. 12 ff. GG"),
        ("§ 15 Abs. 3 bis 5 TzBfG", "§ 15 Abs. 3 bis 5 TzBfG"),
        ("§ 78 Abs. 3 Nr. 1 bis Nr. 3 AsylG", "§ 78 Abs. 3 Nr. 1 bis 3 AsylG"),
    ],
)
def test_details_and_ranges_have_one_form(text: str, normalized: str) -> None:
    assert found(text) == [(text, normalized)]


@pytest.mark.parametrize(
    ("text", "statute"),
    [
        ("§ 7 SGB II", "SGB II"),
        ("§ 40 Abs. 1a GmbHG", "GmbHG"),
        ("§ 5 der 4. BImSchV", "4. BImSchV"),
        ("§ 2 VwVfG NRW", "VwVfG NRW"),
        ("§ 2 VwVfG M-V", "VwVfG M-V"),
        ("§ 4 Nds. SOG", "Nds. SOG"),
        ("Art. 88 Verf LSA", "Verf LSA"),
        ("§ 4 BauNVO 1977", "BauNVO 1977"),
        ("§ 13 VOB/B", "VOB/B"),
        ("§ 2 HmbSARS-CoV-2-EindämmungsVO", "HmbSARS-CoV-2-EindämmungsVO"),
        ("Art. 10 Rom I-VO", "Rom I-VO"),
        ("Art. 7 ARB 1/80", "ARB 1/80"),
        ("§ 242 des Bürgerlichen Gesetzbuches", "BGB"),
        ("Art. 5 Grundgesetz", "GG"),
        ("§ 24 des Zehnten Buches Sozialgesetzbuch", "SGB X"),
        ("§ 24 Sozialgesetzbuch Zwölftes Buch", "SGB XII"),
        ("Art. 3 der Bayerischen Bauordnung", "Bayerischen Bauordnung"),
        ("§ 12 Fraktionsgesetz Rheinland-Pfalz", "Fraktionsgesetz Rheinland-Pfalz"),
        ("§ 9 des Gerichts- und Notarkostengesetzes", "Gerichts- und Notarkostengesetzes"),
        ("Art. 6 der Richtlinie 93/13/EWG", "RL 93/13/EWG"),
        ("Art. 6 RL (EU) 2016/943", "RL (EU) 2016/943"),
        ("Art. 5 der Verordnung (EU) Nr. 2016/679", "VO (EU) 2016/679"),
        ("Art. 3 Nr. 10 VO (EG) 715/2007", "VO (EG) 715/2007"),
        ("Art. 7 der Verordnung Nr. 596/2014", "VO 596/2014"),
        ("Art. 47 der Charta", "GRCh"),
        ("Art. 101 des Vertrags über die Arbeitsweise der Europäischen Union", "AEUV"),
    ],
)
def test_statutes(text: str, statute: str) -> None:
    assert [(printed, normalized.endswith(f" {statute}")) for printed, normalized in found(text)] == [(text, True)]


@pytest.mark.parametrize(
    ("text", "printed", "normalized"),
    [
        ("Art. 12 der Ortsbauordnung (OrtsBO)", "Art. 12 der Ortsbauordnung", "Art. 12 OrtsBO"),
        ("§ 4 des Wegegesetzes – WegeG – und", "§ 4 des Wegegesetzes", "§ 4 WegeG"),
        ("§ 4 des Gesetzes über die Wege (WegeG)", "§ 4 des Gesetzes über die Wege", "§ 4 WegeG"),
        ("§ 5 UWG a. F. noch", "§ 5 UWG a. F.", "§ 5 UWG a.F."),
        ("§ 5 UWG nF noch", "§ 5 UWG nF", "§ 5 UWG n.F."),
        ("§ 7 EStG in der bis zum 1. Mai 2008 geltenden Fassung", "§ 7 EStG", "§ 7 EStG a.F."),
        ("§ 7 EStG in der ab 1. Mai 2008 geltenden Fassung", "§ 7 EStG", "§ 7 EStG"),
        ("BGB § 133 Satz 1,", "BGB § 133 Satz 1", "§ 133 Satz 1 BGB"),
        ("Anlage 4 zur FeV", "Anlage 4 zur FeV", "Anlage 4 FeV"),
        ("Anlage 1 zu § 3 Abs. 2 GKG", "Anlage 1 zu § 3 Abs. 2 GKG", "Anlage 1 zu § 3 Abs. 2 GKG"),
        ("Anlage zu § 78 BDG", "Anlage zu § 78 BDG", "Anlage zu § 78 BDG"),
        ("Anhang II der Richtlinie 92/43/EWG", "Anhang II der Richtlinie 92/43/EWG", "Anhang II RL 92/43/EWG"),
        ("Nr. 1008 VV RVG", "Nr. 1008 VV RVG", "Nr. 1008 VV RVG"),
        ("Anlage 3 der Klageschrift", None, None),
    ],
)
def test_names_beside_versions_and_annexes(text: str, printed: str | None, normalized: str | None) -> None:
    assert found(text) == ([(printed, normalized)] if printed else [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("§§ 826, 31 BGB", [("§§ 826", "§ 826 BGB"), ("31 BGB", "§ 31 BGB")]),
        ("§ 15 Abs. 3 und 4 TzBfG", [("§ 15 Abs. 3", "§ 15 Abs. 3 TzBfG"), ("4 TzBfG", "§ 15 Abs. 4 TzBfG")]),
        (
            "§ 45 Abs. 1, 2 Satz 3 SGB X",
            [("§ 45 Abs. 1", "§ 45 Abs. 1 SGB X"), ("2 Satz 3 SGB X", "§ 45 Abs. 2 Satz 3 SGB X")],
        ),
        (
            "§ 113 Abs. 1 Satz 2 und Abs. 4 VwGO",
            [("§ 113 Abs. 1 Satz 2", "§ 113 Abs. 1 Satz 2 VwGO"), ("Abs. 4 VwGO", "§ 113 Abs. 4 VwGO")],
        ),
        (
            "§§ 280 Abs. 1, 3, 283 BGB",
            [("§§ 280 Abs. 1", "§ 280 Abs. 1 BGB"), ("3", "§ 280 Abs. 3 BGB"), ("283 BGB", "§ 283 BGB")],
        ),
        (
            "§ 280 I, III, 281 BGB",
            [("§ 280 I", "§ 280 Abs. 1 BGB"), ("III", "§ 280 Abs. 3 BGB"), ("281 BGB", "§ 281 BGB")],
        ),
        ("§ 138 I, II BGB", [("§ 138 I", "§ 138 Abs. 1 BGB"), ("II BGB", "§ 138 Abs. 2 BGB")]),
        (
            "§ 3 Buchst. a und b TVG",
            [("§ 3 Buchst. a", "§ 3 Buchst. a TVG"), ("b TVG", "§ 3 Buchst. b TVG")],
        ),
        (
            "§§ 80, 85 FamFG, 104 ZPO",
            [("§§ 80", "§ 80 FamFG"), ("85 FamFG", "§ 85 FamFG"), ("104 ZPO", "§ 104 ZPO")],
        ),
        (
            "Art. 31 Abs. 7 sowie die Art. 43 und 46 der RL 2013/32",
            [
                ("Art. 31 Abs. 7", "Art. 31 Abs. 7 RL 2013/32"),
                ("Art. 43", "Art. 43 RL 2013/32"),
                ("46 der RL 2013/32", "Art. 46 RL 2013/32"),
            ],
        ),
        ("Nrn. 3200, 1008 VV RVG", [("Nrn. 3200", "Nr. 3200 VV RVG"), ("1008 VV RVG", "Nr. 1008 VV RVG")]),
    ],
)
def test_each_member_of_a_run_is_a_citation(text: str, expected: list[tuple[str, str]]) -> None:
    assert found(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Art. 2 Abs. 1 i.V.m. Art. 1 Abs. 1 GG", [False, True]),
        ("§ 166 VwGO in Verbindung mit § 114 Satz 1 ZPO", [False, True]),
        ("§ 34 des Beamtenstatusgesetzes (BeamtStG) i. V. m. § 67 LBG", [False, True]),
        ("§ 3 Abs. 1 i.V. mit Abs. 4 GWB", [False, True]),
        ("§ 166 VwGO und § 114 ZPO", [False, False]),
    ],
)
def test_a_conjunction_links_a_citation_to_the_one_before(text: str, expected: list[bool]) -> None:
    assert [citation.in_conjunction for citation in extract_norm_citations(text)] == expected


def test_fields() -> None:
    (citation,) = extract_norm_citations("§ 93a Abs. 2 Satz 1 Nr. 3 BVerfGG")
    assert (citation.sign, citation.number, citation.paragraph, citation.sentence, citation.number_item) == (
        "§",
        "93a",
        "2",
        "1",
        "3",
    )
    assert (citation.statute, citation.range_end) == ("BVerfGG", None)


@pytest.mark.parametrize(
    "text",
    [
        "§ 5 dieses Vertrags",
        "§ 4 Abs. 2 des Gesetzes",
        "§ 4 der Verordnung",
        "§ 3 der Satzung",
        "§ 35 Abs. 1",
        "Bork, § 12 Rn. 4",
        "BGB § 2270 Rn. 9",
        "Absatz 3 BGB",
        "Art der BGB",
        "§ 5 GmbH",
        "SozR 4-2500 § 5 SGB V Nr. 8",
        "Buchholz 310 § 132 VwGO Nr. 5",
        "AP Nr. 5 zu § 626 BGB",
    ],
)
def test_no_citation_without_norm_and_statute(text: str) -> None:
    assert extract_norm_citations(text) == []


def test_a_run_without_statute_does_not_swallow_the_next_citation() -> None:
    (citation,) = extract_norm_citations("§ 3 der Satzung und § 823 BGB")
    assert (citation.number, citation.statute) == ("823", "BGB")


@given(
    before=st.text(alphabet="abcdefg ,.()\n", max_size=20),
    number=st.integers(1, 2400),
    paragraph=st.none() | st.integers(1, 9),
    is_roman=st.booleans(),
    sentence=st.none() | st.integers(1, 9),
    statute=st.sampled_from(["BGB", "VwGO", "TzBfG", "SGB X", "DS-GVO"]),
    space=st.sampled_from([" ", "\xa0"]),
)
def test_the_span_is_the_citation_and_the_form_is_the_same_for_every_print(
    before: str, number: int, paragraph: int | None, is_roman: bool, sentence: int | None, statute: str, space: str
) -> None:
    parts = ["§", str(number)]
    if paragraph:
        parts += [ROMAN[paragraph - 1]] if is_roman else ["Abs.", str(paragraph)]
    parts += ["Satz", str(sentence)] if sentence else []
    printed = space.join([*parts, statute])
    text = f"{before} {printed} {before}"
    (citation,) = extract_norm_citations(text)
    assert text[citation.start : citation.end] == printed
    absatz = f" Abs. {paragraph}" if paragraph else ""
    satz = f" Satz {sentence}" if sentence else ""
    assert citation.normalized == f"§ {number}{absatz}{satz} {statute}"
