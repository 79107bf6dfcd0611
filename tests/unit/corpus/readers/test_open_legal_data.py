"""Tests of legaltune.corpus.readers.open_legal_data."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from legaltune.corpus.document import Decision, DocumentError, DropReason, RawDocument
from legaltune.corpus.readers import read_document
from tests.unit.corpus.readers import pages, samples

MARKDOWN = """## Tenor

Die Klage wird abgewiesen.

## Gründe

| I.
1| 1\\. Der Kläger klagt.
2| Die Klage ist unbegründet.

:| Dr. Roth           Kern
"""
OPENJUR = {
    "id": 30,
    "reference": "6 W 5/08",
    "process": "327 O 5/07 vorher  ",
    "source": "openJur 2009, 38",
    "court": "OLG KÃ¶ln",
    "type": "Beschluss",
    "date": " 7. MÃ¤rz 2008",
    "text": 'b\'<section id="text">\\r\\n<h2>Tenor</h2>\\n<p>Zur&#195;&#188;ckgewiesen.</p><h2>Gr&#195;&#188;nde</h2>'
    "<p>5 &#226;&#130;&#172; &amp; mehr.</p></section>'",
}


def read(value: Any) -> Decision:
    decision = read_document(RawDocument("x", json.dumps(value).encode()))
    assert isinstance(decision, Decision)
    return decision


def printed(decision: Decision) -> dict[str, list[tuple[str | None, str]]]:
    return {name.value: [(p.randnummer, p.text) for p in section] for name, section in decision.sections.items()}


def fixture(**fields: Any) -> dict[str, Any]:
    return {"model": "cases.case", "pk": 68, "fields": {**samples.CASE_RECORD, "court": 5624, **fields}}


def test_case() -> None:
    decision = read(samples.CASE_RECORD)
    assert (decision.source, decision.document_id) == ("open-legal-data", "vg-musterstadt-2024-02-29-3-k-1223")
    assert (decision.court, decision.jurisdiction) == ("Verwaltungsgericht Musterstadt", "Verwaltungsgerichtsbarkeit")
    assert (decision.decision_type, decision.date) == ("Beschluss", date(2024, 2, 29))
    assert (decision.file_numbers, decision.ecli) == (("3 K 12/23",), None)
    assert printed(decision) == {"tenor": [(None, "Abgewiesen.")], "gruende": [("1", "Darum.")]}


def test_fixture_whose_page_names_the_court() -> None:
    case = fixture(content=MARKDOWN, raw=pages.PLAIN, court_chamber="5. Zivilkammer", source_name="")
    decision = read(case)
    assert (decision.court, decision.chamber) == ("LG Musterstadt", "5. Zivilkammer")
    assert [p.randnummer for p in decision.grounds] == ["3", None]


def test_source_names_the_court() -> None:
    assert read(fixture(source_name="Bundesgerichtshof")).court == "BGH"


@pytest.mark.parametrize(("code", "court"), [("BGH", "BGH"), ("LGKOELN", "LG Köln")])
def test_ecli_names_the_court(code: str, court: str) -> None:
    case = fixture(source_name="", ecli=f"ECLI:DE:{code}:2024:0229.3K12.23.00")
    assert read(case).court == court


def test_markdown_alone() -> None:
    decision = read({**samples.CASE_RECORD, "content": MARKDOWN})
    assert printed(decision) == {
        "tenor": [(None, "Die Klage wird abgewiesen.")],
        "gruende": [(None, "I."), ("1", "1. Der Kläger klagt."), ("2", "Die Klage ist unbegründet.")],
    }


def test_a_remark_in_the_tenor_is_the_reasons_of_an_order_without_any() -> None:
    page = "<h2>Tenor</h2><p>Die Revision wird verworfen.</p><p>Ergänzend bemerkt der Senat: Die Rüge greift nicht.</p>"
    assert printed(read({**samples.CASE_RECORD, "content": page})) == {
        "tenor": [(None, "Die Revision wird verworfen.")],
        "gruende": [(None, "Ergänzend bemerkt der Senat: Die Rüge greift nicht.")],
    }


def test_openjur() -> None:
    decision = read(OPENJUR)
    assert (decision.document_id, decision.court) == ("openjur-30", "OLG Köln")
    assert (decision.date, decision.file_numbers) == (date(2008, 3, 7), ("6 W 5/08",))
    assert decision.previous_instances == ("327 O 5/07",)
    assert printed(decision) == {"tenor": [(None, "Zurückgewiesen.")], "gruende": [(None, "5 € & mehr.")]}


def test_openjur_with_plain_markup() -> None:
    decision = read({**OPENJUR, "text": "<h2>Tenor</h2><p>Ja.</p><h2>Gründe</h2><p>Darum.</p>"})
    assert printed(decision) == {"tenor": [(None, "Ja.")], "gruende": [(None, "Darum.")]}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"model": "cases.case", "fields": None}, DropReason.MISSING_FIELD),
        (fixture(court=1, source_name=""), DropReason.MISSING_FIELD),
        ({**samples.CASE_RECORD, "content": " "}, DropReason.MISSING_FIELD),
        ({**samples.CASE_RECORD, "content": "<p>Nichts.</p>"}, DropReason.NO_SECTIONS),
        ({**samples.CASE_RECORD, "content": "Nichts."}, DropReason.NO_SECTIONS),
        ({**samples.CASE_RECORD, "slug": None, "id": None}, DropReason.MISSING_FIELD),
        ({**samples.CASE_RECORD, "type": None}, DropReason.MISSING_FIELD),
        ({**OPENJUR, "text": "b'<p>"}, DropReason.WRONG_ENCODING),
        ({**OPENJUR, "text": None}, DropReason.MISSING_FIELD),
        ({**OPENJUR, "court": ""}, DropReason.MISSING_FIELD),
    ],
)
def test_what_cannot_be_used(value: Any, reason: DropReason) -> None:
    with pytest.raises(DocumentError) as caught:
        read(value)
    assert caught.value.reason is reason
