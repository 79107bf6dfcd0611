"""Tells the Leitsätze of a court from those that a publisher's editors wrote, which portals print in one list.

Only the court's are official works (§ 5 UrhG), and an editor's often says the same once more. What bears no mark of an
editor is the court's; an editor's becomes an ORIENTIERUNGSSATZ, a note beside the decision.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from legaltune.corpus.document import Paragraph
from legaltune.corpus.sections import LEITSATZ, ORIENTIERUNGSSATZ, Part

_LEITSATZ = r"(?:Leits(?:atz|ätze)|LS\b\.?)"
# "(redaktioneller Leitsatz)", "(red. LS Erika Mustermann)", "(Ls. d. Red.)", "(bearbeitete Leitsätze des Gerichts)".
_EDITORS_MARK = re.compile(
    rf"\s?\((?:(?:redaktionelle[rs]?|red\.|bearbeitete[rs]?|(?:nicht|n\.)[\s-]?amtl(?:iche[rs]?|\.))\s*{_LEITSATZ}|"
    rf"{_LEITSATZ}\s+d(?:e[rs]|\.)\s+(?:Red(?:aktion|\.)|Schriftleitung|Einsender|Verfasser|Bearbeiter))[^()]*\)\.?",
    re.IGNORECASE,
)
# What stands behind any Leitsatz: "(Rn. 12 – 14)", "(amtlicher Leitsatz)", "(Leitsätze des Gerichts)".
_NOTE = re.compile(
    rf"\s?\((?:Rn\.\s?\d|(?:\w+liche[rs]?|amtl\.)\s+{_LEITSATZ}|{_LEITSATZ}\s+de[rs]\s+(?:Gericht|Senat|Kammer))[^()]*\)"
)
_IS_UNFINISHED = re.compile(r"(?:[,;:]|\b(?:und|oder))$")


def split_at_marks(text: str) -> Iterator[tuple[str, bool]]:
    """Pieces of a text without the notes in it, each with whether an editor's mark stood at its end.

    A line break inside a mark does not matter. Behind a mark stands nothing but the next Leitsatz.
    """
    start = 0
    for mark in _EDITORS_MARK.finditer(text):
        yield _NOTE.sub("", text[start : mark.start()]).strip(), True
        start = mark.end()
    rest = _NOTE.sub("", text[start:]).strip()
    if rest:
        yield rest, False


def drop_editors_notes(text: str) -> str:
    """Remove what editors put behind a Leitsatz."""
    return _NOTE.sub("", _EDITORS_MARK.sub("", text))


def divide_leitsaetze(paragraphs: Sequence[Paragraph]) -> list[Part]:
    """Parts with the Leitsätze of the court and of editors, without the notes behind them.

    Args:
        paragraphs: Those of one list; a Leitsatz of several paragraphs bears its mark at the end of the last.
    """
    parts: list[Part] = []
    above: list[Paragraph] = []
    for paragraph in paragraphs:
        for text, is_marked in split_at_marks(paragraph.text):
            above += [replace(paragraph, text=text)] if text else []
            if is_marked:
                parts += above_mark(above)
                above = []
    return [part for part in [*parts, Part(LEITSATZ, above)] if part.paragraphs]


def above_mark(paragraphs: Sequence[Paragraph]) -> list[Part]:
    """Parts of the paragraphs from one editor's mark to the next: the last Leitsatz is the editor's, no other."""
    start = max(0, len(paragraphs) - 1)
    while start and _goes_on(paragraphs[start - 1].text, paragraphs[start].text):
        start -= 1
    return [Part(LEITSATZ, list(paragraphs[:start])), Part(ORIENTIERUNGSSATZ, list(paragraphs[start:]))]


def _goes_on(above: str, below: str) -> bool:
    """Whether a sentence runs over two paragraphs: a list, its items."""
    return below[:1].islower() or _IS_UNFINISHED.search(above) is not None
