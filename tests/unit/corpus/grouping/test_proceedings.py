from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.corpus.grouping.proceedings import ProceedingsKeys, proceedings_keys
from tests.unit.corpus.cases import make_decision


def keys(*lines: str, court: str = "BGH", file_numbers: tuple[str, ...] = ("VI ZR 1/20",)) -> ProceedingsKeys:
    decision = replace(make_decision(court=court), file_numbers=file_numbers, previous_instances=lines)
    return proceedings_keys(decision)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("vorgehend LG Stendal, 8. September 2009, Az: 23 O 498/08, Urteil", "LG stendal|23o498/08"),
        ("vorgehend OLG Köln, 17. März 2020, Az: I-9 U 95/19, Urteil", "OLG köln|9u95/19"),
        ("vorgehend BPatG München, 12. Mai 2010, Az: 35 W (pat) 471/08", "BPatG|35wpat471/08"),
        ("vorgehend VG Potsdam, 17. April 2026, VG 2 L 1148/25 Potsdam, Beschluss", "VG potsdam|2l1148/25"),
        ("vorgehend VG Schwerin, 2. Juli 2024, 1 A 920/24 SN, Urteil", "VG schwerin|1a920/24"),
        ("vorgehend VG Trier, 25. Februar 2025, 1 K 4069/24.TR, Urteil", "VG trier|1k4069/24"),
        ("vorgehend VG Halle (Saale) 4. Kammer, 1. Oktober 2025, 4 A 282/23 HAL", "VG halle|4a282/23"),
        ("nachgehend BGH, 12. Mai 2011, I ZB 3/11, Beschluss", "BGH|izb3/11"),
        ("Vorinstanz: Landgericht Köln, 3 O 12/18", "LG köln|3o12/18"),
        ("LG Köln, Urteil vom 3.5.2019 - 3 O 12/18 -", "LG köln|3o12/18"),
        ("LG Köln Urteil vom 03.05.2019 (Az.: 3 O 12/2018)", "LG köln|3o12/18"),
        ("VG Augsburg, Beschluss vom 23.08.2023 – Au 7 S 23.1037", "VG augsburg|au7s23/1037"),
        ("VG München vom 15.05.2019 – M 6 S 19.1168", "VG münchen|m6s19/1168"),
        ("OVG Bautzen, OVG 3 A 83/22 - Urteil vom 06. Oktober 2022 - ", "OVG bautzen|3a83/22"),
        ("LG Nürnberg-Fürth, Urteil vom 12.12.2022 – 22 Ns 905 Js 146475/20", "LG nürnberg-fürth|22ns905js146475/20"),
        ("TDG Nord 2. Kammer - 02.02.2023 - AZ: N 2 BLc 7/22", "TDG nord|n2blc7/22"),
        ("Hessisches Landessozialgericht, 3. Mai 2020, L 7 AS 1471/15 B ER", "LSG darmstadt|l7as1471/15"),
    ],
)
def test_a_line_in_all_its_forms(line: str, expected: str) -> None:
    assert keys(line).related == (expected,)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "unbekannt",
        "vorgehend",
        "vorgehend Deutsches Patent- und Markenamt, 3. Mai 2001, 307 12 345.6/09",
        "vorgehend LG, 3. Mai 2001, 3 O 12/00",
        "vorgehend LG Köln, 3. Mai 2001",
        "vorgehend LG Köln, 3. Mai 2001, 12/00",
        "vorgehend LG Köln, 03.05.2001, Urteil",
    ],
)
def test_a_line_that_says_too_little_gives_no_key(line: str) -> None:
    assert keys(line).related == ()


def test_several_file_numbers_of_one_line() -> None:
    assert keys("LSG Essen, 3. Mai 2020, L 7 AS 12/20 und L 7 AS 13/20").related == (
        "LSG essen|l7as12/20",
        "LSG essen|l7as13/20",
    )


@pytest.mark.parametrize(
    ("court", "printed", "expected"),
    [
        ("BVerwG", ("BVerwG 5 C 13.22",), ("BVerwG|5c13/22",)),
        ("Bundesverwaltungsgericht", ("5 C 13/22",), ("BVerwG|5c13/22",)),
        ("BVerwG", ("8 C 48/09 (8 C 12/08)",), ("BVerwG|8c48/09", "BVerwG|8c12/08")),
        ("EuGH", ("C-50/24, C-56/24",), ("EuGH|c50/24", "EuGH|c56/24")),
        ("Verfassungsgerichtshof Rheinland-Pfalz", ("VGH A 6/26",), ("VerfGH koblenz|vgha6/26",)),
        ("VerfG Potsdam", ("4/19 EA",), ("VerfGH potsdam|4/19",)),
        ("BGH", ("VI ZR 1/20", "VI ZR 1/20"), ("BGH|vizr1/20",)),
        ("BGH", ("unbekannt", ""), ()),
        ("unbekannt", ("VI ZR 1/20",), ()),
    ],
)
def test_own_file_numbers(court: str, printed: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert keys(court=court, file_numbers=printed).own == expected


def test_a_decision_and_the_one_on_appeal_share_a_key() -> None:
    below = keys(court="Landgericht Köln", file_numbers=("3 O 12/18",))
    above = keys("vorgehend LG Köln, 3. Mai 2019, Az: 3 O 12/18, Urteil")
    assert set(below.own) & set(above.related)


def test_the_own_number_is_not_repeated_among_the_others() -> None:
    assert keys("vorgehend BGH, 3. Mai 2019, VI ZR 1/20, Beschluss").related == ()


@given(st.text(), st.text())
def test_no_text_breaks_it(line: str, number: str) -> None:
    found = keys(line, f"LG Köln, {line}", court="BGH", file_numbers=(number,))
    assert all(key.count("|") == 1 and "/" in key for key in (*found.own, *found.related))


@pytest.mark.parametrize("piece", ["1/", "1 ", "a ", "1.", ", 1 O 1", "(", "Az ", " am ", "vorgehend "])
def test_long_lines_take_no_time(piece: str) -> None:
    start = time.perf_counter()
    keys(piece * 50_000, f"LG Köln, {piece * 50_000}", court=piece * 50_000, file_numbers=(piece * 50_000,))
    assert time.perf_counter() - start < 1
