"""Pages of the Bavarian courts (gesetze-bayern.de)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from lxml import etree

from legaltune.corpus.document import Decision, DocumentError, DropReason, Paragraph, SectionName
from legaltune.corpus.readers.blocks import paragraphs_of
from legaltune.corpus.readers.content import Content
from legaltune.corpus.readers.decision_parts import sections_of
from legaltune.corpus.readers.facts import find_date, norm_entries, short_court
from legaltune.corpus.readers.html import classes, decode_html, first_by_class, parse_html, text_of
from legaltune.corpus.sections import LEITSATZ

name = "bayern-html"

_HEADLINE = re.compile(r"(?P<court>[^,]+), (?P<kind>[^,]+?) (?:v\.|vom) (?P<date>[\d.]+) [–-] (?P<file_numbers>.+)")
_DOCUMENT_ID = re.compile(r"/Content/(?:Document|Pdf|Rtf|Zip)/([A-Za-z]-[\w-]+)")


def sniff(content: Content) -> bool:
    """A page with the box of the metadata of a decision."""
    return content.root is not None and content.root.lower() == "html" and b'class="rsprbox' in content.raw


def read(content: Content) -> Decision:
    """Read one page.

    Raises:
        DocumentError: WRONG_ENCODING, NO_SECTIONS or MISSING_FIELD.
    """
    text = decode_html(content.raw)
    root = parse_html(text)
    page = first_by_class(root, "cont", "div")
    headline = _headline(root)
    if page is None or headline is None:
        raise DocumentError(DropReason.MISSING_FIELD, "headline with court, date and file number")
    box = _box(page)
    sections = _sections(page, box)
    identifier = _DOCUMENT_ID.search(text)
    return Decision(
        document_id=identifier[1] if identifier else f"{headline['court']} {headline['file_numbers']}",
        source=name,
        court=short_court(headline["court"]),
        decision_type=headline["kind"].strip(),
        date=find_date(headline["date"]),
        file_numbers=tuple(part.strip() for part in headline["file_numbers"].split(",")),
        sections=sections,
        title=" ".join(map(text_of, box.get("titel", []))) or None,
        norms=tuple(
            n for key in box if key.startswith("norm") for line in box[key] for n in norm_entries(text_of(line))
        ),
        previous_instances=tuple(text_of(line) for key in box if "instanz" in key for line in box[key]),
    )


def _headline(root: etree._Element) -> re.Match[str] | None:
    """The line that names the decision: above the text or, after the portal's name, in the title of the page."""
    metadata = root.find(".//div[@id='doc-metadata']")
    titles = [text_of(title).rpartition("Bürgerservice - ")[2] for title in root.iter("title")]
    found = (_HEADLINE.fullmatch(line) for line in [text_of(metadata), *titles])
    return next((match for match in found if match), None)


def _box(page: etree._Element) -> Mapping[str, list[etree._Element]]:
    """Elements of the box of metadata below each of its captions."""
    box = first_by_class(page, "rsprbox", "div")
    values: dict[str, list[etree._Element]] = {}
    caption = ""
    for element in box if box is not None else ():
        if "rsprboxueber" in classes(element):
            caption = text_of(element).removesuffix(":").lower()
        else:
            values.setdefault(caption, []).append(element)
    return values


def _sections(
    page: etree._Element, box: Mapping[str, list[etree._Element]]
) -> dict[SectionName, tuple[Paragraph, ...]]:
    leitsaetze = [
        p for key, lines in box.items() if key.startswith("leits") for line in lines for p in paragraphs_of(line)
    ]
    skipped = [element for element in page if "rsprbox" in classes(element)]
    body = sections_of(paragraphs_of(page, skip=skipped))
    if not body:
        raise DocumentError(DropReason.NO_SECTIONS, "no heading of a section")
    return {**sections_of(leitsaetze, start=LEITSATZ), **body}
