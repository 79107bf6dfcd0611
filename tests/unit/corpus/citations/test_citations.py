from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.corpus.citations import extract_citations

PIECES = (
    *(
        "§ ",
        "§§ ",
        "Art. ",
        "Abs. ",
        "I",
        "II 1",
        "Satz ",
        "Nr. ",
        "Buchst. a",
        "i.V.m. ",
        "BGB",
        "ff. ",
        "bis ",
        "und ",
    ),
    *(
        "vom ",
        "v.",
        "3.5.2019",
        "31.2.2019",
        " – ",
        "BGH",
        "Urteil ",
        "Beschl. ",
        "I ZR 1/19",
        "/",
        ", ",
        "; ",
        "(",
        ")",
    ),
    *(
        "BVerfGE 7, 198",
        "<204>",
        "Anlage ",
        "zu § ",
        "Buchholz 1 § 1 ",
        "1",
        "12",
        "a",
        "²",
        "٣",
        "Rn. ",
        "juris",
        "\n",
    ),
    *("des ", "Gesetzes ", "Verordnung (EU) ", "2016/679", "Nrn. 3200, 1008 VV", "zweiter Halbsatz", "XIV", "OLG Köln"),
)
HOSTILE = ("§ 1, 2, 3, ", "Art. ", "§ 1 Abs. 1 ", "BGH, Urteil vom 1. Mai 2010 - I ZR 1/09; ", "1, 1", "A", "§ 1 Aa")


def test_both_kinds_in_the_order_of_the_text() -> None:
    text = "§ 1 BGB; BGH, Urteil vom 1. Mai 2010 - I ZR 1/09 - Buchholz 310 § 2 VwGO Nr. 5; § 3 ZPO"
    assert [citation.normalized for citation in extract_citations(text)] == [
        "§ 1 BGB",
        "BGH, Urteil vom 1. Mai 2010 – I ZR 1/09",
        "§ 3 ZPO",
    ]


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_spans_are_ordered_disjoint_and_inside_the_text(text: str) -> None:
    end = 0
    for citation in extract_citations(text):
        assert end <= citation.start < citation.end <= len(text)
        assert citation.normalized
        end = citation.end


@pytest.mark.parametrize("unit", HOSTILE)
def test_time_is_linear_on_hostile_text(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    start = time.perf_counter()
    extract_citations(text)
    # A tenth of this is usual; quadratic time would be minutes.
    assert time.perf_counter() - start < 5
