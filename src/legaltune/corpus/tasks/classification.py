"""Classification: which branch decided, in which form, and how the request ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from legaltune.config.schema import TaskName
from legaltune.corpus.court import CourtBranch, court_branch, decision_kind
from legaltune.corpus.document import Decision, SectionName
from legaltune.corpus.example import Example
from legaltune.corpus.outcome import Outcome, read_outcome
from legaltune.corpus.tasks.base import TaskContext, View, chat_example
from legaltune.corpus.tasks.case import Case
from legaltune.corpus.tasks.checks import Rejection
from legaltune.corpus.tasks.leaks import Label, states_label

BRANCH, KIND, OUTCOME = Label.BRANCH.value, Label.KIND.value, Label.OUTCOME.value

_CHOICES: Mapping[Label, tuple[str, ...]] = MappingProxyType(
    {Label.BRANCH: tuple(CourtBranch), Label.KIND: ("Urteil", "Beschluss"), Label.OUTCOME: tuple(Outcome)}
)


def examples(case: Case, view: View, context: TaskContext) -> Iterator[Example | Rejection]:
    """One example where the branch is known; it asks only for labels that are known and not stated.

    The outcome is not asked for where the prompt leaves out a part of the decision: it might rest on that.
    """
    known = decision_labels(case.decision)
    if view.lead.part:
        known.pop(Label.OUTCOME, None)
    if not view.lead.text or Label.BRANCH not in known:
        return
    labels = unstated_labels(known, view.lead.text, case.decision)
    if not labels:
        yield Rejection.LABELS_STATED
        return
    wording = context.choose(context.phrasings.classification, case.decision, TaskName.CLASSIFICATION)
    yield chat_example(
        case,
        context,
        TaskName.CLASSIFICATION,
        document=view.lead,
        instruction=wording.replace("{labels}", _ask(labels, context.phrasings.other_kind)),
        target=format_labels(labels),
    )


def decision_labels(decision: Decision) -> dict[Label, str]:
    """The labels of a decision that are known."""
    known = {
        Label.BRANCH: court_branch(decision),
        Label.KIND: decision_kind(decision),
        Label.OUTCOME: read_outcome(decision.section(SectionName.TENOR)),
    }
    return {label: str(value) for label, value in known.items() if value}


def unstated_labels(labels: Mapping[Label, str], document: str, decision: Decision) -> dict[Label, str]:
    """The labels that the document does not give away."""
    tenor = decision.section(SectionName.TENOR)
    return {label: value for label, value in labels.items() if not states_label(document, label, value, tenor=tenor)}


def format_labels(labels: Mapping[Label, str] | Mapping[str, str]) -> str:
    """One line a label: "Gerichtsbarkeit: ..."."""
    return "\n".join(f"{label}: {value}" for label, value in labels.items())


def parse_labels(text: str) -> dict[str, str]:
    """Reads labels from an answer; other lines, as a model may write them, are passed over."""
    labels: dict[str, str] = {}
    for line in text.splitlines():
        name, separator, value = line.partition(":")
        if separator and name.strip() in set(Label) and value.strip():
            labels.setdefault(name.strip(), value.strip())
    return labels


def _ask(labels: Mapping[Label, str], other_kind: str) -> str:
    """A line for each label with all its values, always in the same order."""
    return "\n".join(
        f"{label} ({', '.join(_CHOICES[label])}{' ' + other_kind if label is Label.KIND else ''})" for label in labels
    )
