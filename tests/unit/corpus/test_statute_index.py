from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from legaltune.corpus.citations import extract_norm_citations
from legaltune.corpus.document import Norm, Statute
from legaltune.corpus.parts import pack
from legaltune.corpus.statute_index import ResolutionStatus, StatuteIndex, count_resolutions
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


@pytest.mark.parametrize(
    "text", ["§ 5 BGB", "§ 99 UWG", "§ 1 UWG", "§ 15 UWG", "§ 19 UWG", "Art. 5 UWG", "§ 6 UWG", "§ 5 UWG a.F."]
)
def test_finds_nothing_for_other_statutes_norms_signs_and_for_repealed_text(text: str) -> None:
    assert lookup(text, make_statute("UWG 2004", "UWG", norms=NORMS)) is None


@pytest.mark.parametrize("order", [1, -1])
def test_the_plain_abbreviation_means_the_latest_year(order: int) -> None:
    statutes = [make_statute("BDSG 1990", "BDSG", norms=NORMS), make_statute("BDSG 2018", "BDSG", norms=NORMS)]
    assert lookup("§ 5 BDSG", *statutes[::order]) == ("BDSG 2018", "§ 5")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("§§ 5 bis 9 UWG", "§ 5"),
        ("§§ 5 ff. UWG", "§ 5"),
        ("§ 5 UWG n.F.", "§ 5"),
        ("Anlage 1 zu § 3 UWG", "Anlage 1"),
        ("§ 5 des Lauterkeitsgesetzes", "§ 5"),
        ("Art. 19 § 2 UWG", "Art 19"),
    ],
)
def test_finds_the_first_of_a_range_annexes_and_statutes_by_title(text: str, label: str) -> None:
    statute = replace(make_statute("UWG 2004", "UWG", norms=NORMS), title="Lauterkeits-Gesetz")
    assert lookup(text, statute) == ("UWG 2004", label)


@pytest.mark.parametrize(
    ("text", "status", "is_statute_known"),
    [
        ("§ 5 UWG", ResolutionStatus.RESOLVED, True),
        ("§ 99 UWG", ResolutionStatus.UNKNOWN_NORM, True),
        ("§ 6 UWG", ResolutionStatus.UNKNOWN_NORM, True),
        ("§ 5 UWG a.F.", ResolutionStatus.OLD_VERSION, True),
        ("Art. 6 RL 93/13/EWG", ResolutionStatus.UNKNOWN_STATUTE, False),
        ("§ 5 BGB a.F.", ResolutionStatus.UNKNOWN_STATUTE, False),
    ],
)
def test_says_what_is_missing(text: str, status: ResolutionStatus, is_statute_known: bool) -> None:
    (citation,) = extract_norm_citations(text)
    found = StatuteIndex.from_statutes([make_statute("UWG 2004", "UWG", norms=NORMS)]).resolve(citation)
    assert (found.status, found.statute is not None, found.norm is not None) == (
        status,
        is_statute_known,
        status is ResolutionStatus.RESOLVED,
    )


def test_counts_what_becomes_of_the_citations_of_a_text() -> None:
    index = StatuteIndex.from_statutes([make_statute("UWG 2004", "UWG", norms=NORMS)])
    counts = count_resolutions(extract_norm_citations("§§ 5, 15a, 16 UWG; § 5 UWG a.F.; Art. 2 GG"), index)
    assert counts == {
        ResolutionStatus.RESOLVED: 2,
        ResolutionStatus.UNKNOWN_STATUTE: 1,
        ResolutionStatus.UNKNOWN_NORM: 1,
        ResolutionStatus.OLD_VERSION: 1,
    }


def test_of_two_norms_with_one_label_the_first_that_has_text_counts() -> None:
    norms = [Norm("§ 5", None, ("-",)), Norm("§ 5", "Neu", ("Dies gilt.",)), Norm("§ 5", None, ("Jenes gilt.",))]
    (citation,) = extract_norm_citations("§ 5 UWG")
    found = StatuteIndex.from_statutes([make_statute("UWG", norms=norms)]).lookup(citation)
    assert found is not None
    assert found[1] == norms[1]


def test_a_statute_without_norms_is_known() -> None:
    statute = make_statute("UWG")
    (citation,) = extract_norm_citations("§ 5 UWG")
    found = StatuteIndex.from_statutes([statute]).resolve(citation)
    assert (found.status, found.statute, found.norm) == (ResolutionStatus.UNKNOWN_NORM, statute, None)


def test_packed_statutes_and_pickled_indexes_give_the_same_answers() -> None:
    statutes = [make_statute("BDSG 2018", "BDSG", norms=NORMS), make_statute("UWG 2004", "UWG", norms=NORMS)]
    index = StatuteIndex.from_statutes(statutes)
    others = [StatuteIndex.from_packed(map(pack, statutes)), pickle.loads(pickle.dumps(index))]
    for text in ("§ 5 UWG", "§ 99 UWG", "Art. 19 BDSG", "§ 5 UWG a.F.", "§ 5 BGB"):
        (citation,) = extract_norm_citations(text)
        assert [other.resolve(citation) for other in others] == [index.resolve(citation)] * 2


def test_a_pickle_holds_neither_the_text_as_it_is_nor_what_was_asked_for() -> None:
    norms = [Norm(f"§ {number}", None, ("Wer irreführt, handelt unlauter. " * 100,)) for number in range(1, 20)]
    index = StatuteIndex.from_statutes([make_statute("UWG", norms=norms)])
    before = pickle.dumps(index)
    (citation,) = extract_norm_citations("§ 5 UWG")
    assert index.lookup(citation) is not None
    assert pickle.dumps(index) == before
    assert len(before) < sum(len(norm.text) for norm in norms) / 10


def test_only_the_statutes_asked_for_last_are_held_open_and_the_others_give_the_same_answers() -> None:
    names = [f"{first}{second}G" for first in "ABCDEFGHKL" for second in "abcdefghkl"]
    statutes = [make_statute(name, norms=[Norm("§ 5", None, (f"Dies gilt nach dem {name}.",))]) for name in names]
    index = StatuteIndex.from_statutes(statutes)
    (citation,) = extract_norm_citations("§ 5 UWG")
    citations = [citation._replace(statute=name) for name in names]
    first = [index.lookup(citation) for citation in citations]
    again = [index.lookup(citation) for citation in citations]
    assert first == again == [(statute, statute.norms[0]) for statute in statutes]
    opened_anew = [one[0] is not two[0] for one, two in zip(first, again, strict=True) if one and two]
    assert all(opened_anew)
    last = index.lookup(citations[-1])
    assert last is not None
    assert again[-1] is not None
    assert last[0] is again[-1][0]
