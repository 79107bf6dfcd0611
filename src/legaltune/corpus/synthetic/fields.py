"""The fields of the templates: parties, courts, dates, amounts and slots of one case as its texts print them."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from legaltune.corpus.synthetic import courts, grammar
from legaltune.corpus.synthetic.courts import Court
from legaltune.corpus.synthetic.facts import Defect, Facts, display_values
from legaltune.corpus.synthetic.grammar import Noun
from legaltune.corpus.synthetic.procedure import Procedure
from legaltune.corpus.synthetic.resources import load_frame
from legaltune.corpus.synthetic.scenarios import Scenario

_INITIALS = "ABDEFGHJKLMNPRSTW"


class Values(dict[str, object]):
    """Template fields; each use of `{zitat}` cites another earlier decision."""

    def __init__(self, court: Court, before: date, rng: random.Random) -> None:
        super().__init__()
        self._cite: Callable[[], str] = lambda: courts.citation(court, before, rng)

    def __missing__(self, key: str) -> str:
        if key == "zitat":
            return self._cite()
        raise KeyError(key)


def template_fields(scenario: Scenario, court: Court, facts: Facts, procedure: Procedure, rng: random.Random) -> Values:
    """All fields of one case; `data/frame.yaml` says what they mean."""
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
    values.update(_rendered_slots(facts, values, rng))
    values.update(_views(scenario, facts, values, rng))
    return values


def _rendered_slots(facts: Facts, values: Values, rng: random.Random) -> dict[str, object]:
    """Slots whose texts name a party ("{K.sein}en Haushalt")."""
    texts = ((name, value) for name, value in facts.slots.items() if isinstance(value, str))
    return {name: grammar.fill(text, values, rng) for name, text in texts if "{" in text}


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
