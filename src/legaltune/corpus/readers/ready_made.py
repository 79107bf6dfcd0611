"""Ready-made chat examples that people bring along, one record a line (JSONL) or in a JSON list.

Four shapes are in use: OpenAI's `messages` (role, content), ShareGPT's `conversations` (from, value), Alpaca's
`instruction` / `input` / `output`, and `prompt` / `completion`. Optional fields beside them are `system`, `id`, `group`
and `language`; any other field is left alone. Where a record names no group, it shares one with the records that ask
about the same text: several tasks for one document, several answers to one question.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from legaltune.corpus.cleaning import normalize
from legaltune.corpus.document import DocumentError, DropReason, ReadyMade
from legaltune.corpus.readers.content import Content

name = "ready-made"

_SHAPES = (("messages",), ("conversations",), ("instruction", "output"), ("prompt", "completion"))
_ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "model": "assistant",
}
# A shorter `input` ("Deutsch") says nothing about what belongs together: then the whole question must be the same.
_SHORTEST_DOCUMENT = 200
_CALLS = ("tool_calls", "function_call")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*")
_LINE_BREAKS = re.compile(r"\r\n?|[\u2028\u2029\x85]")
_DROPPED_CATEGORIES = frozenset({"Cc", "Cs"})
_KEPT = frozenset("\n\t")
_INVISIBLE = frozenset("\u00ad\u200b\ufeff")

Message = tuple[str, str]


def sniff(content: Content) -> bool:
    """A record with the fields of one of the four shapes."""
    value = content.value
    return isinstance(value, dict) and any(all(key in value for key in shape) for shape in _SHAPES)


def read(content: Content) -> ReadyMade:
    """Read one example.

    Raises:
        DocumentError: INVALID_EXAMPLE.
    """
    record: Mapping[str, Any] = content.value
    messages = _messages(record)
    _check_order(messages)
    return ReadyMade(
        document_id=_identifier(record, messages),
        source=name,
        messages=messages,
        group=_label(record, "group") or _same_text(record, messages),
        language=_language(record),
    )


def _identifier(record: Mapping[str, Any], messages: tuple[Message, ...]) -> str:
    """The record's own identifier, made unique by its content: two files may both count their records from 0."""
    label, digest = _label(record, "id"), _digest(messages)
    return f"{label}-{digest[:8]}" if label else digest


def _invalid(detail: str) -> DocumentError:
    return DocumentError(DropReason.INVALID_EXAMPLE, detail)


def _messages(record: Mapping[str, Any]) -> tuple[Message, ...]:
    if "messages" in record:
        turns = _turns(record["messages"], "messages", "role", "content")
    elif "conversations" in record:
        turns = _turns(record["conversations"], "conversations", "from", "value")
    elif "instruction" in record:
        turns = [("user", _instruction(record)), ("assistant", _text(record["output"], "output"))]
    else:
        turns = _prompt(record["prompt"], record["completion"])
    if record.get("system") and turns and turns[0][0] != "system":
        turns.insert(0, ("system", _text(record["system"], "system")))
    return tuple(turns)


def _turns(value: Any, key: str, role_key: str, content_key: str) -> list[Message]:
    if not isinstance(value, list) or not value:
        raise _invalid(f"{key} is no list of messages")
    return [_turn(turn, f"{key}[{i}]", role_key, content_key) for i, turn in enumerate(value)]


def _turn(turn: Any, where: str, role_key: str, content_key: str) -> Message:
    if not isinstance(turn, dict):
        raise _invalid(f"{where} is no object with {role_key} and {content_key}")
    printed = turn.get(role_key)
    role = _ROLES.get(printed) if isinstance(printed, str) else None
    if role is None:
        raise _invalid(f"{where}.{role_key} is {_shown(printed)}: use one of {', '.join(_ROLES)}")
    if any(turn.get(key) for key in _CALLS):
        raise _invalid(f"{where} calls a tool: examples with tools cannot be used")
    if turn.get("weight") == 0:
        raise _invalid(f"{where} has the weight 0: every answer is trained on, so leave the message out or the weight")
    return role, _text(turn.get(content_key), f"{where}.{content_key}")


def _instruction(record: Mapping[str, Any]) -> str:
    instruction = _text(record["instruction"], "instruction")
    given = record.get("input")
    return instruction if given is None or given == "" else f"{instruction}\n\n{_text(given, 'input')}"


def _prompt(prompt: Any, completion: Any) -> list[Message]:
    """Both are texts or, as in conversational data sets, both are lists of messages."""
    if isinstance(prompt, list) and isinstance(completion, list):
        asked = _turns(prompt, "prompt", "role", "content")
        return asked + _turns(completion, "completion", "role", "content")
    return [("user", _text(prompt, "prompt")), ("assistant", _text(completion, "completion"))]


def _text(value: Any, where: str) -> str:
    """Text of a message; a list of text parts is joined by line breaks."""
    if isinstance(value, list):
        if not all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in value):
            raise _invalid(f"{where} holds a part that is no text: only text can be used")
        value = "\n".join(part["text"] for part in value)
    if not isinstance(value, str):
        raise _invalid(f"{where} is {_shown(value)}: it must be a text")
    cleaned = _clean(value)
    if not cleaned:
        raise _invalid(f"{where} is empty")
    return cleaned


def _clean(text: str) -> str:
    """NFC without control characters; line breaks, indentation and inner blank lines stay (code may depend on them)."""
    text = _LINE_BREAKS.sub("\n", text)
    if not text.isascii() or not text.replace("\n", "").isprintable():
        dropped = {ord(c): None for c in set(text) if _is_dropped(c)}
        text = normalize(text.translate(dropped))
    text = text.rstrip()
    blank_lines = len(text) - len(text.lstrip())
    return text[text.rfind("\n", 0, blank_lines) + 1 :]


def _is_dropped(character: str) -> bool:
    if character in _KEPT:
        return False
    return character in _INVISIBLE or unicodedata.category(character) in _DROPPED_CATEGORIES


def _check_order(messages: Sequence[Message]) -> None:
    first = 1 if messages[0][0] == "system" else 0
    for index, (role, _) in enumerate(messages[first:]):
        expected = ("user", "assistant")[index % 2]
        if role != expected:
            detail = f"message {first + index} is the {role}'s, where the {expected}'s is due"
            raise _invalid(f"{detail}: an optional system message, then user and assistant in turn")
    if messages[-1][0] != "assistant":
        raise _invalid("ends without an answer of the assistant")


def _label(record: Mapping[str, Any], key: str) -> str | None:
    value = record.get(key)
    if value in (None, ""):
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise _invalid(f"{key} is {_shown(value)}: it must be a text or a whole number")
    return _clean(str(value)).strip() or None


def _language(record: Mapping[str, Any]) -> str:
    value = record.get("language")
    if value in (None, ""):
        return "de"
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value):
        raise _invalid(f'language is {_shown(value)}: use a code as "de" or "en"')
    return value


def _digest(messages: Sequence[Message]) -> str:
    text = "\x1e".join(f"{role}\x1f{content}" for role, content in messages)
    return sha256(text.encode()).hexdigest()[:32]


def _same_text(record: Mapping[str, Any], messages: Sequence[Message]) -> str:
    """Digest of the document that an example is about, or of its first question; white space and case aside."""
    given = record.get("input")
    document = _text(given, "input") if given and "instruction" in record else ""
    if len(document) < _SHORTEST_DOCUMENT:
        document = next(content for role, content in messages if role == "user")
    return sha256(" ".join(document.casefold().split()).encode()).hexdigest()[:32]


def _shown(value: Any) -> str:
    """A value as an error message shows it: never long, never a user's whole text."""
    if value is None:
        return "missing"
    text = repr(value) if isinstance(value, str | int | float) else f"a JSON {type(value).__name__}"
    return text if len(text) <= 40 else f"{text[:37]}..."
