"""Every Randnummer with its full text stands in the right section: real documents against what a person sees in them.

`tests/gold/structure.yaml` was written from the raw files by hand. Beside it, a few lines of plain lxml per markup take
the paragraphs of every whole decision from its page, for comparison with what the readers give.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from lxml import etree, html

from legaltune.corpus.document import Decision, Norm, Paragraph, RawDocument, SectionName, Statute
from legaltune.corpus.readers import read_document
from legaltune.corpus.sources import walk

pytestmark = pytest.mark.corpus

GOLD = yaml.safe_load((Path(__file__).parents[1] / "gold" / "structure.yaml").read_text("utf-8"))
# Marks of lists may be printed or not.
_WORDS_TOLERANCE = 0.02

_UNSEEN = re.compile(r"[\s\-\u2010\u2011\u00ad\u200b\u200c\ufeff|]")
_BRACKETED = re.compile(r"^\[(\d+[a-z]?)\][ \xa0]*\n?(.*)", re.MULTILINE)
_LABELLED = re.compile(r"^Randnummer\n(\d+[a-z]?)\n+(?=(.*))", re.MULTILINE)
_OUTLINE = re.compile(r"[IVX]+\.?|[A-Z]\.")
_SECTIONS = {
    "Tenor": SectionName.TENOR,
    "Tatbestand": SectionName.TATBESTAND,
    "Entscheidungsgründe": SectionName.ENTSCHEIDUNGSGRUENDE,
    "Gründe": SectionName.GRUENDE,
}

Row = tuple[SectionName, str | None, str]


def bare(text: str) -> str:
    """Text without white space, hyphens and the bars of tables, in small letters."""
    return _UNSEEN.sub("", unicodedata.normalize("NFC", text)).casefold()


def digest(text: str) -> str:
    return hashlib.sha256(bare(text).encode()).hexdigest()


def read(path: Path) -> Decision | Statute:
    (raw,) = walk([path])
    assert isinstance(raw, RawDocument)
    document = read_document(raw)
    assert isinstance(document, Decision | Statute)
    return document


def read_decision(path: Path) -> Decision:
    decision = read(path)
    assert isinstance(decision, Decision)
    return decision


def full_text(section: Sequence[Paragraph], randnummer: str) -> str:
    """Text of a Randnummer: its paragraph and those without one up to the next, headings left out."""
    start = next(i for i, paragraph in enumerate(section) if paragraph.randnummer == randnummer)
    end = next((i for i in range(start + 1, len(section)) if section[i].randnummer), len(section))
    return " ".join(p.text for p in section[start:end] if not p.is_heading)


@pytest.fixture(scope="module", params=GOLD["decisions"], ids=lambda gold: Path(gold["file"]).stem)
def golden(request: pytest.FixtureRequest, real_corpus: Path) -> tuple[Decision, Mapping[str, Any]]:
    return read_decision(real_corpus / request.param["file"]), request.param


def test_metadata(golden: tuple[Decision, Mapping[str, Any]]) -> None:
    decision, gold = golden
    found = (decision.court, decision.date, decision.decision_type, list(decision.file_numbers), decision.ecli)
    assert found == tuple(gold[key] for key in ("court", "date", "decision_type", "file_numbers", "ecli"))
    assert isinstance(decision.date, date)
    assert len(decision.previous_instances) == gold["num_previous_instances"]


def test_sections(golden: tuple[Decision, Mapping[str, Any]]) -> None:
    decision, gold = golden
    # A rubrum may be cut at the front: what stands above it is not always told from it.
    assert {name.value for name in decision.sections} - {"rubrum"} == gold["sections"].keys() - {"rubrum"}
    for name, expected in gold["sections"].items():
        section = decision.section(SectionName(name))
        numbers = [p.randnummer for p in section if p.randnummer]
        found = (numbers[0], numbers[-1], len(numbers)) if numbers else (None, None, 0)
        assert found == (expected["first"], expected["last"], expected["numbered"]), name
        text = bare(" ".join(p.text for p in section))
        assert text.startswith(bare(expected["begins"])), (name, section[0].text[:80])
        assert text.endswith(bare(expected["ends"])), (name, section[-1].text[-80:])


def test_passages(golden: tuple[Decision, Mapping[str, Any]]) -> None:
    decision, gold = golden
    for expected in gold["passages"]:
        where = (expected["section"], expected["randnummer"])
        text = full_text(decision.section(SectionName(expected["section"])), expected["randnummer"]).replace("\n", " ")
        assert text.startswith(expected["begins"]), where
        assert text.endswith(expected["ends"]), where
        assert abs(len(text.split()) - expected["words"]) <= _WORDS_TOLERANCE * expected["words"], where
        assert digest(text) == expected["sha256"], where


@pytest.mark.parametrize("gold", GOLD["statutes"], ids=lambda gold: gold["abbreviation"])
def test_statutes(real_corpus: Path, gold: Mapping[str, Any]) -> None:
    statute = read(real_corpus / gold["file"])
    assert isinstance(statute, Statute)
    found = (statute.abbreviations[0], statute.title, statute.date)
    assert found == (gold["abbreviation"], gold["title"], gold["date"])
    for expected in gold["norms"]:
        (norm,) = [norm for norm in statute.norms if norm.label == expected["label"]]
        check_norm(norm, expected)


def check_norm(norm: Norm, expected: Mapping[str, Any]) -> None:
    where = expected["label"]
    assert (norm.title, len(norm.paragraphs)) == (expected["title"], expected["paragraphs"]), where
    assert len(norm.footnotes) == expected["footnotes"], where
    assert len(re.findall(r"^(?:\d+[a-z]?\.|[a-z]{1,2}\))\s(?!\|)", norm.text, re.MULTILINE)) == expected["items"], (
        where
    )
    assert bare(norm.text).startswith(bare(expected["begins"])), where
    assert bare(norm.text).endswith(bare(expected["ends"])), where
    assert digest(norm.text) == expected["sha256"], where


# ----- every whole decision, against a minimal reading of its markup


def rii_rows(raw: bytes) -> Iterator[Row]:
    names = {"leitsatz": "leitsatz", "tenor": "tenor", "tatbestand": "tatbestand", "gruende": "gruende"}
    names |= {"entscheidungsgruende": "entscheidungsgruende", "sonstosatz": "orientierungssatz"}
    for section in etree.fromstring(raw):
        for row in section.iter("dl") if section.tag in names else ():
            margin, body = row
            signature = body.find(".//table[@class='Rsp']") is not None
            if (text := bare("".join(body.itertext()))) and not signature:
                yield SectionName(names[section.tag]), "".join(margin.itertext()).strip() or None, text


def byrecht_rows(raw: bytes) -> Iterator[Row]:
    # Declares an encoding that it does not have.
    root = etree.fromstring(raw.partition(b"?>")[2].decode("utf-8"))
    for section in root.iterfind("textdaten/*"):
        for block in section.iter("p") if section.tag in {"tenor", "gruende"} else ():
            mark = block.find(".//rd")
            yield SectionName(section.tag), None if mark is None else mark.get("nr"), bare("".join(block.itertext()))


def bayern_rows(raw: bytes) -> Iterator[Row]:
    (page,) = html.document_fromstring(raw.decode("utf-8")).xpath("//div[@class='cont']")
    section = SectionName.RUBRUM
    for block in page.xpath("./h2[@class='entsueber'] | .//div[starts-with(@class, 'absatz ')]"):
        text = block.text_content().strip()
        if block.tag == "h2":
            section = _SECTIONS[text]
        elif section is SectionName.TENOR and text == "Beschluss":
            section = SectionName.SONSTIGES
        else:
            label = block.xpath("ancestor::dd/preceding-sibling::dt[1]")
            mark = label[0].text_content() if label else ""
            yield section, block.getprevious().text_content().strip() or None, bare(mark + text)


def bverwg_rows(raw: bytes) -> Iterator[Row]:
    page = html.document_fromstring(raw.decode("utf-8"))
    # A page may hide another decision of the same proceedings.
    (main,) = page.xpath(
        "//span[contains(@class, 'target') and not(contains(@class, 'hiddendata'))]//div[@class='row entscheidung']"
    )
    section = SectionName.RUBRUM
    for block in main.xpath("./h2 | ./div[@class='rubrum']/p | ./div[@class='tenor'] | ./div[@data-rdn]"):
        text = bare("".join(_printed(block)))
        if block.tag == "h2" and block.text_content().strip() in _SECTIONS:
            section = _SECTIONS[block.text_content().strip()]
        else:
            section = SectionName.TENOR if block.get("class") == "tenor" else section
            yield section, block.get("data-rdn"), text
            if section is SectionName.RUBRUM and text.endswith(("beschlossen:", "entschieden:", "erkannt:")):
                section = SectionName.TENOR


def _printed(block: etree._Element) -> Iterator[str]:
    """Text of a block as a browser prints it: with the marks of lists that have a style, without the Randnummer."""
    for event, element in etree.iterwalk(block, events=("start", "end")):
        if element.get("class") == "rdn" and element.tag == "span":
            yield (element.tail or "") if event == "end" else ""
            continue
        if event == "start":
            yield (_mark(element) if element.tag == "li" else "") + (element.text or "")
        elif element is not block:
            yield element.tail or ""


def _mark(item: etree._Element) -> str:
    style, index = item.getparent().get("style", ""), item.getparent().index(item)
    if "lower-alpha" in style:
        return f"{chr(ord('a') + index)})"
    return f"{int(item.getparent().get('start', '1')) + index}." if "decimal" in style else ""


def rows_read(decision: Decision, names: Sequence[SectionName]) -> list[Row]:
    """Paragraphs of these sections, joined as those of the page are."""
    rows: list[Row] = []
    for name in names:
        rows += joined((name, p.randnummer, bare(p.text)) for p in decision.section(name))
    return rows


def joined(rows: Iterator[Row]) -> list[Row]:
    """Rows of one section with those that have no Randnummer joined to the one above; an outline number stays alone."""
    result: list[Row] = []
    for section, number, text in rows:
        above = result[-1] if result else None
        alone = _OUTLINE.fullmatch(text.upper()) or (above and _OUTLINE.fullmatch(above[2].upper()))
        if above and above[0] is section and number is None and not alone:
            result[-1] = (section, above[1], above[2] + text)
        else:
            result.append((section, number, text))
    return result


def test_every_randnummer_of_the_portals(real_corpus: Path) -> None:
    """Records that mark their Randnummern, "[12] Text" or "Randnummer", "12", "Text" on three lines."""
    checked = 0
    for path in sorted((real_corpus / "portal_json").rglob("*.json")):
        text = json.loads(path.read_bytes()).get("text") or ""
        marked = _BRACKETED.findall(text) or _LABELLED.findall(text)
        if len(marked) > 1 and marked[0][0] == "1":
            decision = read_decision(path)
            found = {p.randnummer: bare(p.text) for s in decision.sections.values() for p in s if p.randnummer}
            # A number without text below it is that of an item above it; one may stand beside the title of an order.
            expected = {number: bare(line)[:30] for number, line in reversed(marked) if line != "Beschluss"}
            assert found.keys() == expected.keys(), path.name
            # Short texts are printed twice at times, and the number of the next heading runs on behind others.
            begins = ((n, begin) for n, begin in expected.items() if begin != "randnummer")
            lost = [n for n, begin in begins if not (found[n].startswith(begin) or begin.startswith(found[n]))]
            assert not lost, (path.name, lost)
            checked += 1
    assert checked == 118


def whole_decisions() -> list[Any]:
    kinds = {"rii_xml": rii_rows, "byrecht_xml": byrecht_rows, "court_html/bverwg": bverwg_rows}
    kinds["court_html/bayern"] = bayern_rows
    return [pytest.param(folder, rows, id=folder) for folder, rows in kinds.items()]


@pytest.mark.parametrize(("folder", "rows_of"), whole_decisions())
def test_every_randnummer_of_every_whole_decision(real_corpus: Path, folder: str, rows_of: Any) -> None:
    files = [p for p in sorted((real_corpus / folder).iterdir()) if p.suffix != ".dtd" and "toc" not in p.name]
    wrong: list[str] = []
    for path in files:
        decision = read_decision(path)
        expected = joined(rows_of(path.read_bytes()))
        names = list(dict.fromkeys(section for section, _, _ in expected))
        found = rows_read(decision, names)
        if found != expected:
            odd = sorted(map(repr, set(found) ^ set(expected)))
            wrong.append(f"{path.name}: {len(found)} of {len(expected)}, {odd[:4]}")
        assert decision.sections.keys() <= {*names, SectionName.LEITSATZ, SectionName.ORIENTIERUNGSSATZ}, path.name
    assert len(files) == {"rii_xml": 3, "byrecht_xml": 1, "court_html/bverwg": 30, "court_html/bayern": 20}[folder]
    assert not wrong, "\n".join(wrong)
