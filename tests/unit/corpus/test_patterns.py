"""Tests of legaltune.corpus.patterns."""

from __future__ import annotations

from legaltune.corpus.patterns import rare

PATTERN = rare("Klage|Antrag", r"\b(?:Klage|Antrag)\s(?P<end>\w+)")


def test_finds_what_the_pattern_finds() -> None:
    text = "Der Antrag ruht, die Klage bleibt."
    assert [match["end"] for match in PATTERN.finditer(text)] == ["ruht", "bleibt"]
    first = PATTERN.search(text)
    assert first is not None
    assert first["end"] == "ruht"


def test_finds_nothing_where_no_word_or_no_match_is() -> None:
    for text in ("", "Die Beschwerde ruht.", "Die Klage."):
        assert PATTERN.search(text) is None
        assert not list(PATTERN.finditer(text))
