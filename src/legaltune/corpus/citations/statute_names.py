"""Names of statutes behind a provision: abbreviations, full names, EU law by its number; each with one normal form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

OLD_VERSION = " a.F."
NEW_VERSION = " n.F."


class StatuteName(NamedTuple):
    """A statute as read behind a provision.

    Attributes:
        name: Its normal form without the version ("BGB", "SGB X", "VO (EG) 715/2007").
        version: OLD_VERSION, NEW_VERSION or "".
        end: Offset behind the name and the mark of its version.
    """

    name: str
    version: str
    end: int


_LETTERS = "A-Za-zÄÖÜäöüß"
_LAND_MARK = (
    r"NRW|NW|M-V|MV|LSA|S-H|SH|Bln|BE|BW|B-W|Bad-Württ|Bbg|Bdg|BB|RP|RhPf|Rh-Pf|Rh\.-Pf|Nds|Hess|HE|Saar|SL|Thür|TH|Hmb|HH"
    r"|Brem|HB|Sachs|SN|BY|Bay"
)
_LAND = (
    r"Baden-Württembergs?|Bayerns?|Berlins?|Brandenburgs?|Bremens?|Hamburgs?|Hessens?|Mecklenburg-Vorpommerns?"
    r"|Niedersachsens?|Nordrhein-Westfalens?|Rheinland-Pfalz|Saarlands?|Sachsens?-Anhalts?|Sachsens?|Schleswig-Holsteins?|Thüringens?"
)
_ARTICLE = r"\s*+(?:de[rs]\s++|zu[mr]\s++)?"
_ABBREVIATION = (
    r"(?:SGB[\s-]?(?:[IVX]+|\d{1,2})(?![\w])"
    r"|(?:Rom|Brüssel|Dublin)[\s-][IVX]+[ab]?(?:-VO|-Verordnung)?(?!\w)"
    rf"|Verf\.?\s(?:{_LAND_MARK})(?!\w)"
    r"|ARB\s\d/\d\d|DBA[\s-][A-ZÄÖÜ][\wäöüß]+"
    r"|(?:\d{1,2}\.\s?(?=[A-Z]\w*V\b))?(?:(?:Nds|Bay|Sächs|Thür|Hess|Brem|Hmb|Bln|Bbg|Saarl)\.?\s?)?"
    rf"(?P<word>(?:\([A-Z][a-z]+\))?[A-ZÄÖÜ][{_LETTERS}]*+(?:[-/](?:[{_LETTERS}]++|\d{{1,2}}(?=-)))*+)(?!\w)"
    rf"(?:\s(?:{_LAND_MARK}|{_LAND})(?![\w-]))?)"
    r"(?:\s(?:19|20)\d\d(?!\d|\s?(?:EUR|€|Euro))(?!\.\d))?"
)
_SHORT = re.compile(rf"{_ARTICLE}(?P<name>{_ABBREVIATION})")
_TWO_CAPITALS = re.compile(r"[^A-ZÄÖÜ]*[A-ZÄÖÜ][^A-ZÄÖÜ]*[A-ZÄÖÜ]")
# Words with two capitals that are no statutes: courts, companies, currencies, references, contracts.
_NO_STATUTE = re.compile(
    r"[IVX]+|GmbH(?!G$)\S*|AG|KG|OHG|EUR|DM|HS|RdNr|RdNrn|DEN|MüKo\S*|Beck\w+|juris\w*|NJW\S*|NVwZ\S*"
    r"|BGH|BVerfG|BVerwG|BAG|BSG|BFH|BPatG|EuGH?|EGMR|O?LG|O?VG|VGH|LAG|ArbG|LSG|FG"
    r"|(?:EU|EG|EWG)-(?:Verordnung|Richtlinie|Vertrag\w*|VO|RL)|VO|RL|\S*(?:[Vv]ertr[aä]ge?s?|[Ss]atzung|[Vv]ereinbarung)"
)

_EU_NUMBER = re.compile(
    r"(?:\s*+de[rs]\s(?:[\w-]+\s){0,3}?|\s*+)(?:(?:EU|EG|EWG)-)?[A-Za-zÄÖÜäöüß-]{0,40}?(?:(?P<regulation>[Vv]erordnung|VO)|(?P<directive>[Rr]ichtlinie|RL))\s*"
    r"(?:de[rs]\s(?:Europäischen\sParlaments?(?:e?s)?\sund\sdes\s)?(?:Rates?|Kommission|EG|EU)\s(?:der\sEG\s)?)?"
    r"(?:(?P<community>\((?:EU|EG|EWG|Euratom|EU,\sEuratom|EG,\sEuratom)\))\s*|(?:-\s?)?(?P<dashed>EU|EG|EWG)\s(?:-\s*)?)?(?:Nr\.?\s*)?"
    r"(?P<number>\d{1,4}/\d{1,4}(?:/(?:EWG|EG|EU|Euratom|JI))?)(?![\d/])"
)

_ADJECTIVE = r"[A-ZÄÖÜ][a-zäöüß-]{2,30}(?:en|es|er|e)\s++"
_HEAD = (
    r"(?!(?:Rechtsv|V)erordnung\b|(?:An|Zu|Ein|Bei|Unter|Neu|Über|Nach)ordnung\b)"
    r"(?:[A-ZÄÖÜ][a-zäöüß]{2,30}-,?\s(?:und\s)?){0,3}[A-ZÄÖÜ][A-Za-zäöüß-]{1,60}?(?:gesetzbuch(?:e?s|e)?|gesetz(?:es?)?|ordnung|verfassung|richtlinie|konvention|übereinkommens?|charta)(?!\w)"
)
_FULL = re.compile(
    rf"{_ARTICLE}(?P<name>(?:{_ADJECTIVE}){{0,3}}(?:Einführungsgesetz(?:es)?\s++zu[mr]\s++(?:{_ADJECTIVE}){{0,2}})?(?:{_HEAD}|Gesetzbuch(?:e?s)?(?!\w))"
    rf"(?:\s(?:{_LAND})(?!\w))?)"
)
_LONG_TITLE = re.compile(
    r"\s*+(?:(?:des\s)?Gesetz(?:es)?|der\sVerordnung)\s(?:über|zur|zum|betreffend|für|gegen)\s[^()§;.]{3,200}?(?=\s\()"
)
_ORDINALS = (
    *("erst", "zweit", "dritt", "viert", "fünft", "sechst", "siebt"),
    *("acht", "neunt", "zehnt", "elft", "zwölft", "dreizehnt", "vierzehnt"),
)
_ORDINAL = rf"(?P<{{}}>{'|'.join(word.capitalize() for word in _ORDINALS)})e[ns]?"
_SOCIAL_CODE = re.compile(
    rf"{_ARTICLE}(?:{_ORDINAL.format('before')}\s++Buch(?:e?s)?\s++(?:\(?[IVX]+\)?\s++)?(?:de[rs]\s++)?Sozialgesetzbuch(?:e?s)?"
    rf"|Sozialgesetzbuch(?:e?s)?\s*+[-–,(]?\s*+(?:{_ORDINAL.format('behind')}\s++Buch(?:e?s)?|(?:\(?SGB\)?\s++)?(?P<roman>[IVX]+)))(?!\w)"
)
_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV")
_CHARTER = re.compile(
    rf"{_ARTICLE}(?:Charta(?:\sder\sGrundrechte(?:\sder\s(?:Europäischen\sUnion|EU))?)?|(?:EU-)?Grundrechte-?[Cc]harta)(?!\w)"
)
_TREATY = re.compile(
    rf"{_ARTICLE}(?:(?P<AEUV>Vertrag(?:e?s)?\süber\sdie\sArbeitsweise\sder\sEuropäischen\sUnion)|(?P<EUV>Vertrag(?:e?s)?\süber\sdie\sEuropäische\sUnion)"
    r"|(?P<EMRK>(?:Europäischen\s)?Konvention\szum\sSchutz(?:e)?\sder\sMenschenrechte(?:\sund\sGrundfreiheiten)?))(?!\w)"
)
_USUAL = {
    "bürgerlich gesetzbuch": "BGB",
    "zivilprozessordnung": "ZPO",
    "grundgesetz": "GG",
    "strafgesetzbuch": "StGB",
    "strafprozessordnung": "StPO",
    "handelsgesetzbuch": "HGB",
    "verwaltungsgerichtsordnung": "VwGO",
    "verwaltungsverfahrensgesetz": "VwVfG",
    "sozialgerichtsgesetz": "SGG",
    "finanzgerichtsordnung": "FGO",
    "abgabenordnung": "AO",
    "arbeitsgerichtsgesetz": "ArbGG",
    "gerichtsverfassungsgesetz": "GVG",
    "bundesverfassungsgerichtsgesetz": "BVerfGG",
    "insolvenzordnung": "InsO",
    "familienverfahrensgesetz": "FamFG",
    "gerichtskostengesetz": "GKG",
    "rechtsanwaltsvergütungsgesetz": "RVG",
    "einkommensteuergesetz": "EStG",
    "umsatzsteuergesetz": "UStG",
    "aufenthaltsgesetz": "AufenthG",
    "asylgesetz": "AsylG",
    "kündigungsschutzgesetz": "KSchG",
    "betriebsverfassungsgesetz": "BetrVG",
    "urheberrechtsgesetz": "UrhG",
    "markengesetz": "MarkenG",
    "patentgesetz": "PatG",
    "aktiengesetz": "AktG",
    "gesetz gegen wettbewerbsbeschränkungen": "GWB",
    "baugesetzbuch": "BauGB",
    "europäisch menschenrechtskonvention": "EMRK",
    "menschenrechtskonvention": "EMRK",
    "grundrechtecharta": "GRCh",
}
_ABBREVIATION_BEHIND = re.compile(
    rf"\s*+(?:\(|<|\[|[–-]\s)\s*+(?:(?:im\s[Ff]olgenden|nachfolgend|fortan|künftig|kurz|i\.\s?F\.)\s?:?\s*+)?(?P<name>{_ABBREVIATION})"
    r"(?=\s*+(?:[)>\],;]|[–-]))"
)
_VERSION = re.compile(r"\s*+\(?(?:(?P<old>[aA])|[nN])\.?\s?F(?:\.|(?!\w))")
_OLD_CLAUSE = re.compile(r",?\s++(?:\(?)in\s++der\s++(?:bis|vor)\b")
_INFLECTION = re.compile(r"(?:(?<=gesetz)|(?<=buch))(?:es|s|e)$|(?<=kommen)s$")


_COMMENTARY = (" Rn", " Rd", " Rz", " Anm", ".", ";", ")")


def read_statute(text: str, position: int) -> StatuteName | None:
    """The statute named from `position` on, after spaces and an article, or None."""
    if text.startswith(_COMMENTARY, position):
        return None
    match = _SHORT.match(text, position)
    if match and _is_abbreviation(match):
        return _with_version(text, " ".join(match["name"].split()), match.end())
    found = _read_full_name(text, position)
    return _with_version(text, *found) if found else None


def read_abbreviation_before(text: str, position: int, floor: int) -> re.Match[str] | None:
    """An abbreviation (group "name") directly before `position` and not before `floor` ("BGB § 823"), or None."""
    low = max(floor, position - 30)
    word = max(text.rfind(" ", low, position - 1) + 1, low)
    if position - low < 3 or text[position - 1] != " " or not text[word].isalnum() or text[word].islower():
        return None
    match = _BEFORE.search(text, low, position)
    return match if match and _is_abbreviation(match) else None


_BEFORE = re.compile(rf"(?<![\w.-])(?P<name>{_ABBREVIATION})\s$")


def _is_abbreviation(match: re.Match[str]) -> bool:
    """True for a word with two capitals ("BGB", "TzBfG") that is known for nothing else."""
    word = match["word"]
    return word is None or (_TWO_CAPITALS.match(word) is not None and _NO_STATUTE.fullmatch(word) is None)


def lemma(name: str) -> str:
    """A full name without case and inflection: "Bürgerlichen Gesetzbuches" and "Bürgerliches Gesetzbuch" are one."""
    *adjectives, head = name.casefold().split() or [""]
    stems = [re.sub(r"(?:en|es|er|e)$", "", word) for word in adjectives]
    return " ".join([*stems, _INFLECTION.sub("", head)])


def _read_full_name(text: str, position: int) -> tuple[str, int] | None:
    rest = text[position : position + 3].lstrip()
    if not rest or not (rest[0].isupper() or rest[0] in "dz"):
        return None
    for pattern, named in _FULL_NAMES:
        if match := pattern.match(text, position):
            return named(match), match.end()
    if (match := _LONG_TITLE.match(text, position)) and (behind := _ABBREVIATION_BEHIND.match(text, match.end())):
        return " ".join(behind["name"].split()), match.end()
    return None


def _eu_name(match: re.Match[str]) -> str:
    kind = "VO" if match["regulation"] else "RL"
    community = f"({match['dashed']})" if match["dashed"] else " ".join((match["community"] or "").split())
    return " ".join(part for part in (kind, community, match["number"]) if part)


def _book(match: re.Match[str]) -> str:
    ordinal = match["before"] or match["behind"]
    return _ROMAN[_ORDINALS.index(ordinal.lower())] if ordinal else match["roman"]


def _short_form(match: re.Match[str]) -> str:
    """The abbreviation printed behind a name in full, else the usual one, else the name as printed."""
    name = match["name"]
    behind = _ABBREVIATION_BEHIND.match(match.string, match.end())
    if behind and _is_abbreviation(behind):
        return " ".join(behind["name"].split())
    return _USUAL.get(lemma(name)) or " ".join(name.split())


_FULL_NAMES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...] = (
    (_EU_NUMBER, _eu_name),
    (_SOCIAL_CODE, lambda match: f"SGB {_book(match)}"),
    (_CHARTER, lambda match: "GRCh"),
    (_TREATY, lambda match: match.lastgroup or ""),
    (_FULL, _short_form),
)


def _with_version(text: str, name: str, end: int) -> StatuteName:
    mark = _VERSION.match(text, end)
    if mark:
        return StatuteName(name, OLD_VERSION if mark["old"] else NEW_VERSION, mark.end())
    return StatuteName(name, OLD_VERSION if _OLD_CLAUSE.match(text, end) else "", end)
