"""Replaces what personal data the courts left in a decision by typed placeholders.

The courts anonymise before they publish; what they overlook are mostly addresses and counsel in the rubrum and birth
dates. Their own marks ("K.", "XXX", "___", "A...", "[…]") stay as they are. The recognisers of presidio and its like
need a language model for German and take a hundred times as long; patterns anchored on rare literals do here. Names
of judges and of persons in the facts are left alone, and so are number plates, tax and insurance numbers: published
decisions hold none, and what looks like one is a citation ("NJW-RR 2020", "WuW/E DE-R 1829"). The address of a court
stays: it is no person's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from legaltune.corpus.document import Decision, Paragraph, SectionName
from legaltune.corpus.patterns import MONTHS, rare


class PlaceholderType(StrEnum):
    """Kinds of personal data; the value is what stands in the text instead."""

    ADDRESS = "[Anschrift]"
    EMAIL = "[E-Mail]"
    PHONE = "[Telefon]"
    BANK_ACCOUNT = "[Bankverbindung]"
    BIRTH_DATE = "[Geburtsdatum]"
    COUNSEL = "[Prozessbevollmächtigte]"


Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Rule:
    """How to find one kind of personal data.

    Attributes:
        placeholder: What to replace it by.
        may_hold: Cheap test, never false for a text that holds such data; the second argument tells whether the text
            holds a number as they occur in such data.
        spans: Where in a text the data stand; the second argument tells whether the text is of the rubrum.
    """

    placeholder: PlaceholderType
    may_hold: Callable[[str, bool], bool]
    spans: Callable[[str, bool], Iterator[Span]]


def scrub(decision: Decision) -> tuple[Decision, Counter[PlaceholderType]]:
    """Replace personal data in all sections and in the title.

    Returns:
        The decision, the same object where nothing was found, and the number of replacements by type.
    """
    counts: Counter[PlaceholderType] = Counter()
    texts = [paragraph.text for section in decision.sections.values() for paragraph in section]
    whole = "\n".join([decision.title or "", *texts])
    sections = decision.sections
    if _may_name_counsel(whole) or _may_be_represented(decision.section(SectionName.RUBRUM)):
        sections = {n: _without_counsel(section, n is SectionName.RUBRUM, counts) for n, section in sections.items()}
    has_number = _has_number(whole)
    rules = [rule for rule in _RULES if rule.may_hold(whole, has_number)]
    if rules:
        sections = {
            name: tuple(_scrub_paragraph(p, rules, name is SectionName.RUBRUM, counts) for p in section)
            for name, section in sections.items()
        }
    title = decision.title and _scrub_text(decision.title, rules, False, counts)
    return (replace(decision, sections=sections, title=title) if counts else decision), counts


def _scrub_paragraph(
    paragraph: Paragraph, rules: Sequence[_Rule], in_rubrum: bool, counts: Counter[PlaceholderType]
) -> Paragraph:
    text = _scrub_text(paragraph.text, rules, in_rubrum, counts)
    return paragraph if text == paragraph.text else replace(paragraph, text=text)


def _scrub_text(text: str, rules: Sequence[_Rule], in_rubrum: bool, counts: Counter[PlaceholderType]) -> str:
    has_number = bool(rules) and _has_number(text)
    for rule in rules:
        if rule.may_hold(text, has_number):
            spans = list(rule.spans(text, in_rubrum))
            counts.update({rule.placeholder: len(spans)} if spans else {})
            text = _replaced(text, spans, rule.placeholder)
    return text


def _replaced(text: str, spans: Sequence[Span], placeholder: str) -> str:
    pieces, end = [], 0
    for start, stop in spans:
        pieces += [text[end:start], placeholder]
        end = stop
    return "".join([*pieces, text[end:]])


# Addresses

_WORD = r"[A-ZÄÖÜ][a-zäöüßéèá]+"
_NAME = rf"{_WORD}(?:-(?:{_WORD}|von|vom|zu|zum|zur|der|dem|den|des|und))*"
_ROAD = r"(?:[sS]tra(?:ß|ss)e|[sS]tr\.|[aA]llee|[cC]haussee|[pP]romenade)"
_WAY = r"(?:[wW]eg|[pP]latz|[rR]ing|[dD]amm|[uU]fer|[gG]asse|[wW]all|[gG]raben|[mM]arkt|[sS]tieg|[sS]teig|[tT]wiete)"
_HOUSE = (
    r"(?:Nr\. )?(?!(?:19|20)\d\d\b)[1-9]\d{0,3}(?: ?[a-gA-G]|[h-z])?(?![\w…])"
    r"(?: ?[-–/] ?[1-9]\d{0,2}(?: ?[a-g])?(?![\w…]))*(?![.,]\d|-\w)"
    r"(?:(?:, | und | bis )[1-9]\d{0,2}(?:[a-z](?!\w)|(?=[,;)]| und | bis |\.?$)))*"
)
_TOWN = (
    rf"(?:(?:Bad|Sankt|St\.|Groß|Klein|Neu|Alt) )?{_WORD}[a-zäöüß](?:-{_WORD})*"
    rf"(?: (?:am|an der|im|in der|ob der|bei|unter) {_WORD}| a\. ?[MR]\.| \({_WORD}\))?"
)
_POSTCODE = rf",? (?:in )?(?:[A-Z]{{1,2}}[-–])?\d{{5}} {_TOWN}"
_STREET = re.compile(
    rf"(?<![\w.…-])(?:(?P<stem>{_NAME})(?P<gap>-| )?(?:(?P<road>{_ROAD})|{_WAY})"
    rf"|(?:Straße|Platz|Allee|Ring) (?:der|des|am|im|vom) (?:\d\d?\. )?{_WORD}) {_HOUSE}(?P<town>{_POSTCODE})?"
)
_ANY_STREET = re.compile(
    r"(?<![\w.…-])(?:(?:Am|An|Auf|Bei|Beim|Hinter|Im|In|Unter|Vor|Zu|Zum|Zur)(?: (?:der|dem|den|des|die|das))? "
    rf"|(?:Erste|Zweite|Dritte|Alte|Neue|Große|Kleine|Lange|Hohe|Obere|Untere)[nrs]? )?{_NAME} {_HOUSE}{_POSTCODE}"
)
_PO_BOX = re.compile(rf"\bPostfach (?P<data>\d[\d ]{{1,9}}\d(?:{_POSTCODE})?)")
_DETERMINERS = frozenset(
    [
        "Als",
        "Auf",
        "Beide",
        "Das",
        "Dem",
        "Den",
        "Der",
        "Des",
        "Die",
        "Diese",
        "Diesem",
        "Diesen",
        "Dieser",
        "Dieses",
        "Ein",
        "Eine",
        "Einem",
        "Einen",
        "Einer",
        "Eines",
        "Jede",
        "Jeder",
        "Jedes",
        "Kein",
        "Keine",
        "Welche",
        "Welcher",
        "Zum",
        "Zur",
    ]
)
# Roads with a number of their own, and machines.
_NO_STREETS = (
    "bundes", "staats", "kreis", "landes", "gemeinde", "europa", "reichs", "fertigungs", "montage", "walz", "wasch",
    "produktions", "förder", "transport", "lackier", "fahr", "misch", "sinter", "beiz", "sortier", "verpackungs",
    "regi", "illu",
)  # fmt: skip
_ROLES = (
    "meister", "kläger", "gegner", "leiter", "führer", "vertreter", "partner", "nehmer", "geber", "inhaber",
    "verwalter", "richter", "mieter", "eigentümer", "halter", "bewohner", "präsidenten", "vorsitzende", "vorsitzenden",
)  # fmt: skip
# A number that counts what follows ("12 Stellplätze") or has a unit is no house number.
_COUNTS = re.compile(r" ?(?:m|km|cm|ha|qm|m²|%|€|Euro|EUR|Uhr)\b| [A-ZÄÖÜ][a-zäöüß]{2}")
_PLACE = re.compile(
    r"(?:(?:Grundstück|Anwesen|Gebäude|Haus|Wohnhaus|Objekt|Ladenlokal)(?:e?s|en)?|Wohnung|Adresse|Anschrift|Standort"
    r"|Filiale|Immobilie|Kanzlei|Praxis|Höhe|wohnhaft|wohnt|wohne|gemeldet|ansässig|belegen|gelegen)(?:en)?,?"
    r"(?: (?:in|im|am|an|der|dem|des|unter|auf|zu|bei|lautet|war|ist|mit))*[ :„\"]*$"
)
# Courts are no persons: where to lodge an appeal stays readable.
_OF_COURT = re.compile(
    r"(?:gericht|gerichtshof|Justizzentrum)(?:e?s)?(?: (?:der|des|in|am|für|im|[A-ZÄÖÜ(][\w.()-]*))*,? ?(?:[-–] ?)?$"
)
_POSTCODE_ALONE = re.compile(r" (?:[A-Z]{1,2}[-–])?\d{5} [A-ZÄÖÜ]")
_PLACE_CHARS, _COURT_CHARS, _MIN_STEM = 40, 80, 3
# Anchored on the space before the number, which is twenty times as fast as looking for the name.
_BEHIND_STREET = (
    r"(?<=[engmltzr.] .)(?:(?<=(?:traße|Allee|allee|raben|wiete) .)|(?<=trasse .)|(?<=(?:haussee|omenade) .)"
    r"|(?<=(?:[dD]amm|[rR]ing|[wW]all|arkt|asse|latz|tieg|teig|ufer|Ufer) .)|(?<=(?:tr\.|TR\.|[wW]eg) .))"
    r"|(?<=[A-Z] .)(?:(?<=STRASSE .)|(?<=(?:STRAßE|STRAẞE) .)|(?<=(?:ALLEE|PLATZ|GASSE|MARKT|STIEG) .)"
    r"|(?<=(?:RING|DAMM|UFER) .)|(?<=WEG .)|(?<=CHAUSSEE .)|(?<=PROMENADE .))"
)
_BEHIND_NUMBERED_STREET = (
    r"(?<= Nr\. .)(?:(?<=traße Nr\. .)|(?<=(?:llee|ssee) Nr\. .)|(?<=[wW]eg Nr\. .)"
    r"|(?<=(?:latz|ring|Ring|damm|Damm) Nr\. .)|(?<=tr\. Nr\. .))"
)
_HOUSE_NUMBER = re.compile(rf" [1-9](?:{_BEHIND_STREET}|{_BEHIND_NUMBERED_STREET})")
_HOUSE_AND_POSTCODE = re.compile(
    r" \d{1,4}(?: ?[a-gA-G])?(?: ?[-–/] ?\d{1,3})?,? (?:in )?(?:[A-Z]{1,2}[-–])?\d{5} [A-ZÄÖÜ]"
)


def _may_hold_street(text: str, has_number: bool) -> bool:
    if "Platz de" in text or "Straße de" in text:
        return True
    return has_number and _HOUSE_NUMBER.search(text) is not None


def _may_hold_house_and_postcode(text: str, has_number: bool) -> bool:
    return has_number and _HOUSE_AND_POSTCODE.search(text) is not None


def _streets(text: str, in_rubrum: bool) -> Iterator[Span]:
    for match in _STREET.finditer(text):
        if not _is_of_court(text, match.start()) and _is_street(match, in_rubrum):
            yield match.span()


def _is_street(match: re.Match[str], in_rubrum: bool) -> bool:
    stem = match["stem"]
    if stem and (len(stem) < _MIN_STEM or (match["gap"] == " " and not _is_adjective(stem))):
        return False
    if match["town"]:
        return True
    if _COUNTS.match(match.string, match.end()):
        return False
    if stem is None:
        return True
    if match["road"]:
        return not stem.lower().startswith(_NO_STREETS)
    # Reference signs of patents look the same ("Dichtring 4", "Strömungsweg 12").
    before = match.string[max(0, match.start() - _PLACE_CHARS) : match.start()]
    return in_rubrum or ("-" in stem and match["gap"] == "-") or _PLACE.search(before) is not None


def _is_adjective(word: str) -> bool:
    """Whether a word of its own may stand before "Straße": "Brühler", "Lange"."""
    return word.endswith(("er", "e", "en")) and word not in _DETERMINERS and not word.endswith(_ROLES)


def _any_streets(text: str, in_rubrum: bool) -> Iterator[Span]:
    return (m.span() for m in _ANY_STREET.finditer(text) if not _is_of_court(text, m.start()))


def _is_of_court(text: str, start: int) -> bool:
    return _OF_COURT.search(text[max(0, start - _COURT_CHARS) : start]) is not None


# Addresses without a word for a street: behind a word that tells of one, or in capitals

_AT = (
    r"(?::|,|(?: (?:derzeit|zuletzt|jetzt|damals|noch|weiterhin|dort|seit \d{4}|lautet|lautete|ist|war|unter|der|de[rs]"
    r" [A-ZÄÖÜ][a-zäöüß]{2,20}|Anschrift|Adresse|und|wohnhaft|gemeldet|am|an der|an den|auf dem|auf der))){0,4}"
    rf":?,? [„\"]?(?:in (?:\d{{5}} )?{_TOWN}(?:, | \())?"
)
# What else has a number behind it: rooms, parts of files and texts, parties, dates.
_NO_NAME = (
    r"(?!(?:Haus|Hausnummer|Zimmer|Block|Wohnung|Appartement|Stock|Etage|Raum|Zelle|Station|Gebäude|Eingang|Aufgang"
    r"|Baracke|Container|Unterkunft|Gruppe|Abteilung|Parzelle|Flurst\w+|Flur|Gemarkung|Blatt|Bl|Seite|Anlage|Anhang"
    r"|\w{0,20}[aA]kten?|Band|Heft|Ordner|\w{0,20}[pP]rotokoll|Ziffer|Nummer|Nr|Artikel|Art|Abs|Absatz|Satz|Kapitel"
    r"|Abschnitt|Teil|Kategorie|Klasse|Stufe|Typ|Fall|Punkt|Position|Tabelle|Version|Gründe|Rand(?:nummer|ziffer|nr)|Rn|Tz"
    r"|Az|Beschluss|Urteil|Kammer|Senat|Verfahren|Familie|Kinder|Personen|Kläger\w*|Beklagte[rn]?|Antrag\w+"
    r"|Beteiligte[rn]?|Zeug(?:e|en|in|innen)|Anschrift|Adresse|Postfach|Ende|Anfang|Mitte|Alter|Januar|Februar|März|April"
    r"|Mai|Juni|Juli|August|September|Oktober|November|Dezember|(?:Mon|Diens|Donners|Frei|Sams|Sonn)tag|Mittwoch)\b)"
)
_PREPOSITION = r"(?:Am|An|Auf|Bei|Beim|Hinter|Im|In|Unter|Vor|Zu|Zum|Zur)(?: (?:der|dem|den|des|die|das))? "
_MANNHEIM_SQUARE = r"[A-U] ?[1-7], ?[1-9]\d?[a-z]?(?![\w.…])"
_AT_HOME = rf"{_AT}(?P<data>(?:{_PREPOSITION})?{_NO_NAME}{_NAME}(?: {_NAME})?,? {_HOUSE}|{_MANNHEIM_SQUARE})"
_HOMES = (
    rare("ohn", rf"ohn(?<=[wW]ohn)(?<!\w[wW]ohn)(?:te?|ten|haft|end)\b{_AT_HOME}(?P<town>{_POSTCODE})?"),
    rare(" lebt", rf" lebte?\b{_AT_HOME}(?P<town>{_POSTCODE})?"),
    rare("gemeldet", rf"gemeldet\b(?<!\wgemeldet){_AT_HOME}(?P<town>{_POSTCODE})?"),
    rare("Anschrift", rf"Anschrift\b{_AT_HOME}(?P<town>{_POSTCODE})?"),
)
_CAPITALS = r"[A-ZÄÖÜ]{2,40}"
_CAPITAL_WAY = r"(?:STRA(?:SS|ß|ẞ)E|STR\.|ALLEE|CHAUSSEE|PROMENADE|WEG|PLATZ|RING|DAMM|UFER|GASSE|MARKT|STIEG)"
_CAPITAL_STREET = re.compile(
    rf"(?<![\w.…-])(?:{_CAPITALS}(?:-{_CAPITALS}){{0,4}}[- ]{_CAPITAL_WAY}|[A-ZÄÖÜ]{{2,40}}?{_CAPITAL_WAY}) {_HOUSE}"
    rf"(?:,? (?:D[-–])?\d{{5}} [A-ZÄÖÜ]{{2,40}}(?:-{_CAPITALS}){{0,4}}(?!\w)|{_POSTCODE})?"
)


def _may_hold_home(text: str, _has_number: bool) -> bool:
    return any(home.search(text) for home in _HOMES)


def _homes(text: str, _in_rubrum: bool) -> Iterator[Span]:
    matches = (match for home in _HOMES for match in home.finditer(text))
    return _apart((m.start("data"), m.end()) for m in matches if _is_home(m))


def _is_home(match: re.Match[str]) -> bool:
    counts = match["town"] is None and _COUNTS.match(match.string, match.end()) is not None
    return not counts and not _is_of_court(match.string, match.start("data"))


def _capital_streets(text: str) -> Iterator[Span]:
    for match in _CAPITAL_STREET.finditer(text):
        before = text[max(0, match.start() - _COURT_CHARS) : match.start()].title()
        if not _is_of_court(before, len(before)):
            yield match.span()


def _streets_of_any_case(text: str, in_rubrum: bool) -> Iterator[Span]:
    return _apart([*_streets(text, in_rubrum), *(_capital_streets(text) if in_rubrum else ())])


def _apart(spans: Iterable[Span]) -> Iterator[Span]:
    """The spans in order, without those that overlap an earlier one."""
    end = 0
    for start, stop in sorted(spans):
        if start >= end:
            yield start, stop
            end = stop


# Means of communication and bank accounts

_EMAIL = re.compile(
    r"(?<![\w.+-])(?P<data>[\w.+-]{1,64} ?(?:@|\(at\)|\[at\]) ?\w[\w-]{0,62}"
    r"(?:\.[\w-]{1,63}){0,8}\.[a-zA-Z]{2,24})(?![\w-])"
)
_PHONE = re.compile(
    r"(?:\b(?:Tel(?:efon|efax|\b\.?)|(?:Tele)?[Ff]ax|Mobil(?:funk|telefon)?|Handy|Ruf)"
    r"(?:[- ]?(?:[Nn]ummer|Nr\.?|anschluss))?[.:]{0,2} ?)(?P<data>(?:\+\d{1,3}|\(?0\d)[\d ()/–-]{4,18}\d)"
    r"|(?P<international>\+49[ (\d][\d ()/–-]{5,18}\d)"
    r"|(?<![\w/.-])(?P<mobile>01[5-7]\d ?[/ -] ?\d{6,8})(?![\d/-])"
)
_MOBILE_START = re.compile(r" 01[5-7]\d ?[/ -] ?\d")
_LONG_NUMBER = re.compile(r" \d(?:\d{5}|\d{1,2} \d{2,3} \d)")
_ACCOUNT_LABELS = ("BIC", "SWIFT", "BLZ", "Kto", "Konto", "Bankleitzahl")
_AREA_CODE = re.compile(r" \(?0\d[\d ()/–-]{4}")
_PHONE_LABELS = ("Tel", "Fax", "Mobil", "Handy", "Rufnummer")
_IBAN_START = rare(" DE", r" DE\d\d")
_IBAN = re.compile(
    r"(?P<label>\bIBAN(?:-Nr\.|-Nummer)?:? ?)?\b(?P<data>[A-Z]{2}\d\d(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,3})?)\b"
)
_ACCOUNT = re.compile(
    r"\b(?:Konto-?(?:nummer|[Nn]r\.|Nummer)|Kto\.|Kto\.?-?Nr\.|Konto Nr\.):? ?(?P<account>\d[\d ]{4,12}\d)(?![\d…X*])"
    r"|\bKonto (?P<plain>\d{7,10})(?![\d.,]| ?(?:€|E[Uu][Rr]))"
    r"|\b(?:BLZ|Bankleitzahl):? ?(?P<bank>\d{3} ?\d{3} ?\d{2})\b"
    r"|\b(?:BIC|SWIFT)(?:-Code)?:? ?(?P<bic>[A-Z]{6}[A-Z\d]{2}(?:[A-Z\d]{3})?)\b"
)


def _data(pattern: re.Pattern[str]) -> Callable[[str, bool], Iterator[Span]]:
    """Spans of the last group that matched: what is to be replaced, without its label."""
    return lambda text, _in_rubrum: (match.span(match.lastgroup or 0) for match in pattern.finditer(text))


def _ibans(text: str, _in_rubrum: bool) -> Iterator[Span]:
    for match in _IBAN.finditer(text):
        number = match["data"].replace(" ", "")
        if _is_iban(number) or (match["label"] and number[4:].isdigit()):
            yield match.span("data")


def _is_iban(number: str) -> bool:
    """Whether the check digits are right (ISO 13616: the rearranged number is 1 modulo 97)."""
    return "XX" not in number and int("".join(str(int(c, 36)) for c in number[4:] + number[:4])) % 97 == 1


# Birth dates

_MONTH = f"(?:{'|'.join(MONTHS)})"
_DATE = rf"(?!00)\d\d?\. ?(?:(?!00)\d\d?\. ?|{_MONTH} )(?:19|20)?\d\d(?!\d)"
_BIRTH_PLACE = rf"(?:in {_WORD}(?:[/ ]{_WORD})?(?:,? \(?{_WORD}\)?)? )?"
_BIRTH_DATE = re.compile(
    r"\b(?:[Gg]eboren(?:e[rnms]?)?|geb\.|Geb\.-Dat(?:um|\.)|Geburts(?:datum|tag))"
    rf"(?: ist| war| der| den| am|:){{0,2}} ?(?P<after>{_DATE})"
    rf"|\b(?P<before>{_DATE}(?: (?:und|bzw\.)(?: am)? {_DATE})?)(?= {_BIRTH_PLACE}(?:geboren|zur Welt gekommen))"
    rf"|(?<![\w*] )(?<![\w*])\* ?(?P<star>{_DATE})"
)


_BIRTH = re.compile(r"geb(?:oren|\. )|Geb\.-Dat|Geburts(?:datum|tag)|zur Welt gekommen|\* ?\d")
_BIRTH_WORDS = ("geboren", "geb.", "Geb.-", "Geburts", "zur Welt", "*")
_BIRTH_CHARS = 80


def _may_hold_birth_date(text: str, _has_number: bool) -> bool:
    if not any(word in text for word in _BIRTH_WORDS):
        return False
    windows = (text[max(0, m.start() - _BIRTH_CHARS) : m.end() + _BIRTH_CHARS] for m in _BIRTH.finditer(text))
    return any(_BIRTH_DATE.search(window) for window in windows)


# Counsel

_BETWEEN = "\x1e"  # between the paragraphs of a section; cleaned text holds none
_OF_PARTY = r"(?: de[rs] [A-ZÄÖÜ][\w/-]{2,40})?(?: zu [\d., und)]{1,20})?"  # "der Klägerin zu 1 und 2"
_LABEL = (
    r"(?:(?:[Pp]roze(?:ss|ß)-?|[Pp]roz\.-?|[Vv]erfahrens-?)?[Bb]ev(?:ollmächtigt(?:e[rn]?)?|ollm\.|\.)"
    rf"|Verteidiger(?:in)?){_OF_PARTY}:"
)
_COUNSEL_HINTS = (
    rare("evollm", rf"evollm(?:ächtigt(?:e[rn]?)?|\.){_OF_PARTY}:"),
    rare("bev.|Bev.", rf"[Bb]ev\.{_OF_PARTY}:"),
    rare("Verteidiger", rf"Verteidiger(?:in)?{_OF_PARTY}:"),
)
_COUNSEL_END = (
    rf"(?<=\s)[-–](?:\s|$)|{_BETWEEN}[-–]|{_BETWEEN}\d+\.|(?<=\s)(?:g ?e ?g ?e ?n|wegen|hier:|[Bb]eigeladene?"
    rf"|Beteiligte|über|und\s+Antrag|ha(?:t|ben)\s+(?:de[rn]|die|das))(?!\w)|(?<!\w){_LABEL}"
)
_COUNSEL = re.compile(rf"{_LABEL}\s*(?!{_COUNSEL_END})(?P<data>\S.{{0,400}}?)\s*(?={_COUNSEL_END}|$)", re.DOTALL)
# A party or the next part of the rubrum.
_NOT_COUNSEL = (
    r"(?:Kläger|Beklagt|Antrag|Beschwerde|Berufung|Revision|Gläubiger|Schuldner|Beteiligt|Beigeladen|Angeklagt|Verfügung"
    r"|Wider|Streithelfer|Neben|Beschluss|Urteil|Tenor|Tatbestand|Gründe|Prozess|Verfahren|I[mn] (?:de[mr]|Namen)"
    r"|(?:Die|Der|Das|Gegen|Wegen)\b)"
)
_NEXT_LINE = (
    rf"(?:,[\n{_BETWEEN}]|[\n{_BETWEEN}](?=(?:[^\n{_BETWEEN}]{{3,40}} \d{{1,4}} ?[a-z]?,?[\n{_BETWEEN}])?\d{{5}} ))"
)
_REPRESENTED = re.compile(
    r"durch (?:(?:die|den|seinen?|ihren?) )?"
    r"(?P<data>(?:(?:Rechts|Patent|Fach)anw[aä]lt\w*|Anwaltskanzlei|RA(?:e|in|innen)?\b)"
    rf"(?:(?:,? |{_NEXT_LINE})(?:(?:und|u\.|von|vom|zu|der|dem|den|am|an|im|für|&|\+) ){{0,3}}(?!{_NOT_COUNSEL})"
    r"(?:[A-ZÄÖÜ][\w.&/’'-]*|\d[\w/–-]*(?: [-–] \d+)?|mbB|(?<=\d )[a-z]\b))*+)"
)
_OF_BENCH = re.compile(r"[sS]enat|[kK]ammer|[gG]ericht|Verhandlung|Sitzung")
_BENCH_CHARS = 120
_PROFESSION = re.compile(
    r"(?:Rechts|Patent|Fach|Syndikusrechts)anw[aä]lt\w*|(?:Anwalts)?[Kk]anzlei|Steuerberater\w*|Partner\w*|Herrn?|Frau|Sozietät|Prof\b|Dr\b"
)
_PERSON = re.compile(r"[A-ZÄÖÜ][a-zäöüß]{2}")


def _may_name_counsel(text: str) -> bool:
    return any(hint.search(text) for hint in _COUNSEL_HINTS)


def _may_be_represented(rubrum: Sequence[Paragraph]) -> bool:
    return any(_REPRESENTED.search(paragraph.text) for paragraph in rubrum)


def _without_counsel(
    section: tuple[Paragraph, ...], in_rubrum: bool, counts: Counter[PlaceholderType]
) -> tuple[Paragraph, ...]:
    """The section without the names of counsel, which may run over several paragraphs behind their label."""
    text = _BETWEEN.join(paragraph.text for paragraph in section)
    if not _may_name_counsel(text) and not (in_rubrum and _may_be_represented(section)):
        return section
    spans = [m.span("data") for m in _COUNSEL.finditer(text) if _names_counsel(m["data"], in_rubrum)]
    text = _without_names(text, spans)
    if in_rubrum:
        represented = [m.span("data") for m in _REPRESENTED.finditer(text) if _represents(m)]
        text = _without_names(text, represented)
        spans += represented
    if not spans:
        return section
    counts[PlaceholderType.COUNSEL] += len(spans)
    pairs = [(paragraph, rest.strip()) for paragraph, rest in zip(section, text.split(_BETWEEN), strict=True)]
    return tuple(
        paragraph if paragraph.text == rest else replace(paragraph, text=rest) for paragraph, rest in pairs if rest
    )


def _without_names(text: str, spans: Sequence[Span]) -> str:
    """The text without the names; the borders of paragraphs among them are kept."""
    pieces, end = [], 0
    for start, stop in spans:
        pieces += [text[end:start], PlaceholderType.COUNSEL, _BETWEEN * text.count(_BETWEEN, start, stop)]
        end = stop
    return "".join([*pieces, text[end:]])


def _represents(match: re.Match[str]) -> bool:
    """Whether a lawyer is named who represents a party, not one who sits on the bench."""
    before = match.string[max(0, match.start() - _BENCH_CHARS) : match.start()]
    is_counsel = before.endswith(("vertreten ", "vertr. ")) or _OF_BENCH.search(before) is None
    return is_counsel and _names_counsel(match["data"], True)


def _names_counsel(text: str, in_rubrum: bool) -> bool:
    """Whether a person is named; in running text a label alone ("der Bevollmächtigte: ...") opens speech."""
    profession = _PROFESSION.match(text)
    return (in_rubrum or profession is not None) and _PERSON.search(_PROFESSION.sub("", text)) is not None


def _may_hold_account(text: str, has_number: bool) -> bool:
    if "BIC" not in text and not (has_number and _LONG_NUMBER.search(text)):
        return False
    return any(label in text for label in _ACCOUNT_LABELS) and _ACCOUNT.search(text) is not None


def _may_hold_phone(text: str, has_number: bool) -> bool:
    # A single character is found ten times as fast as several.
    is_international = "+" in text and "+49" in text
    if not is_international and not (has_number and _AREA_CODE.search(text)):
        return False
    is_mobile = _MOBILE_START.search(text) is not None
    return (is_international or is_mobile or any(label in text for label in _PHONE_LABELS)) and _PHONE.search(
        text
    ) is not None


# Numbers

# What rules need that look for a number: a house number, a postcode, a long number or an area code. Most decisions hold
# none, so that this one scan saves one for each of those rules.
_NUMBER = re.compile(
    rf" (?:[0-9](?:{_BEHIND_STREET}|{_BEHIND_NUMBERED_STREET}|\d{{4}}(?:\d| [A-ZÄÖÜ])|\d{{1,2}} \d{{2,3}} \d"
    r"|(?<=0)\d[\d ()/–-]{4})|\(0\d[\d ()/–-]{4})"
)
_DASHED_POSTCODES = (re.compile(r"-\d{5} [A-ZÄÖÜ]"), re.compile(r"–\d{5} [A-ZÄÖÜ]"))


def _has_number(text: str) -> bool:
    return any(pattern.search(text) for pattern in (_NUMBER, *_DASHED_POSTCODES))


_RULES = (
    _Rule(PlaceholderType.EMAIL, lambda text, _: "@" in text or "(at)" in text or "[at]" in text, _data(_EMAIL)),
    _Rule(PlaceholderType.BANK_ACCOUNT, lambda text, _: "IBAN" in text or bool(_IBAN_START.search(text)), _ibans),
    _Rule(PlaceholderType.BANK_ACCOUNT, _may_hold_account, _data(_ACCOUNT)),
    _Rule(PlaceholderType.PHONE, _may_hold_phone, _data(_PHONE)),
    _Rule(PlaceholderType.BIRTH_DATE, _may_hold_birth_date, _data(_BIRTH_DATE)),
    _Rule(PlaceholderType.ADDRESS, _may_hold_home, _homes),
    _Rule(PlaceholderType.ADDRESS, _may_hold_street, _streets_of_any_case),
    _Rule(PlaceholderType.ADDRESS, _may_hold_house_and_postcode, _any_streets),
    _Rule(PlaceholderType.ADDRESS, lambda text, _: "Postfach " in text, _data(_PO_BOX)),
)
