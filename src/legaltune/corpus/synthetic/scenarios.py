"""The scenarios: who sues for what, which facts decide, by which norm. Their text lies in `data/scenarios`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from legaltune.corpus.synthetic.model import Branch
from legaltune.corpus.synthetic.resources import DATA, load_data


@dataclass(frozen=True, slots=True)
class Rule:
    """The test that decides an issue by the value of one slot.

    Either a number within `bounds` compared with `at_most` or `at_least`, or a text that is among `holds` or `fails`.
    """

    slot: str
    bounds: tuple[int, int] = (0, 0)
    at_most: int | None = None
    at_least: int | None = None
    step: int = 1
    unit: str = "words"
    holds: tuple[str, ...] = ()
    fails: tuple[str, ...] = ()

    def is_met(self, value: int | str) -> bool:
        """Whether the issue holds for this value of the slot."""
        if isinstance(value, str):
            return value in self.holds
        return (self.at_most is None or value <= self.at_most) and (self.at_least is None or value >= self.at_least)


@dataclass(frozen=True, slots=True)
class Issue:
    """One legal question of a scenario.

    Attributes:
        norm: Norm that answers it.
        topic: Its subject as a noun phrase in the nominative.
        rule: Test on the facts.
        decides_part: True when only a part of the claim depends on it, False when the whole does.
        fact: Sentence that tells the decisive fact.
        unknown: Sentence that tells that the court below left the fact open.
        text: The rule of the norm in other words.
        holds: Subsumption when the rule is met.
        fails: Subsumption when it is not.
        view_holds: That the rule is met, in indirect speech.
        view_fails: That it is not, in indirect speech.
        leitsatz_holds: Headnote when the rule is met.
        leitsatz_fails: Headnote when it is not.
        purpose: Why the legislator made the rule; for longer grounds.
    """

    norm: str
    topic: str
    rule: Rule
    fact: str
    unknown: str
    text: str
    holds: str
    fails: str
    view_holds: str
    view_fails: str
    leitsatz_holds: str
    leitsatz_fails: str
    purpose: str
    decides_part: bool = False


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of dispute: its parties, its slots, its issues and its texts (see the data files for the notation)."""

    name: str
    branch: Branch
    title: str
    claimant: tuple[str, ...]
    defendant: tuple[str, ...]
    opening: str
    facts: tuple[str, ...]
    background: tuple[str, ...]
    relief: str
    relief_part: str
    issues: tuple[Issue, ...]
    slots: Mapping[str, Any] = field(default_factory=dict)
    sums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    dates: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@lru_cache(maxsize=1)
def load_scenarios() -> tuple[Scenario, ...]:
    """All scenarios, by file and position in the file."""
    names = sorted(entry.name for entry in (DATA / "scenarios").iterdir() if entry.name.endswith(".yaml"))
    return tuple(_scenario(raw) for name in names for raw in load_data(f"scenarios/{name}"))


def _scenario(raw: dict[str, Any]) -> Scenario:
    return Scenario(
        **{
            **raw,
            "branch": Branch[raw["branch"]],
            "claimant": tuple(raw["claimant"]),
            "defendant": tuple(raw["defendant"]),
            "facts": tuple(raw["facts"]),
            "background": tuple(raw["background"]),
            "issues": tuple(_issue(issue) for issue in raw["issues"]),
            "sums": {name: tuple(parts) for name, parts in raw.get("sums", {}).items()},
            "dates": {name: (anchor, delay) for name, (anchor, delay) in raw.get("dates", {}).items()},
        }
    )


def _issue(raw: dict[str, Any]) -> Issue:
    rule: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in raw["rule"].items()
    }
    return Issue(**{**raw, "rule": Rule(**rule)})
