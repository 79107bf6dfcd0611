from __future__ import annotations

from dataclasses import replace

import pytest
from lxml import etree

from legaltune.corpus.document import SectionName
from legaltune.corpus.readers import rii
from legaltune.corpus.readers.content import inspect
from legaltune.corpus.synthetic import Case, Layout
from legaltune.corpus.synthetic.rii_xml import Style, decision_xml, draw_style

ELEMENTS = [
    "doknr",
    "ecli",
    "gertyp",
    "gerort",
    "spruchkoerper",
    "entsch-datum",
    "aktenzeichen",
    "doktyp",
    "norm",
    "vorinstanz",
    "region",
    "mitwirkung",
    "titelzeile",
    "leitsatz",
    "sonstosatz",
    "tenor",
    "tatbestand",
    "entscheidungsgruende",
    "gruende",
    "abwmeinung",
    "sonstlt",
    "identifier",
    "coverage",
    "language",
    "publisher",
    "accessRights",
]
PLAIN = Style(
    https=True,
    heading_tag="p",
    in_spans=False,
    spacer_rows=False,
    signature_table=True,
    soft_hyphens=False,
    image=False,
    has_sonstosatz=True,
)


@pytest.fixture(scope="module")
def judgment(cases: list[Case]) -> Case:
    return next(case for case in cases if case.layout is Layout.JUDGMENT)


def test_elements_come_in_the_official_order(cases: list[Case]) -> None:
    for case in cases[:100]:
        root = etree.fromstring(decision_xml(case, PLAIN))
        assert [element.tag for element in root] == ELEMENTS


def test_sonstosatz_may_be_missing(judgment: Case) -> None:
    root = etree.fromstring(decision_xml(judgment, replace(PLAIN, has_sonstosatz=False)))
    assert [element.tag for element in root] == [name for name in ELEMENTS if name != "sonstosatz"]


def test_reader_finds_the_decision_in_its_file(cases: list[Case]) -> None:
    for case in cases:
        assert rii.read(inspect(decision_xml(case, draw_style(1, case)))) == case.decision


def test_soft_hyphen_and_image_are_there_and_are_cleaned_away(judgment: Case) -> None:
    content = decision_xml(judgment, replace(PLAIN, soft_hyphens=True, image=True))
    assert "\u00ad" in content.decode()
    assert b"bild1_0.jpg" in content
    assert rii.read(inspect(content)) == judgment.decision


def test_randnummern_stand_in_anchors(judgment: Case) -> None:
    root = etree.fromstring(decision_xml(judgment, PLAIN))
    first = root.find("tatbestand/div/dl")
    assert first.get("class") == "RspDL"
    assert (first.find("dt/a").get("name"), first.find("dt/a").text) == ("rd_1", "1")


def test_no_break_spaces_before_numbers_of_norms(judgment: Case) -> None:
    text = decision_xml(judgment, PLAIN).decode()
    assert "§\u00a0" in text
    assert "§ " not in text


def test_spans_spacers_and_heading_tags(cases: list[Case]) -> None:
    order = next(case for case in cases if case.layout is Layout.ORDER)
    root = etree.fromstring(decision_xml(order, replace(PLAIN, in_spans=True, spacer_rows=True, heading_tag="h2")))
    assert root.find("gruende//h2").text == "I."
    assert root.find("gruende//p/span").text
    assert root.find("gruende/div")[1].find("dd/p").text is None


def test_quotations_are_indented(cases: list[Case]) -> None:
    case = next(case for case in cases if any(p.is_quotation for p in case.decision.grounds))
    assert etree.fromstring(decision_xml(case, PLAIN)).xpath("//p[@style='margin-left:36pt']")


def test_reasons_may_stand_in_the_tenor(cases: list[Case]) -> None:
    case = next(case for case in cases if case.layout is Layout.REASONS_IN_TENOR)
    root = etree.fromstring(decision_xml(case, PLAIN))
    assert len(root.find("gruende")) == 0
    assert case.decision.section(SectionName.GRUENDE)[0].text[:30] in "".join(root.find("tenor").itertext()).replace(
        "\u00a0", " "
    )


def test_previous_instances_are_separated_by_breaks(judgment: Case) -> None:
    element = etree.fromstring(decision_xml(judgment, PLAIN)).find("vorinstanz")
    assert len(element.findall("br")) == len(judgment.decision.previous_instances)


def test_about_half_of_the_files_sign_in_a_table(cases: list[Case]) -> None:
    styles = [draw_style(1, case) for case in cases]
    assert sum(style.signature_table for style in styles) / len(styles) == pytest.approx(0.52, abs=0.07)
    years = [case.decision.date.year for case in cases if draw_style(1, case).in_spans and case.decision.date]
    assert min(years) >= 2018
