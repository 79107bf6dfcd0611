"""Makes one case from (seed, index): facts, procedure, text."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Iterator
from dataclasses import replace

from legaltune.corpus.document import Decision, Paragraph, SectionName
from legaltune.corpus.synthetic import courts, grammar
from legaltune.corpus.synthetic.composition import (
    Piece,
    Writer,
    discussed_issues,
    fit,
    focus,
    write_facts,
    write_grounds,
    write_leitsatz,
    write_tenor,
)
from legaltune.corpus.synthetic.courts import Court
from legaltune.corpus.synthetic.facts import decide, draw_facts
from legaltune.corpus.synthetic.fields import template_fields
from legaltune.corpus.synthetic.model import Branch, Case, Layout, Outcome
from legaltune.corpus.synthetic.procedure import Procedure, draw_procedure
from legaltune.corpus.synthetic.resources import load_frame
from legaltune.corpus.synthetic.scenarios import Scenario, load_scenarios

_COURT_ABBREVIATIONS = {
    "Oberlandesgericht": "OLG",
    "Landgericht": "LG",
    "Landesarbeitsgericht": "LArbG",
    "Arbeitsgericht": "ArbG",
    "Oberverwaltungsgericht": "OVG",
    "Verwaltungsgerichtshof": "VGH",
    "Verwaltungsgericht": "VG",
    "Landessozialgericht": "LSG",
    "Sozialgericht": "SG",
    "Finanzgericht": "FG",
    "Amtsgericht": "AG",
}
_SOURCE = "rii-dok"
_FIRST_DUPLICATE = 5_000_000
_MEDIAN_CHARS, _SIGMA = 1_900, 0.78
_LEITSATZ_SHARE = {Outcome.INADMISSIBLE: 0.1, Outcome.DISCONTINUED: 0.05}
_MERITS_LEITSATZ_SHARE = 0.47
_ODD_RANDNUMMERN_SHARE = 0.01
_FEWEST_DIVIDED_PIECES = 6
_NORMS_SHARE = 0.79
_TITLE_SHARE = 0.79


def generate_decisions(seed: int) -> Iterator[Case]:
    """Invented decisions without end; number i depends on (seed, i) alone."""
    return (make_case(seed, index) for index in itertools.count())


def make_case(seed: int, index: int) -> Case:
    """The case at one position of the corpus."""
    rng = random.Random(f"{seed}:{index}:case")
    scenario = _draw_scenario(rng)
    court = courts.load_courts()[scenario.branch]
    facts = draw_facts(scenario, rng)
    outcome = decide(scenario.branch, scenario.issues, facts)
    forms = load_frame()["forms"]
    periods = {name: form["days"] for name, form in forms.items()}
    procedure = draw_procedure(scenario.branch, court, facts, outcome, periods, rng)
    values = template_fields(scenario, court, facts, procedure, rng)
    writer = Writer(scenario, facts, outcome, procedure.form, values, rng)
    decision, applied_norms = _decision(writer, court, procedure, index)
    return Case(
        index=index,
        decision=decision,
        branch=scenario.branch,
        outcome=outcome,
        layout=procedure.layout,
        scenario=scenario.name,
        form=forms[procedure.form]["label"],
        facts=facts.slots | {"granted_below": facts.granted_below, "holds": facts.holds},
        applied_norms=applied_norms,
        judges=procedure.judges,
    )


def _draw_scenario(rng: random.Random) -> Scenario:
    weights = {branch: court.weight for branch, court in courts.load_courts().items()}
    scenarios = load_scenarios()
    present = [branch for branch in Branch if any(scenario.branch is branch for scenario in scenarios)]
    branch = rng.choices(present, [weights[branch] for branch in present])[0]
    return rng.choice([scenario for scenario in scenarios if scenario.branch is branch])


def _decision(writer: Writer, court: Court, procedure: Procedure, index: int) -> tuple[Decision, tuple[str, ...]]:
    """The decision and the norms that its grounds apply."""
    rng = writer.rng
    decided = procedure.timeline.decided
    target_chars = round(_MEDIAN_CHARS * math.exp(_SIGMA * rng.gauss(0, 1)))
    facts, grounds = fit(write_facts(writer), write_grounds(writer), target_chars)
    sections = _sections(procedure.layout, facts, grounds, write_tenor(writer), rng)
    if rng.random() < _LEITSATZ_SHARE.get(writer.outcome, _MERITS_LEITSATZ_SHARE):
        sections = {SectionName.LEITSATZ: (Paragraph(write_leitsatz(writer)),), **sections}
    title = f"{writer.scenario.title}: {grammar.noun(writer.point.topic).word}"
    applied_norms = _applied_norms(writer, grounds)
    decision = Decision(
        document_id=courts.document_number(court, index, decided),
        source=_SOURCE,
        court=court.name,
        chamber=procedure.panel,
        decision_type=procedure.decision_type,
        date=decided,
        file_numbers=(procedure.file_number,),
        ecli=courts.ecli(court, procedure.file_number, decided, procedure.decision_type),
        title=title if rng.random() < _TITLE_SHARE else None,
        norms=_norm_field(applied_norms) if rng.random() < _NORMS_SHARE else (),
        previous_instances=_previous_instances(procedure),
        sections=sections,
    )
    return decision, applied_norms


def _sections(
    layout: Layout, facts: list[Piece], grounds: list[Piece], tenor: list[str], rng: random.Random
) -> dict[SectionName, tuple[Paragraph, ...]]:
    """Paragraphs of each section, with Randnummern running on from the facts into the grounds."""
    operative = tuple(Paragraph(text) for text in tenor)
    numbers = _randnummern(rng)
    if layout is Layout.TENOR_ONLY:
        return {SectionName.TENOR: operative}
    if layout is Layout.REASONS_IN_TENOR:
        return {SectionName.TENOR: operative, SectionName.GRUENDE: _numbered(grounds, numbers)}
    if layout is Layout.JUDGMENT:
        return {
            SectionName.TENOR: operative,
            SectionName.TATBESTAND: _numbered(facts, numbers),
            SectionName.ENTSCHEIDUNGSGRUENDE: _numbered(_divided(grounds, rng), numbers),
        }
    parts = [Piece("I.", is_heading=True), *facts, Piece("II.", is_heading=True), *grounds]
    return {SectionName.TENOR: operative, SectionName.GRUENDE: _numbered(parts, numbers)}


def _divided(grounds: list[Piece], rng: random.Random) -> list[Piece]:
    """Longer grounds with the headings that half of the judgments have: result, I. the law, II. what follows."""
    if len(grounds) < _FEWEST_DIVIDED_PIECES or rng.random() < 0.5:
        return grounds
    return [grounds[0], Piece("I.", is_heading=True), *grounds[1:-2], Piece("II.", is_heading=True), *grounds[-2:]]


def _numbered(pieces: Iterable[Piece], numbers: Iterator[str]) -> tuple[Paragraph, ...]:
    paragraphs = []
    for piece in pieces:
        number = None if piece.is_heading else next(numbers)
        paragraphs.append(Paragraph(piece.text, number, is_heading=piece.is_heading))
        if piece.quotation is not None:
            paragraphs.append(Paragraph(piece.quotation, is_quotation=True))
    return tuple(paragraphs)


def _randnummern(rng: random.Random) -> Iterator[str]:
    """Running numbers; in one decision of a hundred with a gap, a number twice or a restart, as in published files."""
    step_by_oddity = {"gap": 2, "duplicate": 0, "restart": None}
    oddity = rng.choice(list(step_by_oddity)) if rng.random() < _ODD_RANDNUMMERN_SHARE else None
    position, number = rng.randint(3, 9), 1
    for count in itertools.count(1):
        yield str(number)
        step = step_by_oddity[oddity] if oddity and count == position else 1
        number = 1 if step is None else number + step


def _applied_norms(writer: Writer, grounds: Iterable[Piece]) -> tuple[str, ...]:
    """The norms that decide the case, most important first, then the others that the grounds discuss."""
    issues = writer.scenario.issues
    if writer.outcome is Outcome.INADMISSIBLE:
        return (str(writer.values["n_mangel"]),)
    if writer.outcome is Outcome.DISCONTINUED:
        return ("§ 12 Abs. 1 VfBG" if writer.scenario.branch is Branch.CONSTITUTIONAL else "§ 26 Abs. 1 RmVG",)
    text = "\n".join(piece.text for piece in grounds)
    norms = (issues[position].norm for position in (*focus(writer)[::-1], *discussed_issues(writer)))
    return tuple(dict.fromkeys(norm for norm in norms if norm in text))


def _norm_field(norms: Iterable[str]) -> tuple[str, ...]:
    """Norms as the norm element prints them, without points: "§ 14 Abs 1 S 2 WzMG"."""
    return tuple(norm.replace("Satz", "S").replace(".", "") for norm in norms)


def _previous_instances(procedure: Procedure) -> tuple[str, ...]:
    """The courts below as the vorinstanz element lists them, the latest first; an office is no court."""
    if procedure.form == "complaint":
        return ()
    dates = (procedure.timeline.first, procedure.timeline.below)[-len(procedure.below) :]
    kinds = "Urteil" if procedure.form in ("revision", "nonadmission") else "Beschluss"
    lines = [
        f"vorgehend {_short_court(name)}, {grammar.format_date(day)}, Az: {number}, {kinds}"
        for name, day, number in zip(procedure.below, dates, procedure.below_numbers, strict=True)
    ]
    return tuple(reversed(lines))


def _short_court(name: str) -> str:
    """A court as the vorinstanz element names it: "OLG Köln"."""
    for long, short in _COURT_ABBREVIATIONS.items():
        name = name.replace(long, short)
    return name


def duplicate_of(case: Case) -> Case:
    """The same decision under another document number, as the official site sometimes has it."""
    court = courts.load_courts()[case.branch]
    assert case.decision.date is not None
    number = courts.document_number(court, _FIRST_DUPLICATE + case.index, case.decision.date)
    return replace(case, decision=replace(case.decision, document_id=number))
