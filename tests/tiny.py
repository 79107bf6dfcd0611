"""A tiny random Qwen2 model with a tokenizer, and chat examples, for tests to which any model will do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import pre_tokenizers
from transformers import Qwen2Config, Qwen2ForCausalLM, Qwen2Tokenizer

from legaltune.config.schema import TokensConfig
from legaltune.tokens.dataset import write_token_dataset

REPOSITORY = Path(__file__).resolve().parent.parent
CHAT_TEMPLATE = (REPOSITORY / "scripts" / "qwen2.5_chat_template.jinja").read_text(encoding="utf-8")
WORDS = ["Klage", "Revision", "Gericht", "Kläger", "Urteil", "Vertrag", "Frist", "begründet", "gemäß", "§"]


def make_tokenizer() -> Any:
    """Byte-level BPE over a few legal words, with Qwen2.5's special tokens and chat template."""
    tokenizer = Qwen2Tokenizer(eos_token="<|im_end|>", pad_token="<|endoftext|>")
    tokenizer = tokenizer.train_new_from_iterator(
        [sentence(np.random.default_rng(n), 30) for n in range(50)],
        vocab_size=400,
        new_special_tokens=["<|im_start|>", "<|im_end|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def save_model(folder: Path, *, num_layers: int = 2, tied: bool = True) -> None:
    """Save a random Qwen2 model and the tokenizer as `from_pretrained` expects them."""
    tokenizer = make_tokenizer()
    torch.manual_seed(0)
    model = Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=len(tokenizer),
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=num_layers,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=512,
            tie_word_embeddings=tied,
            initializer_range=0.08,
        )
    )
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(std=0.1)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def save_tokens(folder: Path, examples: list[dict[str, Any]], tokenizer: Any = None) -> dict[str, Any]:
    """Write a token dataset for rows of 256 tokens; returns its manifest."""
    return write_token_dataset(
        folder,
        examples,
        tokenizer=tokenizer or make_tokenizer(),
        config=TokensConfig(sequence_length=256, min_document_tokens=4),
        dataset_fingerprint="f",
    )


def sentence(generator: np.random.Generator, num_words: int) -> str:
    """Random legal words."""
    return " ".join(generator.choice(WORDS, num_words))


def chat_examples(num: int, *, split: str = "train", seed: int = 0) -> list[dict[str, Any]]:
    """Rows as the prepared dataset holds them, of varied length."""
    rows = []
    for index in range(num):
        generator = np.random.default_rng([seed, index])
        document = sentence(generator, int(generator.integers(3, 40)))
        rows.append(
            {
                "example_id": f"{split}-{index}",
                "document_id": f"{split}-{index}",
                "task": "classification",
                "split": split,
                "document_chars": len(document),
                "messages": [
                    {"role": "system", "content": "Du bist ein juristischer Assistent."},
                    {"role": "user", "content": f"{document}\n\nWie endet das Verfahren?"},
                    {"role": "assistant", "content": sentence(generator, int(generator.integers(1, 8)))},
                ],
            }
        )
    return rows
