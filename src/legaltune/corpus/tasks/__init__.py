"""Tasks that turn one decision into chat examples. A new one is a module with `examples` and an entry in TASKS."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from legaltune.config.schema import TaskName
from legaltune.corpus.document import Decision
from legaltune.corpus.example import Example
from legaltune.corpus.statute_index import StatuteIndex
from legaltune.corpus.tasks import case_analysis, classification, statute_interpretation, summarization
from legaltune.corpus.tasks.base import Limits, TaskContext
from legaltune.corpus.tasks.classification import parse_labels

__all__ = ["TASKS", "Limits", "TaskContext", "build_examples", "parse_labels"]

TASKS: Mapping[TaskName, Callable[[Decision, TaskContext], Iterator[Example]]] = MappingProxyType(
    {
        TaskName.CLASSIFICATION: classification.examples,
        TaskName.SUMMARIZATION: summarization.examples,
        TaskName.CASE_ANALYSIS: case_analysis.examples,
        TaskName.STATUTE_INTERPRETATION: statute_interpretation.examples,
    }
)


def build_examples(decision: Decision, index: StatuteIndex, *, limits: Limits) -> list[Example]:
    """All examples that the parts of a decision support, in the order of TASKS."""
    context = TaskContext(index, limits)
    return [example for examples in TASKS.values() for example in examples(decision, context)]
