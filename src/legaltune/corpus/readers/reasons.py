"""Reasons that stand in the tenor of a decision that has no Gründe: an order that dismisses and adds a remark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from legaltune.corpus.document import Paragraph, SectionName
from legaltune.corpus.sentences import sentence_spans

Sections = dict[SectionName, tuple[Paragraph, ...]]
_Divided = tuple[Sequence[Paragraph], Sequence[Paragraph]]

_REMARK = re.compile(
    r"\b(?:be)?merkt der (?:\d{1,2}\. )?(?:\w*[Ss]enat|Senat für \w+sachen)\b|\b[Dd]er Senat (?:be)?merkt\b"
)
_REASONS = frozenset({SectionName.TATBESTAND, SectionName.ENTSCHEIDUNGSGRUENDE, SectionName.GRUENDE})


def with_reasons_in_tenor(sections: Sections) -> Sections:
    """The sections with the reasons that end the tenor as Gründe, where the decision has a tenor and no reasons.

    They begin with the first Randnummer, or with the sentence in which the court says that it remarks something.
    """
    tenor = sections.get(SectionName.TENOR, ())
    if not tenor or not _REASONS.isdisjoint(sections):
        return sections
    ruling, reasons = _at_first_number(tenor) or _at_remark(tenor) or (tenor, ())
    return {**sections, SectionName.TENOR: tuple(ruling), SectionName.GRUENDE: tuple(reasons)} if reasons else sections


def _at_first_number(tenor: Sequence[Paragraph]) -> _Divided | None:
    """The tenor divided in front of its first Randnummer and the titles above that."""
    index = next((i for i, paragraph in enumerate(tenor) if paragraph.randnummer), 0)
    while index and tenor[index - 1].is_heading:
        index -= 1
    return (tenor[:index], tenor[index:]) if index else None


def _at_remark(tenor: Sequence[Paragraph]) -> _Divided | None:
    for index, paragraph in enumerate(tenor):
        remark = _REMARK.search(paragraph.text)
        if remark is None:
            continue
        start = max(start for start, _ in sentence_spans(paragraph.text) if start <= remark.start())
        ruling = [*tenor[:index], *_piece(paragraph, paragraph.text[:start].rstrip())]
        return (ruling, [*_piece(paragraph, paragraph.text[start:]), *tenor[index + 1 :]]) if ruling else None
    return None


def _piece(paragraph: Paragraph, text: str) -> list[Paragraph]:
    return [replace(paragraph, text=text)] if text else []
