"""Classification: which branch decided, in which form, and how the request ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from legaltune.config.schema import TaskName
from legaltune.corpus.court import CourtBranch, court_branch, decision_kind
from legaltune.corpus.document import Decision, SectionName
from legaltune.corpus.example import Example
from legaltune.corpus.outcome import Outcome, read_outcome
from legaltune.corpus.tasks.base import TaskContext, chat_example, decision_text

BRANCH = "Gerichtsbarkeit"
KIND = "Entscheidungsart"
OUTCOME = "Ergebnis"

_CHOICES = {BRANCH: ", ".join(CourtBranch), KIND: "Urteil, Beschluss oder eine andere", OUTCOME: ", ".join(Outcome)}


def examples(decision: Decision, context: TaskContext) -> Iterator[Example]:
    """One example where the branch is known; it asks only for labels that the decision gives."""
    document = decision_text(decision)
    labels = decision_labels(decision)
    if not document or BRANCH not in labels:
        return
    example = chat_example(
        decision,
        TaskName.CLASSIFICATION,
        document=document,
        instruction=_instruction(labels),
        target=format_labels(labels),
    )
    if example:
        yield example


def decision_labels(decision: Decision) -> dict[str, str]:
    """The labels of a decision that are known, by the names used in prompt and answer."""
    known = {
        BRANCH: court_branch(decision),
        KIND: decision_kind(decision),
        OUTCOME: read_outcome(decision.section(SectionName.TENOR)),
    }
    return {name: str(value) for name, value in known.items() if value}


def format_labels(labels: Mapping[str, str]) -> str:
    """One line a label: "Gerichtsbarkeit: ..."."""
    return "\n".join(f"{name}: {value}" for name, value in labels.items())


def parse_labels(text: str) -> dict[str, str]:
    """Reads labels from an answer; other lines, as a model may write them, are passed over."""
    labels: dict[str, str] = {}
    for line in text.splitlines():
        name, separator, value = line.partition(":")
        if separator and name.strip() in _CHOICES and value.strip():
            labels.setdefault(name.strip(), value.strip())
    return labels


def _instruction(labels: Mapping[str, str]) -> str:
    lines = (f"{name} ({_CHOICES[name]})" for name in labels)
    return (
        "Ordne diese Entscheidung ein. Antworte mit einer Zeile je Merkmal in der Form „Merkmal: Wert“. Merkmale:\n"
        + "\n".join(lines)
    )
