"""Citations of decisions in running text: "BGH, Urteil vom 25. Mai 2020 – VI ZR 252/19", "BVerfGE 7, 198 <204>".

Three kinds of places are looked at: "vom" (or "v.") before a date, the slash of a file number, and volume and page of a
reporter ("7, 198"). Court and kind are read backwards from there in a bounded window, number and apparatus forwards.
"""

from __future__ import annotations

import re
from datetime import date
from typing import NamedTuple

from legaltune.corpus.citations.courts import (
    CHAMBER,
    COURT,
    DATE,
    FILE_NUMBER,
    KIND,
    NO_DECISION,
    SUPREME_COURTS,
    format_date,
    normal_court,
    normal_kind,
    normal_number,
    read_date,
)
from legaltune.corpus.citations.reporters import (
    ECLI,
    JOURNAL,
    KEY_REFERENCE,
    OFFICIAL,
    PINPOINT,
    REPORTER,
    apparatus_end,
)
from legaltune.corpus.patterns import find_all


class CaseCitation(NamedTuple):
    """One cited decision.

    Attributes:
        start: Offset of its first character in the text.
        end: Offset behind its last character: of the file number, or of the page of a reporter that stands alone.
        court: The court ("BGH", "LG Köln", "BayVGH"), or None.
        kind: "Urteil", "Beschluss", "Gerichtsbescheid", "Entscheidung", or None.
        date: Its date, or None.
        file_numbers: All file numbers of the one decision.
        reporter: The reference to a reporter that stands for the decision ("BGHZ 225, 316"), None where a date or
            number names it.
        apparatus: What is printed behind it on the same decision: further reporters, pinpoints, an ECLI.
    """

    start: int
    end: int
    court: str | None
    kind: str | None
    date: date | None
    file_numbers: tuple[str, ...]
    reporter: str | None
    apparatus: str

    @property
    def normalized(self) -> str:
        """One form for all ways to print it: "BGH, Urteil vom 25. Mai 2020 – VI ZR 252/19"."""
        if self.reporter:
            return f"{self.court}, {self.reporter}" if self.court else self.reporter
        day = self.date and format_date(self.date)
        decided = f"{self.kind} vom {day}" if self.kind and day else day or self.kind
        head = ", ".join(part for part in (self.court, decided) if part)
        numbers = ", ".join(self.file_numbers)
        return " – ".join(part for part in (head, numbers) if part)

    @property
    def reporters(self) -> tuple[str, ...]:
        """References to reporters, its own first: ("BGHZ 225, 316", "NJW 2020, 1962")."""
        further = tuple(" ".join(match[0].split()) for match in REPORTER.finditer(self.apparatus))
        return (self.reporter, *further) if self.reporter else further

    @property
    def pinpoint(self) -> str | None:
        """The first pinpoint printed behind it: "Rn. 13", "S. 204", "<204>"; of a page "juris Rn. 13" too."""
        match = PINPOINT.search(self.apparatus)
        return " ".join(match[0].split()) if match else None

    @property
    def ecli(self) -> str | None:
        """European Case Law Identifier printed behind it, or as the whole citation."""
        match = _ECLI.search(self.reporter or "") or _ECLI.search(self.apparatus)
        return match[0] if match else None


_WINDOW = 110
_GAP = r"(?:[\s,‒–—−‐:-]|\((?!\d\)))*+"
_NUMBER_WORDS = (
    r"(?:in\sder\sSache|in\sdem\sVerfahren|(?:mit|unter)\sdem\sAktenzeichen|PAVIS\sPROMA)\s++|(?:BVerfG|BVerwG)\s(?=\d)"
)
_NUMBER_SIGNS = (
    r"A[zZ]\.?|Aktenzeichen|Geschäftszeichen|Geschäfts-Nr\.|(?:verb\.\s)?Rs\.|(?:verbundene\s)?Rechtssachen?"
)
_NUMBER_MARK = rf"(?:{_NUMBER_WORDS}|(?:{_NUMBER_SIGNS})\s?:?\s*+)?+"
_CASE_NAME = r"[A-ZÄÖÜ][^;()\n\d]{1,90}?[,\[(–-]\s*+(?=[CT]\s?[-–]\s?\d)|[A-ZÄÖÜ][^,;()\n\d]{1,60},\s(?=[\dIVX])"
_FURTHER_NUMBERS = rf"(?:(?:,\s|\s?/\s|\su\.\s|\sund\s|,\sund\s)(?:[–-]\s)?{FILE_NUMBER})*"
_NUMBERS = re.compile(
    rf"(?:\s*+[,(]?\s*+\[?{ECLI}\]?)?+{_GAP}{_NUMBER_MARK}{_GAP}(?:{_CASE_NAME})?"
    rf"(?P<first>{FILE_NUMBER})(?P<more>{_FURTHER_NUMBERS})"
)
_FILE_NUMBER = re.compile(FILE_NUMBER)
_DATE = re.compile(DATE)
_KIND = re.compile(KIND)
_KIND_ENDINGS = ("rteil", "rt.", "eschl", "esch.", "U.", "B.", "E.", "GB", "ntsch", "bescheid")
_OF_COURT = re.compile(
    rf"\s*+(?:(?:de[rs]|d\.|vom|durch\s(?:das|den))\s(?:(?:{CHAMBER})(?:\s(?:de[rs])\s|(?=\s*$)))?(?P<court>{COURT})?)?"
    rf"\s*+(?:[–(-]\s?{CHAMBER}\s?[–)-])*\s*+(?:[–-]\s)?"
)
_COURT_BEFORE = re.compile(
    rf"(?<![\w-])(?P<court>{COURT})(?:\s?[(,–-]\s?{CHAMBER}\)?|\s?\([^()\d]{{1,12}}\))?[\s,(:–-]*$"
)
# What every name of a court holds; most places where one might stand have none, and this says so at little cost.
_COURT_MARK = re.compile(r"[GH](?![a-zäöü])|ericht|hof|GBbg")
_COURT_START = re.compile(rf"(?<![\w-])(?={COURT})")
_COMPOUND_COURT = re.compile(
    rf"(?:(?P<court>{'|'.join(sorted(SUPREME_COURTS))}|{COURT})-?|[A-ZÄÖÜ]\w{{1,15}}-)(?=[UBEG][a-z])"
)
_ECLI = re.compile(ECLI)
_OF_THE = re.compile(rf"(?:\s(?:de[rs])\s{CHAMBER})?\s(?:de[rs])\s")
_OWN = re.compile(r"(?:Senat|Kammer)\s*+$")
_COURT_AND_NUMBER = re.compile(
    rf"(?P<court>{COURT})(?:\s?[(,–-]\s?{CHAMBER}\)?)?[\s,(:–-]*(?:(?:{KIND}\s)?{DATE}{_GAP}|(?=\S)){_NUMBER_MARK}{_GAP}"
    rf"(?P<first>{FILE_NUMBER})(?P<more>(?:(?:,\s|\su\.\s|\sund\s){FILE_NUMBER})*)"
)
_DECIDED_BEHIND = re.compile(rf"{_GAP}(?:{KIND}\s)?(?:vom|v\.)\s?{DATE}")
_ALSO = r"(?:(?:und|sowie|insbesondere|ferner|auch|siehe|so|vgl\.|jeweils|zuletzt|zuvor|bereits|s\.|u\.)\s++)*+"
_CHAIN = re.compile(
    rf"\s*+[–—)\]-]*+\s*+(?:[;,]\s*+|(?=(?:und|sowie|u\.)\s)|bzw\.\s++){_ALSO}"
    rf"(?P<body>(?P<own>(?=Senats)|(?=\w+\s(?:des\sSenats|der\sKammer)\b))?(?:{KIND}(?:\s(?:de[rs])\s{CHAMBER})?\s?)?"
    rf"(?:(?P<vom>vom|v\.)\s?)?{DATE})"
)
_SAME_DAY = re.compile(rf"\s*+;\s*+[–—-]\s?(?P<number>{FILE_NUMBER})")
_VOLUME_BEFORE = re.compile(
    rf"(?<![\w./-])(?:(?P<court>{COURT})(?:\s?\({CHAMBER}\))?(?:,?\s(?:in\s)?|:\s))?"
    rf"(?P<name>{OFFICIAL}|BStBl\.?\sII|Slg\.|(?P<journal>{JOURNAL}))\s$"
)
_REPORTER_CHAIN = re.compile(
    r"\s*+[;,]\s*+(?:und\s|sowie\s|vgl\.\s|ferner\s|auch\s|stRspr\s)*+(?P<body>\d{1,4},\s?\d{1,4})(?![\d,/]|\.\d)"
)
_KEY = re.compile(rf"(?:(?P<court>{COURT})[,:]?\s)?(?P<key>{KEY_REFERENCE})")
_PAGE = re.compile(r",\s?(?P<page>(?:[IVX]+(?:-A)?\s?-\s?)?\d{1,6})(?!\d)")
_NEEDS_PLACE = re.compile(r"(?:OLG|LG|AG|OVG|VGH|VG|LAG|LArbG|ArbG|LSG|SG|FG|VerfGH|VerfG)")


def extract_case_citations(text: str) -> list[CaseCitation]:
    """Decisions cited in `text`, in the order of their spans, which do not overlap."""
    citations: list[CaseCitation] = []
    position = 0
    for anchor, kind in _anchors(text):
        if anchor < position:
            continue
        for citation, end in _read(text, anchor, kind, position):
            citations.append(citation)
            position = end
    return citations


_NO_REPORTER = frozenset(
    {"Rn.", "Rn", "Nr.", "Nrn.", "Abs.", "S.", "Art.", "Satz", "Rdnr.", "Rz.", "Tz.", "Ziff.", "Bl."}
)
_BEFORE_DATE = re.compile(r"v(?:\.\s?|om )\d")
_BEFORE_PAGE = re.compile(r", ?[\dI]")
_BEFORE_YEAR = re.compile(r"/\d")


def _anchors(text: str) -> list[tuple[int, str]]:
    """Where citations may be, in order; every search begins with a literal, which is much faster than a set."""
    anchors = [
        (match.start(), "decided") for match in _BEFORE_DATE.finditer(text) if not text[match.start() - 1].isalpha()
    ]
    anchors += [(match.start(), "page") for match in _BEFORE_PAGE.finditer(text) if text[match.start() - 1].isdigit()]
    anchors += [(match.start(), "slash") for match in _BEFORE_YEAR.finditer(text) if text[match.start() - 1].isdigit()]
    for word in ("SozR ", "Buchholz ", "AP ", "EzA ", "BGHR "):
        anchors += [(at, "key") for at in find_all(text, word)]
    anchors += [(at, "ecli") for at in find_all(text, "ECLI:")]
    anchors.sort()
    return anchors


def _date_start(text: str, position: int) -> int:
    """Offset behind the "vom " or "v." at `position`, and behind the space that may follow "v."."""
    if text[position + 1] == "o":
        return position + 4
    return position + 2 + text[position + 2 : position + 3].isspace()


_Found = list[tuple[CaseCitation, int]]


def _read(text: str, anchor: int, kind: str, floor: int) -> _Found:
    """The citations that a place names, each with the offset behind its apparatus; empty where it names none."""
    match kind:
        case "decided":
            return _read_decided(text, anchor, floor)
        case "slash":
            return _read_number(text, anchor, floor)
        case "page":
            return _read_page(text, anchor, floor)
        case "key":
            return _read_key(text, anchor, floor)
        case _:
            return _read_ecli(text, anchor)


def _read_decided(text: str, anchor: int, floor: int) -> _Found:
    """A citation by its date, and those that a list adds to it."""
    day = _DATE.match(text, _date_start(text, anchor))
    head = day and _head(text, anchor, floor)
    if not day or not head:
        return []
    start, court, kind = head
    numbers = _NUMBERS.match(text, day.end())
    decided = read_date(day)
    if decided is None or (numbers is None and not _is_known(court, kind)):
        return []
    citation = CaseCitation(start, day.end(), court, kind, decided, (), None, "")
    return _with_list(text, _with_numbers(citation, numbers))


def _is_known(court: str | None, kind: str | None) -> bool:
    """True where court and date are enough: of courts that there are several of, the place is named."""
    return court is not None and kind is not None and _NEEDS_PLACE.fullmatch(court) is None


def _with_numbers(citation: CaseCitation, numbers: re.Match[str] | None) -> CaseCitation:
    if numbers is None:
        return citation
    return citation._replace(end=numbers.end(), file_numbers=_file_numbers(numbers))


def _file_numbers(match: re.Match[str]) -> tuple[str, ...]:
    first = normal_number(match["first"])
    if not match["more"]:
        return (first,)
    return first, *(normal_number(number[0]) for number in _FILE_NUMBER.finditer(match["more"]))


def _with_list(text: str, citation: CaseCitation) -> _Found:
    """The citation with its apparatus, and the further ones of "Urteile vom ... und vom ...; Beschluss vom ..."."""
    found: _Found = []
    following: CaseCitation | None = citation
    while following:
        end = apparatus_end(text, following.end)
        citation = following._replace(apparatus=text[following.end : end])
        found.append((citation, end))
        following = _next_of_list(text, end, citation)
    return found


def _next_of_list(text: str, position: int, last: CaseCitation) -> CaseCitation | None:
    """The next member of a list, which inherits what it does not name; a decision of the own senate no court."""
    match = _CHAIN.match(text, position)
    if match is None:
        return _next_number(text, position, last)
    decided = read_date(match)
    numbers = _NUMBERS.match(text, match.end())
    kind = normal_kind(match) or last.kind
    court = None if match["own"] is not None else last.court
    if decided is None or (numbers is None and not (match["vom"] and _is_known(court, kind))):
        return None
    citation = CaseCitation(match.start("body"), match.end(), court, kind, decided, (), None, "")
    return _with_numbers(citation, numbers)


def _next_number(text: str, position: int, last: CaseCitation) -> CaseCitation | None:
    """A further decision of the same day: "Urteile vom 3. Mai 2019 - I ZR 1/18, juris; - I ZR 2/18, juris"."""
    match = _SAME_DAY.match(text, position) if last.date else None
    return match and last._replace(
        start=match.start("number"), end=match.end(), file_numbers=(normal_number(match["number"]),)
    )


def _head(text: str, anchor: int, floor: int) -> tuple[int, str | None, str | None] | None:
    """Start, court and kind of what is decided on the date at `anchor`; None where it is no decision of a court."""
    low = max(floor, anchor - _WINDOW)
    word = text.rfind(" ", low, anchor - 1) + 1 if text[anchor - 1] == " " else 0
    if word > low and (head := _head_with_kind(text, word + (text[word] in '([„"'), anchor, floor)):
        return head
    for at in sorted({text.rfind(ending, low, anchor) for ending in _KIND_ENDINGS}, reverse=True):
        if at < 0:
            break
        if head := _head_with_kind(text, _word_start(text, at, low), anchor, floor):
            return head
    if before := _court_before(text, anchor, floor):
        return *before, None
    own = _OWN.search(text, max(floor, anchor - 8), anchor)
    return (own.start(), None, None) if own else None


def _word_start(text: str, position: int, low: int) -> int:
    while position > low and (text[position - 1].isalpha() or text[position - 1] == "-"):
        position -= 1
    return position


def _head_with_kind(text: str, start: int, anchor: int, floor: int) -> tuple[int, str | None, str | None] | None:
    compound = _COMPOUND_COURT.match(text, start)
    match = _KIND.match(text, compound.end() if compound else start)
    rest = match and _OF_COURT.fullmatch(text, match.end(), anchor)
    if not match or not rest or NO_DECISION.match(text, start):
        return None
    kind = normal_kind(match)
    if (compound and compound["court"]) or rest["court"]:
        return start, normal_court((compound and compound["court"]) or rest["court"]), kind
    before = _court_before(text, start, floor)
    return (*before, kind) if before else (start, None, kind)


def _court_before(text: str, position: int, floor: int) -> tuple[int, str] | None:
    """Start and normal form of the court directly before `position`."""
    end = position
    while end > floor and text[end - 1] in " ,(":
        end -= 1
    start = _word_start(text, end, max(floor, end - 9))
    if text[start:end] in SUPREME_COURTS and not text[start - 1 : start].isalnum():
        return start, text[start:end]
    mark = _COURT_MARK.search(text, max(floor, position - 80), position)
    match = mark and _COURT_BEFORE.search(text, max(floor, mark.start() - 40), position)
    return (match.start("court"), normal_court(match["court"])) if match else None


def _read_number(text: str, slash: int, floor: int) -> _Found:
    """A citation by court and file number, its date between ("BAG 12. März 2015 - 6 AZR 82/14"), behind or nowhere."""
    for court in _COURT_START.finditer(text, max(floor, slash - _WINDOW), slash):
        match = _COURT_AND_NUMBER.match(text, court.start())
        if match and match.end() > slash and (match["day"] or not _NEEDS_PLACE.fullmatch(match["court"])):
            return _with_list(text, _numbered(text, match, floor))
    return []


def _numbered(text: str, match: re.Match[str], floor: int) -> CaseCitation:
    court, numbers = normal_court(match["court"]), _file_numbers(match)
    if not match["day"] and (head := _kind_of_court(text, match.start(), floor)):
        return CaseCitation(head[0], match.end(), court, head[1], None, numbers, None, "")
    if match["day"]:
        return CaseCitation(match.start(), match.end(), court, normal_kind(match), read_date(match), numbers, None, "")
    behind = _DECIDED_BEHIND.match(text, match.end())
    if behind and (decided := read_date(behind)):
        return CaseCitation(match.start(), behind.end(), court, normal_kind(behind), decided, numbers, None, "")
    return CaseCitation(match.start(), match.end(), court, None, None, numbers, None, "")


def _kind_of_court(text: str, court: int, floor: int) -> tuple[int, str | None] | None:
    """Start and kind of "Urteil der 28. Zivilkammer des" directly before a court."""
    low = max(floor, court - _WINDOW)
    at = max(text.rfind(ending, low, court) for ending in _KIND_ENDINGS)
    start = _word_start(text, at, low)
    kind = _KIND.match(text, start) if at >= 0 else None
    return (start, normal_kind(kind)) if kind and _OF_THE.fullmatch(text, kind.end(), court) else None


def _read_page(text: str, comma: int, floor: int) -> _Found:
    """Volume and page of an official reporter, or of a journal behind a court."""
    volume = comma
    while volume > floor and text[volume - 1].isdigit() and comma - volume < 5:
        volume -= 1
    word = text.rfind(" ", floor, volume - 1) + 1
    word += text[word] in "([<"
    if text[volume - 1 : volume] != " " or not text[word].isupper() or text[word : volume - 1] in _NO_REPORTER:
        return []
    name = _VOLUME_BEFORE.search(text, max(floor, volume - 60), volume)
    page = _PAGE.match(text, comma)
    if not name or not page or (name["journal"] and not name["court"]):
        return []
    court = normal_court(name["court"]) if name["court"] else None
    reporter = f"{' '.join(name['name'].split())} {text[volume:comma]}, {page['page']}"
    found = [_reported(text, name.start(), page.end(), court, reporter)]
    while not name["journal"] and (following := _REPORTER_CHAIN.match(text, found[-1][1])):
        reporter = f"{name['name']} {' '.join(following['body'].split())}"
        found.append(_reported(text, following.start("body"), following.end(), court, reporter))
    return found


def _reported(text: str, start: int, end: int, court: str | None, reporter: str) -> tuple[CaseCitation, int]:
    behind = apparatus_end(text, end)
    return CaseCitation(start, end, court, None, None, (), reporter, text[end:behind]), behind


def _read_key(text: str, anchor: int, floor: int) -> _Found:
    """A reference by the key of a loose-leaf reporter: "SozR 4-2500 § 5 Nr. 8"."""
    match = None if text[anchor - 1 : anchor].isalnum() else _KEY.match(text, anchor)
    if match is None:
        return []
    before = _court_before(text, anchor, floor)
    start, court = before if before and "(" not in text[before[0] : anchor] else (anchor, None)
    return [_reported(text, start, match.end(), court, " ".join(match["key"].split()))]


def _read_ecli(text: str, anchor: int) -> _Found:
    match = _ECLI.match(text, anchor)
    return [_reported(text, anchor, match.end(), None, match[0])] if match else []
