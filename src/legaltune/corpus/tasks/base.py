"""What the tasks share: the parts of a decision as text, the limits, the form of an example."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from legaltune.config.schema import TaskName
from legaltune.corpus.document import Decision, Paragraph, SectionName
from legaltune.corpus.example import Example, Message, build_prompt
from legaltune.corpus.statute_index import StatuteIndex

SYSTEM_PROMPT = (
    "Du bist ein juristischer Assistent für deutsches Recht. Du arbeitest genau, stützt dich auf den vorgelegten Text "
    "und erfindest weder Tatsachen noch Fundstellen."
)

_HEADINGS = {
    SectionName.TATBESTAND: "Tatbestand",
    SectionName.ENTSCHEIDUNGSGRUENDE: "Entscheidungsgründe",
    SectionName.GRUENDE: "Gründe",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes of what goes into an example.

    Attributes:
        max_target_characters: Longest answer of a case analysis or statute interpretation; ends at a paragraph.
        max_statute_examples: Most statute interpretations taken from one decision.
        max_norm_characters: Longest text of a norm in a prompt; of a longer norm only the cited Absatz.
    """

    max_target_characters: int = 6000
    max_statute_examples: int = 2
    max_norm_characters: int = 4000


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What a task may use beside the decision itself."""

    index: StatuteIndex
    limits: Limits


def facts_text(decision: Decision) -> str:
    """The Tatbestand under its heading, empty when the decision has none; a true prefix of `decision_text`."""
    return _section_text(decision, SectionName.TATBESTAND)


def decision_text(decision: Decision) -> str:
    """Tatbestand and grounds under their headings: nothing that names the court, the date or the result in a word."""
    grounds = _section_text(decision, SectionName.ENTSCHEIDUNGSGRUENDE) or _section_text(decision, SectionName.GRUENDE)
    return "\n\n".join(part for part in (facts_text(decision), grounds) if part)


def join_paragraphs(paragraphs: Sequence[Paragraph]) -> str:
    """Paragraphs as text, one a line block, without Randnummern."""
    return "\n".join(paragraph.text for paragraph in paragraphs)


def leading_paragraphs(paragraphs: Sequence[Paragraph], max_characters: int) -> Sequence[Paragraph]:
    """Whole paragraphs from the start that fit, without headings that nothing follows."""
    count = 0
    length = -1
    for paragraph in paragraphs:
        length += len(paragraph.text) + 1
        if length > max_characters:
            break
        count += 1
    while count and paragraphs[count - 1].is_heading:
        count -= 1
    return paragraphs[:count]


def chat_example(
    decision: Decision, task: TaskName, *, document: str, instruction: str, target: str, part: str = ""
) -> Example | None:
    """An example in the form all tasks share; None for an answer that is empty or only repeats the document's start.

    Args:
        decision: Where it comes from.
        task: What is asked.
        document: Text that comes first in the prompt and may be cut on the right.
        instruction: What follows it.
        target: The answer.
        part: Tells apart several examples of one task and decision.
    """
    answer = target.strip()
    if not answer or _first_lines(document).startswith(answer):
        return None
    content, document_chars = build_prompt(document, instruction)
    return Example(
        example_id="/".join(filter(None, (decision.source, decision.document_id, task.value, part))),
        task=task,
        document_id=decision.document_id,
        source=decision.source,
        language=decision.language,
        messages=(Message("system", SYSTEM_PROMPT), Message("user", content), Message("assistant", answer)),
        document_chars=document_chars,
    )


def _section_text(decision: Decision, name: SectionName) -> str:
    text = join_paragraphs(decision.section(name)).strip()
    return f"{_HEADINGS[name]}:\n{text}" if text else ""


def _first_lines(document: str) -> str:
    """The document without its first heading."""
    return document.partition("\n")[2].lstrip()
