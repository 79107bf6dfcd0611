"""Finds what a page says of its decision: court, panel, date, file numbers, kind, ECLI, norms, previous instances."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date

from lxml import etree

from legaltune.corpus.cleaning import clean
from legaltune.corpus.readers.html import short_text

FEDERAL_COURTS: Mapping[str, str] = {
    "bundesverfassungsgericht": "BVerfG",
    "bundesgerichtshof": "BGH",
    "bundesverwaltungsgericht": "BVerwG",
    "bundesarbeitsgericht": "BAG",
    "bundesfinanzhof": "BFH",
    "bundessozialgericht": "BSG",
    "bundespatentgericht": "BPatG",
}
_MONTHS = (
    "januar", "februar", "märz", "april", "mai", "juni", "juli", "august", "september", "oktober", "november",
    "dezember",
)  # fmt: skip
_DATE = re.compile(
    r"\b(?P<day>\d{1,2})\.\s?(?:(?P<month>\d{1,2})\.\s?|(?P<name>(?i:"
    + "|".join(_MONTHS)
    + r"))\s)(?P<year>[12]\d{3})\b"
)
_ISO_DATE = re.compile(r"\b([12]\d{3})-(\d\d)-(\d\d)\b")
_ECLI = re.compile(r"(?<![A-Za-z])ECLI:[A-Z]{2}:[A-Za-z0-9]{1,12}:\d{4}:[A-Za-z0-9.]{1,40}")
_KIND = re.compile(
    r"\b(?P<kind>(?:[A-ZÄÖÜ][a-zäöüß-]{2,20})?(?:[Uu]rteil|[Bb]eschlu(?:ss|ß))|URTEIL|BESCHLUSS|BESCHLUß|Gerichtsbescheid"
    r"|GERICHTSBESCHEID|(?:Beschl|Urt)\.(?=\s*v\.))(?!\w)"
)
_KINDS = {"beschl.": "Beschluss", "urt.": "Urteil", "beschluß": "Beschluss"}
_LONG = (
    r"(?:[A-ZÄÖÜ][a-zäöü]{2,20}(?:isch|-[A-Z][a-zäöü]{2,20}isch)es\s)?"
    r"(?:Amtsgericht|Landgericht|Oberlandesgericht|Kammergericht|Verwaltungsgericht(?:shof)?|Oberverwaltungsgericht"
    r"|Arbeitsgericht|Landesarbeitsgericht|Sozialgericht|Landessozialgericht|Finanzgericht"
    r"|(?:Landesv|V)erfassungsgericht(?:shof)?|Staatsgerichtshof|Bayerisches Oberstes Landesgericht)"
)
_SHORT = (
    r"(?:AG|LG|OLG|KG|VG|OVG|VGH|ArbG|LAG|SG|LSG|FG|BayObLG|VerfGH?|StGH|LVerfG|BGH|BVerfG|BVerwG|BAG|BFH|BSG|BPatG)"
)
_PLACE = (
    r"(?:\s(?:des Landes\s|des\s|für das Land\s|der Freien[ a-z]{0,20}Hansestadt\s)?"
    r"(?:Bad\s)?(?!Urteil|Beschlu|Gerichtsb)[A-ZÄÖÜ][\w-]{2,30}"
    r"(?:\s(?:am|an der|in|im)\s[A-ZÄÖÜ]\w{2,20}|\s\((?:[^()]{2,20})\)|\sI{1,3}\b)?)?"
)
_SHOUTED = re.compile(r"\b[A-ZÄÖÜ]{3,20}GERICHT(?:SHOF)?\b(?:\s[A-ZÄÖÜ-]{3,30}\b)?")
_COURT = re.compile(rf"\b(?:(?i:{'|'.join(FEDERAL_COURTS)})s?\b|{_LONG}{_PLACE}|{_SHORT}\b{_PLACE})")
_CHAMBER = re.compile(
    r"\b(?:(?:\d{1,2}[a-z]?|[IVX]{1,5})\.\s(?:[A-ZÄÖÜ]\w{2,30}-)?\w*(?:[Ss]enats?|[Kk]ammer)\b(?:\sfür\s\w{3,30}sachen)?"
    r"(?:\sdes\s(?:Ersten|Zweiten)\sSenats)?|(?:Erste|Zweite|Dritte|Vierte|Fünfte|Sechste|Siebte|Achte|Neunte|Zehnte|Große)r?"
    r"\s\w*[Ss]enat\b|(?:Fach|Vergabe|Kartell|Disziplinar)senat\b)"
)
_FILE_NUMBER = re.compile(
    r"(?<![\w/.-])(?:[A-Z][A-Za-z]{0,2}\s)?(?:\d{1,4}|[IVX]{1,5})(?:\s[a-z])?\s"
    r"(?:[A-Z][A-Za-z-]{0,7}(?:\s?\([A-Za-z]{1,8}\))?\s){1,2}\d{1,6}(?:/\d{2}|\.\d{2,5})(?:\s(?:[A-Z]{1,4}|e)\b)?(?![\w/])"
)
_NORM_SPLIT = re.compile(r"[,;]\s*(?=§|Art)")
# Where the next statute begins in "BGB §§ 823, 826; AsylVfG 1992 § 3".
_STATUTE_SPLIT = re.compile(
    r"[,;]\s*(?=(?!Art\b|Abs\b|Nr\b|Satz\b)[A-ZÄÖÜ][\w-]{0,30}(?:\s[\w./-]{1,20}){0,2}?\s(?:§|Art\b))"
)
_NORM_START = re.compile(r"§|\bArt\b")
_LABELS = {
    "gericht": "court",
    "spruchkörper": "chamber",
    "senat": "chamber",
    "datum": "date",
    "entscheidungsdatum": "date",
    "aktenzeichen": "file_numbers",
    "az": "file_numbers",
    "az.": "file_numbers",
    "entscheidungsart": "decision_type",
    "entscheidungsform": "decision_type",
    "entscheidungstyp": "decision_type",
    "dokumenttyp": "decision_type",
    "dokumentart": "decision_type",
    "ecli": "ecli",
    "european case law identifier (ecli)": "ecli",
    "zitiervorschlag": "citation",
    "titel": "title",
    "titelzeile": "title",
    "norm": "norms",
    "normen": "norms",
    "normenkette": "norms",
    "normenketten": "norms",
    "rechtsquellen": "norms",
    "vorinstanz": "previous_instances",
    "vorinstanzen": "previous_instances",
    "verfahrensgang": "previous_instances",
    "vorgehend": "previous_instances",
    "instanzenzug": "previous_instances",
}
_LABEL_TAGS = ("dt", "th", "td", "div", "span", "b", "strong", "h2", "h3", "h5", "p")
_LINE_TAGS = frozenset({"br", "li", "p", "div", "tr", "dl"})
_MAX_LABEL_CHARS = 40
_MAX_VALUE_CHARS = 2_000


def find_date(text: str) -> date | None:
    """The first date that is written out in a text: "1. Februar 2024", "01.02.2024", "2024-02-01"."""
    for match in _DATE.finditer(text):
        month = int(match["month"]) if match["month"] else _MONTHS.index(match["name"].lower()) + 1
        if found := _date(int(match["year"]), month, int(match["day"])):
            return found
    iso = _ISO_DATE.search(text)
    return _date(*map(int, iso.groups())) if iso else None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def find_ecli(text: str) -> str | None:
    """The first European Case Law Identifier of a text."""
    match = _ECLI.search(text) if "ECLI:" in text else None
    return match[0].rstrip(".") if match else None


def find_kind(text: str) -> str | None:
    """The first kind of decision that a text names, in its modern spelling: "Beschluss", "Urteil", "Endurteil"."""
    match = _KIND.search(text)
    if not match:
        return None
    kind = match["kind"].lower()
    return _KINDS.get(kind, match["kind"].capitalize()).replace("luß", "luss")


def find_court(text: str) -> str | None:
    """The first court that a text names; federal courts by their abbreviation."""
    match = _COURT.search(_SHOUTED.sub(lambda shouted: shouted[0].title(), text))
    return short_court(match[0]) if match else None


def short_court(printed: str) -> str:
    """A federal court's abbreviation for its name; any other court as printed."""
    name = clean(printed)
    return FEDERAL_COURTS.get(name.lower(), FEDERAL_COURTS.get(name.lower().removesuffix("s"), name))


def split_court(printed: str) -> tuple[str, str | None]:
    """ "VG Musterstadt 3. Kammer" -> ("VG Musterstadt", "3. Kammer"); federal courts by their abbreviation."""
    name = clean(printed)
    matches = [match for match in _CHAMBER.finditer(name) if match.end() == len(name) and match.start() > 2]
    if not matches:
        return short_court(name), None
    return short_court(name[: matches[0].start()].rstrip(" ,").removesuffix(" Der")), matches[0][0]


def find_chamber(text: str) -> str | None:
    """The first panel that a text names: "2. Senat", "VI. Zivilsenat", "3. Kammer des Ersten Senats"."""
    match = _CHAMBER.search(text)
    return clean(match[0]) if match else None


def find_file_numbers(text: str) -> tuple[str, ...]:
    """File numbers of a text, each once, in order."""
    found = (clean(match[0]) for match in _FILE_NUMBER.finditer(text))
    return tuple(dict.fromkeys(number.removeprefix("BVerwG ") for number in found))


def norm_entries(line: str) -> list[str]:
    """Norms of one line, the statute behind each: "VwGO § 80, § 146; GG Art. 5" -> "§ 80 VwGO", "§ 146 VwGO", ..."""
    return [entry for piece in _STATUTE_SPLIT.split(clean(line)) for entry in _entries_of_one_statute(piece)]


def _entries_of_one_statute(text: str) -> list[str]:
    start = _NORM_START.search(text)
    statute = text[: start.start()].strip(" ,;:") if start else ""
    # Behind a small letter stands no statute of its own: "Richtlinie zu § 4 MustG".
    behind = f" {statute}" if statute and not statute.split()[-1].islower() else ""
    entries = _NORM_SPLIT.split(text[start.start() :] if start and behind else text)
    return [entry.strip(" ,;") + behind for entry in entries if entry.strip(" ,;")]


def labelled_values(root: etree._Element) -> Mapping[str, list[str]]:
    """What a page says under the usual labels ("Gericht:", "Aktenzeichen"), by the name of the field."""
    values: dict[str, list[str]] = {}
    for element in root.iter(*_LABEL_TAGS):
        field = _field_of(element)
        if field and field not in values and (lines := _value_lines(element)):
            values[field] = lines
    return values


def _field_of(element: etree._Element) -> str | None:
    """Field that an element is the label of; a label is short and has no element with text inside but emphasis."""
    if len(element) > 1 or len(element.text or "") > _MAX_LABEL_CHARS:
        return None
    text = short_text(element, _MAX_LABEL_CHARS)
    return _LABELS.get(text.removesuffix(":").strip().lower()) if text else None


def _value_lines(label: etree._Element) -> list[str]:
    """Lines of what stands beside or behind a label; dd of one dt are lines of their own."""
    tail = clean(label.tail or "")
    if tail:
        return [tail[:_MAX_VALUE_CHARS]]
    lines: list[str] = []
    for sibling in _siblings(label):
        if len(lines) >= 20 or (lines and sibling.tag != "dd"):
            break
        lines += [line[:_MAX_VALUE_CHARS] for line in _lines(sibling)]
    return lines


def _siblings(label: etree._Element) -> Iterator[etree._Element]:
    for sibling in label.itersiblings():
        if sibling.tag == label.tag and label.tag in {"dt", "th"}:
            return
        yield sibling


def _lines(element: etree._Element) -> list[str]:
    """Lines of a value: at line breaks, list items and paragraphs."""
    lines: list[list[str]] = [[]]
    for event, node in etree.iterwalk(element, events=("start", "end")):
        if node is not element and node.tag in _LINE_TAGS:
            lines.append([])
        elif event == "end" and node.tag in {"dt", "th", "td"}:
            lines[-1].append(" ")
        if event == "start":
            lines[-1].append(node.text or "")
        elif node is not element:
            lines[-1].append(node.tail or "")
    return [line for line in (clean("".join(pieces)) for pieces in lines) if line]
