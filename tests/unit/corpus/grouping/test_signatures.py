from __future__ import annotations

import string
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.corpus.document import Decision, Document, Norm, ReadyMade, SectionName
from legaltune.corpus.grouping.signatures import (
    SHINGLE_WORDS,
    SIGNATURE_BYTES,
    content_digest,
    hash_shingles,
    jaccard,
    minhash,
    shingle_hashes,
    signature_of,
)
from tests.unit.corpus.cases import make_decision, make_statute

STATUTE = make_statute("XG", norms=[Norm("§ 1", None, ("Text.",))])
TEXT = "Die Revision der Beklagten gegen das Urteil des Berufungsgerichts ist zulässig und begründet."


def decision(grounds: str, **sections: str) -> Decision:
    texts = {SectionName.GRUENDE: [grounds]} | {SectionName(name): [text] for name, text in sections.items()}
    return make_decision(texts)


@pytest.mark.parametrize(
    "same",
    [
        replace(decision(TEXT), document_id="other", file_numbers=("II ZR 9/20",), court="BGH"),
        decision(TEXT.replace(" ", "  \n")),
        decision(TEXT.upper()),
        decision(TEXT, rubrum="In dem Rechtsstreit der A. gegen die B."),
    ],
    ids=["names", "white space", "case", "rubrum"],
)
def test_what_does_not_make_another_text(same: Decision) -> None:
    assert content_digest(same) == content_digest(decision(TEXT))


def test_paragraphs_do_not_make_another_text() -> None:
    in_two = make_decision({SectionName.GRUENDE: ["Die Klage ist zulässig.", "Sie ist begründet."]})
    in_one = make_decision({SectionName.GRUENDE: ["Die Klage ist zulässig. Sie ist begründet."]})
    assert content_digest(in_two) == content_digest(in_one)


def test_different_documents_have_different_digests() -> None:
    documents: list[Document] = [
        decision("Eins."),
        decision("Zwei."),
        decision("Eins.", tatbestand="Mit Tatbestand."),
        STATUTE,
        replace(STATUTE, norms=(Norm("§ 1", None, ("Anders.",)),)),
        ReadyMade("A", "jsonl", (("user", "Eins."), ("assistant", "Zwei."))),
        ReadyMade("A", "jsonl", (("assistant", "Eins."), ("user", "Zwei."))),
        decision("user Eins. assistant Zwei."),
    ]
    assert len({content_digest(document) for document in documents}) == len(documents)


def test_text_that_is_no_unicode_has_a_digest_and_a_signature() -> None:
    broken = decision(f"{TEXT} \ud800 \x00")
    assert len(content_digest(broken)) == 32
    assert minhash(broken) is not None


def test_a_signature_is_the_same_on_every_machine() -> None:
    signature = minhash(decision(TEXT))
    assert signature is not None
    assert len(signature) == SIGNATURE_BYTES
    assert np.frombuffer(signature, dtype="<u4")[:3].tolist() == [3222614813, 3306440802, 3413568073]


@pytest.mark.parametrize(
    "document",
    [STATUTE, ReadyMade("A", "jsonl", (("user", TEXT), ("assistant", TEXT))), decision("Nur vier Wörter hier.")],
)
def test_what_is_never_a_near_duplicate(document: Document) -> None:
    assert minhash(document) is None


def test_headnotes_and_rubrum_are_not_compared() -> None:
    bare, dressed = decision(TEXT), decision(TEXT, leitsatz="Ein langer Leitsatz mit eigenen Worten.", rubrum="Rubrum.")
    assert minhash(bare) == minhash(dressed)


def test_punctuation_case_and_hyphenation_are_not_compared() -> None:
    assert (
        hash_shingles("Die „Klage“ – § 1 BGB – ist zu\u00adlässig!").tolist()
        == (hash_shingles("die klage 1 bgb ist zulässig")).tolist()
    )


def test_facts_and_grounds_and_tenor_are_compared() -> None:
    whole = decision("fünf sechs sieben acht neun", tatbestand="drei vier", tenor="eins zwei")
    assert len(shingle_hashes(whole)) == 9 - SHINGLE_WORDS + 1


@given(st.lists(st.sampled_from(string.ascii_lowercase[:6]), max_size=60))
def test_shingles_are_the_runs_of_words(words: list[str]) -> None:
    runs = [tuple(words[at : at + SHINGLE_WORDS]) for at in range(len(words) - SHINGLE_WORDS + 1)]
    hashes = hash_shingles(" ".join(words)).tolist()
    assert len(hashes) == len(runs)
    assert len(set(hashes)) == len(set(runs))
    assert len(set(zip(hashes, runs, strict=True))) == len(set(runs))


@given(st.sets(st.integers(0, 40)), st.sets(st.integers(0, 40)))
def test_jaccard_index_is_that_of_the_sets(one: set[int], other: set[int]) -> None:
    expected = len(one & other) / len(one | other) if one and other else 0.0
    assert jaccard(_array(one), _array(other)) == pytest.approx(expected)


def test_signatures_estimate_the_jaccard_index() -> None:
    rng = np.random.default_rng(0)
    errors = []
    for _ in range(100):
        hashes = rng.integers(0, 2**64, 2200, dtype=np.uint64)
        one, other = (np.frombuffer(signature_of(part), dtype="<u4") for part in (hashes[:2000], hashes[200:]))
        errors.append(np.mean(one == other) - 1800 / 2200)
    assert abs(np.mean(errors)) < 0.012
    assert np.std(errors) < 0.045


def _array(values: set[int]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array(sorted(values), dtype=np.uint64)
