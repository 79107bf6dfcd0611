from __future__ import annotations

import time
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from legaltune.corpus.document import Paragraph
from legaltune.corpus.sentences import split_sentences
from legaltune.corpus.tasks.windows import (
    OMISSION,
    Block,
    join_pieces,
    leading_pieces,
    make_blocks,
    measure,
    name_positions,
    num_omissions,
    total,
    windows,
)

SENTENCE = "Der Senat hat das geprüft."


def blocks_of(*paragraphs: Paragraph, budget: int) -> list[Block]:
    return make_blocks(measure(paragraphs, len), budget, len)


def texts(blocks: list[Block]) -> list[list[str]]:
    return [[piece.text for piece in block] for block in blocks]


def test_a_randnummer_keeps_its_quotations_and_the_headings_above_it() -> None:
    blocks = blocks_of(
        Paragraph("I.", is_heading=True),
        Paragraph("Eins.", randnummer="1"),
        Paragraph("Zitat.", is_quotation=True),
        Paragraph("II.", is_heading=True),
        Paragraph("1.", is_heading=True),
        Paragraph("Zwei.", randnummer="2"),
        budget=100,
    )
    assert texts(blocks) == [["I.", "Eins.", "Zitat."], ["II.", "1.", "Zwei."]]


def test_without_randnummern_every_paragraph_stands_alone() -> None:
    assert texts(blocks_of(Paragraph("Eins."), Paragraph("Zwei."), budget=100)) == [["Eins."], ["Zwei."]]


def test_a_long_randnummer_falls_apart_into_paragraphs_then_sentences() -> None:
    long = " ".join([SENTENCE] * 3)
    blocks = blocks_of(Paragraph("Kurz.", randnummer="1"), Paragraph(long), budget=60)
    assert texts(blocks) == [["Kurz."], [f"{SENTENCE} {SENTENCE}"], [SENTENCE]]


def test_what_ends_no_sentence_stays_with_what_follows() -> None:
    listed = (Paragraph("Es fehlte:"), Paragraph("1. der Zaun,"), Paragraph("2. das Tor."), Paragraph("Das genügt."))
    together = [["Es fehlte:", "1. der Zaun,", "2. das Tor."], ["Das genügt."]]
    assert texts(blocks_of(*listed, budget=100)) == together
    numbered = (replace(listed[0], randnummer="1"), *listed[1:], Paragraph("Zwei.", randnummer="2"))
    assert texts(blocks_of(*numbered, budget=40)) == [*together, ["Zwei."]]
    assert texts(blocks_of(*listed, budget=20)) == [[text] for text in (*together[0], *together[1])]


def test_a_lead_that_leaves_something_out_ends_with_a_sentence() -> None:
    listed = (Paragraph("Eins."), Paragraph("Es fehlte:"), Paragraph("1. der Zaun,"), Paragraph("2. das Tor"))
    blocks = blocks_of(*listed, budget=20)
    assert [piece.text for piece in leading_pieces(blocks, 20, len)] == ["Eins."]
    assert [piece.text for piece in leading_pieces(blocks, 100, len)] == [paragraph.text for paragraph in listed]
    assert [piece.text for piece in leading_pieces(blocks[1:], 30, len)] == ["Es fehlte:", "1. der Zaun,"]


def test_a_sentence_that_fits_nowhere_is_left_out_and_counted() -> None:
    endless = "Der " + "sehr " * 30 + "lange Satz."
    blocks = blocks_of(Paragraph(f"{SENTENCE} {endless} {SENTENCE}"), budget=40)
    assert num_omissions(blocks) == 1
    assert join_pieces([piece for block in blocks for piece in block]) == f"{SENTENCE} {OMISSION} {SENTENCE}"


def test_the_lead_is_whole_blocks_unless_most_of_the_room_would_be_left() -> None:
    long = " ".join([SENTENCE] * 5)
    short_first = blocks_of(Paragraph("Kurz."), Paragraph(long), budget=200)
    assert [piece.text for piece in leading_pieces(short_first, 100, len)] == ["Kurz.", " ".join([SENTENCE] * 3)]
    half_full = blocks_of(Paragraph("x" * 54 + "."), Paragraph(long), budget=200)
    assert len(leading_pieces(half_full, 100, len)) == 1


def test_gaps_are_marked() -> None:
    pieces = measure([Paragraph(text) for text in ("a", "b", "c", "d")], len)
    assert join_pieces(pieces) == "a\nb\nc\nd"
    assert join_pieces([pieces[1], pieces[3]]) == f"{OMISSION}\nb\n{OMISSION}\nd"
    assert join_pieces([]) == ""


def test_positions_are_named_as_ranges() -> None:
    assert name_positions([0, 1, 2, 2, 3, 7, 9, 10]) == "1-4+8+10-11"


PARAGRAPHS = st.lists(
    st.builds(
        lambda sentences, number: Paragraph(" ".join(sentences), randnummer=str(number) if number else None),
        st.lists(
            st.sampled_from([SENTENCE, "Ja.", "Der Antrag, den Dr. Meier am 3. Mai stellte, ist alt."]), min_size=1
        ),
        st.integers(0, 3),
    )
)


@given(PARAGRAPHS, st.integers(1, 200))
def test_no_window_exceeds_the_budget_and_none_breaks_a_sentence(paragraphs: list[Paragraph], budget: int) -> None:
    blocks = make_blocks(measure(paragraphs, len), budget, len)
    sentences = {sentence for paragraph in paragraphs for sentence in split_sentences(paragraph.text)}
    for block in blocks:
        for piece in block:
            assert piece.is_omission or set(split_sentences(piece.text)) <= sentences
            assert piece.is_omission or piece.length <= budget
    found = windows(blocks, budget)
    assert [piece for window in found for piece in window] == [piece for block in blocks for piece in block]
    assert all(total(window) <= max(budget, len(OMISSION) + 1) for window in found)
    assert all(total(leading_pieces(blocks, room, len)) <= max(room, 0) for room in (budget, 3 * budget))
    everything = join_pieces([piece for block in blocks for piece in block])
    if not num_omissions(blocks):
        assert everything == "\n".join(paragraph.text for paragraph in paragraphs)


def test_a_thousand_headings_cost_linear_time() -> None:
    begin = time.process_time()
    blocks_of(*[Paragraph("I.", is_heading=True)] * 20_000, Paragraph("Eins.", randnummer="1"), budget=100)
    assert time.process_time() - begin < 1
