from __future__ import annotations

from dataclasses import replace

import pytest

from legaltune.corpus.dedup import DuplicateFilter, content_digest
from legaltune.corpus.document import Decision, Document, DocumentError, DropReason, Norm, SectionName
from tests.unit.corpus.cases import make_decision, make_statute

STATUTE = make_statute("XG", norms=[Norm("§ 1", None, ("Text.",))])


def decision(document_id: str, grounds: str = "Die Revision ist begründet.", **sections: str) -> Decision:
    texts = {SectionName.GRUENDE: [grounds]} | {SectionName(name): [text] for name, text in sections.items()}
    return replace(make_decision(texts), document_id=document_id)


def reason_of(*documents: Document) -> DropReason:
    duplicates = DuplicateFilter()
    for document in documents[:-1]:
        duplicates.check(document)
    with pytest.raises(DocumentError) as caught:
        duplicates.check(documents[-1])
    return caught.value.reason


def test_the_same_text_under_another_name_is_a_duplicate() -> None:
    first = decision("KORE1")
    assert reason_of(first, replace(first, document_id="KORE2", file_numbers=("II ZR 9/20",))) == (
        DropReason.EXACT_DUPLICATE
    )


def test_white_space_and_case_do_not_make_another_text() -> None:
    first, second = (
        decision("A", "Die Klage  ist begründet."),
        decision("B", "die klage ist Begründet."),
    )
    assert reason_of(first, second) == DropReason.EXACT_DUPLICATE


def test_another_text_under_the_same_identifier_is_dropped() -> None:
    assert reason_of(decision("A", "Eins."), decision("A", "Zwei.")) == DropReason.DUPLICATE_ID


def test_a_statute_read_twice_is_a_duplicate() -> None:
    assert reason_of(STATUTE, replace(STATUTE, document_id="BJNR2")) == DropReason.EXACT_DUPLICATE


def test_different_documents_pass() -> None:
    documents: list[Document] = [
        decision("A", "Eins."),
        decision("B", "Zwei."),
        decision("C", "Eins.", tatbestand="Mit Tatbestand."),
        STATUTE,
        replace(STATUTE, document_id="BJNR2", norms=(Norm("§ 1", None, ("Anders.",)),)),
    ]
    assert len({content_digest(document) for document in documents}) == len(documents)
    duplicates = DuplicateFilter()
    for document in documents:
        duplicates.check(document)
