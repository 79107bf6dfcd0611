"""Literals, and patterns that are looked for only where they may be found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MONTHS = (
    "Januar",
    "Februar",
    "März",
    "April",
    "Mai",
    "Juni",
    "Juli",
    "August",
    "September",
    "Oktober",
    "November",
    "Dezember",
)


@dataclass(frozen=True, slots=True)
class RarePattern:
    """A pattern that needs one of a few words: to look for those first saves most of the time in text without them.

    Attributes:
        words: Every match lies in a text with at least one of them.
    """

    words: tuple[str, ...]
    pattern: re.Pattern[str]

    def search(self, text: str) -> re.Match[str] | None:
        """The first match in a text."""
        return next(self.finditer(text), None)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """All matches in a text."""
        for word in self.words:
            if word in text:
                return self.pattern.finditer(text)
        return iter(())


def rare(words: str, pattern: str) -> RarePattern:
    """Compiles a pattern that needs one of the words, given as "this|that"."""
    return RarePattern(tuple(words.split("|")), re.compile(pattern))


def find_all(text: str, literal: str) -> Iterator[int]:
    """Where a literal occurs, without overlaps; much faster than a pattern for what is rare."""
    position = text.find(literal)
    while position >= 0:
        yield position
        position = text.find(literal, position + len(literal))
