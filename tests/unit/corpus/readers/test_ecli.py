"""Tests of legaltune.corpus.readers.ecli."""

from __future__ import annotations

import pytest

from legaltune.corpus.readers.ecli import court_of_ecli


@pytest.mark.parametrize(
    ("code", "court"),
    [
        ("BGH", "BGH"),
        ("BVerfG", "BVerfG"),
        ("BVERWG", "BVerwG"),
        ("OLGKOELN", "OLG Köln"),
        ("OLGHAM", "OLG Hamm"),
        ("VGGELSENKIRCHEN", "VG Gelsenkirchen"),
        ("ARBGSTUTTGART", "ArbG Stuttgart"),
        ("LSGNRW", "LSG Nordrhein-Westfalen"),
    ],
)
def test_a_certain_code_names_the_court(code: str, court: str) -> None:
    assert court_of_ecli(f"ECLI:DE:{code}:2018:0101.3K1.18.00") == court


@pytest.mark.parametrize(
    "ecli", ["", "ECLI:DE:OLGSTUTT:2018:1", "ECLI:DE:XYZ:2018:1", "ECLI:DE:KOELN:2018:1", "ECLI:EU:C:2018:1"]
)
def test_any_other_code_names_none(ecli: str) -> None:
    assert court_of_ecli(ecli) is None
