"""Where sentences end in German legal text: never behind an abbreviation, an ordinal or an omission."""

from __future__ import annotations

import re
from collections.abc import Iterator

from legaltune.corpus.cleaning import ends_sentence

_POSSIBLE_END = re.compile(r"(?P<end>[.!?][\"”“’‘«»)\]]*)\s+(?=(?:[„\"»‚]?[A-ZÄÖÜ§]|\d{1,2}\.\s[A-ZÄÖÜ]))")
# Behind these, and behind Roman numbers, a capital or a section sign goes on with the sentence.
_MORE_ABBREVIATIONS = re.compile(
    r"\b(?:Drucks|Drs|Begr|Erl|Rdn|RdNr|Rspr|Slg|Std|Mio|Mrd|Hrsg|Einf|Einl|Vorb|Vorbem|Verh|geb|bspw|etc|insb|insbes|"
    r"jew|st|grds|allg|vorl|ggfs|Fn|Fußn|Var|Unterabs|UAbs|Abschn|Anh|Anlg|Komm|Lfg|Str|inkl|zzgl|abzgl|zit|mwN|vs|Co|Inc|"
    r"Ltd|Nachw|Anw|gez|Tel|Senatsbeschl|Senatsurt|BT-Dr|i[SVR][dvm]|Gr|red|Ing|kfm|[A-Z]\w*Bl|[IVX]{2,4})\.$"
)
_TAIL_CHARACTERS = 24  # an abbreviation shows in the end of what it ends


def split_sentences(text: str) -> list[str]:
    """The sentences of a paragraph, without the white space between them.

    Doubtful places do not split, so that a piece may hold several sentences but never a part of one.
    """
    return [text[start:end] for start, end in sentence_spans(text)]


def first_sentence(text: str) -> str:
    """The first of `split_sentences`, empty where there is none."""
    start, end = next(sentence_spans(text), (0, 0))
    return text[start:end]


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """Where each sentence of a paragraph starts and ends."""
    start = 0
    for match in _POSSIBLE_END.finditer(text):
        end = match.end("end")
        tail = text[max(start, end - _TAIL_CHARACTERS) : end]
        if ends_sentence(tail) and _MORE_ABBREVIATIONS.search(tail) is None:
            yield start, end
            start = match.end()
    if text[start:].strip():
        yield start, len(text)
