"""Makes one case from (seed, index): facts, procedure, text."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from legaltune.corpus.document import Decision, Paragraph, SectionName
from legaltune.corpus.synthetic import courts, grammar
from legaltune.corpus.synthetic.composition import (
    Piece,
    Values,
    Writer,
    discussed_issues,
    fit,
    focus,
    load_frame,
    write_facts,
    write_grounds,
    write_leitsatz,
    write_tenor,
)
from legaltune.corpus.synthetic.courts import Court
from legaltune.corpus.synthetic.facts import Defect, Facts, decide, display_values, draw_facts
from legaltune.corpus.synthetic.grammar import Noun
from legaltune.corpus.synthetic.model import Branch, Case, Layout, Outcome
from legaltune.corpus.synthetic.procedure import Procedure, draw_procedure
from legaltune.corpus.synthetic.scenarios import Scenario, load_scenarios

_INITIALS = "ABDEFGHJKLMNPRSTW"
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
_SOURCE = "rii"
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
    values = _values(scenario, court, facts, procedure, rng)
    writer = Writer(scenario, facts, outcome, procedure.form, values, rng)
    decision = _decision(writer, court, procedure, index)
    return Case(
        index=index,
        decision=decision,
        branch=scenario.branch,
        outcome=outcome,
        layout=procedure.layout,
        scenario=scenario.name,
        form=forms[procedure.form]["label"],
        facts=facts.slots | {"granted_below": facts.granted_below, "holds": facts.holds},
        applied_norms=_applied_norms(writer),
        judges=procedure.judges,
    )


def _draw_scenario(rng: random.Random) -> Scenario:
    weights = {branch: court.weight for branch, court in courts.load_courts().items()}
    scenarios = load_scenarios()
    present = [branch for branch in Branch if any(scenario.branch is branch for scenario in scenarios)]
    branch = rng.choices(present, [weights[branch] for branch in present])[0]
    return rng.choice([scenario for scenario in scenarios if scenario.branch is branch])


def _values(scenario: Scenario, court: Court, facts: Facts, procedure: Procedure, rng: random.Random) -> Values:
    frame = load_frame()
    form = frame["forms"][procedure.form]
    below = [courts.court_noun(name) for name in procedure.below]
    values = Values(court, procedure.timeline.first, rng)
    values.update(
        R=grammar.noun(form["remedy"]),
        L=grammar.noun(form["second_appeal"]),
        C=grammar.noun(form["claim"]),
        U=grammar.noun(form["decision_below"]),
        V=grammar.noun(frame["bodies"].get(scenario.branch.name, form["body_below"])),
        W=below[-1],
        I=below[0],
        Rv=form["proceedings"],
        abw=form["dismissed"],
        abw_zu=form["to_dismiss"],
        rmfrist=form["period"],
        n_frist=form["period_norm"],
        n_begr=form["grounds_norm"],
        n_mangel=_defect_norm(facts, form),
    )
    values.update(_parties(scenario, facts, procedure.form, rng))
    values.update(_names_and_amounts(frame["cities"], rng))
    values.update(_dates(procedure))
    values.update(display_values(scenario, facts.slots, procedure.timeline.start))
    values.update(_views(scenario, facts, values, rng))
    return values


def _defect_norm(facts: Facts, form: Mapping[str, Any]) -> str:
    if facts.defect is Defect.NO_COUNSEL:
        return "§ 8 Abs. 1 RmVG"
    return str(form["period_norm"] if facts.defect is Defect.LATE else form["grounds_norm"])


def _parties(scenario: Scenario, facts: Facts, form: str, rng: random.Random) -> dict[str, object]:
    names = load_frame()["parties"]
    roles = names.get(form) or names.get(scenario.branch.name) or names["default"]
    claimant = grammar.noun(roles["K"][rng.choice(scenario.claimant)])
    defendant = grammar.noun(roles["B"][rng.choice(scenario.defendant)])
    appellant, opponent = (defendant, claimant) if facts.granted_below else (claimant, defendant)
    payer = appellant.nom if appellant is defendant else "die Staatskasse"
    return {"K": claimant, "B": defendant, "A": appellant, "G": opponent, "kosten_A": payer}


def _names_and_amounts(cities: list[str], rng: random.Random) -> dict[str, object]:
    share = rng.choice([20, 25, 30, 40, 50, 60, 70, 75])
    return {
        "ort": rng.choice(cities),
        "person": f"{rng.choice(_INITIALS)}.",
        "firma": f"{rng.choice(_INITIALS)}. {rng.choice(['GmbH', 'AG', 'KG', 'OHG'])}",
        "quote_k": share,
        "quote_b": 100 - share,
        "streitwert": grammar.format_euros(rng.randrange(2_000, 60_000, 500)),
    }


def _dates(procedure: Procedure) -> dict[str, object]:
    timeline = procedure.timeline
    days = {
        "idat": timeline.first,
        "vdat": timeline.below,
        "zugestellt": timeline.served,
        "fristende": timeline.deadline,
        "eingang": timeline.received,
        "ruecknahme": timeline.withdrawn,
    }
    return {name: grammar.format_date(day) for name, day in days.items()}


def _views(scenario: Scenario, facts: Facts, values: Values, rng: random.Random) -> dict[str, object]:
    """What the court below and the appellant say about the point of the appeal, in indirect speech."""
    issue = scenario.issues[facts.point]
    below, appellant = (
        (issue.view_holds, issue.view_fails) if facts.granted_below else (issue.view_fails, issue.view_holds)
    )
    objection = grammar.fill(appellant, values, rng)
    party = values["A"]
    assert isinstance(party, Noun)
    if objection.startswith(f"{party.nom} "):
        objection = party.er + objection.removeprefix(party.nom)
    return {"sicht": grammar.fill(below, values, rng), "gegensicht": objection}


def _decision(writer: Writer, court: Court, procedure: Procedure, index: int) -> Decision:
    rng = writer.rng
    decided = procedure.timeline.decided
    facts, grounds = _fit_sections(write_facts(writer), write_grounds(writer), rng)
    sections = _sections(procedure.layout, facts, grounds, write_tenor(writer), rng)
    if rng.random() < _LEITSATZ_SHARE.get(writer.outcome, _MERITS_LEITSATZ_SHARE):
        sections = {SectionName.LEITSATZ: (Paragraph(write_leitsatz(writer)),), **sections}
    title = f"{writer.scenario.title}: {grammar.noun(writer.point.topic).word}"
    return Decision(
        document_id=courts.document_number(court, index, decided),
        source=_SOURCE,
        court=court.name,
        chamber=procedure.panel,
        decision_type=procedure.decision_type,
        date=decided,
        file_numbers=(procedure.file_number,),
        ecli=courts.ecli(court, procedure.file_number, decided, procedure.decision_type),
        title=title if rng.random() < _TITLE_SHARE else None,
        norms=_norm_field(_applied_norms(writer)) if rng.random() < _NORMS_SHARE else (),
        previous_instances=_previous_instances(procedure),
        sections=sections,
    )


def _fit_sections(facts: list[Piece], grounds: list[Piece], rng: random.Random) -> tuple[list[Piece], list[Piece]]:
    """Cut both sections to a total length drawn from a log-normal distribution."""
    target = round(_MEDIAN_CHARS * math.exp(_SIGMA * rng.gauss(0, 1)))
    kept = fit([*facts, *grounds], target)
    facts_kept = set(map(id, facts))
    return [piece for piece in kept if id(piece) in facts_kept], [
        piece for piece in kept if id(piece) not in facts_kept
    ]


def _sections(
    layout: Layout, facts: list[Piece], grounds: list[Piece], tenor: list[str], rng: random.Random
) -> dict[SectionName, tuple[Paragraph, ...]]:
    """Paragraphs of each section, with Randnummern running on from the facts into the grounds."""
    operative = tuple(Paragraph(text) for text in tenor)
    numbers = _randnummern(rng)
    if layout is Layout.TENOR_ONLY:
        return {SectionName.TENOR: operative}
    if layout is Layout.REASONS_IN_TENOR:
        heading = Paragraph("Gründe:", is_heading=True)
        return {SectionName.TENOR: (*operative, heading, *_numbered(grounds, numbers))}
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


def _applied_norms(writer: Writer) -> tuple[str, ...]:
    issues = writer.scenario.issues
    if writer.outcome is Outcome.INADMISSIBLE:
        return (str(writer.values["n_mangel"]),)
    if writer.outcome is Outcome.DISCONTINUED:
        return ("§ 12 Abs. 1 VfBG" if writer.scenario.branch is Branch.CONSTITUTIONAL else "§ 26 Abs. 1 RmVG",)
    central = focus(writer)
    others = tuple(position for position in discussed_issues(writer) if position not in central)
    return tuple(dict.fromkeys(issues[position].norm for position in (*central[::-1], *others)))


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
