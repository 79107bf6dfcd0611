from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.corpus.sentences import first_sentence, sentence_spans, split_sentences


def test_sentences_end_at_full_stops_question_marks_and_quotations() -> None:
    assert split_sentences("Die Klage ist zulässig. Ist sie begründet? Er sagte: „Nein.“ Das genügt nicht.") == [
        "Die Klage ist zulässig.",
        "Ist sie begründet?",
        "Er sagte: „Nein.“",
        "Das genügt nicht.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Das folgt aus § 5 Abs. 2 Nr. 3 UWG in der Fassung vom 3. Juli 2004.",
        "So BGH, Urt. v. 3. Mai 2001 (BT-Drucks. 14/1234, S. 5) und st. Rspr. Des Senats.",
        "Der Zeuge Dr. Meier und Herr K. Schulze kamen.",
        "Das ist i.S.d. § 3 und iSv. § 4 gemeint, vgl. Art. 6.",
        "Nach Ziffer II. Der Anlage gilt das.",
        "Vermerkt in BStBl. II 2011.",
        "Sie bot ihm ... Geld an.",
    ],
)
def test_what_only_looks_like_an_end_does_not_split(text: str) -> None:
    assert split_sentences(text) == [text]


def test_a_number_opens_a_sentence() -> None:
    assert split_sentences("Das ist so. 2. Die Berufung ist unzulässig.") == [
        "Das ist so.",
        "2. Die Berufung ist unzulässig.",
    ]


@given(st.text(alphabet=st.sampled_from("aAzÄ.!? \n„“()§1")))
def test_spans_are_in_order_and_leave_out_white_space_only(text: str) -> None:
    end = 0
    for start, stop in sentence_spans(text):
        assert not text[end:start].strip()
        assert start < stop
        end = stop
    assert not text[end:].strip()


def test_first_sentence() -> None:
    assert first_sentence("Das folgt aus § 5 Abs. 2 UWG. Dem steht nichts entgegen.") == "Das folgt aus § 5 Abs. 2 UWG."
    assert first_sentence("") == ""
