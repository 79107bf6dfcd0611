"""Pages of the Bundesverwaltungsgericht (bverwg.de).

Besides the decision a page may hold information on the proceedings, a press release and another decision of the same
proceedings, all hidden at first (`hiddendata`): they are left out.
"""

from __future__ import annotations

import re

from lxml import etree

from legaltune.corpus.cleaning import clean
from legaltune.corpus.document import Decision, DocumentError, DropReason, Paragraph, SectionName
from legaltune.corpus.readers.blocks import paragraphs_of
from legaltune.corpus.readers.content import Content
from legaltune.corpus.readers.decision_parts import sections_of
from legaltune.corpus.readers.facts import find_chamber, find_date, find_ecli, find_kind, norm_entries
from legaltune.corpus.readers.html import by_class, classes, decode_html, first_by_class, parse_html, text_of
from legaltune.corpus.readers.reasons import with_reasons_in_tenor
from legaltune.corpus.reflow import is_pronouncement
from legaltune.corpus.sections import LEITSATZ, RUBRUM, TENOR, Heading

name = "bverwg-html"

_LEITSATZ_LABEL = re.compile(r"Leits(?:atz|ätze):?")
_LIST = re.compile(r"[,;]\s*")


def sniff(content: Content) -> bool:
    """A page with a rubrum and paragraphs that bear their Randnummer as an attribute."""
    return (
        content.root is not None
        and content.root.lower() == "html"
        and b'class="rubrum"' in content.raw
        and b"data-rdn=" in content.raw
    )


def read(content: Content) -> Decision:
    """Read one page.

    Raises:
        DocumentError: WRONG_ENCODING, NO_SECTIONS or MISSING_FIELD.
    """
    page = _decision(parse_html(decode_html(content.raw)))
    heading = text_of(first_by_class(page, "h1", "h2"))
    ecli = find_ecli(heading)
    kind = find_kind(text_of(first_by_class(page, "entscheidung-upper"))) or find_kind(heading)
    if not ecli or not kind:
        raise DocumentError(DropReason.MISSING_FIELD, "kind of decision" if ecli else "ECLI")
    sections = _sections(page)
    return Decision(
        document_id=ecli.rpartition(":")[2],
        source=name,
        court="BVerwG",
        chamber=find_chamber(text_of(first_by_class(page, "rubrum"))),
        decision_type=kind,
        date=find_date(heading),
        file_numbers=_file_numbers(page),
        sections=sections,
        ecli=ecli,
        title=text_of(first_by_class(page, "unline", "h2")) or None,
        norms=tuple(norm for row in page.iter("tr") if _is_norm(row) for norm in norm_entries(text_of(row))),
        previous_instances=tuple(text_of(instance) for instance in by_class(page, "instanz", "div")),
    )


def _decision(root: etree._Element) -> etree._Element:
    """The part of the page that holds the decision itself."""
    targets = [e for e in by_class(root, "target") if first_by_class(e, "rubrum", "div") is not None]
    shown = [element for element in targets if "hiddendata" not in classes(element)]
    return (shown or targets or [root])[-1]


def _file_numbers(page: etree._Element) -> tuple[str, ...]:
    box = first_by_class(page, "az", "div")
    printed = text_of(box.find("p")) if box is not None else ""
    return tuple(clean(number).removeprefix("BVerwG ") for number in _LIST.split(printed) if number)


def _is_norm(row: etree._Element) -> bool:
    return any("rq" in classes(cell) for cell in row)


def _sections(page: etree._Element) -> dict[SectionName, tuple[Paragraph, ...]]:
    sheet, body = _boxes(page)
    apart = [element for element in body if classes(element) & {"az", "rubrum", "tenor", "entscheidung"}]
    rubrum, begun_tenor = _split_rubrum([p for e in apart if "rubrum" in classes(e) for p in paragraphs_of(e)])
    found = {
        **_headed(LEITSATZ, _sheet_paragraphs(sheet)),
        **_headed(RUBRUM, rubrum),
        **_headed(TENOR, [*begun_tenor, *(p for e in apart if "tenor" in classes(e) for p in paragraphs_of(e))]),
        **sections_of(paragraphs_of(body, skip=apart)),
    }
    if not found.keys() - {SectionName.LEITSATZ, SectionName.RUBRUM}:
        raise DocumentError(DropReason.NO_SECTIONS, "neither a tenor nor grounds")
    return with_reasons_in_tenor(found)


def _split_rubrum(box: list[Paragraph]) -> tuple[list[Paragraph], list[Paragraph]]:
    """The rubrum, and what stands below its formula: the first lines of the tenor may stand in the same box."""
    end = next((i for i, paragraph in enumerate(box, start=1) if is_pronouncement(paragraph.text)), len(box))
    return box[:end], box[end:]


def _headed(heading: Heading, paragraphs: list[Paragraph]) -> dict[SectionName, tuple[Paragraph, ...]]:
    return sections_of(paragraphs, start=heading)


def _boxes(page: etree._Element) -> tuple[etree._Element | None, etree._Element]:
    """The box with the Leitsätze and the one with the decision's text."""
    boxes = list(by_class(page, "entscheidung", "div"))
    body = next((box for box in boxes if "row" in classes(box)), page)
    sheet = next((box for box in boxes if "row" not in classes(box) and box.getparent() is not body), None)
    return sheet, body


def _sheet_paragraphs(sheet: etree._Element | None) -> list[Paragraph]:
    if sheet is None:
        return []
    paragraphs = paragraphs_of(sheet, skip=list(by_class(sheet, "accordeon", "ul")))
    return [paragraph for paragraph in paragraphs if not _LEITSATZ_LABEL.fullmatch(paragraph.text)]
