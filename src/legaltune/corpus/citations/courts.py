"""Courts, kinds of decisions, dates and file numbers, as citations print them and in one normal form each."""

from __future__ import annotations

import re
from datetime import date

from legaltune.corpus.patterns import MONTHS

_GENERIC = r"OLG|LG|AG|KG|OVG|VGH|VG|LAG|LArbG|ArbG|LSG|SG|FG|VerfGH|VfGH|VerfG|StGH|LVerfG|OLGR|ObLG"
_SUPREME = r"BGH|BVerfG|BVerwG|BAG|BSG|BFH|BPatG|EuGH|EuG|EGMR|RG|RFH|RAG|BayObLG|GmS-OGB|BayVerfGH|BayVGH"
_NAMES = (
    ("BGH", r"Bundesgerichtshof(?:e?s)?"),
    ("BVerfG", r"Bundesverfassungsgericht(?:e?s)?"),
    ("BVerwG", r"Bundesverwaltungsgericht(?:e?s)?"),
    ("BAG", r"Bundesarbeitsgericht(?:e?s)?"),
    ("BSG", r"Bundessozialgericht(?:e?s)?"),
    ("BFH", r"Bundesfinanzhof(?:e?s)?"),
    ("BPatG", r"Bundespatentgericht(?:e?s)?"),
    ("EGMR", r"Europäische[nrs]*\sGerichtshof(?:e?s)?\sfür\sMenschenrechte"),
    (
        "EuGH",
        r"(?:Europäische[nrs]*\sGerichtshof(?:e?s)?|Gerichtshof(?:e?s)?\sder\sEuropäischen\s(?:Union|Gemeinschaften))",
    ),
    ("EuG", r"Gericht(?:e?s)?\sder\sEuropäischen\sUnion"),
    ("LVerfG", r"Landesverfassungsgericht(?:e?s)?"),
    ("VerfGH", r"Verfassungsgerichtshof(?:e?s)?"),
    ("VerfG", r"Verfassungsgericht(?:e?s)?"),
    ("OVG", r"Oberverwaltungsgericht(?:e?s)?"),
    ("VGH", r"Verwaltungsgerichtshof(?:e?s)?"),
    ("VG", r"Verwaltungsgericht(?:e?s)?"),
    ("OLG", r"Oberlandesgericht(?:e?s)?"),
    ("LAG", r"Landesarbeitsgericht(?:e?s)?"),
    ("LSG", r"Landessozialgericht(?:e?s)?"),
    ("LG", r"Landgericht(?:e?s)?"),
    ("AG", r"Amtsgericht(?:e?s)?"),
    ("ArbG", r"Arbeitsgericht(?:e?s)?"),
    ("SG", r"Sozialgericht(?:e?s)?"),
    ("FG", r"Finanzgericht(?:e?s)?"),
    ("KG", r"Kammergericht(?:e?s)?"),
    ("RG", r"Reichsgericht(?:e?s)?"),
    ("BayObLG", r"Bayerische[nrs]*\sOberste[nrs]*\sLandesgericht(?:e?s)?"),
)
_ADJECTIVE = r"(?:[A-ZÄÖÜ][\wäöüß-]*(?:ische|sche|eutsche)[nrs]?|Thüringer)\s"
_LAND_ADJECTIVE = r"(?:Bay|Nds|Hess|Thür|Thüring|Sächs|Säch|Schl\.-Holst|Hans|Pfälz|Saarl|Brem|Hmb|Berl|Rh\.-Pf)\.\s?"
_PLACE_WORD = (
    r"(?:(?![UBE]\.)[A-Z]\.(?:-[A-Z]\.)?|[A-ZÄÖÜ](?:[a-zäöüß]+|[A-Z]{1,3})(?:[.-](?:[A-ZÄÖÜ][a-zäöüß]*\.?)+)*\.?)"
)
_LEADING_WORDS = (
    "Urteil|Beschlu|Urt|Beschl|Gerichtsb|Entsch|Kammer|Senat|Vorlage|End|Teil|Zwischen|Versäumnis|Az|Rs|Abs|Rn|Nr"
)
PLACE = (
    r"(?:des\sSaarlandes|Freien?\sund\sHansestadt\sHamburg|(?:für\sdas\sLand|des\sLandes)\s[A-ZÄÖÜ][\w-]+"
    r"|(?:der|für\sdie)\sFreien\s(?:und\s)?Hansestadt\s(?:Bremen|Hamburg)"
    r"|Frankfurt(?:\s?/?\s?(?:am\sMain|a\.?\s?M\b\.?|Main|\(Main\)|\(Oder\)|an\sder\sOder))?"
    r"|(?:St|Bad)\.?\s[A-ZÄÖÜ][\w-]+|NRW|NW|M-V|MV|BW|LSA|RP|SH|B-Stadt|A-Stadt"
    r"|(?:Rh|Rhld|Meckl|Schl|Berlin|Baden|Nordrh)\.?-(?:Pf|Vorp|Holst|Bbg|Württ|Westf)\w*\.?"
    rf"|(?:in\s)?(?!{_LEADING_WORDS}){_PLACE_WORD}"
    rf"(?:[\s/](?:am|an\sder|a\.\s?d\.|im|i\.)\s{_PLACE_WORD}|[\s/](?!Urt|Besch|U\.|B\.|End|Teil){_PLACE_WORD})?"
    r"(?:\sI{1,2}(?![\w.]))?)"
)
_FULL_NAME = "|".join(pattern for _, pattern in _NAMES)
_COUNTED = (
    r"(?:\d{1,3}\.|[IVX]{1,5}[a-z]?\.|(?:Erste|Zweite|Dritte|Große|Vereinigte|[Ee]rkennende|[Bb]eschließende)[nrs]?"
    r"|\w+\s?für\s\w+)"
)
_SENATE_OF = "Straf|Zivil|Familien|Beschwerde|Fach|Wehrdienst|Disziplinar|Revisions|Kartell|Vergabe|Bau|Patent|Marken"
_CHAMBER_NAME = (
    rf"{_COUNTED}?\s?(?:(?:{_SENATE_OF})?[Ss]enat(?:e?s)?|(?:Großen\s)?(?:Straf|Zivil|Handels|Fach|Beschwerde)?[Kk]ammer(?:\s\d{{1,2}}(?!\d))?"
    r"|Einzelrichters?|Spruchkörpers?|Gerichts?|Plenums?)"
)
CHAMBER = rf"(?:{_CHAMBER_NAME}(?:\s(?:de[rs]|für)\s{_CHAMBER_NAME})*)"
_ABBREVIATED_BEHIND = rf"(?:\s\((?:{_SUPREME}|{_GENERIC})\))"
COURT = (
    rf"(?:(?:{_SUPREME})(?!\w)"
    rf"|(?:(?:{_ADJECTIVE}|{_LAND_ADJECTIVE})?(?:[A-ZÄÖÜ][a-zäöü]{{1,6}})?(?:{_GENERIC})(?:[A-Z][a-z]{{1,3}})?(?!\w)"
    rf"|(?:{_ADJECTIVE}|{_LAND_ADJECTIVE})?(?:{_FULL_NAME})(?!\w){_ABBREVIATED_BEHIND}?)(?:\s{PLACE})?)"
)

_FULL_NAMES = re.compile(
    rf"(?:(?P<adjective>{_ADJECTIVE}))?(?:"
    + "|".join(rf"(?P<n{i}>{p})" for i, (_, p) in enumerate(_NAMES))
    + r")(?!\w)"
)
SUPREME_COURTS = frozenset(_SUPREME.split("|"))
_ENDING = re.compile(r"(?<=sche)[nrs]?(?=\s$)")
_MASCULINE = frozenset({"BGH", "BFH", "EuGH", "VGH", "VerfGH", "EGMR"})


def normal_court(printed: str) -> str:
    """A court with the abbreviation for its name in full: "Landgerichts Köln" -> "LG Köln"; others as printed."""
    plain = " ".join(printed.split())
    if "ericht" not in plain and "hof" not in plain:
        return plain
    return _FULL_NAMES.sub(_abbreviated, re.sub(_ABBREVIATED_BEHIND, "", plain))


def _abbreviated(match: re.Match[str]) -> str:
    short = _NAMES[int((match.lastgroup or "n0")[1:])][0]
    if not match["adjective"]:
        return short
    return _ENDING.sub("r" if short in _MASCULINE else "s", match["adjective"]) + short


_COMPOUND = r"(?:[A-ZÄÖÜ][a-zäöüß]+-?(?:\s?und\s\w+)?)?"
KIND = (
    rf"(?:(?P<urteil>{_COMPOUND}[Uu]rteil(?:e?s|en?)?(?!\w)|(?:Senats|Kammer|End|Teil)?[Uu]rt(?:\.|(?=\sv))|U\.)"
    rf"|(?P<beschluss>{_COMPOUND}[Bb]eschl(?:[uü](?:ss|ß)(?:e?s|en?)?(?!\w)|\.|(?=\sv))|Besch\.|B\.)"
    r"|(?P<gb>Gerichtsbescheid(?:e?s|en?)?(?!\w)|Ger\.?-?[Bb]esch\.|GB(?!\w))"
    r"|(?P<entscheidung>(?:Kammer|Senats)?[Ee]ntsch(?:eidung(?:en)?(?!\w)|\.)|E\.))"
)
# Decisions of authorities and assemblies that are called as those of courts are.
NO_DECISION = re.compile(
    r"(?:Planfeststellungs|Gemeinderats|Stadtrats|Kabinetts|Satzungs|Aufstellungs|Einspruchs|Grundsatz|Rats|Kommissions"
    r"|Gesellschafter|Durchführungs|Rahmen)-?(?:besch|entsch)"
)
_KINDS = {"urteil": "Urteil", "beschluss": "Beschluss", "gb": "Gerichtsbescheid", "entscheidung": "Entscheidung"}


def normal_kind(match: re.Match[str]) -> str | None:
    """The kind of decision that a match of KIND names, None where that part did not take part."""
    return next((kind for group, kind in _KINDS.items() if match[group] is not None), None)


_MONTH_PREFIXES = ("jan", "feb", "mär", "apr", "mai", "jun", "jul", "aug", "sep", "okt", "nov", "dez")
DATE = (
    r"(?P<day>\d{1,2})\.\s?(?:(?P<month>\d{1,2})\.\s?|(?P<name>Jan|Feb|Mär|Mrz|Apr|Mai|Jun|Jul|Aug|Sep|Okt|Nov|Dez)[a-zäöü]*\.?\s)"
    r"(?P<year>\d{4}|\d{2})(?!\d)"
)
# Two digits of a year up to this one are of the 21st century.
_LAST_SHORT_YEAR = 30


def read_date(match: re.Match[str]) -> date | None:
    """The date of a match of DATE, None for an impossible one ("31.2.2019") and a blackened one ("00.00.2018")."""
    name = match["name"]
    month = _MONTH_PREFIXES.index(name.lower().replace("mrz", "mär")) + 1 if name else int(match["month"])
    year = int(match["year"])
    if year < 100:
        year += 2000 if year <= _LAST_SHORT_YEAR else 1900
    try:
        return date(year, month, int(match["day"]))
    except ValueError:
        return None


def format_date(day: date) -> str:
    """A date as courts write it out: "25. Mai 2020"."""
    return f"{day.day}. {MONTHS[day.month - 1]} {day.year}"


_TOKEN = (
    r"(?:\d{1,3}(?:-\d{1,3})?|\(\d{1,2}\)|[IVX]{1,5}(?:[a-z]|-\d{1,2})?(?:-[A-Z][a-z]+)?|GmS-OGB|[A-ZÄÖÜ][A-Za-z]{0,8}\.?"
    r"|\((?:pat|Brfg|R|B|Enz|Not|EU|Vert|L|St|A)\)|[a-z])"
)
_SUFFIX = (
    r"(?:\s?\.\s?[A-Z]{1,4}(?!\w)|\s\((?:EP|EU|PKH|NV)\)"
    r"|\s(?:B\sER|ER|BH|PKH|NZB|ZVW|WA|KL|HAL|MD|SN|EP|EU|BG|RG|OVG|VGH|[A-EKPRSUVWZ])(?![\w.]|\s?\d)|\s[A-Z]{2,3}(?=\s?[–,;)-]))?"
)
FILE_NUMBER = (
    r"(?:(?:[CTF]|verb\.\sC)\s?[-–‑]\s?\d{1,4}/\d{2}(?!\d)(?:\s?(?:P|PPU|R|RENV|SA)(?!\w))?(?:\s\w?P(?!\w))?"
    r"|\d{1,2}\sBv[A-Z]\s\d{1,4}(?:/\d\d)?(?:(?:,\s|\sund\s)\d{1,4}(?:/\d\d)?)*(?<=/\d\d)(?!\d)"
    r"|Vf\.\s?\d{1,4}-[IVX]+[a-z]?-\d\d"
    r"|VK\s?\d{1,2}\s?[-–]\s?\d{1,4}/\d{2}(?!\d)"
    rf"|{_TOKEN}(?:\s?{_TOKEN}){{0,5}}?\s?\d{{1,6}}[/.]\d{{2,6}}(?![\d]|\.\d){_SUFFIX}"
    r"|(?:Nr\.\s)?\d{3,5}/\d\d(?!\d))"
)


def normal_number(printed: str) -> str:
    """A file number with single spaces and plain hyphens; "C - 412/06" as "C-412/06"."""
    plain = " ".join(printed.split()).replace("‑", "-")
    if plain[0] in "CTFv":
        plain = _EUROPEAN.sub(r"\1-", plain)
    return plain.replace(" und ", ", ")


_EUROPEAN = re.compile(r"^(?:verb\.\s)?([CTF])\s?[-–]\s?")
