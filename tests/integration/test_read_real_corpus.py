"""Reads every real document: exact counts per source, checked by eye on samples of every court."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from legaltune.corpus.document import Decision, Document, DocumentError, DropReason, SectionName, Statute
from legaltune.corpus.readers import read_document
from legaltune.corpus.sources import IgnoredFile, walk

pytestmark = pytest.mark.corpus

Read = dict[str, Document]
Dropped = dict[str, DocumentError]

# Folder of portal_json: records read, with Tenor, with Tatbestand, with grounds, with Leitsatz.
PORTALS = {
    "BAG": (12, 12, 9, 9, 6),
    "BGH": (12, 12, 0, 12, 2),
    "BKartG": (12, 12, 6, 6, 0),
    "BPatG": (12, 12, 0, 12, 0),
    "BVerfG": (12, 12, 0, 12, 0),
    "BVerwG": (20, 20, 0, 0, 0),
    "BayernCaseLaw": (15, 14, 5, 15, 0),
    "BerlinCaseLaw": (12, 12, 0, 12, 8),
    "BrandenburgCaseLaw": (15, 15, 1, 15, 4),
    "BremenCaseLaw": (16, 16, 1, 16, 0),
    "HamburgCourts": (15, 15, 7, 15, 11),
    "MecklenburgVorpommernCaseLaw": (12, 12, 2, 12, 12),
    "NiedersachsenCaseLaw": (12, 9, 3, 12, 0),
    "OpenLegalData": (12, 12, 4, 12, 0),
    "RheinlandPfalzCaseLaw": (12, 12, 3, 12, 8),
    "SaarlandCaseLaw": (12, 12, 2, 12, 9),
    "SachsenAnhaltCaseLaw": (12, 12, 2, 12, 8),
    "SachsenCaseLaw": (14, 14, 2, 14, 3),
    "SchleswigHolsteinCaseLaw": (12, 12, 0, 12, 3),
}

DROPS = {
    ("broken", DropReason.CORRUPT_ARCHIVE): 1,
    ("oldp_json", DropReason.MALFORMED_JSON): 1,
    ("portal_json", DropReason.STATUTE_FRAGMENT): 2,
}


@pytest.fixture(scope="module")
def outcome(real_corpus: Path) -> tuple[Read, Dropped, list[str]]:
    read: Read = {}
    dropped: Dropped = {}
    ignored: list[str] = []
    for item in walk([real_corpus]):
        if isinstance(item, IgnoredFile):
            ignored.append(item.origin)
            continue
        try:
            read[item.origin] = read_document(item)
        except DocumentError as error:
            dropped[item.origin] = error
    return read, dropped, ignored


@pytest.fixture(scope="module")
def read(outcome: tuple[Read, Dropped, list[str]]) -> Read:
    return outcome[0]


def decisions(read: Read, folder: str = "") -> Iterator[Decision]:
    return (d for origin, d in read.items() if origin.startswith(folder) and isinstance(d, Decision))


def statute(read: Read, name: str) -> Statute:
    found = read[f"statutes_gii/{name}/{name}.xml"]
    assert isinstance(found, Statute)
    return found


def test_documents_per_source(read: Read) -> None:
    assert Counter(document.source for document in read.values()) == {
        "rii-dok": 3,
        "gii-norm": 27,
        "portal-json": 251,
        "bverwg-html": 30,
        "bayern-html": 20,
        "byrecht-rspr": 1,
        "open-legal-data": 12,
        "judgment-text": 66,
    }


def test_every_drop_has_its_reason(outcome: tuple[Read, Dropped, list[str]]) -> None:
    _, dropped, ignored = outcome
    assert Counter((origin.partition("/")[0], error.reason) for origin, error in dropped.items()) == DROPS
    assert all(error.reason is not DropReason.READER_FAILED for error in dropped.values())
    assert ignored == [
        "README.md",
        "rii_xml/rii-toc-excerpt.xml",
        "statutes_gii/gii-norm.dtd",
        "statutes_gii/gii-toc.xml",
    ]


@pytest.mark.parametrize("folder", PORTALS)
def test_sections_of_the_portals(read: Read, folder: str) -> None:
    found = list(decisions(read, f"portal_json/{folder}/"))
    names = (SectionName.TENOR, SectionName.TATBESTAND, None, SectionName.LEITSATZ)
    counts = (sum(bool(d.section(n) if n else d.grounds) for d in found) for n in names)
    assert (len(found), *counts) == PORTALS[folder]


def test_no_section_is_empty_and_no_text_is_dirty(read: Read) -> None:
    paragraphs = [p for d in decisions(read) for section in d.sections.values() for p in section]
    assert all(section for d in decisions(read) for section in d.sections.values())
    assert all(p.text and p.text == p.text.strip() for p in paragraphs)
    assert not [p.text for p in paragraphs if set("\u00a0\u00ad\u200b\ufeff\t") & set(p.text)]
    assert not [p.text for p in paragraphs if "Abbildung in Originalgröße" in p.text or "<alt=" in p.text]


def test_every_decision_is_described(read: Read) -> None:
    found = list(decisions(read))
    assert all(d.document_id and d.court and d.decision_type and d.file_numbers for d in found)
    assert sum(d.date is None for d in found) == 3
    assert {d.decision_type for d in decisions(read, "portal_json/Hamburg")} == {"Beschluss", "Urteil"}
    assert {d.court for d in decisions(read, "portal_json/BGH")} == {"BGH"}


def test_randnummern_run_on(read: Read) -> None:
    """Courts that number print 1, 2, 3, ...; the Sächsisches OVG's PDFs lose some."""
    for folder in ("BGH", "BVerfG", "BayernCaseLaw", "BerlinCaseLaw", "OpenLegalData", "SaarlandCaseLaw"):
        for decision in decisions(read, f"portal_json/{folder}/"):
            body = (*decision.section(SectionName.TATBESTAND), *decision.grounds)
            numbers = [int(p.randnummer) for p in body if p.randnummer]
            assert numbers == sorted(set(numbers)), decision.document_id
            assert numbers[-1:] <= [len(numbers) + 3], decision.document_id


def test_printed_lines_leave_no_hyphenation(read: Read) -> None:
    for folder in ("BremenCaseLaw", "HamburgCourts", "SachsenCaseLaw"):
        for decision in decisions(read, f"portal_json/{folder}/"):
            tenor = decision.section(SectionName.TENOR)
            assert not [p.text for p in tenor if p.text.endswith("-") or "Richter" in p.text], decision.document_id


def test_signatures_are_gone(read: Read) -> None:
    """Three decisions end without a full stop in print: one with a note on the appeal, two by mistake."""
    odd = {d.document_id for d in decisions(read) if d.grounds and d.grounds[-1].text[-1] not in ".€"}
    assert odd == {"NI-8ca1eacc-ac12-465e-8cc4-0df633524663", "SN-OVG-2633", "Y-300-Z-BECKRS-B-2023-N-21658"}


def test_european_judgments(read: Read) -> None:
    found = [d for d in decisions(read) if d.court == "EuGH"]
    assert len(found) == 8
    assert all(d.file_numbers and d.section(SectionName.TENOR) and d.grounds[0].randnummer == "1" for d in found)
    assert not [n for d in found for n in d.file_numbers if n.endswith("/26")]


def test_rii(read: Read) -> None:
    judgment = read["rii_xml/jb-KORE303672022.xml"]
    assert isinstance(judgment, Decision)
    assert [p.randnummer for p in judgment.grounds] == [
        *("4", None, "5", None, "6", "7", "8"),
        *(None, None, None, "9"),
    ]
    assert [p.is_quotation for p in judgment.grounds].count(True) == 1
    assert [p.text for p in judgment.grounds if p.is_heading] == ["I.", "II.", "III."]
    assert len(judgment.previous_instances) == 2
    order = read["rii_xml/file_number_KVRE427811801.xml"]
    assert isinstance(order, Decision)
    assert (len(order.file_numbers), len(order.grounds)) == (17, 11)
    tenor_only = read["rii_xml/jb-KORE613012010.xml"]
    assert isinstance(tenor_only, Decision)
    assert (list(tenor_only.sections), tenor_only.ecli) == ([SectionName.TENOR], None)


def test_statutes(read: Read) -> None:
    statutes = [d for d in read.values() if isinstance(d, Statute)]
    assert sum(len(s.norms) for s in statutes) == 6414
    assert [len(statute(read, name).norms) for name in ("bgb", "gg", "stgb", "estg")] == [2470, 200, 518, 226]
    assert all(s.title and s.date and s.status for s in statutes)
    assert statute(read, "uwg_2004").abbreviations == ("UWG 2004", "UWG")


def test_norms_checked_by_eye(read: Read) -> None:
    liability = next(n for n in statute(read, "bgb").norms if n.label == "§ 823")
    assert liability.title == "Schadensersatzpflicht"
    assert [p[:3] for p in liability.paragraphs] == ["(1)", "(2)"]
    assert [d.split()[0] for d in liability.division] == ["Buch", "Abschnitt", "Titel"]
    dignity = next(n for n in statute(read, "gg").norms if n.label == "Art 1")
    assert (len(dignity.paragraphs), dignity.division) == (3, ("I. Die Grundrechte",))
    limitation = next(n for n in statute(read, "stgb").norms if n.label == "§ 78")
    assert [line[:2] for line in limitation.paragraphs[2].split("\n")[1:]] == ["1.", "2.", "3.", "4.", "5."]
    annuity = next(n for n in statute(read, "estg").norms if n.label == "Anlage 1")
    assert annuity.text.split("\n")[2:4] == ["1 | 2 | 3", "bis | 26 | 11 | 17"]
