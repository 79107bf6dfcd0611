"""One chat example: what a task makes of a decision, independent of any tokenizer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from legaltune.config.schema import TaskName

Role = Literal["system", "user", "assistant"]

_SEPARATOR = "\n\n"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a chat."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Example:
    """One chat example, ending with an assistant message; a ready-made one may hold several turns.

    Attributes:
        example_id: Unique in the dataset.
        document_chars: Number of leading characters of the last user message that are document text. They may be cut on
            the right when the example is too long; the instruction behind them may not.
    """

    example_id: str
    task: TaskName
    document_id: str
    source: str
    language: str
    messages: tuple[Message, ...]
    document_chars: int


def build_prompt(document: str, instruction: str) -> tuple[str, int]:
    """Builds a user message, document first so that the tasks of one decision share a prefix.

    Returns:
        The message and the number of its leading characters that are document text (0 without a document).
    """
    if not document:
        return instruction, 0
    return document + _SEPARATOR + instruction, len(document)
