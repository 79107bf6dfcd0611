from __future__ import annotations

import collections
import itertools
import re
import statistics

import pytest

from legaltune.corpus.document import SectionName
from legaltune.corpus.outcome import Outcome as TenorOutcome
from legaltune.corpus.outcome import read_outcome
from legaltune.corpus.synthetic import Branch, Case, Layout, Outcome, decision_text, generate_decisions
from legaltune.corpus.synthetic.decision import make_case
from legaltune.corpus.synthetic.scenarios import load_scenarios
from legaltune.corpus.synthetic.statutes import find_paragraph

CITATION = re.compile(r"(?:§|Art\.) \d+[a-z]?(?: Abs\. \d+)? (?:[A-ZÄÖÜ]\w*G[a-z]?)\b")
TENOR_OUTCOMES = {
    Outcome.ALLOWED: TenorOutcome.STATTGEGEBEN,
    Outcome.PARTLY_ALLOWED: TenorOutcome.TEILWEISE_STATTGEGEBEN,
    Outcome.DISMISSED: TenorOutcome.ZURUECKGEWIESEN,
    Outcome.INADMISSIBLE: TenorOutcome.VERWORFEN,
    Outcome.REMITTED: TenorOutcome.ZURUECKVERWIESEN,
    Outcome.DISCONTINUED: TenorOutcome.ERLEDIGT,
}


def share(cases: list[Case], flags: itertools.chain[bool] | list[bool]) -> float:
    return sum(flags) / len(cases)


def reasoning(case: Case) -> str:
    sections = (SectionName.TATBESTAND, SectionName.ENTSCHEIDUNGSGRUENDE, SectionName.GRUENDE)
    return "\n".join(paragraph.text for name in sections for paragraph in case.decision.section(name))


def test_case_depends_on_seed_and_index_alone(cases: list[Case]) -> None:
    assert make_case(1, 17) == cases[17]
    assert make_case(2, 17) != cases[17]
    assert list(itertools.islice(generate_decisions(1), 5)) == cases[:5]


def test_document_numbers_are_unique_and_well_formed(cases: list[Case]) -> None:
    numbers = [case.decision.document_id for case in cases]
    assert len(set(numbers)) == len(numbers)
    assert all(re.fullmatch(r"[A-Z]{4}[0-9]{9}", number) for number in numbers)


def test_no_field_or_alternative_is_left_unfilled(cases: list[Case]) -> None:
    for case in cases:
        text = decision_text(case)
        assert not re.search(r"[{}\[\]|]", text)
        assert "  " not in text
        assert "None" not in text


def test_no_outcome_and_no_branch_dominates(cases: list[Case]) -> None:
    outcomes = collections.Counter(case.outcome for case in cases)
    branches = collections.Counter(case.branch for case in cases)
    assert set(outcomes) == set(Outcome)
    assert set(branches) == set(Branch)
    assert max(outcomes.values()) < 0.4 * len(cases)
    assert min(outcomes.values()) > 0.05 * len(cases)
    assert max(branches.values()) < 0.3 * len(cases)
    assert {case.scenario for case in cases} == {scenario.name for scenario in load_scenarios()}


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ecli", 0.67), ("norms", 0.79), ("title", 0.79)],
)
def test_shares_of_filled_fields(cases: list[Case], name: str, expected: float) -> None:
    assert share(cases, [bool(getattr(case.decision, name)) for case in cases]) == pytest.approx(expected, abs=0.06)


def test_shares_of_sections(cases: list[Case]) -> None:
    layouts = collections.Counter(case.layout for case in cases)
    bare = layouts[Layout.TENOR_ONLY] + layouts[Layout.REASONS_IN_TENOR]
    leitsatz = sum(SectionName.LEITSATZ in case.decision.sections for case in cases)
    assert leitsatz / len(cases) == pytest.approx(0.38, abs=0.06)
    assert layouts[Layout.JUDGMENT] / len(cases) == pytest.approx(0.46, abs=0.06)
    assert bare / len(cases) == pytest.approx(0.066, abs=0.03)


def test_ecli_begins_in_2015(cases: list[Case]) -> None:
    for case in cases:
        assert case.decision.date is not None
        assert (case.decision.ecli is not None) == (case.decision.date.year >= 2015)


def test_lengths_are_log_normal(cases: list[Case]) -> None:
    lengths = sorted(len(reasoning(case)) for case in cases if case.layout in (Layout.JUDGMENT, Layout.ORDER))
    assert 1_700 < statistics.median(lengths) < 2_300
    assert 5_000 < lengths[int(0.95 * len(lengths))] < 7_500


def test_some_decisions_are_very_long() -> None:
    assert any(len(reasoning(case)) > 12_000 for case in itertools.islice(generate_decisions(3), 1500))


def test_kind_of_decision_follows_from_the_form(cases: list[Case]) -> None:
    for case in cases:
        if case.form in ("Nichtzulassungsbeschwerde", "Rechtsbeschwerde", "Beschwerde"):
            assert case.decision.decision_type == "Beschluss"
    revisions = [case for case in cases if case.form == "Revision" and case.branch is not Branch.CRIMINAL]
    assert share(revisions, [case.decision.decision_type == "Urteil" for case in revisions]) > 0.7


def test_outcome_read_from_the_tenor_is_that_of_the_case(cases: list[Case]) -> None:
    read = [(case.outcome, read_outcome(case.decision.section(SectionName.TENOR))) for case in cases]
    assert all(found in (None, TENOR_OUTCOMES[outcome]) for outcome, found in read)
    assert share(cases, [found is not None for _, found in read]) > 0.85


def test_each_cited_norm_exists(cases: list[Case]) -> None:
    for case in cases:
        for citation in CITATION.findall(decision_text(case)):
            assert find_paragraph(citation)


def test_applied_norms_are_named_in_the_grounds(cases: list[Case]) -> None:
    for case in cases:
        if case.layout is Layout.TENOR_ONLY:
            continue
        for norm in case.applied_norms:
            assert any(norm in paragraph.text for paragraph in case.decision.grounds), (case.index, norm)


def test_norm_field_lists_the_applied_norms(cases: list[Case]) -> None:
    for case in cases:
        printed = tuple(norm.replace(".", "") for norm in case.applied_norms)
        assert case.applied_norms
        assert case.decision.norms in ((), printed)


def test_leitsatz_states_a_rule_that_the_grounds_apply(cases: list[Case]) -> None:
    for case in cases:
        if case.layout in (Layout.JUDGMENT, Layout.ORDER):
            for paragraph in case.decision.section(SectionName.LEITSATZ):
                for citation in CITATION.findall(paragraph.text):
                    assert citation in reasoning(case)


def test_randnummern_run_on_from_the_facts_into_the_grounds(cases: list[Case]) -> None:
    broken = 0
    for case in cases:
        names = (SectionName.TATBESTAND, SectionName.ENTSCHEIDUNGSGRUENDE, SectionName.GRUENDE)
        numbers = [int(p.randnummer) for name in names for p in case.decision.section(name) if p.randnummer]
        broken += numbers != list(range(1, len(numbers) + 1))
    assert 0 < broken < 0.03 * len(cases)


def test_headings_do_not_give_the_outcome_away(cases: list[Case]) -> None:
    headings = {
        p.text for case in cases for section in case.decision.sections.values() for p in section if p.is_heading
    }
    assert headings <= {"I.", "II."}


def test_decision_text_holds_every_section(cases: list[Case]) -> None:
    case = next(case for case in cases if case.layout is Layout.JUDGMENT)
    text = decision_text(case)
    assert text.startswith(case.decision.court)
    assert "\n\nTenor\n" in text
    assert text.index("\n\nTatbestand\n") < text.index("\n\nEntscheidungsgründe\n")
