from __future__ import annotations

import pytest

from legaltune.corpus.court import CourtBranch, court_branch, decision_kind
from tests.unit.corpus.cases import make_decision


@pytest.mark.parametrize(
    ("court", "branch"),
    [
        ("BGH 7. Zivilsenat", CourtBranch.ORDENTLICHE),
        ("Hanseatisches Oberlandesgericht Bremen", CourtBranch.ORDENTLICHE),
        ("BayObLG", CourtBranch.ORDENTLICHE),
        ("KG Berlin 25. Zivilsenat", CourtBranch.ORDENTLICHE),
        ("OLG\xa0Celle", CourtBranch.ORDENTLICHE),
        ("LG München I", CourtBranch.ORDENTLICHE),
        ("AG Aschersleben", CourtBranch.ORDENTLICHE),
        ("BAG", CourtBranch.ARBEITS),
        ("LAG Köln", CourtBranch.ARBEITS),
        ("Landesarbeitsgericht Bremen", CourtBranch.ARBEITS),
        ("ArbG Nürnberg", CourtBranch.ARBEITS),
        ("LArbG München", CourtBranch.ARBEITS),
        ("VGH München", CourtBranch.VERWALTUNGS),
        ("Hessischer Verwaltungsgerichtshof", CourtBranch.VERWALTUNGS),
        ("Sächsisches Oberverwaltungsgericht", CourtBranch.VERWALTUNGS),
        ("VG\xa0Hannover", CourtBranch.VERWALTUNGS),
        ("LSG Berlin-Brandenburg", CourtBranch.SOZIAL),
        ("Sozialgericht Düsseldorf", CourtBranch.SOZIAL),
        ("FG\xa0Niedersachsen", CourtBranch.FINANZ),
        ("Bundesfinanzhof", CourtBranch.FINANZ),
        ("BVerfG", CourtBranch.VERFASSUNGS),
        ("VerfG Potsdam", CourtBranch.VERFASSUNGS),
        ("Verfassungsgerichtshof Rheinland-Pfalz", CourtBranch.VERFASSUNGS),
        ("VGH Rheinland-Pfalz", CourtBranch.VERFASSUNGS),
        ("Landesverfassungsgericht Sachsen-Anhalt", CourtBranch.VERFASSUNGS),
        ("BPatG", CourtBranch.PATENT),
        ("EuGH", CourtBranch.EUROPAEISCHE),
        ("Europäischer Gerichtshof", CourtBranch.EUROPAEISCHE),
    ],
)
def test_branch_of_a_court(court: str, branch: CourtBranch) -> None:
    assert court_branch(make_decision(court=court)) is branch


@pytest.mark.parametrize(
    "court", ["Vergabekammer Sachsen-Anhalt", "Europäischer Gerichtshof für Menschenrechte", "AGH Hamm", ""]
)
def test_no_branch_for_what_is_no_court_of_a_branch(court: str) -> None:
    assert court_branch(make_decision(court=court)) is None


@pytest.mark.parametrize(
    ("printed", "kind"),
    [
        ("Urteil", "Urteil"),
        ("Versäumnisurteil", "Urteil"),
        ("Teilversäumnis- und Endurteil", "Urteil"),
        ("Nichtannahmebeschluss", "Beschluss"),
        ("Beschluß", "Beschluss"),
        ("Ablehnung einstweilige Anordnung", "Beschluss"),
        ("EuGH-Vorlage", "Beschluss"),
        ("Gerichtsbescheid", "Gerichtsbescheid"),
        (" ", None),
    ],
)
def test_kind_of_a_decision(printed: str, kind: str | None) -> None:
    assert decision_kind(make_decision(decision_type=printed)) == kind
