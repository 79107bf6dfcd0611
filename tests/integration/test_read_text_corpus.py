"""Judgments as text of a PDF: what the re-flow makes of every one, checked against sentence ends marked by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from legaltune.corpus.document import Decision, RawDocument, SectionName
from legaltune.corpus.readers import read_document

pytestmark = pytest.mark.corpus

Judgment = tuple[str, list[int], Decision]

_MARGIN_OR_PAGE = re.compile(r"^\s*(?:\d{1,3}|\d+/\d+)\s*$", re.MULTILINE)
_BODY = re.compile(r"\n(?:Tenor|Entscheidungsgründe|Gründe ?:?)\n|beschlossen:\n")
# Names of the judges, the number of the last page and the citation below the last sentence of the BVerfG.
_IMPRINT = re.compile(r"\n[^\n.]+\n\d+/\d+\nBundesverfassungsgericht, .*", re.DOTALL)
_LEADING_MARKS = re.compile(r"^[\s.,:;!?“”\")\]…]+(?=\s)")


@pytest.fixture(scope="module")
def judgments(real_corpus: Path) -> list[Judgment]:
    found = []
    for path in sorted((real_corpus / "judgments_txt_json").glob("*.json")):
        decision = read_document(RawDocument(path.name, path.read_bytes()))
        assert isinstance(decision, Decision)
        record = json.loads(path.read_text(encoding="utf-8"))
        found.append((record["Text"], sorted({a["end"] for a in record["Annotations"]}), decision))
    return found


def folded(text: str) -> str:
    return re.sub(r"[\s\-]", "", text)


def sentences(text: str, ends: list[int]) -> Iterator[str]:
    """Sentences of the body as marked, without the margin numbers and page numbers that the PDF put into them."""
    imprint = _IMPRINT.search(text)
    last = imprint.start() if imprint else len(text)
    body = _BODY.search(text)
    assert body
    start = body.end()
    for end in ends:
        if start < end <= last:
            yield folded(_LEADING_MARKS.sub("", _MARGIN_OR_PAGE.sub("", text[start:end])))
            start = end


def test_every_judgment_is_read_and_told_from_the_others(judgments: list[Judgment]) -> None:
    decisions = [decision for _, _, decision in judgments]
    assert len(decisions) == 66
    assert len({d.document_id for d in decisions}) == 66
    assert all(d.date and d.file_numbers and d.grounds for d in decisions)
    assert sum(not d.section(SectionName.TENOR) for d in decisions) == 1  # a notice of an intended dismissal
    assert sum(d.court == "BVerfG" for d in decisions) == 9
    assert all(d.section(SectionName.RUBRUM) and d.chamber for d in decisions if d.court == "BVerfG")
    assert sum(bool(d.previous_instances) for d in decisions) == 31
    assert sum(bool(d.norms) for d in decisions) == 44


def test_leitsaetze_of_courts_and_of_editors(judgments: list[Judgment]) -> None:
    """A print has the court's or, in thirteen of forty, those of editors, marked one by one; no print has both."""
    names = (SectionName.LEITSATZ, SectionName.ORIENTIERUNGSSATZ)
    marked = [
        tuple(len(d.section(n)) for n in names) for text, _, d in judgments if re.search(r"\((?:redakt|red\.)", text)
    ]
    assert sorted(marked) == [(0, n) for n in (1, 2, 2, 2, 2, 2, 3, 3, 3, 4, 4, 4, 4)]
    assert sum(bool(d.section(SectionName.LEITSATZ)) for *_, d in judgments) == 27


def test_randnummern_are_complete_and_in_order(judgments: list[Judgment]) -> None:
    for text, _, decision in judgments:
        body = (*decision.section(SectionName.TATBESTAND), *decision.grounds)
        printed = re.findall(r"^\s*(\d{1,4})\s*$", text, re.MULTILINE)
        assert [p.randnummer for p in body if p.randnummer] == printed, decision.document_id


def test_marked_sentences_survive_in_one_paragraph(judgments: list[Judgment]) -> None:
    """What fails: lists that the marks count as one sentence, and numbers that the PDF printed into a sentence."""
    kept, total = 0, 0
    for text, ends, decision in judgments:
        paragraphs = [folded(p.text) for section in decision.sections.values() for p in section]
        joined = "\n".join(paragraphs)
        for sentence in filter(None, sentences(text, ends)):
            if sentence.lower().rstrip(":") in {"tatbestand", "entscheidungsgründe", "gründe", "beschluss"}:
                continue
            total += 1
            kept += sentence in joined
    assert total > 6000
    assert kept / total >= 0.99, f"{kept} of {total}"


def test_no_text_of_the_body_is_lost(judgments: list[Judgment]) -> None:
    for text, _, decision in judgments:
        body = _BODY.search(text)
        assert body
        printed = len(folded(_MARGIN_OR_PAGE.sub("", text[body.start() :])))
        names = (*list(SectionName)[3:], SectionName.SONSTIGES)
        read = sum(len(folded(p.text)) for name in dict.fromkeys(names) for p in decision.section(name))
        assert read >= printed - 250, decision.document_id


def test_nothing_of_the_print_is_left(judgments: list[Judgment]) -> None:
    paragraphs = [p.text for *_, d in judgments for section in d.sections.values() for p in section]
    assert not [p for p in paragraphs if re.fullmatch(r"\d+(?:/\d+)?", p)]
    assert not [p for p in paragraphs if "redaktioneller Leitsatz" in p or "Fundstelle:" in p or "Schlagworte:" in p]
    assert not [p for p in paragraphs if re.search(r"[a-zäöüß]-$", p)]
