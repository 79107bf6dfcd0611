from __future__ import annotations

import random
from dataclasses import replace

import pytest

from legaltune.corpus.synthetic.facts import Defect, Facts, decide, draw_facts
from legaltune.corpus.synthetic.model import Branch, Outcome
from legaltune.corpus.synthetic.scenarios import Rule, Scenario, load_scenarios

CLAIM = Facts({}, (True, True, True), granted_below=False, withdrawn=False, defect=None, open_issue=None, point=0)


def scenario(name: str) -> Scenario:
    return next(entry for entry in load_scenarios() if entry.name == name)


def test_rule_compares_numbers_and_texts() -> None:
    deadline = Rule("tage", bounds=(1, 30), at_most=14)
    assert deadline.is_met(14)
    assert not deadline.is_met(15)
    form = Rule("form", holds=("schriftlich",), fails=("mündlich",))
    assert form.is_met("schriftlich")
    assert not form.is_met("mündlich")


@pytest.mark.parametrize(
    ("changes", "outcome"),
    [
        ({}, Outcome.ALLOWED),
        ({"granted_below": True}, Outcome.DISMISSED),
        ({"holds": (False, True, True)}, Outcome.DISMISSED),
        ({"holds": (False, True, True), "granted_below": True}, Outcome.ALLOWED),
        ({"holds": (True, True, False)}, Outcome.PARTLY_ALLOWED),
        ({"holds": (True, True, False), "granted_below": True}, Outcome.PARTLY_ALLOWED),
        ({"open_issue": 0}, Outcome.REMITTED),
        ({"open_issue": 0, "defect": Defect.LATE}, Outcome.INADMISSIBLE),
        ({"defect": Defect.LATE, "withdrawn": True}, Outcome.DISCONTINUED),
    ],
)
def test_outcome_follows_from_the_facts(changes: dict[str, object], outcome: Outcome) -> None:
    issues = scenario("werkzeugmiete_schaden").issues
    assert decide(Branch.CIVIL, issues, replace(CLAIM, **changes)) is outcome  # type: ignore[arg-type]


def test_acquittal_can_only_be_remitted() -> None:
    issues = scenario("siegelbruch").issues
    assert decide(Branch.CRIMINAL, issues, CLAIM) is Outcome.REMITTED
    assert decide(Branch.CRIMINAL, issues, replace(CLAIM, granted_below=True)) is Outcome.DISMISSED


@pytest.mark.parametrize("entry", load_scenarios(), ids=lambda entry: entry.name)
def test_drawn_slots_agree_with_the_issues(entry: Scenario) -> None:
    for seed in range(60):
        facts = draw_facts(entry, random.Random(seed))
        for position, (issue, met) in enumerate(zip(entry.issues, facts.holds, strict=True)):
            if position != facts.open_issue:
                assert issue.rule.is_met(facts.slots[issue.rule.slot]) is met


def test_no_counsel_needed_by_authorities() -> None:
    for seed in range(400):
        facts = draw_facts(scenario("huettenbau"), random.Random(seed))
        assert not (facts.granted_below and facts.defect is Defect.NO_COUNSEL)
