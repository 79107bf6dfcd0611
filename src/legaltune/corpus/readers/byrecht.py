"""Decisions of the Bavarian courts as published in XML (byrecht-rspr).

Not used on purpose: fundstelle and schlagwort (editors' additions).
"""

from __future__ import annotations

from datetime import date

from lxml import etree

from legaltune.corpus.document import Decision, DocumentError, DropReason, Paragraph, SectionName
from legaltune.corpus.readers.blocks import paragraphs_of
from legaltune.corpus.readers.content import Content
from legaltune.corpus.readers.decision_parts import sections_of
from legaltune.corpus.readers.facts import norm_entries
from legaltune.corpus.readers.html import text_of
from legaltune.corpus.sections import LEITSATZ, ORIENTIERUNGSSATZ, TENOR, Heading, Stage
from legaltune.corpus.xml import parse_xml

name = "byrecht-rspr"

_KINDS = {
    "Bes": "Beschluss",
    "Urt": "Urteil",
    "EndU": "Endurteil",
    "TeilU": "Teilurteil",
    "VersU": "Versäumnisurteil",
    "GerB": "Gerichtsbescheid",
    "GB": "Gerichtsbescheid",
    "Vfg": "Verfügung",
    "Hinw": "Hinweisbeschluss",
}
# Courts whose seat is not part of their name.
_WITHOUT_SEAT = frozenset({"BayObLG", "BayVerfGH", "VerfGH"})
_SECTIONS = {
    "leitsatz": LEITSATZ,
    "orientierungssatz": ORIENTIERUNGSSATZ,
    "tenor": TENOR,
    "tatbestand": Heading(Stage.FACTS, SectionName.TATBESTAND),
    "entscheidungsgruende": Heading(Stage.GROUNDS, SectionName.ENTSCHEIDUNGSGRUENDE),
    "gruende": Heading(Stage.GROUNDS, SectionName.GRUENDE),
    "abwmeinung": Heading(Stage.DISSENT, SectionName.ABWEICHENDE_MEINUNG),
    "sonstlt": Heading(Stage.END, SectionName.SONSTIGES),
}


def sniff(content: Content) -> bool:
    """Root element `byrecht-rspr`."""
    return content.root == "byrecht-rspr"


def read(content: Content) -> Decision:
    """Read one decision.

    Raises:
        DocumentError: WRONG_ENCODING, MALFORMED_XML, MISSING_FIELD or NO_SECTIONS.
    """
    root = parse_xml(content.raw)
    sections = _sections(root)
    if not sections:
        raise DocumentError(DropReason.NO_SECTIONS, "textdaten hold no text")
    kind = _required(root, "metadaten/doktyp")
    return Decision(
        document_id=_document_id(root),
        source=name,
        court=_court(root),
        chamber=_text(root, "metadaten/spruchkoerper") or None,
        decision_type=_KINDS.get(kind, kind),
        date=_date(root),
        file_numbers=tuple(number for e in root.findall("metadaten/aktenzeichen") if (number := text_of(e))),
        sections=sections,
        ecli=_text(root, "metadaten/ecli") or None,
        title=_text(root, "textdaten/titelzeile") or None,
        norms=_norms(root),
        previous_instances=tuple(line for e in root.findall("metadaten/vorinstanz") if (line := text_of(e))),
        jurisdiction=_text(root, "metadaten/gerichtsbarkeit") or None,
    )


def _document_id(root: etree._Element) -> str:
    number: str = root.get("doknr", "").strip()
    if not number:
        raise DocumentError(DropReason.MISSING_FIELD, "doknr")
    return number


def _text(root: etree._Element, path: str) -> str:
    return text_of(root.find(path))


def _required(root: etree._Element, path: str) -> str:
    value = _text(root, path)
    if not value:
        raise DocumentError(DropReason.MISSING_FIELD, path.rpartition("/")[2])
    return value


def _court(root: etree._Element) -> str:
    kind = _required(root, "metadaten/gericht/gertyp")
    seat = _text(root, "metadaten/gericht/gerort")
    return kind if not seat or kind in _WITHOUT_SEAT else f"{kind} {seat}"


def _date(root: etree._Element) -> date | None:
    try:
        return date.fromisoformat(_text(root, "metadaten/entsch-datum"))
    except ValueError:
        return None


def _norms(root: etree._Element) -> tuple[str, ...]:
    lines = (
        f"{_text(norm, 'normabk')} {_text(norm, 'normgliederung/enbez')}" for norm in root.findall("metadaten/norm")
    )
    return tuple(entry for line in lines for entry in norm_entries(line))


def _sections(root: etree._Element) -> dict[SectionName, tuple[Paragraph, ...]]:
    """Sections in the order of a decision; in the file the Leitsätze stand behind the grounds, one an element."""
    found: dict[SectionName, tuple[Paragraph, ...]] = {}
    for tag, heading in _SECTIONS.items():
        paragraphs = [p for element in root.findall(f"textdaten/{tag}") for p in _paragraphs(element, heading)]
        for section, texts in sections_of(paragraphs, start=heading).items():
            found[section] = found.get(section, ()) + texts
    return found


def _paragraphs(element: etree._Element, heading: Heading) -> list[Paragraph]:
    """Paragraphs of an element; in front of a Leitsatz its number is an element of its own."""
    paragraphs = paragraphs_of(element)
    if heading.stage is Stage.FRONT and len(paragraphs) > 1 and paragraphs[0].text.removesuffix(".").isdecimal():
        first, second = paragraphs[:2]
        return [Paragraph(f"{first.text} {second.text}", second.randnummer), *paragraphs[2:]]
    return paragraphs
