"""Refuses documents that nothing is to be learned from: no reasons, formula alone, too short, another language.

A few lines with as many German function words as German has are German. Any other text is judged by lingua restricted
to a handful of languages, in its low accuracy mode: a few lines are enough to tell them apart, it loads in 0.1 s and
takes 15 MB a process (py3langid: 80 MB and 0.6 s).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from string import ascii_letters

from lingua import Language, LanguageDetector, LanguageDetectorBuilder

from legaltune.corpus.document import Decision, Document, DocumentError, DropReason, Paragraph, ReadyMade, SectionName
from legaltune.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityLimits:
    """What a document must hold to be used.

    Attributes:
        language: ISO 639-1 code of the language that decisions must be written in; None accepts any.
        min_grounds_characters: Characters that the reasons must have.
        min_own_characters: Characters that must be left of short reasons without the sentences that are mere formula.
        min_letter_share: Share of letters among the characters of the reasons beside tables; less is damaged.
        check_ready_made_language: Whether ready-made examples must be of that language too.

    Raises:
        ConfigurationError: The language cannot be told from others.
    """

    language: str | None = "de"
    min_grounds_characters: int = 200
    min_own_characters: int = 150
    min_letter_share: float = 0.6
    check_ready_made_language: bool = False

    def __post_init__(self) -> None:
        if self.language is not None:
            _language(self.language)


def check_quality(document: Document, limits: QualityLimits) -> None:
    """Refuse a document that is not worth training on. Statutes are checked by their reader.

    Raises:
        DocumentError: NO_SECTIONS, TENOR_ONLY, NO_GROUNDS, TOO_SHORT, BOILERPLATE_ONLY or OTHER_LANGUAGE.
    """
    if isinstance(document, Decision):
        _check_sections(document)
        grounds = [paragraph.text for paragraph in document.grounds]
        _check_own_words(grounds, limits)
        _check_length(grounds, limits)
        _check_language(_own_text(document.grounds), limits.language)
    elif isinstance(document, ReadyMade) and limits.check_ready_made_language:
        _check_language("\n".join(content for _, content in document.messages), limits.language)


def _check_sections(decision: Decision) -> None:
    if decision.grounds:
        return
    names = decision.sections.keys() - {SectionName.RUBRUM, SectionName.SONSTIGES}
    if not names:
        raise DocumentError(DropReason.NO_SECTIONS, "no section holds any text")
    if names == {SectionName.TENOR}:
        raise DocumentError(DropReason.TENOR_ONLY, "the tenor is all there is: no Tatbestand, no Gründe")
    found = ", ".join(name for name in SectionName if name in names)
    raise DocumentError(DropReason.NO_GROUNDS, f"no Gründe or Entscheidungsgründe, only {found}")


_SAMPLE_CHARS = 2_000
_CELL_BORDER = " | "


def _check_length(grounds: Sequence[str], limits: QualityLimits) -> None:
    characters = sum(map(len, grounds))
    if characters < limits.min_grounds_characters:
        detail = f"the reasons have {characters} characters, fewer than {limits.min_grounds_characters}"
        raise DocumentError(DropReason.TOO_SHORT, detail)
    prose = _without_rows("\n".join(grounds))
    sample = "".join(_slices(prose, 8, _SAMPLE_CHARS // 8)).replace(" ", "").replace("\n", "")
    enough = limits.min_letter_share * len(sample)
    if _num_german_letters(sample) >= enough:
        return
    share = sum(map(str.isalpha, sample)) / max(1, len(sample))
    if share < limits.min_letter_share:
        detail = f"{share:.0%} of the characters are letters, fewer than {limits.min_letter_share:.0%}"
        raise DocumentError(DropReason.TOO_SHORT, detail)


def _without_rows(text: str) -> str:
    """The text without the rows of tables, which are numbers more often than words; all of it where that is all."""
    if _CELL_BORDER.strip() not in text:
        return text
    prose = "\n".join(line for line in text.split("\n") if _CELL_BORDER not in line)
    return prose if prose.strip() else text


_GERMAN_LETTERS = (ascii_letters + "ÄÖÜäöüß").encode("latin-1")


def _num_german_letters(text: str) -> int:
    """Number of letters that German words are made of; much faster to count than letters of every kind."""
    encoded = text.encode("latin-1", "ignore")
    return len(encoded) - len(encoded.translate(None, _GERMAN_LETTERS))


# Formula

# Reasons of more than a page are never mere formula.
_MAX_FORMULA_CHARS = 3_000
_SENTENCE_END = re.compile(r"[ \n](?:(?<=\n)|(?<=[a-zäöüß\])][.!?] )(?=[A-ZÄÖÜ]))")
_FORMULA = re.compile(
    r"\b(?:(?:Darstellung|Wiedergabe|Tatbestand|Begründung|Gründe|Entscheidungsgründe|Ausführungen)\w*\b.{0,200}"
    r"\b(?:abgesehen|abzusehen|verzichtet|entbehrlich|entfällt|unterbleibt)\b"
    r"|(?:abgesehen|abzusehen)\b.{0,80}\bBegründung\b"
    r"|nicht zur Entscheidung (?:angenommen|anzunehmen)\b|Annahmegründe\b.{0,80}\bliegen nicht vor\b"
    r"|(?:grundsätzliche Bedeutung|Fortbildung des Rechts|einheitlichen Rechtsprechung)\b.{0,250}"
    r"\b(?:erforder\w+|nicht (?:hat|vorliegen|vor))\b"
    r"|ist unanfechtbar\b|kein Rechtsmittel gegeben\b"
    r"|keinen? (?:durchgreifenden )?Rechtsfehler zum Nachteil\b"
    r"|(?:Kosten|Streitwert|Gegenstandswert|Geschäftswert|Wert)\w*\b.{0,80}"
    r"\b(?:folgt|folgen|beruht|beruhen|ergibt sich|ergeben sich|bestimmt sich|richtet sich) "
    r"|Verfahren\b.{0,160}\b(?:einzustellen|eingestellt)\b|(?:einzustellen|eingestellt)\b.{0,60}\bVerfahren\b"
    r"|für erledigt erklärt\b|(?:zurückgenommen|Rücknahme)\b"
    r"|(?:trägt|tragen|hat|haben)\b.{0,40}\bdie Kosten\b"
    r"|die Kosten\b.{0,80}\b(?:zu tragen|aufzuerlegen|auferlegt)\b"
    r"|(?:Bezug genommen|verwiesen|Bezugnahme auf die Gründe)\b)"
)
_NUMBER_ALONE = re.compile(r"\W*(?:[IVX]+|\d+|[a-z])?\W*")


def _check_own_words(grounds: Sequence[str], limits: QualityLimits) -> None:
    if sum(map(len, grounds)) > _MAX_FORMULA_CHARS:
        return
    own = num_formulas = 0
    for sentence in (sentence for text in grounds for sentence in _SENTENCE_END.split(text)):
        if _FORMULA.search(sentence) or _NUMBER_ALONE.fullmatch(sentence):
            num_formulas += 1
            continue
        own += len(sentence)
        if own >= limits.min_own_characters:
            return
    if num_formulas:
        detail = f"{own} characters of the reasons are more than formula, fewer than {limits.min_own_characters}"
        raise DocumentError(DropReason.BOILERPLATE_ONLY, detail)


# Language

_LANGUAGES = frozenset(
    {Language.GERMAN, Language.ENGLISH, Language.FRENCH, Language.ITALIAN, Language.SPANISH, Language.DUTCH}
)
_GERMAN_WORDS = frozenset(
    re.findall(
        r"\w+",
        "aber als am an auch auf aus bei bis das dass daß dem den der des die diese dieser durch ein eine einem einen"
        " einer eines für gegen hat im ist kann kein keine mit nach nicht nur oder sich sie sind so über um und unter"
        " vom von vor war wegen wenn werden wie wird worden wurde zu zum zur zwischen",
    )
)
# Of the words of German decisions, a third; of other languages, words of the same spelling make up one in twenty.
_MIN_GERMAN_SHARE = 0.2
_NUM_SLICES, _SLICE_CHARS = 3, 130
_NUM_VOTES, _VOTE_CHARS = 15, 300


def _own_text(paragraphs: Sequence[Paragraph]) -> str:
    """The text without tables and without indented quotations, which are often of another language."""
    return _without_rows("\n".join(paragraph.text for paragraph in paragraphs if not paragraph.is_quotation))


def _check_language(text: str, expected: str | None) -> None:
    if expected is None or not text:
        return
    sample = " ".join(_slices(text, _NUM_SLICES, _SLICE_CHARS))
    if expected == "de" and _reads_german(sample):
        return
    language, detector = _language(expected), _detector(expected)
    if detector.detect_language_of(sample) == language:
        return
    # A quotation may have filled the sample: what most of the text is written in counts.
    votes = [detector.detect_language_of(piece) for piece in _slices(text, _NUM_VOTES, _VOTE_CHARS)]
    if 2 * votes.count(language) <= len(votes):
        found = max(set(votes) - {language}, key=lambda vote: (votes.count(vote), str(vote)))
        name = found.iso_code_639_1.name.lower() if found else "no language that is known"
        raise DocumentError(DropReason.OTHER_LANGUAGE, f"written in {name}, not in {expected}")


def _slices(text: str, count: int, size: int) -> list[str]:
    """Slices of a text, evenly spread; the whole text where it is shorter than all of them."""
    if len(text) <= count * size:
        return [text]
    step = (len(text) - size) // max(1, count - 1)
    return [text[index * step : index * step + size] for index in range(count)]


def _reads_german(text: str) -> bool:
    words = text.lower().split()
    return sum(map(_GERMAN_WORDS.__contains__, words)) >= max(1, _MIN_GERMAN_SHARE * len(words))


def _language(code: str) -> Language:
    languages = {language.iso_code_639_1.name.lower(): language for language in Language.all()}
    if code not in languages:
        known = ", ".join(sorted(languages))
        raise ConfigurationError(f"data.language is {code!r}, which cannot be told from others: use one of {known}")
    return languages[code]


@cache
def _detector(expected: str) -> LanguageDetector:
    languages = _LANGUAGES | {_language(expected)}
    return LanguageDetectorBuilder.from_languages(*sorted(languages, key=str)).with_low_accuracy_mode().build()
