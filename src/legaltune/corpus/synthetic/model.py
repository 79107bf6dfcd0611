"""The cases and statutes that the generator makes, before they are serialised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from legaltune.corpus.document import Decision, Statute


class Branch(StrEnum):
    """Branch of jurisdiction, by its German name."""

    CIVIL = "Zivilgerichtsbarkeit"
    CRIMINAL = "Strafgerichtsbarkeit"
    LABOUR = "Arbeitsgerichtsbarkeit"
    ADMINISTRATIVE = "Verwaltungsgerichtsbarkeit"
    SOCIAL = "Sozialgerichtsbarkeit"
    FISCAL = "Finanzgerichtsbarkeit"
    CONSTITUTIONAL = "Verfassungsgerichtsbarkeit"
    PATENT = "Patentgerichtsbarkeit"


class Outcome(StrEnum):
    """What became of the appeal."""

    ALLOWED = "allowed"
    PARTLY_ALLOWED = "partly_allowed"
    DISMISSED = "dismissed"
    INADMISSIBLE = "inadmissible"
    REMITTED = "remitted"
    DISCONTINUED = "discontinued"


class Layout(StrEnum):
    """Which elements of the file hold the reasoning."""

    JUDGMENT = "tatbestand_and_entscheidungsgruende"
    ORDER = "gruende"
    REASONS_IN_TENOR = "reasons_in_tenor"
    TENOR_ONLY = "tenor_only"


@dataclass(frozen=True, slots=True)
class Case:
    """One invented decision with the facts it follows from.

    Attributes:
        index: Position in the corpus; with the seed it determines everything else.
        decision: What a reader should find in the serialised file.
        branch: Branch of jurisdiction.
        outcome: What became of the appeal; follows from `facts` (see `facts.decide`).
        layout: Which sections hold the reasoning.
        scenario: Name of the scenario.
        form: Procedural form ("Revision", "Nichtzulassungsbeschwerde", ...).
        facts: Facts that decide the case: slot values, whether each issue holds, how the court below decided.
        applied_norms: Norms that the grounds apply, most important first ("§ 14 Abs. 1 WzMG").
        judges: Names under the decision.
    """

    index: int
    decision: Decision
    branch: Branch
    outcome: Outcome
    layout: Layout
    scenario: str
    form: str
    facts: Mapping[str, object]
    applied_norms: tuple[str, ...]
    judges: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SyntheticStatute:
    """One invented statute with what its serialisation adds to the text.

    Attributes:
        statute: What a reader should find in the serialised file.
        short_title: Short title (kurzue).
        gazette: Year and page of the promulgation ("2006, 9043").
        note: Footnote to the whole statute.
    """

    statute: Statute
    short_title: str
    gazette: str
    note: str
