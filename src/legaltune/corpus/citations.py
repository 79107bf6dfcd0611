"""Citations of norms in running text: "§ 823 Abs. 1 BGB", "§§ 826, 31 BGB", "Art. 19 Abs. 4 GG".

A run of provisions takes the statute named behind its last one ("§ 154 Abs. 1 i.V.m. § 161 VwGO"). Provisions behind
which no abbreviation of a statute follows are no citations here. Not read yet: ranges, full names of statutes, Absätze
as Roman numerals, EU law by its number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

Sign = Literal["§", "Art."]


@dataclass(frozen=True, slots=True)
class NormCitation:
    """One cited provision.

    In a run of provisions each has its own span: the first includes the sign, the last the statute.

    Attributes:
        start: Offset of its first character in the text.
        end: Offset behind its last character.
        sign: "§" or "Art.".
        number: Number of the norm with its letter ("93a").
        paragraph: Absatz, or None.
        sentence: Satz, or None.
        number_item: Nummer, or None.
        statute: Abbreviation as printed, spaces normalised ("SGB II"); "BGB a.F." for a version no longer in force.
    """

    start: int
    end: int
    sign: Sign
    number: str
    paragraph: str | None
    sentence: str | None
    number_item: str | None
    statute: str


_NUMBER = (
    r"\d+(?:bis|ter|quater|quinquies|sexies|septies|[a-eg-z](?![a-zäöüß])|f(?![a-zäöüß.])|\s[a-z](?=\s+(?:Abs|Satz)))?"
)
_SIGN = r"(?P<sign>§§?|\bArt(?:\.|ikeln?)?)\s*"
_ABSATZ = rf"(?:Abs\.?|Absatz|Absätze)\s*(?P<paragraph>{_NUMBER})"
_CONNECTOR = r"\s*(?:,|,?\s(?:und|oder|sowie|u\.|bzw\.)|,?\s(?:i\.?\s?V\.?\s?m\.?|in\s+Verbindung\s+mit))\s*"
_HALBSATZ = r"(?:Halbsatz|Halbs\.?|HS\b\.?|Hs\b\.?|Alternative|Alt\b\.?)"

_FIRST = re.compile(rf"{_SIGN}(?P<number>{_NUMBER})(?:\s*{_ABSATZ})?")
_FURTHER = re.compile(rf"{_CONNECTOR}(?P<body>(?:{_SIGN})?(?P<number>{_NUMBER})(?:\s*{_ABSATZ})?)")
_SATZ = r"(?:Satz|Sätze|S\b\.?)\s*(?P<sentence>\d+)"
_NUMMER = rf"(?:Nummern?|Nrn?\b\.?)\s*(?P<item>{_NUMBER})\)?"
_FURTHER_PART = re.compile(rf"{_CONNECTOR}(?P<body>{_ABSATZ}|{_SATZ}|{_NUMMER})")
_DETAIL = re.compile(
    r"\s*(?:"
    rf"\b{_SATZ}"
    rf"|\b{_NUMMER}"
    r"|\b(?:Buchstabe|Buchst\.?|lit\b\.?)\s*[a-z]{1,2}\b\)?"
    rf"|\b(?:{_HALBSATZ}|Variante|Var\.?|UAbs\.?|Unterabs\.?)\s*\d+"
    rf"|\d\.?\s*{_HALBSATZ}"
    r"|ff?\b\.?"
    r")"
)
# An abbreviation has two capitals at least: "VwGO", "TzBfG", "DS-GVO", "SGB II", "BauO NRW", "4. BImSchV".
_STATUTE = re.compile(
    r"\s*(?:\bde[rs]\s+(?:\d{1,2}\.\s?)?)?"
    r"(?P<name>SGB[\s-]?(?:[IVX]+|\d{1,2})\b|(?:Rom|Brüssel)\s[IVX]+[ab]?(?:-VO)?"
    r"|[A-ZÄÖÜ][A-Za-zÄÖÜäöüß]*-?[A-ZÄÖÜ][A-Za-zÄÖÜäöüß]*(?:-[A-Za-zÄÖÜäöüß]+)*"
    r"(?:\s(?:NRW|NW|M-V|LSA|SH|Bln|BW|Bbg|RP|Nds|Hess|Saar|Thür)\b)?)"
    r"(?!\w)(?P<former>(?=\s*a\.?\s?F\b|\s+in\s+der\s+(?:bis|vor)\b))?"
)
# In "§§ 280 Abs. 1, 3, 283 BGB" the 3 is an Absatz: norms have few of them, and runs of norms mostly ascend.
_LARGEST_BARE_ABSATZ = 12


def extract_norm_citations(text: str) -> list[NormCitation]:
    """Citations in `text`, in the order of their spans, which do not overlap."""
    citations: list[NormCitation] = []
    position = 0
    while first := _FIRST.search(text, position):
        run = _read_run(text, first)
        statute = _STATUTE.match(text, run[-1].end)
        position = first.end()
        if statute:
            citations.extend(_with_statute(run, statute))
            position = statute.end()
    return citations


def _read_run(text: str, first: re.Match[str]) -> list[NormCitation]:
    """The provisions from `first` on that are joined by commas, "und" or "i.V.m.", their statute still empty."""
    sign: Sign = _sign_of(first["sign"])
    is_plural = first["sign"] == "§§"
    start = NormCitation(first.start(), first.end(), sign, first["number"], first["paragraph"], None, None, "")
    run = [_with_details(text, start)]
    while not _STATUTE.match(text, run[-1].end):
        last = run[-1]
        if match := _FURTHER_PART.match(text, last.end):
            following = _continue_with_part(last, match)
        elif (match := _FURTHER.match(text, last.end)) and _sign_of(match["sign"] or last.sign) == sign:
            is_plural = is_plural or match["sign"] == "§§"
            following = _continue(last, match, is_plural)
        else:
            break
        run.append(_with_details(text, replace(following, start=match.start("body"), end=match.end())))
    return run


def _sign_of(printed: str) -> Sign:
    return "§" if printed.startswith("§") else "Art."


def _continue(last: NormCitation, match: re.Match[str], is_plural: bool) -> NormCitation:
    """What a further number counts: norms, or the lowest level named before ("Abs. 3 und 4", "Nr. 1, 2")."""
    number = match["number"]
    is_bare = match["sign"] is None and match["paragraph"] is None
    if is_bare and last.paragraph and is_plural and _is_absatz_in_plural(last.number, number):
        return replace(last, paragraph=number, sentence=None, number_item=None)
    if is_bare and not is_plural:
        if last.number_item:
            return replace(last, number_item=number)
        if last.sentence:
            return replace(last, sentence=number)
        if last.paragraph:
            return replace(last, paragraph=number)
    return replace(last, number=number, paragraph=match["paragraph"], sentence=None, number_item=None)


def _continue_with_part(last: NormCitation, match: re.Match[str]) -> NormCitation:
    """A further Absatz, Satz or Nummer of the same norm ("und Abs. 4", ", Nr. 2")."""
    if match["paragraph"]:
        return replace(last, paragraph=match["paragraph"], sentence=None, number_item=None)
    if match["sentence"]:
        return replace(last, sentence=match["sentence"], number_item=None)
    return replace(last, number_item=match["item"])


def _is_absatz_in_plural(norm: str, number: str) -> bool:
    return number.isdigit() and int(number) <= _LARGEST_BARE_ABSATZ and int(number) < int(re.sub(r"\D", "", norm))


def _with_details(text: str, citation: NormCitation) -> NormCitation:
    """Extends a provision by the Satz, Nummer and so on that follow it."""
    while detail := _DETAIL.match(text, citation.end):
        citation = replace(
            citation,
            end=detail.end(),
            sentence=detail["sentence"] or citation.sentence,
            number_item=detail["item"] or citation.number_item,
        )
    return citation


def _with_statute(run: list[NormCitation], match: re.Match[str]) -> list[NormCitation]:
    name = " ".join(match["name"].split())
    if match["former"] is not None:
        name += " a.F."
    named = [replace(citation, statute=name) for citation in run]
    return [*named[:-1], replace(named[-1], end=match.end("name"))]
