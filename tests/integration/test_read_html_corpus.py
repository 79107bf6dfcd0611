"""Reads every real court page, the Bavarian XML and the cases of Open Legal Data: no Randnummer, no text is lost."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from lxml import etree, html

from legaltune.corpus.document import Decision, DocumentError, DropReason, RawDocument, SectionName
from legaltune.corpus.readers import read_document

pytestmark = pytest.mark.corpus

_SECTION_HEADINGS = {"Tenor", "Tatbestand", "Entscheidungsgründe", "Gründe"}
_UNSEEN = re.compile(r"[\s\u00ad\u200b\u200c|]")


def read(path: Path) -> Decision:
    decision = read_document(RawDocument(path.name, path.read_bytes()))
    assert isinstance(decision, Decision)
    return decision


def pages(real_corpus: Path, court: str) -> Iterator[tuple[Path, Decision, etree._Element]]:
    for path in sorted((real_corpus / "court_html" / court).glob("*.html")):
        yield path, read(path), html.document_fromstring(path.read_bytes().decode("utf-8"))


def bare(text: str) -> str:
    """Text without white space and what cleaning removes."""
    return _UNSEEN.sub("", unicodedata.normalize("NFC", text).replace("\u2011", "-"))


def text_read(decision: Decision) -> str:
    front = {SectionName.LEITSATZ, SectionName.ORIENTIERUNGSSATZ}
    body = [p.text for name, section in decision.sections.items() if name not in front for p in section]
    return "".join(map(bare, body))


def text_printed(main: etree._Element) -> str:
    for heading in main.xpath(".//h2"):
        if heading.text_content().strip() in _SECTION_HEADINGS:
            heading.drop_tree()
    return bare(main.text_content())


def numbers(decision: Decision) -> list[str]:
    body = (SectionName.TENOR, SectionName.TATBESTAND, SectionName.ENTSCHEIDUNGSGRUENDE, SectionName.GRUENDE)
    return [p.randnummer for name in body for p in decision.section(name) if p.randnummer]


def main_of_bverwg(page: etree._Element) -> etree._Element:
    """The decision shown; pages may hide another one of the same proceedings."""
    targets = page.xpath("//span[contains(@class, 'target') and not(contains(@class, 'hiddendata'))]")
    return next(main for target in targets for main in target.xpath(".//div[@class='row entscheidung']"))


def test_counts_per_reader(real_corpus: Path) -> None:
    files = [p for folder in ("court_html", "byrecht_xml") for p in (real_corpus / folder).rglob("*") if p.is_file()]
    assert Counter(read(path).source for path in files) == {"bverwg-html": 30, "bayern-html": 20, "byrecht-rspr": 1}


def test_bverwg_loses_nothing(real_corpus: Path) -> None:
    for path, decision, page in pages(real_corpus, "bverwg"):
        main = main_of_bverwg(page)
        assert numbers(decision) == [e.get("data-rdn") for e in main.xpath(".//div[@data-rdn]")], path.name
        assert {p.randnummer for p in decision.section(SectionName.TENOR)} == {None}, path.name
        for extra in main.xpath(".//span[@class='rdn'] | ./div[@class='entscheidung'] | ./div[@class='az']"):
            extra.drop_tree()
        has_marks = "list-style-type" in html.tostring(main, encoding="unicode")
        found, printed = text_read(decision), text_printed(main)
        # The marks of lists are added as a browser would print them.
        assert found == printed or (has_marks and len(printed) < len(found) < 1.01 * len(printed)), path.name


def test_bayern_loses_nothing(real_corpus: Path) -> None:
    for path, decision, page in pages(real_corpus, "bayern"):
        (main,) = page.xpath("//div[@class='cont']")
        printed = [e.text_content().strip() for e in main.xpath(".//div[@class='rd']")]
        assert numbers(decision) == [number for number in printed if number], path.name
        for extra in main.xpath(".//div[@class='rsprbox'] | .//div[@class='rd']"):
            extra.drop_tree()
        # An order on the value in dispute stands under the line "Beschluss", which is a heading.
        heading = "Beschluss" if decision.section(SectionName.SONSTIGES) else ""
        assert sorted(text_read(decision) + heading) == sorted(text_printed(main)), path.name


def test_bavarian_paragraphs_stand_in_their_sections(real_corpus: Path) -> None:
    """The pages name the section of each paragraph in its class."""
    classes = {"tenor": (SectionName.TENOR,), "tatbestand": (SectionName.TATBESTAND,)}
    for path, decision, page in pages(real_corpus, "bayern"):
        for css_class, names in classes.items():
            expected = "".join(bare(e.text_content()) for e in page.xpath(f"//div[@class='absatz {css_class}']"))
            found = "".join(bare(p.text) for name in names for p in decision.section(name))
            others = "".join(bare(p.text) for p in decision.section(SectionName.SONSTIGES))
            assert len(found) <= len(expected) + 40 <= len(found + others) + 80, (path.name, css_class)


def test_every_page_is_described(real_corpus: Path) -> None:
    for court in ("bverwg", "bayern"):
        for path, decision, _ in pages(real_corpus, court):
            assert decision.date and decision.file_numbers and decision.decision_type, path.name
            assert decision.title or court == "bverwg", path.name
            assert decision.document_id == path.name.removesuffix(".html")
            text = " ".join(p.text for section in decision.sections.values() for p in section)
            assert not [
                word for word in ("Suche", "Impressum", "Seite drucken", "Dokumente zum Verfahren") if word in text
            ], path.name


def test_a_page_with_two_decisions_checked_by_eye(real_corpus: Path) -> None:
    decision = read(real_corpus / "court_html" / "bverwg" / "141223U8C9.22.0.html")
    assert (decision.file_numbers, decision.date, decision.chamber) == (("8 C 9.22",), date(2023, 12, 14), "8. Senat")
    assert numbers(decision) == [str(n) for n in range(1, 28)]
    assert [p.text for p in decision.grounds if p.is_heading] == ["I", "II"]
    assert len(decision.section(SectionName.TENOR)) == 2
    assert len(decision.previous_instances) == 1


def test_bavarian_judgment_checked_by_eye(real_corpus: Path) -> None:
    decision = read(real_corpus / "court_html" / "bayern" / "Y-300-Z-BECKRS-B-2023-N-44120.html")
    assert (decision.court, decision.decision_type) == ("LG Nürnberg-Fürth", "Endurteil")
    assert [p.randnummer for p in decision.section(SectionName.TATBESTAND) if p.randnummer][-1] == "34"
    assert decision.grounds[0].randnummer == "35"
    # The order that fixes the value in dispute stands behind the tenor under a heading of its own.
    assert len(decision.section(SectionName.SONSTIGES)) == 1
    names = (SectionName.LEITSATZ, SectionName.ORIENTIERUNGSSATZ, SectionName.TENOR)
    assert [len(decision.section(name)) for name in names] == [0, 4, 3]


def test_leitsaetze_of_bavarian_courts_and_of_editors(real_corpus: Path) -> None:
    """The pages mark those of editors one by one; eleven pages have no others."""
    found: dict[str, tuple[int, int]] = {}
    for path, decision, page in pages(real_corpus, "bayern"):
        printed = [e.text_content() for e in page.xpath("//div[@class='leitsatz']")]
        marked = sum("(redaktioneller Leitsatz)" in text for text in printed)
        found[path.stem[-6:]] = (len(printed) - marked, marked)
        names = (SectionName.LEITSATZ, SectionName.ORIENTIERUNGSSATZ)
        assert tuple(len(decision.section(name)) for name in names) == found[path.stem[-6:]], path.name
    assert sum(official > 0 for official, _ in found.values()) == 9
    assert {name: counts for name, counts in found.items() if all(counts)} == {
        "-24515": (1, 2),
        "-25726": (1, 1),
        "-36582": (1, 3),
        "-43742": (2, 3),
        "-44766": (3, 3),
    }


def test_byrecht(real_corpus: Path) -> None:
    """Declares ISO-8859-1 and holds UTF-8."""
    decision = read(real_corpus / "byrecht_xml" / "1.xml")
    assert (decision.court, decision.chamber, decision.decision_type) == ("OLG München", "34. Zivilsenat", "Beschluss")
    assert [p.text[:2] for p in decision.section(SectionName.LEITSATZ)] == ["1.", "2.", "3."]
    assert numbers(decision) == [str(n) for n in range(1, 31)]
    assert [p.text for p in decision.grounds if p.is_heading] == ["I.", "II.", "III."]
    assert "ü" in decision.grounds[1].text + decision.grounds[2].text
    assert not [p for section in decision.sections.values() for p in section if "Ã" in p.text]


def test_old_bgh_pages(real_corpus: Path) -> None:
    found = {path.stem: read(path) for path in sorted((real_corpus / "oldp_json").glob("*.json"))}
    assert {d.court for d in found.values()} == {"BGH"}
    assert [len(numbers(d)) for d in found.values()] == [2, 3, 3, 7, 6]
    assert all(numbers(d) == [str(n + 1) for n in range(len(numbers(d)))] for d in found.values())
    assert all(d.section(SectionName.TENOR) and d.chamber and d.date for d in found.values())
    assert all(d.grounds[-1].text.endswith(".") for d in found.values())


def test_openjur_records_are_mended(real_corpus: Path) -> None:
    read_ones: list[Decision] = []
    failures: list[DropReason] = []
    for path in sorted((real_corpus / "oldp_json" / "broken").glob("*.json")):
        try:
            read_ones.append(read(path))
        except DocumentError as error:
            failures.append(error.reason)
    assert (len(read_ones), failures) == (7, [DropReason.MALFORMED_JSON])
    assert {d.court for d in read_ones} > {"OLG Köln", "LG Düsseldorf"}
    assert all(d.section(SectionName.TENOR) and d.grounds and d.date for d in read_ones)
    text = " ".join(p.text for d in read_ones for section in d.sections.values() for p in section)
    assert not re.search("Ã|â\u0080|Â§", text)
