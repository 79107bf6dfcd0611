"""Renders one chat example to tokens, with the loss on the assistant's tokens only."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from jinja2 import TemplateError
from numpy.typing import NDArray

from legaltune.errors import ConfigurationError

Tokenizer = Any  # transformers.PreTrainedTokenizerFast: the library ships no usable types
Message = Mapping[str, str]


class TokenDropReason(StrEnum):
    """Why an example has no place in the token dataset."""

    EMPTY_TARGET = "empty_target"
    TOO_LONG_WITHOUT_DOCUMENT = "too_long_without_document"
    DOCUMENT_CUT_TOO_SHORT = "document_cut_too_short"


class ExampleDropped(Exception):  # noqa: N818 - an outcome that is counted, not an error of the run
    """The example cannot be rendered within the limits."""

    def __init__(self, reason: TokenDropReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RenderedExample:
    """Tokens of one example.

    Attributes:
        tokens: Token ids, shape (length,), uint32.
        loss_mask: 1 where the token is predicted (assistant content and its end-of-turn token), shape (length,), uint8.
        cut_tokens: Document tokens removed on the right to stay within the length limit.
    """

    tokens: NDArray[np.uint32]
    loss_mask: NDArray[np.uint8]
    cut_tokens: int = 0


@dataclass(frozen=True, slots=True)
class _Segment:
    text: str
    is_target: bool


def render_example(
    tokenizer: Tokenizer,
    messages: Sequence[Message],
    *,
    document_chars: int,
    sequence_length: int,
    min_document_tokens: int,
) -> RenderedExample:
    """Render and, where it is too long, cut the document on the right; the target is never cut.

    Args:
        tokenizer: Fast tokenizer with a chat template.
        messages: Chat messages with `role` and `content`; the last one is the assistant's.
        document_chars: Leading characters of the last user message that are document text and may be cut.
        sequence_length: Most tokens an example may have.
        min_document_tokens: Fewest tokens that must remain of a document that is cut.

    Raises:
        ExampleDropped: The target is empty, or the example cannot be cut to the limit.
    """
    messages = _without_special_tokens(tokenizer, messages)
    rendered = _encode_segments(tokenizer, _segments(tokenizer, messages))
    excess = len(rendered.tokens) - sequence_length
    if excess <= 0:
        return rendered
    user = max(index for index, message in enumerate(messages) if message["role"] == "user")
    content = messages[user]["content"]
    starts = _token_starts(tokenizer, content[:document_chars])
    kept = len(starts) - excess
    # Tokens merge differently at a cut, so the first try can be off by a few: step back until it fits.
    while kept >= max(min_document_tokens, 1):
        shortened = _whole_sentences(content[: starts[kept]]) + content[document_chars:]
        cut = _encode_segments(
            tokenizer,
            _segments(tokenizer, [*messages[:user], {"role": "user", "content": shortened}, *messages[user + 1 :]]),
        )
        if len(cut.tokens) <= sequence_length:
            return RenderedExample(cut.tokens, cut.loss_mask, cut_tokens=len(rendered.tokens) - len(cut.tokens))
        kept -= len(cut.tokens) - sequence_length
    if excess > len(starts):
        num_others = len(rendered.tokens) - len(starts)
        raise ExampleDropped(
            TokenDropReason.TOO_LONG_WITHOUT_DOCUMENT, f"{num_others} tokens beside the document, {sequence_length} fit"
        )
    raise ExampleDropped(
        TokenDropReason.DOCUMENT_CUT_TOO_SHORT,
        f"{max(kept, 0)} of {len(starts)} document tokens would remain, {min_document_tokens} are required",
    )


# A short word before the full stop may be an abbreviation, a small letter behind it goes on with the sentence.
_SENTENCE_END = re.compile(r"[a-zäöüß]{5}[.!?][”“\"»)]?(?=\s+[A-ZÄÖÜ„])|\n")
_LARGEST_LOSS = 1 / 4


def _whole_sentences(text: str) -> str:
    """A text that was cut anywhere, up to its last whole sentence or line, where that costs little of it."""
    earliest = int(len(text) * (1 - _LARGEST_LOSS))
    ends = [match.end() for match in _SENTENCE_END.finditer(text, earliest)]
    return text[: ends[-1] if ends else None].rstrip()


def _without_special_tokens(tokenizer: Tokenizer, messages: Sequence[Message]) -> list[dict[str, str]]:
    """Messages in which no text can pass for a control token ("<|im_end|>" in a document would end the turn).

    The first character of such a text is replaced by "‹", which keeps the length and with it `document_chars`.
    """
    cleaned = [dict(message) for message in messages]
    for message in cleaned:
        for token in tokenizer.all_special_tokens:
            message["content"] = message["content"].replace(token, "‹" + token[1:])
    return cleaned


def fingerprint(tokenizer: Tokenizer) -> str:
    """SHA-256 over vocabulary, merges and chat template: equal fingerprints give equal tokens."""
    digest = hashlib.sha256(tokenizer.backend_tokenizer.to_str().encode())
    digest.update((tokenizer.chat_template or "").encode())
    return digest.hexdigest()


def _apply_template(tokenizer: Tokenizer, messages: Sequence[Message], *, add_generation_prompt: bool) -> str:
    try:
        text: str = tokenizer.apply_chat_template(
            list(messages), tokenize=False, add_generation_prompt=add_generation_prompt
        )
    except TemplateError as error:
        roles = ", ".join(message["role"] for message in messages)
        raise ConfigurationError(
            f"the model's chat template refuses messages of the roles {roles}: {error}; choose a model that takes them"
        ) from error
    return text


def _segments(tokenizer: Tokenizer, messages: Sequence[Message]) -> list[_Segment]:
    """Split the rendered chat at the assistant's turns.

    Prompt and answer are encoded apart, as they are when the model generates, so that a token never spans both.
    """
    segments: list[_Segment] = []
    done = ""
    for index, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        if not message["content"].strip():
            raise ExampleDropped(TokenDropReason.EMPTY_TARGET, "the assistant's message is empty")
        prompt = _apply_template(tokenizer, messages[:index], add_generation_prompt=True)
        through = _apply_template(tokenizer, messages[: index + 1], add_generation_prompt=False)
        if not (prompt.startswith(done) and through.startswith(prompt)):
            raise ConfigurationError("the chat template rewrites earlier turns: choose a model whose template does not")
        answer = through[len(prompt) :].rstrip("\n")
        segments += [_Segment(prompt[len(done) :], is_target=False), _Segment(answer, is_target=True)]
        done = prompt + answer
    if not segments:
        raise ExampleDropped(TokenDropReason.EMPTY_TARGET, "there is no assistant message")
    return segments


def _encode_segments(tokenizer: Tokenizer, segments: Sequence[_Segment]) -> RenderedExample:
    pieces = [tokenizer(segment.text, add_special_tokens=False)["input_ids"] for segment in segments]
    mask = [
        np.full(len(piece), segment.is_target, dtype=np.uint8) for piece, segment in zip(pieces, segments, strict=True)
    ]
    return RenderedExample(np.concatenate([np.array(piece, dtype=np.uint32) for piece in pieces]), np.concatenate(mask))


def _token_starts(tokenizer: Tokenizer, text: str) -> list[int]:
    """Character offset at which each token of `text` starts."""
    offsets = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
    return [start for start, _ in offsets]
