"""Writes the sections of a decision from its facts and its procedure."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from legaltune.corpus.synthetic import grammar
from legaltune.corpus.synthetic.facts import Facts
from legaltune.corpus.synthetic.fields import Values
from legaltune.corpus.synthetic.model import Branch, Outcome
from legaltune.corpus.synthetic.resources import load_frame, load_passages
from legaltune.corpus.synthetic.scenarios import Issue, Scenario
from legaltune.corpus.synthetic.statutes import find_paragraph

_CORE = 0.0
_WITHOUT_CLAIM = frozenset({Branch.CRIMINAL, Branch.CONSTITUTIONAL})


@dataclass(frozen=True, slots=True)
class Piece:
    """One paragraph with its priority: optional ones are kept in ascending order until the decision is long enough.

    Attributes:
        text: The paragraph.
        priority: 0 for what no decision may lack.
        is_heading: Whether it is a heading.
        quotation: Indented quotation that follows the paragraph.
    """

    text: str
    priority: float = _CORE
    is_heading: bool = False
    quotation: str | None = None

    @property
    def num_chars(self) -> int:
        """Characters of the paragraph and its quotation."""
        return len(self.text) + len(self.quotation or "")


@dataclass(frozen=True, slots=True)
class Writer:
    """Everything that the sections of one decision draw on."""

    scenario: Scenario
    facts: Facts
    outcome: Outcome
    form: str
    values: Values
    rng: random.Random

    def say(self, key: str) -> str:
        """One of the frame's sentences for `key`."""
        return self.render(self.rng.choice(self.phrases(key)))

    def phrases(self, key: str) -> list[Any]:
        """The frame's templates for `key` in this form and branch."""
        frame = load_frame()
        for level in (self.form, self.scenario.branch.name, "default"):
            if key in frame.get(level, {}):
                found: list[Any] = frame[level][key]
                return found
        raise KeyError(key)

    def render(self, template: str) -> str:
        """A template with alternatives chosen and fields filled."""
        return grammar.render(template, self.values, self.rng)

    def about(self, issue: Issue, template: str) -> str:
        """A template about one issue: `{norm}` and `{thema}` are the issue's."""
        self.values.update(norm=issue.norm, thema=grammar.noun(issue.topic))
        return self.render(template)

    @property
    def appellant_key(self) -> str:
        """Template field of the appellant: B the defendant or K the claimant."""
        return "B" if self.facts.granted_below else "K"

    @property
    def point(self) -> Issue:
        """The issue that the appeal is about."""
        return self.scenario.issues[self.facts.point]


def write_facts(writer: Writer) -> list[Piece]:
    """The facts: who claims what, what happened, what the courts below decided, what the appeal wants."""
    scenario, facts = writer.scenario, writer.facts
    pieces = [Piece(writer.render(scenario.opening))]
    pieces += [Piece(writer.render(text), 0.0 if not number else 0.6) for number, text in enumerate(scenario.facts)]
    for position, issue in enumerate(scenario.issues):
        is_core = position in focus(writer)
        template = issue.unknown if position == facts.open_issue else issue.fact
        pieces.append(Piece(writer.about(issue, template), _CORE if is_core else 1 + writer.rng.random()))
    pieces += [Piece(writer.render(text), 1.5 + writer.rng.random()) for text in scenario.background]
    pieces += [
        Piece(writer.render(text), 3.5 + 2 * writer.rng.random()) for text in _passages("facts", scenario.branch)
    ]
    pieces.append(Piece(writer.say("history_granted" if facts.granted_below else "history_refused")))
    view = "view" if facts.open_issue is None else "view_open"
    pieces.append(Piece(writer.about(writer.point, writer.rng.choice(writer.phrases(view))), 0.3))
    pieces.append(Piece(writer.say(f"goal_{writer.appellant_key}")))
    complaint = "complaint_open" if facts.open_issue is not None else "complaint"
    pieces.append(Piece(writer.say(complaint), 0.5))
    if writer.outcome is Outcome.DISCONTINUED:
        return [*pieces, Piece(writer.say("withdrawal"))]
    if facts.defect is not None:
        return [*pieces, Piece(writer.say(f"served_{facts.defect}"))]
    return [*pieces, Piece(writer.say("served_in_time"), 2.2), Piece(writer.say("defence"), 1.2)]


def write_grounds(writer: Writer) -> list[Piece]:
    """The reasons: the result, the norms applied to the facts, what follows, the costs."""
    pieces = [Piece(writer.say(f"result_{writer.outcome}"))]
    if writer.outcome is Outcome.INADMISSIBLE:
        pieces += [Piece(writer.say(str(writer.facts.defect))), Piece(writer.say("no_reinstatement"), 0.4)]
        pieces.append(Piece(writer.say("inadmissible_follows"), 0.2))
    elif writer.outcome is Outcome.DISCONTINUED:
        pieces.append(Piece(writer.say("discontinued_follows")))
    else:
        pieces += _write_merits(writer)
    return [*pieces, Piece(writer.say(f"costs_{writer.outcome}"))]


def focus(writer: Writer) -> tuple[int, ...]:
    """Positions of the issues that no decision may pass over: the point of the appeal and what defeats the claim."""
    failing = tuple(position for position, met in enumerate(writer.facts.holds) if not met)
    return tuple(sorted({writer.facts.point, *failing})) if writer.facts.open_issue is None else (writer.facts.point,)


def follow_up(writer: Writer) -> str:
    """Suffix of the frame's keys for the outcome: allowed for K or for B, else the outcome."""
    return f"allowed_{writer.appellant_key}" if writer.outcome is Outcome.ALLOWED else str(writer.outcome)


def write_tenor(writer: Writer) -> list[str]:
    """The operative part, one entry a paragraph."""
    scenario = writer.scenario
    reliefs = {"relief": scenario.relief, "relief_part": scenario.relief_part}
    writer.values.update({name: grammar.fill(text, writer.values, writer.rng) for name, text in reliefs.items()})
    variant = writer.rng.choice(writer.phrases(f"tenor_{follow_up(writer)}"))
    return [text for template in variant if (text := writer.render(template))]


def write_leitsatz(writer: Writer) -> str:
    """The headnote: the rule that the grounds apply."""
    if writer.outcome in (Outcome.INADMISSIBLE, Outcome.DISCONTINUED):
        return writer.say(f"leitsatz_{writer.outcome}")
    if writer.facts.open_issue is not None:
        return writer.about(writer.point, writer.rng.choice(writer.phrases("leitsatz_remitted")))
    decisive = writer.scenario.issues[focus(writer)[-1]]
    met = writer.facts.holds[focus(writer)[-1]]
    return writer.about(decisive, decisive.leitsatz_holds if met else decisive.leitsatz_fails)


def discussed_issues(writer: Writer) -> tuple[int, ...]:
    """Positions of the issues that the grounds may discuss: all up to the first that ends the case."""
    if writer.facts.open_issue is not None:
        return tuple(range(writer.facts.open_issue + 1))
    for position, issue in enumerate(writer.scenario.issues):
        if not writer.facts.holds[position] and not issue.decides_part:
            return tuple(range(position + 1))
    return tuple(range(len(writer.scenario.issues)))


def fit(facts: list[Piece], grounds: list[Piece], target_chars: int) -> tuple[list[Piece], list[Piece]]:
    """Leave out optional pieces, the last in priority first, until both sections have about `target_chars` together."""
    pieces = [*facts, *grounds]
    kept = {position for position, piece in enumerate(pieces) if piece.priority == _CORE}
    total = sum(pieces[position].num_chars for position in kept)
    for position in sorted(range(len(pieces)), key=lambda position: pieces[position].priority):
        if position not in kept and total < target_chars:
            kept.add(position)
            total += pieces[position].num_chars
    fitted_facts = [piece for position, piece in enumerate(facts) if position in kept]
    fitted_grounds = [piece for position, piece in enumerate(grounds, start=len(facts)) if position in kept]
    return fitted_facts, fitted_grounds


def _write_merits(writer: Writer) -> list[Piece]:
    rng, branch = writer.rng, writer.scenario.branch
    pieces = [Piece(writer.say("admissible"), 2.5)]
    if writer.facts.open_issue is None:
        pieces.append(Piece(writer.say("recap"), 2.4 + rng.random()))
    pieces.append(Piece(writer.say(f"intro_{_verdict(writer)}"), 0.4))
    positions = discussed_issues(writer)
    passages = list(_passages("interpretation", branch))
    rng.shuffle(passages)
    for number, position in enumerate(positions):
        pieces += _write_issue(writer, position, passages[number :: len(positions)])
    if all(writer.facts.holds) and writer.facts.open_issue is None and branch not in _WITHOUT_CLAIM:
        pieces.append(Piece(writer.say("also_met"), 0.9))
    if writer.outcome is Outcome.PARTLY_ALLOWED and writer.facts.granted_below:
        pieces.append(Piece(writer.say("partly_right"), 0.2))
    further = [Piece(writer.render(text), 4 + 2 * rng.random()) for text in _passages("procedure", branch)]
    rng.shuffle(further)
    return [*pieces, *further, Piece(writer.say(f"follows_{follow_up(writer)}"))]


def _write_issue(writer: Writer, position: int, passages: list[str]) -> list[Piece]:
    """One paragraph that states the rule and applies it, then passages on the interpretation of the norm."""
    issue, rng = writer.scenario.issues[position], writer.rng
    priority = _CORE if position in focus(writer) else 1 + rng.random()
    if position == writer.facts.open_issue:
        subsumption = f"{issue.unknown} {rng.choice(writer.phrases('open_follows'))}"
    else:
        subsumption = issue.holds if writer.facts.holds[position] else issue.fails
    pieces = [Piece(writer.about(issue, f"{issue.text} {subsumption}"), priority)]
    pieces.append(Piece(writer.about(issue, issue.purpose), priority + 1.5 + rng.random()))
    introduction = writer.about(issue, rng.choice(writer.phrases("quoted_norm")))
    pieces.append(Piece(introduction, priority + 2 + 2 * rng.random(), quotation=_quoted(issue.norm)))
    pieces += [Piece(writer.about(issue, text), priority + 3 + 3 * rng.random()) for text in passages]
    return pieces


def _quoted(citation: str) -> str:
    """The cited Absatz of a norm, in quotation marks and on one line."""
    return f"„{' '.join(find_paragraph(citation).split())}“"


def _passages(kind: str, branch: Branch) -> list[str]:
    by_branch = load_passages()[kind]
    found: list[str] = by_branch.get(branch.name, by_branch["default"])
    return found


def _verdict(writer: Writer) -> str:
    if writer.facts.open_issue is not None:
        return "open"
    return {Outcome.DISMISSED: "right", Outcome.PARTLY_ALLOWED: "partly"}.get(writer.outcome, "wrong")
