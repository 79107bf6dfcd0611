"""What stands behind a cited decision: references to reporters, pinpoints, identifiers."""

from __future__ import annotations

import re

OFFICIAL = (
    r"(?:BVerfGE|BVerfGK|BVerwGE|BGHZ|BGHSt|BAGE|BSGE|BFHE|BPatGE|RGZ|RGSt|RFHE|RAGE|BayObLGZ|OLGZ|LVerfGE|OVGE|ESVGH"
    r"|(?:Bay)?VerfGHE?|VGHE|EuGHE|BFH/NV)(?:\sn\.\s?F\.)?"
)
_OFFICIAL_REFERENCE = (
    rf"{OFFICIAL}\s\d{{1,4}},\s?\d{{1,4}}|BStBl\.?\sII\s\d{{4}},\s?\d{{1,4}}"
    r"|Slg\.\s\d{4},\s?(?:[IVX]+(?:-A)?\s?-\s?)?\d+"
)
_SECTION = r"(?:§|Art\.)\s?"
KEY_REFERENCE = (
    rf"SozR\s\d(?:-\d{{4,5}})?\s{_SECTION}\w+\sNr\.?\s?\w+"
    rf"|Buchholz\s\d[\d.]*\s(?:{_SECTION}[^,;()\[\]–]{{1,50}}?|[^,;()\[\]§–]{{1,30}}?)\sNrn?\.?\s?\d+"
    rf"|(?:AP|EzA|LAGE|BGHR)\s(?:Nr\.?\s?\d+\szu\s{_SECTION}\w+(?:\s(?:Abs\.|Satz)\s?\d+)*"
    r"(?:\s[A-ZÄÖÜ]\w*[A-ZÄÖÜ]\w*(?:\s(?:19|20)\d\d)?)?"
    rf"|(?:[\w-]+\s)?{_SECTION}\w+(?:\s(?!Nr)[\w.]+){{0,6}}?\sNr\.?\s?\d+)(?!\w)"
)
# A court begins a citation of its own ("BGH NJW 2004, 1876"), but AG is also a journal ("AG 2010, 5").
_NO_JOURNAL = (
    r"(?:B(?:GH|VerfG|VerwG|AG|SG|FH|PatG|ayObLG|ayVGH)|EuGH?|EGMR|[OL]?[LKA]G|O?VG|VGH|LSG|FG|RG)\s(?!\d)"
    r"|(?:Rn|Rdn|Rdnr|Nr|Nrn|Abs|S|Art|Bd|Tz|Rz|Bl|Satz|Anm|Aufl)\b"
)
JOURNAL = rf"(?!{_NO_JOURNAL})[A-ZÄÖÜ][\w./-]*(?:[A-ZÄÖÜ]|[a-z]t|\.)[\w./-]*(?:\s[A-ZÄÖÜ][\w./-]*)?"
_JOURNAL_REFERENCE = rf"{JOURNAL}\s(?:I{{1,3}}\s)?\d{{1,4}},\s?(?:[IVX]+-)?\d{{1,6}}(?![\d.]\d)"
_FURTHER_PAGE = r"(?:/\d+)?(?:,\s?\d{1,4}(?:\s?ff?\.)?(?!\d|\.\d|/\d)){0,4}"
_REFERENCE = rf"(?:(?:{_OFFICIAL_REFERENCE}|{KEY_REFERENCE}|{_JOURNAL_REFERENCE}){_FURTHER_PAGE})"
_UNIT = r"(?:Rn|Rdn|Rdnrn?|RdNrn?|Rz|Tz|Randn(?:r|ummer)|S|Abs\.-Nr|Absatz-Nr|Bl)(?:\.|\s)\s?"
_PAGES_IN_PARENTHESES = r"\(\d{1,4}(?:[\d\s.,f–-]|Rn\.){0,30}+\)"  # "(208 f.)", "(1236 Rn. 5)"
_PINPOINT = (
    rf"(?:juris,?\s)?{_UNIT}\d+(?:\s?(?:ff?(?!\w)\.?|,\s?(?=\d+(?![\d.]*[./]\d))|und\s(?=\d+\b)|bis|[-–])\s?\d*)*"
    r"|/\d{1,4}(?:\s?ff?\.)?|<\d[^<>]{0,30}>|\[(?:juris\s)?(?:Rn\.\s)?\d[^\[\]]{0,30}\]"
    rf"|{_PAGES_IN_PARENTHESES}"
)
ECLI = r"(?:ECLI:)?[A-Z]{2}:[A-Za-z0-9]{1,10}:\d{4}:[\w.]{1,40}(?<!\.)"
_PLACE_OF_TEXT = r"zit(?:iert|\.)\snach|(?:abrufbar|veröffentlicht|abgedruckt)\s(?:in|unter|bei)|bei|in|nach"
_MARK = (
    rf"(?:(?:{_PLACE_OF_TEXT})\s)?(?:juris|Juris|beck-online|curia|openJur)|u\.?\s?a\.|a\.?\s?a\.?\s?O\.?(?!\w)"
    r"|m\.?\s?w\.?\s?N(?:achw\.|\.|(?!\w))|st\.\s?Rspr\.|n\.?\s?v\.|nicht\sveröffentlicht|(?:jeweils|[Uu]mdruck)(?=\s)"
    r"|LS?\b|\[[^\[\]]{1,60}\]|zu\s[A-Z\d]\w{0,4}(?:\s[\da-z()]{1,4}){0,4}\sder\sGründe"
)
# " - Grote Revers;": the name that a decision goes by.
_NAME = r"(?<=[–-]\s)[A-ZÄÖÜ„\"][^;()\[\],§\d]{1,50}(?=;)"
_SEPARATOR = (
    r"(?:;\s*+(?=BStBl)|[,=‒–—−-]\s*+(?:[,‒–—−-]\s*+)?[(\[]?|[(\[]\s*+|[)\]]\s*+(?:[,–-]\s*+)?|\.\s(?=R[nz]\.?\s))"
)

REPORTER = re.compile(_REFERENCE)
PINPOINT = re.compile(_PINPOINT)
_BEHIND = rf"{_SEPARATOR}?+(?:{_PINPOINT}|{ECLI}|{_REFERENCE}|{_MARK}|{_NAME})(?:\s?[)\]])?"
APPARATUS = re.compile(rf"(?:\s*+(?:{_PAGES_IN_PARENTHESES}|{_BEHIND}))*+")


def apparatus_end(text: str, position: int) -> int:
    """Offset behind all that is printed on the decision cited before `position`; `position` where there is nothing."""
    match = APPARATUS.match(text, position)
    return match.end() if match else position
