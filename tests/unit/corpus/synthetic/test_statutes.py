from __future__ import annotations

import pytest
from lxml import etree

from legaltune.corpus.readers import gii
from legaltune.corpus.readers.content import inspect
from legaltune.corpus.synthetic import SyntheticStatute, generate_statutes, statute_text
from legaltune.corpus.synthetic.gii_xml import statute_xml
from legaltune.corpus.synthetic.statutes import find_paragraph, parse_statute

STATUTES = list(generate_statutes(0))

LIGHT_TEXT = """title: Gesetz über Muster
short: Mustergesetz
abbreviation: MuG
jurabk: MuG 2001
date: 2001-02-03
gazette: 2001, 9001
status: Zuletzt geändert durch Art. 1 G v. 1.1.2010 I 9002
note: (+++ Textnachweis ab: 3.2.2001 +++)

= Teil 1 | Muster
=- Kapitel 1 | Anfang
== § 1 | Liste
(1) Muster sind
1. Formen,
2. Farben und
a) Linien,
b) Punkte
+ aller Art.
(2) Sonst nichts.
== § 2 | Tabelle
Es gilt:
| Form | Zahl |
| Kreis | 1 |
^ Seit 2010.
"""


def test_light_text_is_parsed() -> None:
    entry = parse_statute(LIGHT_TEXT)
    liste, tabelle = entry.statute.norms
    assert entry.statute.abbreviations == ("MuG 2001", "MuG")
    assert liste.division == ("Teil 1 Muster", "Kapitel 1 Anfang")
    assert liste.paragraphs[0].split("\n") == [
        "(1) Muster sind",
        "1. Formen,",
        "2. Farben und",
        "a) Linien,",
        "b) Punkte",
        "aller Art.",
    ]
    assert tabelle.paragraphs == ("Es gilt:", "Form | Zahl\nKreis | 1")
    assert tabelle.footnotes == ("Seit 2010.",)


def test_lists_and_tables_become_dl_and_cals() -> None:
    root = etree.fromstring(statute_xml(parse_statute(LIGHT_TEXT)))
    assert [item.text for item in root.iterfind(".//P/DL/DT")] == ["1.", "2."]
    assert [item.text for item in root.iterfind(".//LA/DL/DT")] == ["a)", "b)"]
    assert root.find(".//P/DL").tail == "aller Art."
    assert [cell.text for cell in root.iterfind(".//tbody/row/entry")] == ["Kreis", "1"]
    assert [element.text for element in root.iterfind(".//gliederungskennzahl")] == ["010", "010010"]


def test_statutes_are_as_many_and_as_long_as_promised() -> None:
    assert 12 <= len(STATUTES) <= 16
    assert all(12 <= len(entry.statute.norms) <= 40 for entry in STATUTES)
    assert any(" | " in text for entry in STATUTES for norm in entry.statute.norms for text in norm.paragraphs)
    assert all(any(norm.title == "(weggefallen)" for norm in entry.statute.norms) for entry in STATUTES)


def test_abbreviations_and_numbers_are_unique() -> None:
    assert len({entry.statute.abbreviations[-1] for entry in STATUTES}) == len(STATUTES)
    assert len({entry.statute.document_id for entry in STATUTES}) == len(STATUTES)


@pytest.mark.parametrize("entry", STATUTES, ids=lambda entry: entry.statute.abbreviations[-1])
def test_reader_finds_the_statute_in_its_file(entry: SyntheticStatute) -> None:
    found = gii.read(inspect(statute_xml(entry)))
    assert found.norms == tuple(norm for norm in entry.statute.norms if norm.paragraphs)
    assert (found.title, found.date, found.status) == (entry.statute.title, entry.statute.date, entry.statute.status)
    assert (found.document_id, found.abbreviations) == (entry.statute.document_id, entry.statute.abbreviations)


def test_find_paragraph() -> None:
    assert find_paragraph("§ 14 Abs. 1 WzMG").startswith("(1) Der Vermieter")
    assert find_paragraph("§ 19 RmVG").startswith("Ein zulässiges")
    for unknown in ("§ 14 Abs. 9 WzMG", "§ 99 WzMG", "§ 1 XYZG", "WzMG"):
        with pytest.raises(KeyError):
            find_paragraph(unknown)


def test_order_depends_on_the_seed() -> None:
    rotated = list(generate_statutes(3))
    assert rotated != STATUTES
    assert sorted(rotated, key=statute_text) == sorted(STATUTES, key=statute_text)


def test_statute_text_names_each_norm() -> None:
    text = statute_text(parse_statute(LIGHT_TEXT))
    assert "§ 1 MuG Liste\n(1) Muster sind" in text
    assert text.startswith("Gesetz über Muster (Mustergesetz - MuG)")


@pytest.mark.corpus
def test_files_are_valid(real_corpus: object) -> None:
    dtd = etree.DTD(f"{real_corpus}/statutes_gii/gii-norm.dtd")
    for entry in STATUTES:
        assert dtd.validate(etree.fromstring(statute_xml(entry))), dtd.error_log
