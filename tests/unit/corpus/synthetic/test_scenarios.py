from __future__ import annotations

import collections

import pytest

from legaltune.corpus.synthetic.model import Branch
from legaltune.corpus.synthetic.resources import load_frame
from legaltune.corpus.synthetic.scenarios import Scenario, load_scenarios
from legaltune.corpus.synthetic.statutes import find_paragraph

FIELDS_OF_THE_FRAME = {
    "R",
    "L",
    "C",
    "U",
    "V",
    "W",
    "I",
    "K",
    "B",
    "A",
    "G",
    "Rv",
    "abw",
    "norm",
    "thema",
    "ort",
    "person",
}


def test_every_branch_has_scenarios() -> None:
    counts = collections.Counter(scenario.branch for scenario in load_scenarios())
    assert counts.total() >= 14
    assert all(counts[branch] >= 2 for branch in Branch if branch is not Branch.PATENT)
    assert counts[Branch.PATENT] >= 1


@pytest.mark.parametrize("scenario", load_scenarios(), ids=lambda scenario: scenario.name)
def test_norms_of_the_issues_exist(scenario: Scenario) -> None:
    for issue in scenario.issues:
        assert find_paragraph(issue.norm)


@pytest.mark.parametrize("scenario", load_scenarios(), ids=lambda scenario: scenario.name)
def test_rule_paragraph_names_its_norm(scenario: Scenario) -> None:
    assert all("{norm}" in issue.text for issue in scenario.issues)
    assert all("{norm}" in issue.leitsatz_holds and "{norm}" in issue.leitsatz_fails for issue in scenario.issues)


@pytest.mark.parametrize("scenario", load_scenarios(), ids=lambda scenario: scenario.name)
def test_slots_do_not_hide_fields_of_the_frame(scenario: Scenario) -> None:
    slots = {*scenario.slots, *scenario.sums, *scenario.dates, *(issue.rule.slot for issue in scenario.issues)}
    assert not slots & FIELDS_OF_THE_FRAME
    assert not slots & {"rmfrist", "n_frist", "n_begr", "idat", "vdat", "zugestellt", "eingang", "fristende", "sicht"}


def test_procedural_norms_exist() -> None:
    for form in load_frame()["forms"].values():
        assert find_paragraph(form["period_norm"])
        assert find_paragraph(form["grounds_norm"])
