from __future__ import annotations

import pytest

from legaltune.corpus.citations import extract_norm_citations
from legaltune.corpus.document import Norm, Statute
from legaltune.corpus.statute_index import StatuteIndex
from tests.unit.corpus.cases import make_statute

NORMS = (
    Norm("§ 5", "Irreführung", ("Wer irreführt, handelt unlauter.",)),
    Norm("§ 15a", None, ("Auch dies gilt.",)),
    Norm("§ 6", "(weggefallen)", ("-",)),
    Norm("Art 19", None, ("Der Rechtsweg steht offen.",)),
    Norm("Anlage 1", None, ("Eine Liste.",)),
)


def lookup(text: str, *statutes: Statute) -> tuple[str, str] | None:
    (citation,) = extract_norm_citations(text)
    found = StatuteIndex.from_statutes(statutes).lookup(citation)
    return (found[0].abbreviations[0], found[1].label) if found else None


@pytest.mark.parametrize(
    ("abbreviations", "text", "label"),
    [
        (("UWG 2004", "UWG"), "§ 5 Abs. 1 UWG", "§ 5"),
        (("BDSG 2018",), "§ 5 BDSG", "§ 5"),
        (("StVO 2013", "StVO"), "§ 15a StVO", "§ 15a"),
        (("SGB 2", "SGB II"), "§ 5 SGB II", "§ 5"),
        (("SGB 10",), "§ 5 SGB X", "§ 5"),
        (("DSGVO",), "Art. 19 DS-GVO", "Art 19"),
        (("GG",), "Art. 19 Abs. 4 GG", "Art 19"),
    ],
)
def test_finds_a_norm_by_abbreviation_and_label(abbreviations: tuple[str, ...], text: str, label: str) -> None:
    assert lookup(text, make_statute(*abbreviations, norms=NORMS)) == (abbreviations[0], label)


@pytest.mark.parametrize("text", ["§ 5 BGB", "§ 99 UWG", "§ 19 UWG", "Art. 5 UWG", "§ 6 UWG", "§ 5 UWG a.F."])
def test_finds_nothing_for_other_statutes_norms_signs_and_for_repealed_text(text: str) -> None:
    assert lookup(text, make_statute("UWG 2004", "UWG", norms=NORMS)) is None


@pytest.mark.parametrize("order", [1, -1])
def test_the_plain_abbreviation_means_the_latest_year(order: int) -> None:
    statutes = [make_statute("BDSG 1990", "BDSG", norms=NORMS), make_statute("BDSG 2018", "BDSG", norms=NORMS)]
    assert lookup("§ 5 BDSG", *statutes[::order]) == ("BDSG 2018", "§ 5")
