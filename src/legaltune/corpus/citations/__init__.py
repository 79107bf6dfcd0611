"""Citations of norms and of decisions in running text, with their spans and normal forms."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import accumulate
from sys import maxsize
from typing import TypeVar

from legaltune.corpus.citations.cases import CaseCitation, extract_case_citations
from legaltune.corpus.citations.norms import NormCitation, extract_norm_citations

__all__ = [
    "CaseCitation",
    "NormCitation",
    "extract_case_citations",
    "extract_citations",
    "extract_from_each",
    "extract_norm_citations",
]

_Citation = TypeVar("_Citation", NormCitation, CaseCitation)

# Of no white space and no letter, and never in a cleaned text: no citation reaches across it.
_BETWEEN = "\ue000"


def extract_citations(text: str) -> list[NormCitation | CaseCitation]:
    """All citations of `text` in the order of their spans, which do not overlap."""
    cases = extract_case_citations(text)
    covered = [(case.start, case.end + len(case.apparatus)) for case in cases]
    norms = [norm for norm in extract_norm_citations(text) if not _is_covered(norm, covered)]
    return sorted([*norms, *cases], key=lambda citation: citation.start)


def extract_from_each(texts: Sequence[str], extract: Callable[[str], list[_Citation]]) -> list[tuple[int, _Citation]]:
    """What `extract` finds in each of many short texts, in a single search over all of them, which is much faster.

    Args:
        texts: Paragraphs of a document.
        extract: `extract_norm_citations` or `extract_case_citations`.

    Returns:
        Pairs of the number of a text and a citation in it; spans count from the start of that text.
    """
    ends = list(accumulate(len(text) + 1 for text in texts))
    found = []
    for citation in extract(_BETWEEN.join(texts)):
        number = bisect_right(ends, citation.start)
        offset = ends[number - 1] if number else 0
        found.append((number, citation._replace(start=citation.start - offset, end=citation.end - offset)))
    return found


def _is_covered(norm: NormCitation, spans: list[tuple[int, int]]) -> bool:
    """True for a norm inside a case citation or its apparatus ("Buchholz 310 § 132 VwGO Nr. 5"); spans are in order."""
    index = bisect_right(spans, (norm.start, maxsize))
    return (index > 0 and norm.start < spans[index - 1][1]) or (index < len(spans) and norm.end > spans[index][0])
