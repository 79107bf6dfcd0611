"""Branch of jurisdiction and kind of a decision, from its court and its printed type."""

from __future__ import annotations

import re
from enum import StrEnum

from legaltune.corpus.document import Decision


class CourtBranch(StrEnum):
    """Branches of jurisdiction, by their German names.

    The Bundespatentgericht is a branch of its own here: appeals go to the BGH, but its matters (refused marks, patents
    attacked) look like those of no other ordinary court.
    """

    ORDENTLICHE = "ordentliche Gerichtsbarkeit"
    ARBEITS = "Arbeitsgerichtsbarkeit"
    VERWALTUNGS = "Verwaltungsgerichtsbarkeit"
    SOZIAL = "Sozialgerichtsbarkeit"
    FINANZ = "Finanzgerichtsbarkeit"
    VERFASSUNGS = "Verfassungsgerichtsbarkeit"
    PATENT = "Patentgerichtsbarkeit"
    EUROPAEISCHE = "europäische Gerichtsbarkeit"


# Abbreviations count as whole words in their own case, names in any case and in compounds ("Landesarbeitsgericht").
# The first match decides: "VGH" is an administrative court, but in Rheinland-Pfalz the constitutional one.
_BRANCHES: tuple[tuple[CourtBranch, re.Pattern[str]], ...] = tuple(
    (branch, re.compile(rf"\b(?:{abbreviations})\b|(?i:{names})"))
    for branch, abbreviations, names in (
        (CourtBranch.EUROPAEISCHE, "EuGH|EuG", r"europäischer gerichtshof\b(?! für)|europäischen union"),
        (
            CourtBranch.VERFASSUNGS,
            r"BVerfG|L?VerfGH?|VfGH|StGH|VGH\s(?:Rheinland-Pfalz|Koblenz)",
            "verfassungsgericht|staatsgerichtshof",
        ),
        (CourtBranch.PATENT, "BPatG", "bundespatentgericht"),
        (CourtBranch.ARBEITS, "BAG|LAG|LArbG|ArbG", "arbeitsgericht"),
        (CourtBranch.SOZIAL, "BSG|LSG|SG", "sozialgericht"),
        (CourtBranch.FINANZ, "BFH|FG", "finanzgericht|bundesfinanzhof"),
        (CourtBranch.VERWALTUNGS, "BVerwG|OVG|VGH|VG", "verwaltungsgericht"),
        (
            CourtBranch.ORDENTLICHE,
            "BGH|BayObLG|OLG|KG|LG|AG",
            "bundesgerichtshof|oberlandesgericht|oberstes landesgericht|kammergericht|landgericht|amtsgericht",
        ),
    )
)

# Orders whose printed type does not say so: decisions of the BVerfG on interim relief and on the value in dispute, and
# references to the European Court of Justice.
_ORDER = re.compile(r"beschlu(?:ss|ß)|einstweilige anordnung|gegenstandswert|eugh-vorlage", re.IGNORECASE)
_JUDGMENT = re.compile(r"urteil", re.IGNORECASE)


def court_branch(decision: Decision) -> CourtBranch | None:
    """Branch of the court that decided, None for a court (or an authority) that is not known."""
    for branch, pattern in _BRANCHES:
        if pattern.search(decision.court):
            return branch
    return None


def decision_kind(decision: Decision) -> str | None:
    """Kind of the decision: "Beschluss" or "Urteil" for their variants, another type as printed, None without one."""
    printed = decision.decision_type.strip()
    if _ORDER.search(printed):
        return "Beschluss"
    if _JUDGMENT.search(printed):
        return "Urteil"
    return printed or None
