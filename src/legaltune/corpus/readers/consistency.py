"""Refuses a decision whose metadata contradict each other."""

from __future__ import annotations

import re
from datetime import date

from legaltune.corpus.document import Decision, DocumentError, DropReason
from legaltune.corpus.readers.facts import FEDERAL_COURTS

_FEDERAL_COURTS = frozenset(FEDERAL_COURTS.values())
_ECLI = re.compile(r"ECLI:DE:(?P<court>\w+):(?P<year>\d{4}):(?P<number>.+)", re.ASCII)
_DAY_FIRST = re.compile(r"(?:[A-Z]{1,2}\.)?(\d\d)(\d\d)(\d\d)(?=[.A-Z])", re.ASCII)
_YEAR_FIRST = re.compile(r"[a-z]{2}(\d{4})(\d\d)(\d\d)\.", re.ASCII)
# A decision that is served by post instead of being pronounced bears two dates, weeks apart.
_MAX_DAYS_APART = 183


def check_consistency(decision: Decision) -> None:
    """Compare court and date of a decision with those in its ECLI.

    Only what cannot be an inaccuracy counts: another federal court, or a date more than half a year apart.

    Raises:
        DocumentError: CONTRADICTORY_METADATA.
    """
    match = _ECLI.fullmatch(decision.ecli or "")
    if not match:
        return
    if decision.court in _FEDERAL_COURTS and match["court"] in _FEDERAL_COURTS - {decision.court}:
        raise _contradiction(f"court {decision.court}, but {decision.ecli}")
    if decision.date is None:
        return
    other = _date_in(match) if match["court"] in _FEDERAL_COURTS else None
    if other is not None:
        apart = abs((decision.date - other).days) > _MAX_DAYS_APART
    else:
        apart = abs(decision.date.year - int(match["year"])) > 1
    if apart:
        raise _contradiction(f"date {decision.date}, but {decision.ecli}")


def _contradiction(detail: str) -> DocumentError:
    return DocumentError(DropReason.CONTRADICTORY_METADATA, detail)


def _date_in(ecli: re.Match[str]) -> date | None:
    """The date that the federal courts put into the ECLI: "080222U..." or, the BVerfG, "rk20220208...."."""
    day_first = _DAY_FIRST.match(ecli["number"])
    year_first = _YEAR_FIRST.match(ecli["number"])
    try:
        if day_first:
            return date(int(ecli["year"]), int(day_first[2]), int(day_first[1]))
        return date(*map(int, year_first.groups())) if year_first else None
    except ValueError:
        return None
