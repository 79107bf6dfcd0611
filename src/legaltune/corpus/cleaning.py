"""String functions that the readers share. They keep the courts' own anonymisation ("…", "XXX", "___", "A...")."""

from __future__ import annotations

import re
import unicodedata

# Soft hyphens, zero-width and direction marks (Cf), control characters (Cc), lone surrogates (Cs) and private-use
# glyphs of PDF fonts (Co) carry no text. Tabs and line breaks are white space, not control characters.
_DROPPED_CATEGORIES = frozenset({"Cf", "Cc", "Cs", "Co"})
_MARKS = re.compile(r"[^\w\s\x00-\u02ff\u2000-\u20cf]{31,}")  # all combining marks, and symbols
_MAX_MARKS = 30  # Unicode Standard Annex 15, "Stream-Safe Text Format"
_MAX_UNCHECKED_CHARS = 5_000
_LEFT_HYPHEN = re.compile(r"(?<=\w)¬(?=\w)")  # what some converters make of a soft hyphen
_SPACES = re.compile(r"\s+")
_SPACED_WORD = re.compile(r"(?:[^\W\d_]\s+){3,}[^\W\d_]\s*:?")
_PAGE_NUMBER = re.compile(r"\d{1,3}|[-–]\s*(?:\d{1,3}|[IVXL]+)\s*[-–]|Seite \d+(?:\s*(?:/|von)\s*\d+)?")
_RULE = re.compile(r"[_─—-]{10,}")
_IMAGE = re.compile(
    r"<(?:img\s)?\s*alt=[^<>]*>"
    r"|(?:Abbildung|Grafik|Bild) in Originalgröße(?:\s*(?:\(|in neuem Fenster)[^.]*?öffnen\)?)?"
)
_LINE_HYPHEN = re.compile(r"[^\W\d_]-$")
_SUSPENDED_HYPHEN = re.compile(r"(?:und|oder|bzw|sowie|bis|noch|als)\b")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|Abs|Alt|Anl|Anm|Art|Aufl|Az|Bd|Bek|Beschl|Bl|Buchst|Dr|Entsch|Gbl|Ges|Halbs|Hs|Kap|Nr|Nrn|Prof|"
    r"Rdnr|Rn|Rz|Sp|St|Tz|Urt|Verf|Vgl|Ziff|bzw|ca|d\.h|Ed|evtl|ff|gem|ggf|i\.d\.R|i\.S\.d|i\.V\.m|lit|mind|sog|str|"
    r"u\.a|usw|vgl|z\.B)|\b\d{1,2})\.$"
)
_TERMINAL = re.compile(r"(?<!\.\.)[.!?][\"”“’‘«»)\]]*$")
_MAX_END_CHARS = 32  # more than any abbreviation, with the quotation marks and brackets behind it
# No two alternatives match the same, or a row of names could be read in exponentially many ways.
_NAME = r"(?:(?:Dr|Prof|Dipl|gez|h\.c)\.:?|[A-ZÄÖÜ]\.|[A-ZÄÖÜ][\w’'-]*|von|van|vom|v\.|de|zu|der|am|…\.*)"
_NAMES = re.compile(rf"{_NAME}(?:[\s/]+{_NAME})*")
_FULL_NAME = re.compile(r"[A-ZÄÖÜ]\w|…")
_HINDERED = re.compile(r"(?i)(?=.*unterschr).*(?:ver|ge)hindert")
_MAX_NOTE_CHARS = 200
_INLINE_NAMES = re.compile(rf"(?<=[.!?)“\"])\s+{_NAMES.pattern}$")
_MAX_INLINE_NAMES_CHARS = 300  # nine judges with their titles


def clean(text: str) -> str:
    """One line: NFC, every white space a single space, invisible and private-use characters removed."""
    text = text.replace("\u00a0", " ").strip()
    if "  " in text or not text.isprintable():
        text = _fold_spaces(text)
        if not text.isprintable():
            text = _fold_spaces(_drop_invisible(text))
    return text if text.isascii() else _normalize(text)


def _fold_spaces(text: str) -> str:
    return " ".join(text.split())


def _drop_invisible(text: str) -> str:
    unprintable = (c for c in set(text) if not c.isprintable())
    return text.translate({ord(c): None for c in unprintable if unicodedata.category(c) in _DROPPED_CATEGORIES})


def normalize(text: str) -> str:
    """NFC; of more combining marks in a row than any script needs, the rest is dropped.

    Python sorts such a row in quadratic time, in which no signal interrupts it.
    """
    if len(text) > _MAX_UNCHECKED_CHARS:
        text = _MARKS.sub(_drop_marks, text)
    return unicodedata.normalize("NFC", text)


def _drop_marks(match: re.Match[str]) -> str:
    kept: list[str] = []
    in_row = 0
    for character in match[0]:
        in_row = in_row + 1 if unicodedata.category(character).startswith("M") else 0
        if in_row <= _MAX_MARKS:
            kept.append(character)
    return "".join(kept)


def _normalize(text: str) -> str:
    text = normalize(text).replace("\u2011", "-")
    return _LEFT_HYPHEN.sub("", text) if "¬" in text else text


def join_spaced_word(line: str) -> str:
    """Undo letter spacing of a whole line: "G r ü n d e :" -> "Gründe:"; any other line unchanged."""
    return _SPACES.sub("", line) if _SPACED_WORD.fullmatch(line) else line


def is_page_number(line: str) -> bool:
    """True for a line that holds a page number alone: "12", "- 12 -", "- II -", "Seite 3/16"."""
    return _PAGE_NUMBER.fullmatch(line) is not None


def is_rule(line: str) -> bool:
    """True for a drawn line; shorter runs of "_" are anonymised names."""
    return _RULE.fullmatch(line) is not None


def drop_image_captions(text: str) -> str:
    """Remove what a scraper or juris left where an image was."""
    return _IMAGE.sub("", text).strip() if "alt=" in text or "in Originalgröße" in text else text.strip()


def halve_doubled(text: str) -> str:
    """Reduce a cleaned line that prints the same phrase twice in a row: "I. I." -> "I."."""
    middle = len(text) // 2
    phrase, repeated = text[:middle], text[middle + 1 :]
    return phrase if phrase and phrase == repeated and text[middle] == " " else text


def ends_sentence(text: str) -> bool:
    """True where the text ends a sentence; an abbreviation, an ordinal or an omission does not."""
    end = text[-_MAX_END_CHARS:]
    return _TERMINAL.search(end) is not None and _ABBREVIATION.search(end) is None


def join_wrapped(first: str, second: str) -> str:
    """Join two lines of a wrapped paragraph and undo a hyphenation at the line end.

    "Hambur-" + "ger" -> "Hamburger", "SCR-" + "Katalysator" -> "SCR-Katalysator"; a suspended hyphen stays:
    "Widerrufs-" + "und Rückforderungsbescheid" -> "Widerrufs- und Rückforderungsbescheid".
    """
    if not _LINE_HYPHEN.search(first) or _SUSPENDED_HYPHEN.match(second):
        return f"{first} {second}"
    return first[:-1] + second if second[:1].islower() else first + second


def is_signature(line: str) -> bool:
    """True for a line of names as judges sign ("Dr. Müller von Amsberg") or for the note that one could not sign."""
    if len(line) <= _MAX_NOTE_CHARS and _HINDERED.match(line):
        return True
    return _NAMES.fullmatch(line) is not None and _FULL_NAME.search(line) is not None


def drop_inline_signature(text: str) -> str:
    """Remove names that a flattened text runs on behind its last sentence."""
    match = _INLINE_NAMES.search(text, max(0, len(text) - _MAX_INLINE_NAMES_CHARS))
    return text[: match.start()] if match else text
