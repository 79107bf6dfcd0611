"""Divides the paragraphs of a decision into its sections: headings, the rubrum in front of the tenor, signatures."""

from __future__ import annotations

import re
from collections.abc import Sequence

from legaltune.corpus.document import Paragraph, SectionName
from legaltune.corpus.readers.blocks import without_signature
from legaltune.corpus.readers.portal_text import tidied
from legaltune.corpus.readers.reasons import with_reasons_in_tenor
from legaltune.corpus.reflow import is_pronouncement
from legaltune.corpus.sections import RUBRUM, TENOR, Heading, Part, Stage, collect_sections, split_at_headings

_OPENS_RUBRUM = re.compile(
    r"(?i)im namen des volkes|in de[rmn] [\w-]*(?:sache|streit|verfahrens?)\b|in sachen\b|in dem \w+ (?:über|wegen)"
)
_MAX_RUBRUM_PARAGRAPHS = 60


def sections_of(
    paragraphs: Sequence[Paragraph], start: Heading | None = None
) -> dict[SectionName, tuple[Paragraph, ...]]:
    """Sections of a decision from its paragraphs.

    Args:
        paragraphs: Paragraphs in document order, section headings included.
        start: Heading that stands unprinted above the first paragraph.
    """
    parts = with_rubrum(split_at_headings(paragraphs, start))
    sections = collect_sections(tidy for part in parts for tidy in _without_additions(part))
    # Where one section is read at a time, the reasons may be in another.
    return sections if start else with_reasons_in_tenor(sections)


def with_rubrum(parts: Sequence[Part]) -> list[Part]:
    """Parts whose rubrum, which ends with the formula before the tenor, is a part of its own.

    The rubrum stands in front of the first heading, or below a heading "Tenor" that an editor put above it.
    """
    index = next((i for i, part in enumerate(parts) if part.heading in {None, TENOR} and _formula(part)), None)
    if index is None:
        return list(parts)
    part = parts[index]
    end = (_formula(part) or 0) + 1
    first = next((i for i in range(end) if _OPENS_RUBRUM.match(part.paragraphs[i].text)), end - 1)
    if part.heading == TENOR:
        first = 0
    first = max(first, end - _MAX_RUBRUM_PARAGRAPHS)
    divided = [Part(RUBRUM, part.paragraphs[first:end]), Part(TENOR, part.paragraphs[end:])]
    front = [Part(part.heading, part.paragraphs[:first])] if first else []
    return [*parts[:index], *front, *divided, *parts[index + 1 :]]


def _formula(part: Part) -> int | None:
    """Index of the paragraph that ends the rubrum, None where there is none."""
    found = [i for i, paragraph in enumerate(part.paragraphs) if is_pronouncement(paragraph.text)]
    return found[-1] if found else None


def _without_additions(part: Part) -> list[Part]:
    """The part without the judges' names at its end, or the parts of its front without the notes of editors."""
    if part.heading is None or part.heading == RUBRUM:
        return [part]
    if part.heading.stage is Stage.FRONT:
        return tidied(part)
    return [Part(part.heading, without_signature(part.paragraphs))]
