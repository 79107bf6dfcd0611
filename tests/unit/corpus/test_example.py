from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from legaltune.corpus.example import build_prompt


def test_document_comes_first_and_a_blank_line_before_the_instruction() -> None:
    assert build_prompt("Tatbestand:\nText", "Fasse zusammen.") == ("Tatbestand:\nText\n\nFasse zusammen.", 16)


def test_without_a_document_the_instruction_stands_alone() -> None:
    assert build_prompt("", "Fasse zusammen.") == ("Fasse zusammen.", 0)


@given(st.text(), st.text(min_size=1))
def test_document_chars_separate_document_and_instruction(document: str, instruction: str) -> None:
    content, document_chars = build_prompt(document, instruction)
    assert content[:document_chars] == document
    assert content[document_chars:].removeprefix("\n\n" if document else "") == instruction
