"""Greedy answers to held-out prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import GenerationConfig

from legaltune.logs import progress
from legaltune.tokens.dataset import TokenDataset
from legaltune.tokens.packing import spread


@dataclass(frozen=True, slots=True)
class Question:
    """A held-out prompt (token ids) with its reference answer (text); of a dialogue its last answer is asked for."""

    document_id: str
    prompt: list[int]
    reference: str


def questions(dataset: TokenDataset, task: str, tokenizer: Any, *, limit: int) -> list[Question]:
    """Prompts and references of one task, spread evenly over the split where there are more than `limit`."""
    indices = [index for index, name in enumerate(dataset.tasks) if name == task]
    return [_question(dataset, index, tokenizer) for index in spread(indices, limit)]


def references(dataset: TokenDataset, task: str, tokenizer: Any) -> list[str]:
    """The last answers of all examples of one task, as text."""
    return [_reference(dataset, index, tokenizer) for index, name in enumerate(dataset.tasks) if name == task]


def stop_tokens(dataset: TokenDataset, tokenizer: Any) -> list[int]:
    """Tokens that end an answer: the tokenizer's end of text, and the end of turn that the answers were trained with.

    They differ for base models such as Qwen2.5-7B (`<|endoftext|>`, `<|im_end|>`).
    """
    return sorted({tokenizer.eos_token_id, int(dataset.targets(0)[-1])})


@torch.no_grad()
def generate_answers(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[Sequence[int]],
    *,
    stop: Sequence[int],
    max_new_tokens: int,
    batch_size: int,
    device: torch.device,
) -> list[str]:
    """Greedy decoding, several prompts at once (padded on the left).

    Args:
        model: Hugging Face model, with or without adapter, in evaluation mode on `device`.
        tokenizer: Its tokenizer.
        prompts: Token ids per prompt.
        stop: Tokens that end an answer.
        max_new_tokens: Longest answer (tokens).
        batch_size: Prompts per batch.
        device: Where the model lies.

    Returns:
        One answer per prompt, in order, without special tokens.
    """
    answers = [""] * len(prompts)
    padding = tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    settings = GenerationConfig(
        max_new_tokens=max_new_tokens,
        do_sample=False,
        eos_token_id=list(stop),
        pad_token_id=padding,
        use_cache=True,
    )
    by_length = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    with progress("answers", len(prompts)) as advance:
        for start in range(0, len(by_length), batch_size):
            indices = by_length[start : start + batch_size]
            input_ids, mask = _pad_left([prompts[index] for index in indices], padding)
            output = model.generate(
                input_ids=input_ids.to(device), attention_mask=mask.to(device), generation_config=settings
            )
            texts = tokenizer.batch_decode(output[:, input_ids.shape[1] :], skip_special_tokens=True)
            for index, text in zip(indices, texts, strict=True):
                answers[index] = text.strip()
            advance(len(indices))
    return answers


def _question(dataset: TokenDataset, index: int, tokenizer: Any) -> Question:
    prompt = dataset.tokens(index)[: _start_of_last_answer(dataset, index)].tolist()
    return Question(dataset.document_ids[index], prompt, _reference(dataset, index, tokenizer))


def _reference(dataset: TokenDataset, index: int, tokenizer: Any) -> str:
    answer = dataset.tokens(index)[_start_of_last_answer(dataset, index) :]
    text: str = tokenizer.decode(answer.tolist(), skip_special_tokens=True)
    return text.strip()


def _start_of_last_answer(dataset: TokenDataset, index: int) -> int:
    """Position of its first token; an example ends with an answer."""
    return int(np.flatnonzero(dataset.loss_mask(index) == 0)[-1]) + 1


def _pad_left(prompts: Sequence[Sequence[int]], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(len(prompt) for prompt in prompts)
    input_ids = torch.full((len(prompts), longest), padding, dtype=torch.int64)
    mask = torch.zeros((len(prompts), longest), dtype=torch.int64)
    for row, prompt in enumerate(prompts):
        input_ids[row, longest - len(prompt) :] = torch.tensor(prompt, dtype=torch.int64)
        mask[row, longest - len(prompt) :] = 1
    return input_ids, mask
