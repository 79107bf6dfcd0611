"""Greedy answers to held-out prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from legaltune.logs import progress
from legaltune.tokens.dataset import TokenDataset


@dataclass(frozen=True, slots=True)
class Question:
    """A held-out prompt (token ids) with its reference answer (text)."""

    document_id: str
    prompt: list[int]
    reference: str


def questions(dataset: TokenDataset, task: str, tokenizer: Any, *, limit: int | None = None) -> list[Question]:
    """Prompts and references of one task, spread evenly over the split where there are more than `limit`."""
    indices = [index for index, name in enumerate(dataset.tasks) if name == task]
    if limit is not None and len(indices) > limit:
        indices = [indices[int(position)] for position in np.linspace(0, len(indices) - 1, limit)] if limit else []
    return [_question(dataset, index, tokenizer) for index in indices]


@torch.no_grad()
def generate_answers(
    model: Any,
    tokenizer: Any,
    prompts: Sequence[Sequence[int]],
    *,
    max_new_tokens: int,
    batch_size: int,
    device: torch.device,
) -> list[str]:
    """Greedy decoding, several prompts at once (padded on the left); stops at the end-of-turn token.

    Args:
        model: Hugging Face model, with or without adapter, in evaluation mode on `device`.
        tokenizer: Its tokenizer.
        prompts: Token ids per prompt.
        max_new_tokens: Longest answer (tokens).
        batch_size: Prompts per batch.
        device: Where the model lies.

    Returns:
        One answer per prompt, in order, without special tokens.
    """
    answers = [""] * len(prompts)
    by_length = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    with progress("answers", len(prompts)) as advance:
        for start in range(0, len(by_length), batch_size):
            indices = by_length[start : start + batch_size]
            input_ids, mask = _pad_left([prompts[index] for index in indices], tokenizer.pad_token_id)
            output = model.generate(
                input_ids=input_ids.to(device),
                attention_mask=mask.to(device),
                max_new_tokens=max_new_tokens,
                do_sample=False,
                use_cache=True,
                eos_token_id=tokenizer.eos_token_id,
                pad_token_id=tokenizer.pad_token_id,
            )
            texts = tokenizer.batch_decode(output[:, input_ids.shape[1] :], skip_special_tokens=True)
            for index, text in zip(indices, texts, strict=True):
                answers[index] = text.strip()
            advance(len(indices))
    return answers


def _question(dataset: TokenDataset, index: int, tokenizer: Any) -> Question:
    tokens, mask = dataset.tokens(index), dataset.loss_mask(index)
    first = int(np.argmax(mask))
    reference = tokenizer.decode(tokens[mask == 1].tolist(), skip_special_tokens=True)
    return Question(dataset.document_ids[index], tokens[:first].tolist(), reference.strip())


def _pad_left(prompts: Sequence[Sequence[int]], padding: int) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(len(prompt) for prompt in prompts)
    input_ids = torch.full((len(prompts), longest), padding, dtype=torch.int64)
    mask = torch.zeros((len(prompts), longest), dtype=torch.int64)
    for row, prompt in enumerate(prompts):
        input_ids[row, longest - len(prompt) :] = torch.tensor(prompt, dtype=torch.int64)
        mask[row, longest - len(prompt) :] = 1
    return input_ids, mask
