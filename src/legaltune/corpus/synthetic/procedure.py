"""Draws the procedure around the facts: court, form, parties, dates, kind of decision."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta

from legaltune.corpus.synthetic import grammar
from legaltune.corpus.synthetic.courts import Court, load_judges
from legaltune.corpus.synthetic.facts import Defect, Facts
from legaltune.corpus.synthetic.model import Branch, Layout, Outcome

_FIRST_YEAR, _LAST_YEAR, _FIRST_ECLI_YEAR = 2010, 2024, 2015
_ECLI_SHARE = 0.67
_NONADMISSION_SHARE = 0.22
_LEGAL_COMPLAINT_SHARE = 0.06
_TATBESTAND_SHARE = {Branch.CRIMINAL: 0.0, Branch.ADMINISTRATIVE: 0.75, Branch.CONSTITUTIONAL: 0.0, Branch.PATENT: 0.0}
_NO_REASONS_SHARE = {Outcome.DISCONTINUED: 0.45, Outcome.DISMISSED: 0.16, Outcome.INADMISSIBLE: 0.16}
_WITHOUT_MERITS = frozenset({Outcome.INADMISSIBLE, Outcome.DISCONTINUED})
_NONADMISSION_OUTCOMES = frozenset({Outcome.DISMISSED, Outcome.INADMISSIBLE, Outcome.DISCONTINUED})


@dataclass(frozen=True, slots=True)
class Timeline:
    """The dates of a case, in order of time.

    Attributes:
        start: Beginning of the facts.
        first: Decision of the first instance.
        below: Decision under appeal.
        served: Its service on the appellant.
        deadline: End of the time limit for the appeal.
        received: Receipt of the appeal.
        withdrawn: Withdrawal of the appeal, where it was withdrawn.
        decided: The decision itself.
    """

    start: date
    first: date
    below: date
    served: date
    deadline: date
    received: date
    withdrawn: date
    decided: date


@dataclass(frozen=True, slots=True)
class Procedure:
    """The procedural side of a case.

    Attributes:
        form: Key of the procedural form ("revision", "nonadmission", ...).
        panel: Panel of the court.
        file_number: File number.
        decision_type: Kind of decision as published ("Urteil", "Beschluss", ...).
        layout: Which sections hold the reasoning.
        timeline: The dates.
        below: Names of the courts below, first instance first.
        below_numbers: Their file numbers.
        judges: Who signs.
    """

    form: str
    panel: str
    file_number: str
    decision_type: str
    layout: Layout
    timeline: Timeline
    below: tuple[str, ...]
    below_numbers: tuple[str, ...]
    judges: tuple[str, ...]


def draw_procedure(
    branch: Branch, court: Court, facts: Facts, outcome: Outcome, period_days: dict[str, int], rng: random.Random
) -> Procedure:
    """Draw the procedure of a case whose outcome is known."""
    form = _draw_form(court, outcome, rng)
    panel = rng.choice(list(court.panels))
    decision_type = _draw_type(branch, form, panel, outcome, rng)
    timeline = _draw_timeline(period_days[form], facts.defect is Defect.LATE, rng)
    below = rng.choice(court.below)
    dates = (timeline.first, timeline.below)[-len(below) :]
    numbers = tuple(
        pattern.format(k=rng.randint(1, 24), n=rng.randint(11, 980), y=f"{(day - timedelta(days=180)).year % 100:02d}")
        for pattern, day in zip(court.below_numbers, dates, strict=True)
    )
    return Procedure(
        form=form,
        panel=panel,
        file_number=court.file_number(form, panel, timeline.received.year, rng),
        decision_type=decision_type,
        layout=_draw_layout(branch, decision_type, outcome, rng),
        timeline=timeline,
        below=below,
        below_numbers=numbers,
        judges=tuple(rng.sample(load_judges(), _num_judges(branch, panel))),
    )


def _draw_form(court: Court, outcome: Outcome, rng: random.Random) -> str:
    forms = list(court.forms)
    share = rng.random()
    if "nonadmission" in forms and outcome in _NONADMISSION_OUTCOMES and share < _NONADMISSION_SHARE:
        return "nonadmission"
    if "legal_complaint" in forms and share > 1 - _LEGAL_COMPLAINT_SHARE:
        return "legal_complaint"
    return forms[0]


def _draw_type(branch: Branch, form: str, panel: str, outcome: Outcome, rng: random.Random) -> str:
    if branch is Branch.CONSTITUTIONAL:
        return _draw_constitutional_type("Kammer" in panel, outcome, rng)
    if form != "revision" or outcome is Outcome.DISCONTINUED:
        return "Beschluss"
    judgment_share = {Outcome.INADMISSIBLE: 0.25}.get(outcome, 0.95)
    if branch is Branch.CRIMINAL:
        judgment_share = {Outcome.DISMISSED: 0.3, Outcome.INADMISSIBLE: 0.0}.get(outcome, 0.6)
    return "Urteil" if rng.random() < judgment_share else "Beschluss"


def _draw_constitutional_type(by_chamber: bool, outcome: Outcome, rng: random.Random) -> str:
    if not by_chamber:
        return "Beschluss" if outcome in _WITHOUT_MERITS or rng.random() < 0.8 else "Urteil"
    if outcome in (Outcome.ALLOWED, Outcome.REMITTED):
        return "Stattgebender Kammerbeschluss"
    return "Nichtannahmebeschluss" if outcome is Outcome.INADMISSIBLE else "Kammerbeschluss"


def _draw_layout(branch: Branch, decision_type: str, outcome: Outcome, rng: random.Random) -> Layout:
    if decision_type == "Urteil":
        return Layout.JUDGMENT if rng.random() < _TATBESTAND_SHARE.get(branch, 1.0) else Layout.ORDER
    if rng.random() < _NO_REASONS_SHARE.get(outcome, 0.0):
        return rng.choice([Layout.TENOR_ONLY, Layout.REASONS_IN_TENOR])
    return Layout.ORDER


def _draw_timeline(period_days: int, late: bool, rng: random.Random) -> Timeline:
    """Dates backwards from the decision; the appeal's time limit ends on a working day."""
    years = (
        range(_FIRST_ECLI_YEAR, _LAST_YEAR + 1) if rng.random() < _ECLI_SHARE else range(_FIRST_YEAR, _FIRST_ECLI_YEAR)
    )
    decided = grammar.next_working_day(date(rng.choice(years), 1, 4) + timedelta(days=rng.randrange(350)))
    below = grammar.next_working_day(decided - timedelta(days=rng.randint(250, 700)))
    served = grammar.next_working_day(below + timedelta(days=rng.randint(8, 40)))
    deadline = _end_of_period(served, period_days)
    while deadline.weekday() >= grammar.SATURDAY:
        served = grammar.next_working_day(served + timedelta(days=1))
        deadline = _end_of_period(served, period_days)
    received = deadline + timedelta(days=rng.randint(1, 20)) if late else deadline - timedelta(days=rng.randint(0, 12))
    first = grammar.next_working_day(below - timedelta(days=rng.randint(200, 500)))
    return Timeline(
        start=first - timedelta(days=rng.randint(900, 1300)),
        first=first,
        below=below,
        served=served,
        deadline=deadline,
        received=received,
        withdrawn=decided - timedelta(days=rng.randint(5, 40)),
        decided=decided,
    )


def _end_of_period(served: date, period_days: int) -> date:
    """The end of a period of two weeks or of one month after service (the last day of a shorter month)."""
    if period_days < 28:
        return served + timedelta(days=period_days)
    year, month = (served.year + 1, 1) if served.month == 12 else (served.year, served.month + 1)
    last_day = (date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)).day
    return date(year, month, min(served.day, last_day))


def _num_judges(branch: Branch, panel: str) -> int:
    if branch is Branch.CONSTITUTIONAL:
        return 3 if "Kammer" in panel else 8
    return 5 if branch in (Branch.CIVIL, Branch.CRIMINAL, Branch.ADMINISTRATIVE, Branch.FISCAL) else 3
