"""Decisions and statutes written for the tests of this package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from legaltune.corpus.document import Decision, Norm, Paragraph, SectionName, Statute


def paragraphs(*texts: str) -> tuple[Paragraph, ...]:
    return tuple(Paragraph(text, randnummer=str(number)) for number, text in enumerate(texts, start=1))


def make_decision(
    sections: Mapping[SectionName, Sequence[str]] | None = None,
    *,
    court: str = "Landgericht Musterstadt",
    decision_type: str = "Urteil",
) -> Decision:
    return Decision(
        document_id="TEST000000001",
        source="test",
        court=court,
        decision_type=decision_type,
        date=None,
        file_numbers=("1 O 1/20",),
        sections={name: paragraphs(*texts) for name, texts in (sections or {}).items()},
    )


def make_statute(*abbreviations: str, norms: Sequence[Norm] = ()) -> Statute:
    return Statute(
        document_id="/".join(abbreviations),
        source="test",
        abbreviations=abbreviations,
        title="Ein Gesetz",
        date=None,
        norms=tuple(norms),
    )
