"""Statute interpretation: the passage of the grounds that applies a norm, from the facts and the text of the norm."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from legaltune.config.schema import TaskName
from legaltune.corpus.citations import NormCitation
from legaltune.corpus.document import Decision, Norm, Paragraph, Statute
from legaltune.corpus.example import Example
from legaltune.corpus.patterns import rare
from legaltune.corpus.tasks.base import TaskContext, View, chat_example, leading_text
from legaltune.corpus.tasks.case import Case
from legaltune.corpus.tasks.checks import (
    Rejection,
    has_words,
    is_own_text,
    is_own_view,
    needs_no_facts,
    repeats_norm,
    stands_alone,
    without_enumerator,
)

# Shorter passages name the norm but do not discuss it.
_MIN_PASSAGE_CHARACTERS = 300
_MIN_WORDS = 40
_COSTS = rare(
    "Kostenentscheidung|Kostenfolge|Nebenentscheidung|Entscheidung über|Ausspruch über|Streitwert|Gegenstandswert"
    "|Vollstreckbarkeit|Revision|belehrung",
    r"Kostenentscheidung|Kostenfolge|Nebenentscheidung|Entscheidung über die (?:Kosten|vorläufige Vollstreckbarkeit)"
    r"|Ausspruch über die (?:Kosten|vorläufige)|Streitwert|Gegenstandswert|vorläufige Vollstreckbarkeit"
    r"|Revision (?:ist|war|wird) (?:nicht )?zuzulassen|Rechtsbehelfsbelehrung|Rechtsmittelbelehrung",
)
_MIN_CITATIONS = 2
_MAX_CHARACTERS_PER_CITATION = 1000
_MAX_PARAGRAPH_CHARACTERS = 20_000
_MAX_SHARE_OF_FACTS = 0.5

_PARENTHESES = re.compile(r"\([^()]*\)")
# References, and the formula on admissibility, name a norm but do not discuss it.
_REFERENCES = (
    rare("gl.|iehe|. auch", r"\b(?:[Vv]gl\.|[Ss]iehe|[Ss]\.\sauch)\s[^;.]*"),
    rare("statthaft", r"\b(?:nach|gemäß|gem\.)\s(?:§|Art\.)[^,;]{1,60}?\sstatthaft\w*"),
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


def examples(case: Case, view: View, context: TaskContext) -> Iterator[Example | Rejection]:
    """Examples for the norms cited most; only norms of the statutes at hand."""
    num_made = 0
    for discussion in _discussions(case.grounds, context):
        made = _example(case, view, context, discussion)
        num_made += isinstance(made, Example)
        yield made
        if num_made == context.limits.max_statute_examples:
            return


def _example(case: Case, view: View, context: TaskContext, discussion: _Discussion) -> Example | Rejection:
    subject = discussion.subject
    text = _norm_text(subject, context.limits.max_norm_characters)
    target = without_enumerator(leading_text(discussion.passage, context.limits.max_target_characters))
    rejection = (
        (None if text else Rejection.NORM_TOO_LONG)
        or is_norm_in_force(subject.statute, subject.norm, subject.absaetze, case.decision)
        or is_own_view(discussion.passage)
        or has_words(target, at_least=_MIN_WORDS)
        or stands_alone(target)
        or (None if view.facts.text else needs_no_facts(target))
        or cites_norm(target, subject.statute, subject.norm, context)
        or repeats_norm(target, subject.norm)
        or is_own_text(target, view.facts.text, max_copied_share=_MAX_SHARE_OF_FACTS)
    )
    if rejection or text is None:
        return rejection or Rejection.NORM_TOO_LONG
    name = f"{subject.norm.label} {subject.statute.abbreviations[-1]}"
    return chat_example(
        case,
        context,
        TaskName.STATUTE_INTERPRETATION,
        document=view.facts,
        instruction=_instruction(case.decision, context, name, subject.norm, text, has_facts=bool(view.facts.text)),
        target=target,
        part=name,
    )


def _instruction(decision: Decision, context: TaskContext, name: str, norm: Norm, text: str, *, has_facts: bool) -> str:
    """The norm is part of the instruction: the document may be cut, the norm may not."""
    phrasings = context.phrasings
    wordings = phrasings.statute_with_facts if has_facts else phrasings.statute_without_facts
    heading = (
        f"{phrasings.headings.norm}: {name} – {norm.title}" if norm.title else f"{phrasings.headings.norm}: {name}"
    )
    return f"{heading}\n{text}\n\n{context.choose(wordings, decision, name)}"


def _norm_text(subject: _Subject, max_characters: int) -> str | None:
    """Text of the norm, of a long one the Absatz cited most; None where that does not fit either."""
    norm = subject.norm
    if len(norm.text) <= max_characters:
        return norm.text
    absatz = Counter(subject.absaetze).most_common(1)[0][0]
    cited = next((text for text in norm.paragraphs if absatz and text.startswith(f"({absatz})")), None)
    return cited if cited and len(cited) <= max_characters else None


def is_norm_in_force(statute: Statute, norm: Norm, absaetze: Sequence[str], decision: Decision) -> Rejection | None:
    """Refuse a norm that the court cannot have meant: the statute is younger, or lacks the Absätze it cites."""
    if statute.date and decision.date and decision.date < statute.date:
        return Rejection.NORM_OTHER_VERSION
    numbered = [text for text in norm.paragraphs if text.startswith("(")]
    missing = [absatz for absatz in absaetze if absatz and not any(text.startswith(f"({absatz})") for text in numbered)]
    # A norm of one Absatz is cited without its number, and some print none.
    return Rejection.NORM_OTHER_VERSION if missing and (numbered or set(missing) != {"1"}) else None


def cites_norm(target: str, statute: Statute, norm: Norm, context: TaskContext) -> Rejection | None:
    """Refuse an answer in which the norm is not cited."""
    found = (context.index.lookup(citation) for line in target.splitlines() for citation in context.cite(line))
    wanted = statute.document_id, norm.label
    is_cited = any(pair and (pair[0].document_id, pair[1].label) == wanted for pair in found)
    return None if is_cited else Rejection.NORM_NOT_CITED


def _discussions(grounds: Sequence[Paragraph], context: TaskContext) -> list[_Discussion]:
    """The longest passage on each norm that is discussed, the norms cited most first."""
    longest: dict[tuple[str, str], _Discussion] = {}
    num_citations: Counter[tuple[str, str]] = Counter()
    for discussion in _runs(grounds, context):
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


def _runs(grounds: Sequence[Paragraph], context: TaskContext) -> Iterator[_Discussion]:
    """Consecutive paragraphs about the same norm, as many as an answer may hold."""
    subjects = [(paragraph, _subject(paragraph, context)) for paragraph in grounds]
    for key, group in groupby(subjects, key=lambda pair: pair[1].key if pair[1] else None):
        if key is None:
            continue
        run = [(paragraph, subject) for paragraph, subject in group if subject]
        first = run[0][1]
        absaetze = tuple([absatz for _, subject in run for absatz in subject.absaetze])
        yield _Discussion(_Subject(first.statute, first.norm, absaetze), tuple([paragraph for paragraph, _ in run]))


def _length(discussion: _Discussion) -> int:
    return sum(len(paragraph.text) for paragraph in discussion.passage)


def _subject(paragraph: Paragraph, context: TaskContext) -> _Subject | None:
    """The norm that the running text names most, if it names it often and it is at hand; None in one on the costs."""
    text = paragraph.text
    if paragraph.is_heading or paragraph.is_quotation or len(text) > _MAX_PARAGRAPH_CHARACTERS:
        return None
    if len(text) > (text.count("§") + text.count("Art")) * _MAX_CHARACTERS_PER_CITATION:
        return None
    citations = _without_asides(text, context.cite(text))
    if not citations or _COSTS.search(text):
        return None
    counts = Counter([_name(citation) for citation in citations])
    count = max(counts.values())
    main, *others = (name for name, times in counts.items() if times == count)
    if others or len(text) > count * _MAX_CHARACTERS_PER_CITATION:
        return None
    own = [citation for citation in citations if _name(citation) == main]
    found = context.index.lookup(own[0])
    return _Subject(*found, tuple(citation.paragraph or "" for citation in own)) if found else None


def _without_asides(text: str, citations: Sequence[NormCitation]) -> list[NormCitation]:
    """The citations in the running text."""
    if not citations:
        return []
    asides = [match.span() for match in _PARENTHESES.finditer(text)]
    for pattern in _REFERENCES:
        asides += [match.span() for match in pattern.finditer(text)]
    if not asides:
        return list(citations)
    return [citation for citation in citations if not any(start <= citation.start < end for start, end in asides)]


def _name(citation: NormCitation) -> tuple[str, str]:
    return citation.statute, citation.number
