"""Plain text of invented decisions and statutes, for the pre-training of a tiny base model."""

from __future__ import annotations

from collections.abc import Iterable

from legaltune.corpus.document import Decision, Norm, Paragraph, SectionName
from legaltune.corpus.synthetic import grammar
from legaltune.corpus.synthetic.model import Case, SyntheticStatute

_HEADINGS = {
    SectionName.LEITSATZ: "Leitsatz",
    SectionName.TENOR: "Tenor",
    SectionName.TATBESTAND: "Tatbestand",
    SectionName.ENTSCHEIDUNGSGRUENDE: "Entscheidungsgründe",
    SectionName.GRUENDE: "Gründe",
}


def decision_text(case: Case) -> str:
    """A decision as running text: court and file number, then each section under its heading."""
    decision = case.decision
    sections = [f"{_HEADINGS[name]}\n{_paragraphs_text(paragraphs)}" for name, paragraphs in decision.sections.items()]
    return "\n\n".join([_head(decision), *sections])


def statute_text(entry: SyntheticStatute) -> str:
    """A statute as running text: title, divisions, norms."""
    statute = entry.statute
    blocks = [f"{statute.title} ({entry.short_title} - {statute.abbreviations[-1]})"]
    previous: tuple[str, ...] = ()
    for norm in statute.norms:
        blocks += [
            division
            for level, division in enumerate(norm.division)
            if previous[: level + 1] != norm.division[: level + 1]
        ]
        previous = norm.division
        blocks.append(_norm_text(norm, statute.abbreviations[-1]))
    return "\n\n".join(blocks)


def _head(decision: Decision) -> str:
    assert decision.date is not None
    day = grammar.format_date(decision.date)
    lines = [
        f"{decision.court}, {decision.chamber}, {decision.decision_type} vom {day} - {', '.join(decision.file_numbers)}"
    ]
    return "\n".join([*lines, decision.title] if decision.title else lines)


def _norm_text(norm: Norm, abbreviation: str) -> str:
    head = f"{norm.label} {abbreviation}"
    return "\n".join([f"{head} {norm.title}" if norm.title else head, *norm.paragraphs])


def _paragraphs_text(paragraphs: Iterable[Paragraph]) -> str:
    return "\n".join(paragraph.text for paragraph in paragraphs)
