from __future__ import annotations

import pytest

from legaltune.corpus.grouping.court_names import canonical_court


@pytest.mark.parametrize(
    "names",
    [
        ["BGH", "Bundesgerichtshof", "BGH Karlsruhe", "BGH 6. Zivilsenat"],
        ["BPatG", "BPatG München", "Bundespatentgericht"],
        ["LG Köln", "Landgericht Köln", "LG Köln 3. Zivilkammer"],
        ["OVG NRW", "OVG Münster", "Oberverwaltungsgericht für das Land Nordrhein-Westfalen"],
        ["VGH München", "BayVGH", "Bayerischer Verwaltungsgerichtshof", "Bayerischer VGH"],
        ["VGH Mannheim", "VGH Baden-Württemberg", "Verwaltungsgerichtshof Baden-Württemberg"],
        ["VGH Kassel", "Hessischer VGH"],
        ["OVG Bautzen", "Sächsisches Oberverwaltungsgericht", "Sächsisches Oberverwaltungsgericht Bautzen"],
        ["OVG Lüneburg", "OVG Niedersachsen", "Niedersächsisches Oberverwaltungsgericht"],
        ["OVG Magdeburg", "Oberverwaltungsgericht des Landes Sachsen-Anhalt", "OVG Sachsen-Anhalt"],
        ["OVG Berlin-Brandenburg", "Oberverwaltungsgericht Berlin-Brandenburg"],
        ["OLG Naumburg", "Oberlandesgericht des Landes Sachsen-Anhalt"],
        ["OLG Hamburg", "Hanseatisches Oberlandesgericht", "Hanseatisches Oberlandesgericht in Hamburg"],
        ["OLG Bremen", "Hanseatisches Oberlandesgericht in Bremen"],
        ["OLG Frankfurt", "OLG Frankfurt am Main", "OLG Frankfurt a.M.", "Oberlandesgericht Frankfurt (Main)"],
        ["OLG Jena", "Thüringer Oberlandesgericht"],
        ["OLG Brandenburg", "Brandenburgisches Oberlandesgericht"],
        ["KG", "KG Berlin", "Kammergericht"],
        ["BayObLG", "Bayerisches Oberstes Landesgericht"],
        ["VG Saarlouis", "Verwaltungsgericht des Saarlandes"],
        ["VG Halle", "VG Halle (Saale)", "VG Halle (Saale) 4. Kammer"],
        ["LAG Frankfurt", "Hessisches Landesarbeitsgericht", "Hessisches LArbG"],
        ["VGH Koblenz", "Verfassungsgerichtshof Rheinland-Pfalz", "VerfGH Rheinland-Pfalz"],
    ],
    ids=lambda names: names[0],
)
def test_one_court_in_all_its_names(names: list[str]) -> None:
    assert len({canonical_court(name) for name in names}) == 1
    assert canonical_court(names[0]) is not None


def test_different_courts_stay_apart() -> None:
    courts = [
        *("BGH", "BVerwG", "LG Köln", "AG Köln", "ArbG Köln", "LAG Köln", "OLG Köln", "FG Köln", "VG Köln", "SG Köln"),
        *("LG München I", "LG München II", "OVG Koblenz", "VerfGH Koblenz", "OVG Schleswig", "VG Schleswig"),
        *("LG Frankfurt (Oder)", "LG Frankfurt am Main", "OVG Niedersachsen", "OVG Sachsen", "OVG Sachsen-Anhalt"),
        *("LG Berlin I", "LG Berlin II", "AG Berlin-Kreuzberg", "LAG Düsseldorf", "LAG Hamm", "LAG Nürnberg"),
    ]
    assert len({canonical_court(court) for court in courts}) == len(courts)


@pytest.mark.parametrize(
    "name", ["", "unbekannt", "LG", "Amtsgericht", "Deutsches Patent- und Markenamt", "Blag Agent"]
)
def test_what_names_no_court(name: str) -> None:
    assert canonical_court(name) is None
