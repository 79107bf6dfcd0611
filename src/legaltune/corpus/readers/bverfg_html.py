"""Pages of the Bundesverfassungsgericht: today's, with an element for each section, and the older ones.

On older pages (`div.absatz` with the text in `div.links`, the Randnummer in `div.rechts`, or bare paragraphs) the
sections are found by their headings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree

from legaltune.corpus.document import Decision, Paragraph, SectionName
from legaltune.corpus.readers.blocks import paragraphs_of
from legaltune.corpus.readers.content import Content
from legaltune.corpus.readers.decision_parts import sections_of
from legaltune.corpus.readers.html import by_class, decode_html, first_by_class, parse_html
from legaltune.corpus.readers.html_page import read_page
from legaltune.corpus.sections import LEITSATZ, RUBRUM, TENOR, Heading, Stage, section_heading

name = "bverfg-html"

# Between the heading and the first Leitsatz: "zum Beschluss des Ersten Senats vom ...", "- 1 BvR 1/20 -", a name.
_ABOVE_LEITSATZ = re.compile(
    r"zu[mr] (?:Beschluss|Urteil|Entscheidung) [^.]{1,60}(?:\d\. \w+ \d{4})?"
    r"|(?:vom )?\d{1,2}\. \w+ \d{4}|[-–] ?\d Bv[^.]{1,80} ?[-–]"
)
_GRUENDE = Heading(Stage.GROUNDS, SectionName.GRUENDE)
_SECTIONS = (
    ("c-decision__principles", LEITSATZ),
    ("c-decision__rubrum", RUBRUM),
    ("c-decision__tenor", TENOR),
    ("c-decision__reasons", _GRUENDE),
    ("c-decision__sondervotum", Heading(Stage.DISSENT, SectionName.ABWEICHENDE_MEINUNG)),
)


def sniff(content: Content) -> bool:
    """A page with the court's own elements, today's or the older ones."""
    if content.root is None or content.root.lower() != "html":
        return False
    raw = content.raw
    return b"c-decision__" in raw or (b'class="absatz"' in raw and b'class="links"' in raw and b'class="rechts"' in raw)


def read(content: Content) -> Decision:
    """Read one page.

    Raises:
        DocumentError: WRONG_ENCODING, NO_SECTIONS or MISSING_FIELD.
    """
    root = parse_html(decode_html(content.raw))
    if first_by_class(root, "c-decision__reasons") is None and first_by_class(root, "c-decision__tenor") is None:
        return read_page(root, name, court="BVerfG")
    return read_page(root, name, court="BVerfG", sections=_sections(root))


def _sections(root: etree._Element) -> dict[SectionName, tuple[Paragraph, ...]]:
    sections: dict[SectionName, tuple[Paragraph, ...]] = {}
    for css_class, heading in _SECTIONS:
        paragraphs = [p for element in by_class(root, css_class) for p in paragraphs_of(element)]
        for section, texts in sections_of(_without_label(paragraphs, heading), start=heading).items():
            sections[section] = sections.get(section, ()) + texts
    return sections


def _without_label(paragraphs: Sequence[Paragraph], heading: Heading) -> list[Paragraph]:
    """Paragraphs without the headings that are printed inside the element ("L e i t s ä t z e", "Gründe:")."""
    if heading is RUBRUM:
        return list(paragraphs)
    kept = [p for p in paragraphs if section_heading(p.text) != heading]
    return [p for p in kept if not _ABOVE_LEITSATZ.fullmatch(p.text)] if heading is LEITSATZ else kept
