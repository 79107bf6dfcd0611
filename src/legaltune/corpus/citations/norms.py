"""Citations of norms in running text: "§ 823 Abs. 1 BGB", "§§ 826, 31 BGB", "Art. 19 Abs. 4 GG", "§§ 305 bis 310 BGB".

A run of provisions takes the statute named behind its last one ("§ 154 Abs. 1 i.V.m. § 161 VwGO"), or directly before
its first ("BGB § 133"). Provisions without a statute are no citations here.

The text is searched for the few literals that a citation can begin with, and every run is read once: the time is linear
in the length of the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NamedTuple

from legaltune.corpus.citations.statute_names import (
    StatuteName,
    read_abbreviation_before,
    read_statute,
)
from legaltune.corpus.patterns import find_all

Sign = Literal["§", "Art.", "Anlage", "Anhang", "Nr."]
Detail = tuple[str, str]


class NormCitation(NamedTuple):
    """One cited provision.

    In a run of provisions each has its own span: the first includes the sign, the last the statute.

    Attributes:
        start: Offset of its first character in the text.
        end: Offset behind its last character.
        sign: "§" or "Art."; "Anlage", "Anhang"; "Nr." for an entry of a table of fees.
        number: Number of the norm with its letter ("93a").
        paragraph: Absatz ("1", "3 bis 5"), or None.
        sentence: Satz, or None.
        number_item: Nummer, or None.
        statute: Its name in normal form ("BGB", "SGB II", "VO (EG) 715/2007"); "BGB a.F." for a version no longer in
            force.
        details: All that is printed behind the number, in normal form ("Abs. 1 Satz 2 Halbsatz 1 Nr. 3").
        range_end: What a range of norms ends with ("310", "ff.", "f."), or None.
        in_conjunction: True where "i.V.m." joins it to the citation before.
    """

    start: int
    end: int
    sign: Sign
    number: str
    paragraph: str | None
    sentence: str | None
    number_item: str | None
    statute: str
    details: str = ""
    range_end: str | None = None
    in_conjunction: bool = False

    @property
    def normalized(self) -> str:
        """One form for all ways to print it: "§ 823 Abs. 1 BGB", "§§ 305 bis 310 BGB", "Art. 3 VO (EG) 7/2007"."""
        sign = "§§" if self.sign == "§" and self.range_end else self.sign
        until = self.range_end if not self.range_end or self.range_end.startswith("f") else f"bis {self.range_end}"
        return " ".join(part for part in (sign, self.number, until, self.details, self.statute) if part)


@dataclass(slots=True)
class _Provision:
    """A provision whose statute is not known yet."""

    start: int
    end: int
    sign: Sign
    number: str
    range_end: str | None
    details: list[Detail]
    in_conjunction: bool = False


_LETTER_ALONE = r"\s[a-eg-z](?=\)?(?:[,;)]|\s+(?:Abs|Satz|S\.|Nr|Ziff|Buchst|lit|ff|und|oder|de[rs]|[A-ZÄÖÜ])))"
_LETTER = rf"[a-eg-z](?![a-zäöüß])|f(?![a-zäöüß.])|{_LETTER_ALONE}"
_NUMBER = (
    rf"\d+(?:\.\d+)*(?:\s?(?:ter|quater|quinquies|sexies|septies)|bis(?=[\s,])|{_LETTER})?(?:(?<=ies)\s[A-Z](?=\s))?"
)
_TO = r"\s*(?:bis|[-–—])\s*"
_FF = r"\s*ff?(?![a-zäöüß])\.?"
_SIGN = r"(?P<sign>§{1,3}|\bArt(?:ikeln?s?|\.|ikel)?)\s*"
_ROMAN = r"\s*(?P<roman>[IVX]{1,5}[a-z]?)(?:\s(?P<roman_satz>\d{1,2})(?![\d.\w/]))?(?=[\s,;/)]|$)"
_VALUE = rf"\d+(?:\.\d+)*(?:{_LETTER})?"
_RANGE = rf"(?:{_TO}(?:(?:Nr|Abs)\.\s?)?{_VALUE}|{_FF})?"
_ORDINAL_WORDS = {"erster": "1", "erste": "1", "zweiter": "2", "zweite": "2", "dritter": "3", "dritte": "3"}
_COUNT = r"\d{1,2}|[Ee]rster?|[Zz]weiter?|[Dd]ritter?"
_HALBSATZ = r"(?:Halbsatz|Halbs\b\.?|HS\b\.?|Hs\b\.?|Hbs\b\.?|Hsatz)"
_ALTERNATIVE = r"(?:Alternative|Alt\b\.?)"
_VARIANTE = r"(?:Variante|Var\b\.?)"
# Levels by the names of groups, with the word of the normal form; "_" marks a number printed before its word.
_PARTS = {
    "abs": ("Abs.", rf"Abs(?:\.|ätzen?|atz(?:es)?)?\s*(?P<abs>\(?(?:{_VALUE}|[IVX]{{1,5}}[a-z]?(?!\w))\)?{_RANGE})"),
    "uabs": ("UAbs.", rf"(?:UAbs\.?|Unterabs(?:\.|atz|ätze)?)\s*(?P<uabs>{_VALUE}{_RANGE})"),
    "satz": ("Satz", rf"(?:Satz(?:es)?|Sätzen?|S\b\.?)\s*(?P<satz>{_VALUE}{_RANGE})"),
    "hs": ("Halbsatz", rf"{_HALBSATZ}\s*(?P<hs>\d{{1,2}})"),
    "hs_": ("Halbsatz", rf"(?P<hs_>{_COUNT})\.?\s*{_HALBSATZ}"),
    "nr": ("Nr.", rf"(?:Nummern?|Nrn?\b\.?|Ziff(?:er|ern)?\b\.?)\s*(?P<nr>\(?{_VALUE}\)?{_RANGE})"),
    "buchst": (
        "Buchst.",
        rf"(?:Buchstaben?|Buchst\b\.?|lit\b\.?)\s*(?P<buchst>(?:[a-z]{{1,2}}|[A-Z])\b(?:{_TO}[a-z]\b)?)\)?",
    ),
    "dbuchst": ("Doppelbuchst.", r"(?:Doppelbuchstaben?|Doppelbuchst\b\.?)\s*(?P<dbuchst>[a-z]{2})\b\)?"),
    "dbuchst_": ("Doppelbuchst.", r"(?<=\)\s)(?P<dbuchst_>aa|bb|cc|dd|ee|ff|gg|hh)\)"),
    "alt": ("Alt.", rf"{_ALTERNATIVE}\s*(?P<alt>\d{{1,2}})"),
    "alt_": ("Alt.", rf"(?P<alt_>{_COUNT})\.?\s*{_ALTERNATIVE}"),
    "fall": ("Fall", r"Fall\s*(?P<fall>\d{1,2})(?!\d)"),
    "fall_": ("Fall", rf"(?P<fall_>{_COUNT})\.?\s*Fall(?!\w)"),
    "var": ("Var.", rf"{_VARIANTE}\s*(?P<var>\d{{1,2}})"),
    "var_": ("Var.", rf"(?P<var_>{_COUNT})\.?\s*{_VARIANTE}"),
}
_WORDS = {group: word for group, (word, _) in _PARTS.items()}
_RANKS = {
    "Abs.": 1,
    "UAbs.": 2,
    "Satz": 3,
    "Nr.": 3,
    "Halbsatz": 4,
    "Buchst.": 5,
    "Doppelbuchst.": 6,
    "Alt.": 7,
    "Fall": 7,
    "Var.": 7,
}
_PART = "(?:" + "|".join(pattern for _, pattern in _PARTS.values()) + ")"
_UNNAMED_PART = re.sub(r"\?P<\w+>", "?:", _PART)
_DETAILS = rf"(?P<details>(?:\s*{_UNNAMED_PART})*+)"
_BODY = (
    rf"(?P<number>{_NUMBER})(?:{_TO}(?:§\s*|Art\.\s*)?(?P<to>{_NUMBER})|(?P<ff>{_FF})|\s(?P<inner>§\s?\d+[a-z]?))?"
    rf"(?:{_ROMAN})?{_DETAILS}"
)
_CONJUNCTION = r"i\.?\s?V\.?\s?m(?:it)?\b\.?|in\s+Verbindung\s+mit"
_CONNECTOR = (
    rf"\s*+(?:(?:[,/]|;(?=\s(?:Abs|Satz|Nr)))\s*+(?:(?:und|oder|sowie|jeweils|auch)\s++)?|(?:und|oder|sowie|u\.|bzw\.|beziehungsweise|&)\s*+)?"
    rf"(?P<ivm>(?:jeweils\s+)?(?:{_CONJUNCTION})\s*+)?(?:(?:mit|die|de[rsmn]|nach|gemäß|aus)\s+(?=§|Art)|mit\s+)?"
)

_FIRST = re.compile(rf"{_SIGN}{_BODY}")
_DETAIL = re.compile(rf"\s*{_PART}")
_FURTHER = re.compile(rf"{_CONNECTOR}(?P<body>(?:{_SIGN})?{_BODY})")
_FURTHER_PART = re.compile(rf"{_CONNECTOR}(?P<body>(?P<details>{_UNNAMED_PART}(?:\s*{_UNNAMED_PART})*+))")
_FURTHER_ROMAN = re.compile(rf"{_CONNECTOR}(?P<body>{_ROMAN}{_DETAILS})")
_FURTHER_LETTER = re.compile(rf"{_CONNECTOR}(?P<body>(?P<letter>[a-z])\)?)(?![\w.)])")
_BETWEEN = re.compile(
    rf"(?:\s*+[(<–-][^()<>–-]{{1,40}}[)>–-])?\s*+,?\s*+(?:und\s+|jeweils\s+)*(?:{_CONJUNCTION})\s*+(?:mit\s+)?"
)
_IN_KEY = re.compile(
    r"(?:SozR\s[\d-]+|Buchholz\s[\d.]+|\b(?:AP|EzA|LAGE|BGHR)(?:\s\w+)?(?:\sNr\.\s?\d+\s?(?:zu)?)?)\s$"
)
_COMMENTARY = re.compile(r"\s*+,?\s*+(?:R(?:n|dn|dnr|dNr|z|andn)\w*\b|Anm\b|Tz\b|Erl\b)")
_NEXT_SIGN = re.compile(r"\s*+(?:§|Art\b)")
_DIGITS = re.compile(r"\d+")
_ANNEX = re.compile(
    r"(?P<sign>Anlage|Anhang)(?:\s(?:Nr\.\s?)?(?P<number>\d+[a-z]?|[IVX]{1,5}(?:\s?[a-z](?![\w.]))?)(?![\w.])|(?=\szu\s§))"
    rf"(?P<norm>\szu(?:\sde[nm])?\s§§?\s?{_NUMBER}{_DETAILS})?"
)
_FEE = re.compile(
    r"(?P<word>Nrn?\.)\s?(?P<numbers>\d{3,5}(?:(?:,|\sund|,?\si\.?\s?V\.?\s?m\.?)\s(?:Nr\.\s)?\d{3,5})*)\s"
    r"(?P<table>VV(?:[\s-]RVG)?|KV(?:[\s-](?:GKG|FamGKG|GNotKG|GvKostG|JVKostG))?|(?:GKG|FamGKG|GNotKG)[\s-]KV|RVG[\s-]VV"
    r"|GKG|FamGKG|GNotKG|RVG)(?![\w-])"
)
_FEE_NUMBER = re.compile(r"Nrn?\.\s?\d{3}")
# In "§§ 280 Abs. 1, 3, 283 BGB" the 3 is an Absatz: norms have few of them, and runs of norms mostly ascend.
_LARGEST_BARE_ABSATZ = 12
_MAX_ABSATZ_DIGITS = 2
_ROMAN_VALUES = {"I": 1, "V": 5, "X": 10}


def extract_norm_citations(text: str) -> list[NormCitation]:
    """Citations in `text`, in the order of their spans, which do not overlap."""
    citations: list[NormCitation] = []
    position = 0
    for anchor, kind in _anchors(text):
        if anchor < position:
            continue
        found, position = _read_run(text, anchor, position) if kind == "norm" else _read_other(text, anchor, kind)
        if found and citations and not found[0].in_conjunction:
            found[0] = found[0]._replace(in_conjunction=_is_conjunction(text, citations[-1].end, found[0].start))
        citations.extend(found)
    return citations


def _anchors(text: str) -> list[tuple[int, str]]:
    """Where citations may begin, in order; literals are found much faster than a pattern that looks for them."""
    anchors = [(position, "norm") for position in find_all(text, "§")]
    anchors += ((position, "norm") for position in find_all(text, "Art") if _is_article(text, position))
    for word in ("Anlage ", "Anhang "):
        anchors += ((position, "annex") for position in find_all(text, word))
    anchors += ((match.start(), "fee") for match in _FEE_NUMBER.finditer(text))
    anchors.sort()
    return anchors


def _is_article(text: str, position: int) -> bool:
    behind = text[position + 3 : position + 5]
    return behind[:1] in ".i" or (behind[:1].isspace() and behind[1:].isdigit())


def _read_run(text: str, anchor: int, floor: int) -> tuple[list[NormCitation], int]:
    """The citations of the run that begins at `anchor`, and where to read on.

    A run without a statute is passed over as a whole: none of its members has one either.
    """
    first = _FIRST.match(text, anchor)
    if first is None:
        return [], anchor + 1
    sign = _sign_of(first["sign"])
    is_plural = first["sign"].startswith("§§")
    run, statute, is_plural = _members(text, _provision(first, sign, anchor), is_plural)
    before = read_abbreviation_before(text, anchor, floor)
    is_before = before and (statute is None or _NEXT_SIGN.match(text, statute.end))
    if before and is_before and not _COMMENTARY.match(text, run[-1].end):
        run[0].start = before.start("name")
        return _named(run, " ".join(before["name"].split())), run[-1].end
    if statute is None or _is_in_key(text, anchor):
        return [], statute.end if statute else run[-1].end
    run[-1].end = statute.end
    found = _named(run, statute.name + statute.version)
    further, end = _read_on(text, statute.end, sign) if is_plural else ([], statute.end)
    return found + further, end


def _read_on(text: str, position: int, sign: Sign) -> tuple[list[NormCitation], int]:
    """Further norms of a run with "§§", each part of which names its statute: "§§ 280, 286 BGB, 12, 17 ZPO"."""
    found: list[NormCitation] = []
    while (match := _FURTHER.match(text, position)) and match.start("body") > position and not match["sign"]:
        run, statute, _ = _members(text, _provision(match, sign, match.start("body")), True)
        if statute is None:
            break
        run[-1].end = position = statute.end
        found += _named(run, statute.name + statute.version)
    return found, position


def _is_in_key(text: str, anchor: int) -> bool:
    """True for a norm that is part of a reference to a reporter: "SozR 4-2500 § 5 Nr. 8"."""
    last = text[anchor - 2 : anchor - 1]
    return (last.isdigit() or last.isupper() or last == "u") and _IN_KEY.search(
        text, max(0, anchor - 24), anchor
    ) is not None


def _members(text: str, first: _Provision, is_plural: bool) -> tuple[list[_Provision], StatuteName | None, bool]:
    """The provisions that connectors join, the statute behind the last, and whether bare numbers count norms."""
    run = [first]
    while True:
        last = run[-1]
        statute = None if text.startswith(",", last.end) else read_statute(text, last.end)
        following = None if statute else _following(text, last, is_plural)
        if following is None:
            return run, statute, is_plural
        is_plural = is_plural or text.startswith("§§", following.start)
        if following is not last:
            run.append(following)


def _following(text: str, last: _Provision, is_plural: bool) -> _Provision | None:
    """The next member of the run; `last`, extended, where only a lower level follows a comma; None at the end."""
    if match := _FURTHER_PART.match(text, last.end):
        return _with_part(text, last, match) if match.start("body") > last.end else None
    if (match := _FURTHER.match(text, last.end)) and match.start("body") > last.end:
        if match["sign"] and _sign_of(match["sign"]) != last.sign:
            return None
        return _with_number(last, match, is_plural or (match["sign"] or "").startswith("§§"))
    if last.details and (match := _FURTHER_ROMAN.match(text, last.end)) and match.start("body") > last.end:
        return _next(last, match, _details(match))
    if last.details and (match := _FURTHER_LETTER.match(text, last.end)) and match.start("body") > last.end:
        return _with_letter(last, match)
    return None


def _with_letter(last: _Provision, match: re.Match[str]) -> _Provision | None:
    """A further letter of the lowest level: "Buchst. a und b", "Nr. 2a oder b"."""
    word, value = last.details[-1]
    number = value[:-1] if value[-1].islower() and value[:-1].isdecimal() else ""
    if word != "Buchst." and not number:
        return None
    return _next(last, match, [*last.details[:-1], (word, number + match["letter"])])


def _sign_of(printed: str) -> Sign:
    return "§" if printed.startswith("§") else "Art."


def _provision(match: re.Match[str], sign: Sign, start: int) -> _Provision:
    """A provision with a number of its own."""
    range_end = match["to"] and _joined(match["to"])
    if match["ff"]:
        range_end = "ff." if "ff" in match["ff"] else "f."
    number = _joined(match["number"])
    if match["inner"]:
        number = f"{number} § {_joined(match['inner'][1:])}"
    return _Provision(start, match.end(), sign, number, range_end, _details(match))


def _next(last: _Provision, match: re.Match[str], details: list[Detail]) -> _Provision:
    """A further provision of the same norm."""
    is_joined = match["ivm"] is not None
    return _Provision(match.start("body"), match.end("body"), last.sign, last.number, None, details, is_joined)


def _with_number(last: _Provision, match: re.Match[str], is_plural: bool) -> _Provision:
    """What a further number counts: norms, or the lowest level named before ("Abs. 3 und 4", "Nr. 1, 2")."""
    details = [] if match["sign"] or match["roman"] or match["inner"] else _details(match)
    level = _lowest_counted(last.details)
    is_lower = level is not None and all(_RANKS[word] > _RANKS[last.details[level][0]] for word, _ in details)
    if level is not None and is_lower and not (match["sign"] or match["roman"] or match["inner"]):
        number = _joined(match["number"])
        counts_absaetze = last.details[level][0] == "Abs."
        is_absatz = counts_absaetze and _is_absatz_in_plural(last.number, number)
        is_norm = counts_absaetze and len(_DIGITS.findall(number)[0]) > _MAX_ABSATZ_DIGITS
        if is_absatz or not (is_plural or is_norm):
            counted = (last.details[level][0], _ranged(match, number))
            return _next(last, match, [*last.details[:level], counted, *details])
    following = _provision(match, last.sign, match.start("body"))
    following.in_conjunction = match["ivm"] is not None
    return following


def _ranged(match: re.Match[str], number: str) -> str:
    if match["to"]:
        return f"{number} bis {_joined(match['to'])}"
    return f"{number} {'ff.' if 'ff' in match['ff'] else 'f.'}" if match["ff"] else number


def _lowest_counted(details: list[Detail]) -> int | None:
    counted = [index for index, (_, value) in enumerate(details) if value[0].isdigit()]
    return counted[-1] if counted else None


def _with_part(text: str, last: _Provision, match: re.Match[str]) -> _Provision:
    """A further Absatz, Satz or Nummer of the same norm ("und Abs. 4", ", Nr. 2"), or a lower level behind a comma."""
    details = _details(match)
    rank = _RANKS[details[0][0]]
    words = [word for word, _ in last.details]
    is_lower = all(_RANKS[word] < rank for word in words)
    if is_lower and match["ivm"] is None and text[last.end : match.start("body")].strip() == ",":
        last.details += details
        last.end = match.end()
        return last
    kept = last.details[: words.index(details[0][0])] if details[0][0] in words else _above(last.details, rank)
    return _next(last, match, [*kept, *details])


def _above(details: list[Detail], rank: int) -> list[Detail]:
    return [detail for detail in details if _RANKS[detail[0]] < rank]


def _is_absatz_in_plural(norm: str, number: str) -> bool:
    leading = _DIGITS.match(norm)
    return (
        leading is not None
        and len(number) <= 2
        and number.isdecimal()
        and int(number) <= _LARGEST_BARE_ABSATZ
        and (len(leading[0]) > 2 or int(number) < int(leading[0]))
    )


def _details(match: re.Match[str]) -> list[Detail]:
    """Levels below the norm in the printed order, with the words of the normal form."""
    groups = match.re.groupindex
    details: list[Detail] = []
    if "roman" in groups and match["roman"]:
        details.append(("Abs.", _arabic(match["roman"])))
        if match["roman_satz"]:
            details.append(("Satz", match["roman_satz"]))
    start, end = match.span("details")
    while start < end and (part := _DETAIL.match(match.string, start)):
        group = part.lastgroup or ""
        details.append((_WORDS[group], _value(part[group])))
        start = part.end()
    return details


def _value(printed: str) -> str:
    if printed.isdecimal():
        return printed
    if printed in _ORDINAL_WORDS or printed.lower() in _ORDINAL_WORDS:
        return _ORDINAL_WORDS[printed.lower()]
    value = re.sub(rf"{_TO}(?:(?:Nr|Abs)\.\s?)?(?=\d|[a-z]\b)", " bis ", printed.strip("()").replace(")", ""))
    value = re.sub(r"\s*(ff?)\.?$", r" \1.", value) if re.search(r"\d[a-z]?\s*ff?\.?$", value) else value
    value = re.sub(r"(?<=\d)\s(?=[a-z](?:\s|$))", "", value)
    return _arabic(value) if value[0] in "IVX" and value.rstrip("abcdefgh").isupper() and len(value) > 0 else value


def _arabic(roman: str) -> str:
    digits = roman.rstrip("abcdefghijklmnopqrstuvwxyz")
    values = [_ROMAN_VALUES[letter] for letter in digits]
    total = sum(-v if any(v < w for w in values[i + 1 : i + 2]) else v for i, v in enumerate(values))
    return f"{total}{roman[len(digits) :]}"


def _joined(number: str) -> str:
    """A number with its letter: "495 a" -> "495a"; "6 quinquies B" keeps its spaces."""
    *parts, last = number.split()
    return "".join([*parts, last]) if len(last) == 1 and last.islower() else " ".join([*parts, last])


def _named(run: list[_Provision], statute: str) -> list[NormCitation]:
    return [_citation(provision, statute) for provision in run]


def _citation(provision: _Provision, statute: str) -> NormCitation:
    levels = dict(reversed(provision.details))
    return NormCitation(
        provision.start,
        provision.end,
        provision.sign,
        provision.number,
        levels.get("Abs."),
        levels.get("Satz"),
        levels.get("Nr."),
        statute,
        " ".join([f"{word} {value}" for word, value in provision.details]),
        provision.range_end,
        provision.in_conjunction,
    )


def _is_conjunction(text: str, start: int, end: int) -> bool:
    return end - start < 40 and _BETWEEN.fullmatch(text, start, end) is not None


def _read_other(text: str, anchor: int, kind: str) -> tuple[list[NormCitation], int]:
    return _read_annex(text, anchor) if kind == "annex" else _read_fees(text, anchor)


def _read_annex(text: str, anchor: int) -> tuple[list[NormCitation], int]:
    match = _ANNEX.match(text, anchor)
    statute = match and read_statute(text, match.end())
    if not match or not statute:
        return [], anchor + 1
    number = _joined(match["number"]) if match["number"] else ""
    if match["norm"] and (provision := _FIRST.search(text, match.start("norm"), match.end("norm"))):
        details = "".join(f" {word} {value}" for word, value in _details(provision))
        number = f"{number} zu § {_joined(provision['number'])}{details}".strip()
    sign: Sign = "Anlage" if match["sign"] == "Anlage" else "Anhang"
    name = statute.name + statute.version
    return [NormCitation(anchor, statute.end, sign, number, None, None, None, name)], statute.end


def _read_fees(text: str, anchor: int) -> tuple[list[NormCitation], int]:
    """Entries of a table of fees: "Nrn. 3200, 1008 VV RVG"."""
    match = _FEE.match(text, anchor)
    if match is None:
        return [], anchor + 1
    numbers = [number.span() for number in _DIGITS.finditer(text, *match.span("numbers"))]
    starts = [anchor, *(start for start, _ in numbers[1:])]
    ends = [*(end for _, end in numbers[:-1]), match.end()]
    name = " ".join(match["table"].split())
    found = [
        NormCitation(start, end, "Nr.", text[slice(*number)], None, None, None, name)
        for start, end, number in zip(starts, ends, numbers, strict=True)
    ]
    return found, match.end()
