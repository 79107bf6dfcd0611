from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from legaltune.config.schema import TokensConfig
from legaltune.errors import DataError, InputMissingError
from legaltune.tokens.chat import render_example
from legaltune.tokens.dataset import TokenDataset, unigram_entropy, unigram_loss, write_token_dataset
from tests.tiny import chat_examples, make_tokenizer

TOKENIZER = make_tokenizer()


def write(folder: Path, examples: list[dict[str, Any]], *, sequence_length: int = 256) -> dict[str, Any]:
    return write_token_dataset(
        folder,
        examples,
        tokenizer=TOKENIZER,
        config=TokensConfig(sequence_length=sequence_length, min_document_tokens=4),
        dataset_fingerprint="f",
    )


def test_what_was_rendered_is_what_is_read(tmp_path: Path) -> None:
    examples = chat_examples(5) + chat_examples(3, split="test", seed=9)
    manifest = write(tmp_path, examples)
    dataset = TokenDataset(tmp_path, "test")
    assert len(dataset) == 3
    for index, example in enumerate(examples[5:]):
        rendered = render_example(
            TOKENIZER,
            example["messages"],
            document_chars=example["document_chars"],
            sequence_length=256,
            min_document_tokens=4,
        )
        assert np.array_equal(dataset.tokens(index), rendered.tokens)
        assert np.array_equal(dataset.loss_mask(index), rendered.loss_mask)
        assert dataset.num_targets[index] == rendered.loss_mask.sum() > 0
    assert manifest["examples"] == {"classification": {"train": 5, "test": 3}}
    assert manifest["num_tokens"] * 4 == (tmp_path / "tokens.bin").stat().st_size
    assert sum(manifest["length_histogram"].values()) == 8


def test_dropped_examples_are_counted_by_reason(tmp_path: Path) -> None:
    examples = chat_examples(4)
    examples[1]["messages"][2]["content"] = ""
    examples[2]["messages"][2]["content"] = "Klage " * 300
    manifest = write(tmp_path, examples)
    assert manifest["examples_dropped"] == {"empty_target": 1, "too_long_without_document": 1}
    assert manifest["examples"]["classification"]["train"] == 2


def test_nothing_to_train_on_is_an_error_and_leaves_no_manifest(tmp_path: Path) -> None:
    write(tmp_path, chat_examples(1))
    with pytest.raises(DataError, match="no training example is left"):
        write(tmp_path, chat_examples(2, split="test"))
    with pytest.raises(InputMissingError, match="legaltune tokenize"):
        TokenDataset(tmp_path, "train")


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path, chat_examples(2))
    data = (tmp_path / "tokens.bin").read_bytes()
    (tmp_path / "tokens.bin").write_bytes(data[:-4])
    with pytest.raises(DataError, match="the manifest says"):
        TokenDataset(tmp_path, "train")


def test_an_interrupted_run_is_not_taken_for_a_finished_one(tmp_path: Path) -> None:
    write(tmp_path, chat_examples(2))

    def failing() -> Any:
        yield chat_examples(1)[0]
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        write_token_dataset(
            tmp_path,
            failing(),
            tokenizer=TOKENIZER,
            config=TokensConfig(sequence_length=256, min_document_tokens=4),
            dataset_fingerprint="f",
        )
    with pytest.raises(InputMissingError):
        TokenDataset(tmp_path, "train")


def test_unigram_baselines(tmp_path: Path) -> None:
    write(tmp_path, chat_examples(50) + chat_examples(20, split="test", seed=5))
    train, test = TokenDataset(tmp_path, "train"), TokenDataset(tmp_path, "test")
    entropy = unigram_entropy(test, len(TOKENIZER))
    assert 0 < entropy <= unigram_loss(train, test, len(TOKENIZER)) < np.log(len(TOKENIZER))
