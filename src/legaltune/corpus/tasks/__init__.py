"""Tasks that turn one decision into chat examples. A new one is a module with `examples` and an entry in TASKS."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from legaltune.config.schema import TaskName
from legaltune.corpus.document import Decision
from legaltune.corpus.example import Example
from legaltune.corpus.tasks import case_analysis, classification, statute_interpretation, summarization
from legaltune.corpus.tasks.base import Limits, TaskContext, View, view_case
from legaltune.corpus.tasks.case import Case, read_case
from legaltune.corpus.tasks.checks import Rejection
from legaltune.corpus.tasks.classification import parse_labels
from legaltune.corpus.tasks.phrasings import load_phrasings
from legaltune.corpus.tasks.ready_made import ready_made_example

__all__ = [
    "TASKS",
    "Limits",
    "Rejection",
    "TaskContext",
    "TaskResult",
    "build_examples",
    "load_phrasings",
    "parse_labels",
    "read_case",
    "ready_made_example",
    "view_case",
]

TASKS: Mapping[TaskName, Callable[[Case, View, TaskContext], Iterator[Example | Rejection]]] = MappingProxyType(
    {
        TaskName.CLASSIFICATION: classification.examples,
        TaskName.SUMMARIZATION: summarization.examples,
        TaskName.CASE_ANALYSIS: case_analysis.examples,
        TaskName.STATUTE_INTERPRETATION: statute_interpretation.examples,
    }
)


@dataclass(frozen=True, slots=True)
class TaskResult:
    """What became of one decision.

    Attributes:
        rejected: Examples that were not made, by task and reason.
        num_sentences_left_out: Sentences longer than a window.
    """

    examples: list[Example] = field(default_factory=list)
    rejected: Counter[tuple[TaskName, Rejection]] = field(default_factory=Counter)
    num_sentences_left_out: int = 0


def build_examples(
    decision: Decision, context: TaskContext, *, tasks: Collection[TaskName] = tuple(TASKS)
) -> TaskResult:
    """All examples of the wanted tasks that the parts of a decision support, in the order of TASKS."""
    case = read_case(decision)
    view = view_case(case, context)
    examples: list[Example] = []
    rejected: Counter[tuple[TaskName, Rejection]] = Counter()
    for name, make in TASKS.items():
        for made in make(case, view, context) if name in tasks else ():
            if isinstance(made, Example):
                examples.append(made)
            else:
                rejected[name, made] += 1
    return TaskResult(examples, rejected, view.num_sentences_left_out)
