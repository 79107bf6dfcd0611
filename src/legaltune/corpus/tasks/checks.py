"""What an answer must be before it is trained on.

Each check gives the reason against it, or None; so the first reason of several is `check() or check() or ...`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum
from itertools import islice

from legaltune.corpus.cleaning import ends_sentence
from legaltune.corpus.document import Norm, Paragraph
from legaltune.corpus.patterns import rare
from legaltune.corpus.sentences import split_sentences


class Rejection(StrEnum):
    """Why an example was not made; the value is the key in the manifest."""

    TARGET_TOO_SHORT = "target_too_short"
    TARGET_TOO_LONG = "target_too_long"
    TARGET_UNFINISHED = "target_unfinished"
    TARGET_PLACEHOLDERS_ONLY = "target_placeholders_only"
    TARGET_NOT_SHORTER = "target_not_shorter"
    TARGET_COPIES_DOCUMENT = "target_copies_document"
    TARGET_UNSUPPORTED = "target_unsupported"
    TARGET_NAMES_TOPIC_ONLY = "target_names_topic_only"
    TARGET_GOES_ON = "target_goes_on"
    TARGET_NEEDS_FACTS = "target_needs_facts"
    LABELS_STATED = "labels_stated"
    NORM_NOT_CITED = "norm_not_cited"
    NORM_TOO_LONG = "norm_too_long"
    NORM_OTHER_VERSION = "norm_other_version"
    NORM_TEXT_REPEATED = "norm_text_repeated"
    VIEW_OF_OTHERS = "view_of_others"


# --- form ---

_CHARACTERS_PER_WORD = 50
_WORD = re.compile(r"[^\W\d_]{2,}")
# The courts' and our own marks for what was removed, and what they begin with.
_PLACEHOLDER_STARTS = ("[", "…", "__", "XX", "...")
_PLACEHOLDER = re.compile(r"\[[^\[\]\n]{0,60}\]|…|_{2,}|\bX{2,}\b|\.{3,}")


def has_words(target: str, *, at_least: int) -> Rejection | None:
    """Refuse an answer that begins with too few words, or with hardly any beside placeholders."""
    start = target[: at_least * _CHARACTERS_PER_WORD]
    may_hold = any(mark in start for mark in _PLACEHOLDER_STARTS)
    words = _PLACEHOLDER.sub(" ", start) if may_hold else start
    if sum(1 for _ in islice(_WORD.finditer(words), at_least)) == at_least:
        return None
    return Rejection.TARGET_TOO_SHORT if words == start else Rejection.TARGET_PLACEHOLDERS_ONLY


_REFERENCE_BEHIND = re.compile(r"\s*\([^()]{0,300}\)$")
_LONGEST_END_CHARACTERS = 400


def is_finished(target: str) -> Rejection | None:
    """Refuse an answer that breaks off; a reference in parentheses may stand behind the last sentence."""
    end = target[-_LONGEST_END_CHARACTERS:].rstrip()
    whole = ends_sentence(end) or ends_sentence(_REFERENCE_BEHIND.sub("", end))
    return None if whole else Rejection.TARGET_UNFINISHED


_ENUMERATOR = re.compile(r"\s*(?:\(?(?:\d{1,2}|[a-z]{1,2}|[A-H]|[IVX]{1,4})[.)]\s+)+")


def without_enumerator(text: str) -> str:
    """A text without the number in front of it ("a) ", "2. ")."""
    number = _ENUMERATOR.match(text)
    return text[number.end() :] if number else text


_GOES_ON = re.compile(
    r"(?:Etwas anderes|Nichts anderes|Anderes|Auch|Daran|Daraus|Davon|Diese[rsmn]?|Dies|Dem|Danach|Hiernach|Hieran"
    r"|Hiervon|Hierzu|Insoweit|Insofern|Ferner|Zudem|Weiter|Weiterhin|Darüber hinaus|Schließlich|Im Übrigen"
    r"|Entsprechendes|Dagegen|Deshalb|Daher|Demnach|Demgegenüber|Allerdings|Jedoch|Ebenso|Gleiches|Dafür|Dabei|Damit|Denn|So|Er|Sie"
    r"|Außerdem|Vielmehr|Gemessen|Unabhängig|Folglich|Somit|Mithin|Andernfalls|Ebensowenig|Des Weiteren|Soweit"
    r"|Zur Begründung|Letztlich|Letztere[rsmn]?|Gleichwohl|Hinzu kommt|Überdies|Nach alle?dem"
    r"|Indes|Indessen|Hingegen|Aber)\b"
)
# "die bereits unter a) erläuterte Vermutung", "wie oben ausgeführt"
_REFERS_BACK = rare(
    "bereits |oben |vorstehend|wie gesehen|wie gezeigt",
    r"\b(?:bereits|oben|vorstehend)\s(?:unter|zu|in)\s\(?(?:[a-z]{1,2}|[IVX]+|\d{1,2})[.)]"
    r"|\b(?:wie|siehe)\s(?:bereits|oben|schon|vorstehend|gesehen|gezeigt)\b|\bvorstehend(?:e[rnms]?)?\s\w+t\b",
)


def stands_alone(target: str) -> Rejection | None:
    """Refuse a passage that takes up what stands before it ("Danach ...") or points there ("wie oben ausgeführt")."""
    takes_up = _GOES_ON.match(without_enumerator(target)) or _REFERS_BACK.search(target)
    return Rejection.TARGET_GOES_ON if takes_up else None


# --- against the prompt ---


def is_shorter(target: str, document: str) -> Rejection | None:
    """Refuse a summary that is not shorter than what it sums up."""
    return None if len(target) < len(document) else Rejection.TARGET_NOT_SHORTER


_MAX_COPIED_SHARE = 0.95


def is_own_text(target: str, document: str, *, max_copied_share: float = _MAX_COPIED_SHARE) -> Rejection | None:
    """Refuse an answer whose sentences stand in the document word for word.

    Args:
        target: The answer.
        document: What the prompt shows.
        max_copied_share: Largest share of the answer (characters) that may.
    """
    # Where exactly a sentence ends does not matter here: a part of a copied sentence is copied too.
    sentences = [sentence for line in target.splitlines() for sentence in without_enumerator(line).split(". ")]
    may_be_copied = sum(map(len, sentences))
    max_copied = max_copied_share * may_be_copied
    for sentence in sentences:
        if may_be_copied <= max_copied:
            break
        if sentence.rstrip(".") not in document:
            may_be_copied -= len(sentence)
    return Rejection.TARGET_COPIES_DOCUMENT if may_be_copied > max_copied else None


def repeats_norm(target: str, norm: Norm) -> Rejection | None:
    """Refuse an answer that mostly quotes the norm, which the prompt shows."""
    if is_own_text(target, " ".join(norm.text.split()), max_copied_share=0.5):
        return Rejection.NORM_TEXT_REPEATED
    return None


_THIS_CASE = re.compile(
    r"\b(?:Antragsteller|Antragsgegner|Kläger|Beklagte|Beschwerdeführer|Beigeladene|Angeklagte|Betroffene|Gläubiger"
    r"|Schuldner|Beteiligte[nr]? zu|Verfügungs(?:kläger|beklagte)|Verurteilte|Beschuldigte"
    r"|vorliegend|Streitfall|angefochten|angegriffen|streitgegenständlich|Der (?:\w+ ){0,2}Antrag\b"
    r"|Die (?:\w+ ){0,2}(?:Klage|Beschwerde|Revision|Berufung)\b)"
)
_MAX_SHARE_ON_THIS_CASE = 0.34


def needs_no_facts(target: str) -> Rejection | None:
    """Refuse a passage that speaks much of the case at hand, for a prompt without facts."""
    sentences = split_sentences(target)
    num_on_this_case = sum(_THIS_CASE.search(sentence) is not None for sentence in sentences)
    return Rejection.TARGET_NEEDS_FACTS if num_on_this_case > _MAX_SHARE_ON_THIS_CASE * len(sentences) else None


# --- content ---

# Indirect speech, in which German grounds report what others hold, and the indicative, in which they hold it.
_INDIRECT = frozenset(
    {
        *("sei", "seien", "habe", "werde", "könne", "müsse", "dürfe", "solle", "wolle", "liege", "stehe", "ergebe"),
        *(
            "komme",
            "gelte",
            "bestehe",
            "finde",
            "fehle",
            "gebe",
            "gehe",
            "handele",
            "handle",
            "lasse",
            "folge",
            "diene",
        ),
        *("betreffe", "erfordere", "setze"),
    }
)
_DIRECT = frozenset(
    {
        *(
            "ist",
            "sind",
            "hat",
            "haben",
            "wird",
            "werden",
            "kann",
            "können",
            "muss",
            "müssen",
            "darf",
            "dürfen",
            "soll",
        ),
        *("sollen", "liegt", "liegen", "steht", "stehen", "ergibt", "kommt", "gilt", "gelten", "besteht", "bestehen"),
        *("findet", "fehlt", "gibt", "geht", "handelt", "lässt", "folgt", "dient", "betrifft", "erfordert", "setzt"),
        *("war", "waren", "wurde", "wurden"),
    }
)
_HOLDS = re.compile(
    r"(?:(?:Auch|Soweit|Zwar|Ferner|Weiter|Schließlich)\s)?(?:[Dd]e[rs]|[Dd]ie|[Dd]as|[Dd]em|[Ii]hr|[Ss]ein)\s"
    r"(?:[\w-]+\s){0,3}?(?:Kläger|Beklagte|Antragsteller|Antragsgegner|Beschwerdeführer|Revision|Beschwerde|Berufung"
    r"|Rechtsbeschwerde|Beigeladene|Berufungsgericht|Beschwerdegericht|\w*gericht|Arbeitgeber|Finanzamt|Vorinstanz)\w*\b"
    r"[^.;]{0,120}?\b(?:macht|machen|meint|meinen|rügt|rügen|trägt|tragen|hält|wendet|wenden|beruft|berufen|behauptet"
    r"|vertritt|vertreten|hat\s[^.;]{0,80}(?:ausgeführt|angenommen|gemeint|begründet|vertreten|angesehen)"
    r"|ist\sder\s(?:Ansicht|Auffassung|Meinung))\b"
)


def is_own_view(paragraphs: Sequence[Paragraph]) -> Rejection | None:
    """Refuse a passage that reports the view of a party or of the court below instead of the court's own."""
    words = [word for paragraph in paragraphs for word in _words(paragraph.text)]
    if sum(map(_INDIRECT.__contains__, words)) > sum(map(_DIRECT.__contains__, words)):
        return Rejection.VIEW_OF_OTHERS
    return Rejection.VIEW_OF_OTHERS if _HOLDS.match(without_enumerator(paragraphs[0].text)) else None


_TOPIC = re.compile(r"(?:Zu|Zur|Zum)\s")


def says_something(target: str) -> Rejection | None:
    """Refuse a Leitsatz that only names what the decision is about ("Zur Haftung des Halters.")."""
    for line in target.splitlines():
        text = without_enumerator(line)
        if text and not (_TOPIC.match(text) and _DIRECT.isdisjoint(_words(text))):
            return None
    return Rejection.TARGET_NAMES_TOPIC_ONLY


def _words(text: str) -> list[str]:
    # For text that is not ASCII ten times as fast as str.translate.
    return text.replace(",", " ").replace(".", " ").replace(";", " ").replace(":", " ").split()
