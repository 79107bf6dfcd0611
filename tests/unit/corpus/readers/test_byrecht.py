"""Tests of legaltune.corpus.readers.byrecht."""

from __future__ import annotations

from datetime import date

import pytest

from legaltune.corpus.document import Decision, DocumentError, DropReason, RawDocument, SectionName
from legaltune.corpus.readers import read_document
from tests.unit.corpus.readers import samples


def read(content: bytes = samples.BYRECHT) -> Decision:
    decision = read_document(RawDocument("x", content))
    assert isinstance(decision, Decision)
    return decision


def changed(old: str, new: str) -> bytes:
    text = samples.BYRECHT.decode()
    assert old in text
    return text.replace(old, new).encode()


def test_metadata() -> None:
    decision = read()
    assert (decision.source, decision.document_id) == ("byrecht-rspr", "Y-1")
    assert (decision.court, decision.chamber) == ("OLG Musterstadt", "3. Zivilsenat")
    assert (decision.decision_type, decision.date) == ("Beschluss", date(2018, 11, 21))
    assert (decision.file_numbers, decision.title) == (("3 K 12/18",), "Streit um ein Muster")
    assert decision.norms == ("§ 4 MustG", "§ 5 Abs. 1 MustG")
    assert decision.jurisdiction == "Ordentliche Gerichtsbarkeit"


def test_sections_in_the_order_of_a_decision() -> None:
    assert {name.value: [(p.randnummer, p.text) for p in section] for name, section in read().sections.items()} == {
        "leitsatz": [(None, "1. Muster gelten."), (None, "2. Überall.")],
        "tenor": [(None, "Die Beschwerde kostet 5 €.")],
        "gruende": [(None, "I."), ("1", "Die Beschwerde (§ 4 MustG) ist unbegründet.")],
    }
    assert list(read().sections) == [SectionName.LEITSATZ, SectionName.TENOR, SectionName.GRUENDE]


def test_the_declared_encoding_counts_where_it_is_true() -> None:
    """The sample declares ISO-8859-1 and holds UTF-8."""
    assert read(samples.BYRECHT.decode().encode("latin-1")).sections == read().sections


@pytest.mark.parametrize("declared", ["UTF-16", "iso-8859-1"])
def test_utf16(declared: str) -> None:
    assert read(changed("iso-8859-1", declared).decode().encode("utf-16")).sections == read().sections


def test_a_court_without_a_seat_in_its_name() -> None:
    assert read(changed("<gertyp>OLG", "<gertyp>BayObLG")).court == "BayObLG"


def test_kinds() -> None:
    assert read(changed("<doktyp>Bes", "<doktyp>EndU")).decision_type == "Endurteil"
    assert read(changed("<doktyp>Bes", "<doktyp>Vergleich")).decision_type == "Vergleich"


def test_an_impossible_date() -> None:
    assert read(changed(">2018-11-21<", ">2018-13-41<")).date is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (changed('doknr="Y-1"', ""), DropReason.MISSING_FIELD),
        (changed("<gertyp>OLG</gertyp>", ""), DropReason.MISSING_FIELD),
        (changed("<doktyp>Bes</doktyp>", ""), DropReason.MISSING_FIELD),
        (b'<byrecht-rspr doknr="Y"><metadaten/><textdaten/></byrecht-rspr>', DropReason.NO_SECTIONS),
        (samples.BYRECHT[:-20], DropReason.MALFORMED_XML),
    ],
)
def test_what_cannot_be_used(content: bytes, reason: DropReason) -> None:
    with pytest.raises(DocumentError) as caught:
        read(content)
    assert caught.value.reason is reason
