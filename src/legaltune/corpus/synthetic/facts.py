"""Draws the facts of a case and decides it: the outcome is a function of the facts alone."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from legaltune.corpus.synthetic import grammar
from legaltune.corpus.synthetic.model import Branch, Outcome
from legaltune.corpus.synthetic.scenarios import Issue, Rule, Scenario

# For each branch, the results below (claim granted or not) after which no one is bound to appeal through counsel.
_AUTHORITY_APPEALS = {
    Branch.CRIMINAL: (False,),
    Branch.ADMINISTRATIVE: (True,),
    Branch.SOCIAL: (True,),
    Branch.FISCAL: (True,),
    Branch.CONSTITUTIONAL: (True, False),
    Branch.PATENT: (True, False),
}
_WITHDRAWN_SHARE = 0.09
_DEFECT_SHARE = 0.14
_OPEN_SHARE = 0.13
_PART_FAILS_SHARE = 0.46
_BAR_FAILS_SHARE = 0.45


class Defect(StrEnum):
    """Why an appeal is inadmissible."""

    LATE = "late"
    NO_GROUNDS = "no_grounds"
    NO_COUNSEL = "no_counsel"


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that decides a case.

    Attributes:
        slots: Raw value of each slot: numbers (whole euros, days, ...) and texts.
        holds: For each issue of the scenario, whether its rule is met.
        granted_below: Whether the court below granted the claim.
        withdrawn: Whether the appeal was withdrawn.
        defect: Why the appeal is inadmissible, if it is.
        open_issue: Position of the issue on which the court below made no findings, if any.
        point: Position of the issue that the appeal is about.
    """

    slots: dict[str, int | str]
    holds: tuple[bool, ...]
    granted_below: bool
    withdrawn: bool
    defect: Defect | None
    open_issue: int | None
    point: int


def draw_facts(scenario: Scenario, rng: random.Random) -> Facts:
    """Draw the facts of one case."""
    holds = _draw_holds(scenario, rng)
    slots = {name: _draw_slot(spec, rng) for name, spec in scenario.slots.items()}
    for issue, met in zip(scenario.issues, holds, strict=True):
        slots[issue.rule.slot] = _draw_rule(issue.rule, met, rng)
    granted_below = scenario.branch is not Branch.CONSTITUTIONAL and rng.random() < 0.5
    withdrawn = rng.random() < _WITHDRAWN_SHARE
    is_defective = not withdrawn and rng.random() < _DEFECT_SHARE
    defect = rng.choice(_possible_defects(scenario.branch, granted_below)) if is_defective else None
    findings_missing = not withdrawn and defect is None and rng.random() < _OPEN_SHARE
    bars = [position for position, issue in enumerate(scenario.issues) if not issue.decides_part]
    open_issue = rng.choice(bars) if findings_missing else None
    if open_issue is not None:
        holds = tuple(met or position <= open_issue for position, met in enumerate(holds))
        slots |= {issue.rule.slot: _draw_rule(issue.rule, True, rng) for issue in scenario.issues[: open_issue + 1]}
    point = _point(scenario.issues, holds, granted_below, open_issue, rng)
    return Facts(slots, holds, granted_below, withdrawn, defect, open_issue, point)


def decide(branch: Branch, issues: tuple[Issue, ...], facts: Facts) -> Outcome:
    """The outcome of the appeal.

    Withdrawal comes first, then admissibility, then missing findings, then the merits. The court cannot convict, so a
    successful appeal against an acquittal is remitted.
    """
    if facts.withdrawn:
        return Outcome.DISCONTINUED
    if facts.defect is not None:
        return Outcome.INADMISSIBLE
    if facts.open_issue is not None:
        return Outcome.REMITTED
    claim_fails = any(not met and not issue.decides_part for issue, met in zip(issues, facts.holds, strict=True))
    if branch is Branch.CRIMINAL and not claim_fails and not facts.granted_below:
        return Outcome.REMITTED
    if not claim_fails and not all(facts.holds):
        return Outcome.PARTLY_ALLOWED
    return Outcome.DISMISSED if facts.granted_below != claim_fails else Outcome.ALLOWED


def display_values(scenario: Scenario, slots: dict[str, int | str], start: date) -> dict[str, object]:
    """Slot values as the texts print them, with the sums and dates that follow from them."""
    units = {name: next(iter(spec)) for name, spec in scenario.slots.items() if isinstance(spec, dict)}
    units |= {issue.rule.slot: issue.rule.unit for issue in scenario.issues if not issue.rule.holds}
    units |= dict.fromkeys(scenario.sums, "euros")
    raw = slots | {name: sum(int(slots[part]) for part in parts) for name, parts in scenario.sums.items()}
    values: dict[str, object] = {name: _display(value, units.get(name, "text")) for name, value in raw.items()}
    days = {"start": start}
    for name, (anchor, delay) in scenario.dates.items():
        days[name] = days[anchor] + timedelta(days=int(slots[delay]))
    return values | {name: grammar.format_date(day) for name, day in days.items()}


def _draw_holds(scenario: Scenario, rng: random.Random) -> tuple[bool, ...]:
    bars = [position for position, issue in enumerate(scenario.issues) if not issue.decides_part]
    failing = rng.choice(bars) if rng.random() < _BAR_FAILS_SHARE else None
    part_fails = failing is None and rng.random() < _PART_FAILS_SHARE
    return tuple(
        position != failing and not (issue.decides_part and part_fails)
        for position, issue in enumerate(scenario.issues)
    )


def _possible_defects(branch: Branch, granted_below: bool) -> list[Defect]:
    """Authorities appeal through their own staff, and some proceedings need no counsel."""
    by_authority = granted_below in _AUTHORITY_APPEALS.get(branch, ())
    return [defect for defect in Defect if defect is not Defect.NO_COUNSEL or not by_authority]


def _draw_slot(spec: object, rng: random.Random) -> int | str:
    if isinstance(spec, dict):
        low, high, step = next(iter(spec.values()))
        return rng.randrange(low, high + 1, step)
    assert isinstance(spec, list)
    return str(rng.choice(spec))


def _draw_rule(rule: Rule, met: bool, rng: random.Random) -> int | str:
    if rule.holds:
        return rng.choice(rule.holds if met else rule.fails)
    low, high = rule.bounds
    if rule.at_most is not None:
        low, high = (low, rule.at_most) if met else (rule.at_most + rule.step, high)
    if rule.at_least is not None:
        low, high = (rule.at_least, high) if met else (low, rule.at_least - rule.step)
    return rng.randrange(low, high + 1, rule.step)


def _point(
    issues: tuple[Issue, ...], holds: tuple[bool, ...], granted_below: bool, open_issue: int | None, rng: random.Random
) -> int:
    """What the appeal is about: the open issue, what defeats the claim or a part granted below, else any condition."""
    if open_issue is not None:
        return open_issue
    bars = [position for position, issue in enumerate(issues) if not issue.decides_part]
    failing = [position for position in bars if not holds[position]]
    if not failing and granted_below and not all(holds):
        return holds.index(False)
    return rng.choice(failing or bars)


def _display(value: int | str, unit: str) -> object:
    if isinstance(value, str):
        return grammar.noun(value) if value[1:2] == ":" else value
    if unit == "euros":
        return grammar.format_euros(value)
    return grammar.number_word(value) if unit == "words" else grammar.format_number(value)
