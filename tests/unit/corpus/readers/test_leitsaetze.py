from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.corpus.document import Paragraph
from legaltune.corpus.readers.leitsaetze import divide_leitsaetze, drop_editors_notes
from legaltune.corpus.sections import LEITSATZ

RED = "(redaktioneller Leitsatz)"


def divided(*texts: str) -> list[tuple[str, str]]:
    """Each text with the side it came to: "court" or "editor"."""
    parts = divide_leitsaetze([Paragraph(text) for text in texts])
    return [("court" if part.heading == LEITSATZ else "editor", p.text) for part in parts for p in part.paragraphs]


@pytest.mark.parametrize(
    "mark",
    [
        "(redaktioneller Leitsatz)",
        "(redaktioneller\nLeitsatz)",
        "(Redaktionelle Leitsätze)",
        "(red. LS Erika Muster)",
        "(Rn. 3 – 5 und 9) (red. Leitsatz)",
        "(nicht amtlicher Leitsatz)",
        "(nichtamtlicher Leitsatz)",
        "(n. amtl. Ls.)",
        "(Leitsatz der Redaktion)",
        "(Ls. d. Red.)",
        "(Leitsatz des Einsenders)",
        "(bearbeiteter Leitsatz des Gerichts)",
        "(bearbeitete Leitsätze des Gerichts) (redaktioneller Leitsatz)",
    ],
)
def test_an_editors_mark(mark: str) -> None:
    assert divided(f"Muster gelten. {mark}") == [("editor", "Muster gelten.")]
    assert drop_editors_notes(f"Muster gelten. {mark}") == "Muster gelten."


@pytest.mark.parametrize(
    "note", ["", "(Rn. 12)", "(amtlicher Leitsatz)", "(Rn. 3) (amtl. Leitsatz)", "(Leitsatz des Gerichts)"]
)
def test_what_bears_no_mark_is_the_courts(note: str) -> None:
    assert divided(f"Muster gelten. {note}") == [("court", "Muster gelten.")]


@pytest.mark.parametrize(
    "text", ["Wer (redaktionell) kürzt, haftet.", "Die Redaktion (red.) haftet.", "Muster (Leitsatz 2) gelten."]
)
def test_other_brackets_stay(text: str) -> None:
    assert divided(text) == [("court", text)]


def test_each_leitsatz_is_judged_by_its_own_mark() -> None:
    assert divided(
        "1. Alle gelten.", "2. Nur einer.", f"1. Es gelten alle. {RED}", "Zur Geltung", f"2. Keiner. {RED}"
    ) == [
        ("court", "1. Alle gelten."),
        ("court", "2. Nur einer."),
        ("editor", "1. Es gelten alle."),
        ("court", "Zur Geltung"),
        ("editor", "2. Keiner."),
    ]


def test_a_mark_on_a_line_of_its_own() -> None:
    assert divided("Alle gelten.", "Nur einer gilt.", RED) == [("court", "Alle gelten."), ("editor", "Nur einer gilt.")]


def test_a_leitsatz_with_a_list_is_marked_at_its_end() -> None:
    assert divided("Alle gelten.", "Es haftet,", "a) wer stört und", f"b) wer zusieht. {RED}") == [
        ("court", "Alle gelten."),
        ("editor", "Es haftet,"),
        ("editor", "a) wer stört und"),
        ("editor", "b) wer zusieht."),
    ]


def test_leitsaetze_on_one_line() -> None:
    assert divided(f"1. Einer. {RED} 2. Zwei. {RED}. 3. Drei.") == [
        ("editor", "1. Einer."),
        ("editor", "2. Zwei."),
        ("court", "3. Drei."),
    ]


def test_marks_alone_are_no_leitsatz() -> None:
    assert divided(RED, "(Rn. 4)") == []


@given(st.lists(st.booleans(), max_size=8))
def test_every_finished_leitsatz_comes_to_its_side(is_editors: list[bool]) -> None:
    texts = [f"{i}. Satz {i} gilt. (Rn. {i}){f' {RED}' if mark else ''}" for i, mark in enumerate(is_editors, 1)]
    expected = [("editor" if mark else "court", f"{i}. Satz {i} gilt.") for i, mark in enumerate(is_editors, 1)]
    assert divided(*texts) == expected
