"""Citations of norms and of decisions in running text, with their spans and normal forms."""

from __future__ import annotations

from bisect import bisect_right
from sys import maxsize

from legaltune.corpus.citations.cases import CaseCitation, extract_case_citations
from legaltune.corpus.citations.norms import NormCitation, extract_norm_citations

__all__ = ["CaseCitation", "NormCitation", "extract_case_citations", "extract_citations", "extract_norm_citations"]


def extract_citations(text: str) -> list[NormCitation | CaseCitation]:
    """All citations of `text` in the order of their spans, which do not overlap."""
    cases = extract_case_citations(text)
    covered = [(case.start, case.end + len(case.apparatus)) for case in cases]
    norms = [norm for norm in extract_norm_citations(text) if not _is_covered(norm, covered)]
    return sorted([*norms, *cases], key=lambda citation: citation.start)


def _is_covered(norm: NormCitation, spans: list[tuple[int, int]]) -> bool:
    """True for a norm inside a case citation or its apparatus ("Buchholz 310 § 132 VwGO Nr. 5"); spans are in order."""
    index = bisect_right(spans, (norm.start, maxsize))
    return (index > 0 and norm.start < spans[index - 1][1]) or (index < len(spans) and norm.end > spans[index][0])
