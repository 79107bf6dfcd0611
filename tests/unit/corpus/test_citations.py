from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.corpus.citations import extract_norm_citations


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("§ 823 Abs. 1 BGB", [("§", "823", "1", None, None, "BGB")]),
        ("§\xa0823\xa0Abs.\xa01 BGB", [("§", "823", "1", None, None, "BGB")]),
        ("§ 280 Abs 1 S 2 BGB", [("§", "280", "1", "2", None, "BGB")]),
        ("Art. 19 Abs. 4 GG", [("Art.", "19", "4", None, None, "GG")]),
        ("§ 93a Absatz 2 BVerfGG", [("§", "93a", "2", None, None, "BVerfGG")]),
        ("§ 35 Abs. 1 Satz 1 Nr. 2 Buchst. a BauGB", [("§", "35", "1", "1", "2", "BauGB")]),
        ("§ 7 SGB II", [("§", "7", None, None, None, "SGB II")]),
        ("§ 5 ff. UWG", [("§", "5", None, None, None, "UWG")]),
        ("§ 823 Abs. 1 des BGB", [("§", "823", "1", None, None, "BGB")]),
        ("§ 2 VwVfG NRW", [("§", "2", None, None, None, "VwVfG NRW")]),
        ("§ 5 UWG a.F.", [("§", "5", None, None, None, "UWG a.F.")]),
        ("§§ 826, 31 BGB", [("§", "826", None, None, None, "BGB"), ("§", "31", None, None, None, "BGB")]),
        ("§ 15 Abs. 3 und 4 TzBfG", [("§", "15", "3", None, None, "TzBfG"), ("§", "15", "4", None, None, "TzBfG")]),
        (
            "§ 113 Abs. 1 Satz 2 und Abs. 4 VwGO",
            [("§", "113", "1", "2", None, "VwGO"), ("§", "113", "4", None, None, "VwGO")],
        ),
        (
            "§§ 280 Abs. 1, 3, 283 BGB",
            [
                ("§", "280", "1", None, None, "BGB"),
                ("§", "280", "3", None, None, "BGB"),
                ("§", "283", None, None, None, "BGB"),
            ],
        ),
        (
            "§ 154 Abs. 1 i. V. m. § 161 VwGO",
            [("§", "154", "1", None, None, "VwGO"), ("§", "161", None, None, None, "VwGO")],
        ),
        (
            "§ 166 VwGO i.V.m. § 114 Satz 1 ZPO",
            [("§", "166", None, None, None, "VwGO"), ("§", "114", None, "1", None, "ZPO")],
        ),
    ],
)
def test_forms(text: str, expected: list[tuple[str | None, ...]]) -> None:
    found = extract_norm_citations(f"Nach {text} gilt dies.")
    assert [
        (citation.sign, citation.number, citation.paragraph, citation.sentence, citation.number_item, citation.statute)
        for citation in found
    ] == expected


@pytest.mark.parametrize(
    "text", ["§ 5 dieses Vertrags", "§ 35 Abs. 1", "Bork, § 12 Rn. 4", "Absatz 3 BGB", "Art der BGB"]
)
def test_no_citation_without_norm_and_statute(text: str) -> None:
    assert extract_norm_citations(text) == []


def test_a_run_without_statute_does_not_swallow_the_next_citation() -> None:
    (citation,) = extract_norm_citations("§ 3 der Satzung und § 823 BGB")
    assert (citation.number, citation.statute) == ("823", "BGB")


@given(
    before=st.text(alphabet="abcdefg ,.()\n", max_size=20),
    number=st.integers(1, 2400),
    paragraph=st.none() | st.integers(1, 20),
    sentence=st.none() | st.integers(1, 9),
    statute=st.sampled_from(["BGB", "VwGO", "TzBfG", "SGB X", "DS-GVO"]),
    space=st.sampled_from([" ", "\xa0"]),
)
def test_the_span_is_the_citation(
    before: str, number: int, paragraph: int | None, sentence: int | None, statute: str, space: str
) -> None:
    parts = ["§", str(number)]
    parts += ["Abs.", str(paragraph)] if paragraph else []
    parts += ["Satz", str(sentence)] if sentence else []
    printed = space.join([*parts, statute])
    text = f"{before} {printed} {before}"
    (citation,) = extract_norm_citations(text)
    assert text[citation.start : citation.end] == printed


@given(st.text(alphabet="§ 123456,.abundSatz()BGVwO\xa0", max_size=80))
def test_spans_are_ordered_and_begin_with_what_they_cite(text: str) -> None:
    end = 0
    for citation in extract_norm_citations(text):
        assert end <= citation.start < citation.end <= len(text)
        end = citation.end
