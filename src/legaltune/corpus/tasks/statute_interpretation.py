"""Statute interpretation: the passage of the grounds that applies a norm, from the facts and the text of the norm."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice

from legaltune.config.schema import TaskName
from legaltune.corpus.citations import NormCitation, extract_norm_citations
from legaltune.corpus.document import Decision, Norm, Paragraph, Statute
from legaltune.corpus.example import Example
from legaltune.corpus.statute_index import StatuteIndex
from legaltune.corpus.tasks.base import (
    Limits,
    TaskContext,
    chat_example,
    facts_text,
    join_paragraphs,
    leading_paragraphs,
)

_WITH_FACTS = "Lege die Norm aus und wende sie auf den Sachverhalt an."
_WITHOUT_FACTS = "Erläutere, wie diese Norm auszulegen und anzuwenden ist."

# Shorter passages name the norm but do not discuss it.
_MIN_PASSAGE_CHARACTERS = 300
_COSTS = re.compile(
    r"Kostenentscheidung|Kostenfolge|Nebenentscheidung|Entscheidung über die (?:Kosten|vorläufige Vollstreckbarkeit)"
    r"|Ausspruch über die (?:Kosten|vorläufige)|Streitwert|Gegenstandswert|vorläufige Vollstreckbarkeit"
    r"|Revision (?:ist|war|wird) (?:nicht )?zuzulassen|Rechtsbehelfsbelehrung|Rechtsmittelbelehrung"
)
_MIN_CITATIONS = 2
_MAX_CHARACTERS_PER_CITATION = 1000

_PARENTHESES = re.compile(r"\([^()]*\)")
# A reference and the formula on admissibility ("die nach § 146 VwGO statthafte ...") name a norm but do not discuss it.
_REFERENCE = re.compile(
    r"\b(?:[Vv]gl\.|[Ss]iehe|[Ss]\.\sauch)\s[^;.]*|\b(?:nach|gemäß|gem\.)\s(?:§|Art\.)[^,;]{1,60}?\sstatthaft\w*"
)


@dataclass(frozen=True, slots=True)
class _Subject:
    """The norm that a paragraph is about.

    Attributes:
        absaetze: The Absätze cited, one entry a citation, "" where none is named.
    """

    statute: Statute
    norm: Norm
    absaetze: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str]:
        return self.statute.document_id, self.norm.label


@dataclass(frozen=True, slots=True)
class _Discussion:
    """Consecutive paragraphs about one norm."""

    subject: _Subject
    passage: tuple[Paragraph, ...]


def examples(decision: Decision, context: TaskContext) -> Iterator[Example]:
    """Examples for the norms cited most; only norms of the statutes at hand."""
    limits = context.limits
    discussions = _discussions(decision.grounds, context.index, limits.max_target_characters)
    candidates = (_example(decision, discussion, limits) for discussion in discussions)
    return islice(filter(None, candidates), limits.max_statute_examples)


def _example(decision: Decision, discussion: _Discussion, limits: Limits) -> Example | None:
    statute, norm = discussion.subject.statute, discussion.subject.norm
    text = _norm_text(discussion.subject, limits.max_norm_characters)
    if text is None:
        return None
    facts = facts_text(decision)
    name = f"{norm.label} {statute.abbreviations[-1]}"
    return chat_example(
        decision,
        TaskName.STATUTE_INTERPRETATION,
        document=facts,
        instruction=_instruction(name, norm.title, text, has_facts=bool(facts)),
        target=join_paragraphs(discussion.passage),
        part=name,
    )


def _instruction(name: str, title: str | None, text: str, *, has_facts: bool) -> str:
    """The norm is part of the instruction: the document may be cut, the norm may not."""
    heading = f"Norm: {name} – {title}" if title else f"Norm: {name}"
    return f"{heading}\n{text}\n\n{_WITH_FACTS if has_facts else _WITHOUT_FACTS}"


def _norm_text(subject: _Subject, max_characters: int) -> str | None:
    """Text of the norm, of a long one the Absatz cited most; None where that does not fit either."""
    norm = subject.norm
    if len(norm.text) <= max_characters:
        return norm.text
    absatz = Counter(subject.absaetze).most_common(1)[0][0]
    cited = next((text for text in norm.paragraphs if absatz and text.startswith(f"({absatz})")), None)
    return cited if cited and len(cited) <= max_characters else None


def _discussions(grounds: Sequence[Paragraph], index: StatuteIndex, max_characters: int) -> list[_Discussion]:
    """The longest passage on each norm that is discussed, the norms cited most first."""
    longest: dict[tuple[str, str], _Discussion] = {}
    num_citations: Counter[tuple[str, str]] = Counter()
    for discussion in _runs(grounds, index, max_characters):
        key = discussion.subject.key
        num_citations[key] += len(discussion.subject.absaetze)
        if key not in longest or _length(discussion) > _length(longest[key]):
            longest[key] = discussion
    discussed = (
        discussion
        for discussion in longest.values()
        if _length(discussion) >= _MIN_PASSAGE_CHARACTERS and len(discussion.subject.absaetze) >= _MIN_CITATIONS
    )
    return sorted(discussed, key=lambda discussion: -num_citations[discussion.subject.key])


def _runs(grounds: Sequence[Paragraph], index: StatuteIndex, max_characters: int) -> Iterator[_Discussion]:
    """Consecutive paragraphs about the same norm, cut at a paragraph to `max_characters`."""
    subjects = [(paragraph, _subject(paragraph, index)) for paragraph in grounds]
    for key, group in groupby(subjects, key=lambda pair: pair[1].key if pair[1] else None):
        run = list(group)
        passage = tuple(leading_paragraphs([paragraph for paragraph, _ in run], max_characters))
        found = [subject for _, subject in run[: len(passage)] if subject]
        if key and found:
            absaetze = tuple(absatz for subject in found for absatz in subject.absaetze)
            yield _Discussion(replace(found[0], absaetze=absaetze), passage)


def _length(discussion: _Discussion) -> int:
    return sum(len(paragraph.text) for paragraph in discussion.passage)


def _subject(paragraph: Paragraph, index: StatuteIndex) -> _Subject | None:
    """The norm that the running text names most, if it names it often and it is at hand; None in one on the costs."""
    if paragraph.is_heading or paragraph.is_quotation or _COSTS.search(paragraph.text):
        return None
    prose = _REFERENCE.sub(" ", _PARENTHESES.sub(" ", paragraph.text))
    citations = extract_norm_citations(prose)
    if not citations:
        return None
    (main, count), *others = Counter(_name(citation) for citation in citations).most_common(2)
    own = [citation for citation in citations if _name(citation) == main]
    found = index.lookup(own[0])
    is_one_of_several = any(other == count for _, other in others)
    if found is None or is_one_of_several or len(prose) > count * _MAX_CHARACTERS_PER_CITATION:
        return None
    return _Subject(*found, tuple(citation.paragraph or "" for citation in own))


def _name(citation: NormCitation) -> tuple[str, str]:
    return citation.statute, citation.number
