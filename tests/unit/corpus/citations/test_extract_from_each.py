from __future__ import annotations

import pytest

from legaltune.corpus.citations import extract_case_citations, extract_from_each, extract_norm_citations

TEXTS = [
    "Der Anspruch folgt aus § 823 Abs. 1",
    "BGB steht hier allein.",
    "",
    "Nach §§ 133, 157 BGB i.V.m. Art. 3 Abs. 1 GG gilt anderes (vgl. BGH, Urteil vom 3. Mai 2019 – VI ZR 1/18).",
    "Ebenso Urteil vom",
    "4. Juni 2020 – VI ZR 2/19; § 242 BGB",
]


@pytest.mark.parametrize("extract", [extract_norm_citations, extract_case_citations])
def test_one_search_over_all_texts_finds_what_one_search_each_finds(extract: object) -> None:
    assert callable(extract)
    assert extract_from_each(TEXTS, extract) == [
        (number, citation) for number, text in enumerate(TEXTS) for citation in extract(text)
    ]


def test_spans_count_from_the_start_of_each_text() -> None:
    number, citation = extract_from_each(TEXTS, extract_norm_citations)[-1]
    assert TEXTS[number][citation.start : citation.end] == "§ 242 BGB"


def test_no_texts_hold_no_citations() -> None:
    assert extract_from_each([], extract_norm_citations) == []
