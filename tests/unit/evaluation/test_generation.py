from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from legaltune.evaluation.generation import generate_answers, questions, references, stop_tokens
from legaltune.tokens.dataset import TokenDataset
from tests.tiny import chat_examples, save_model, save_tokens

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder)
    return folder


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Any:
    return AutoTokenizer.from_pretrained(folder)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, tokenizer: Any) -> TokenDataset:
    folder = tmp_path_factory.mktemp("tokens")
    save_tokens(folder, chat_examples(8), tokenizer)
    return TokenDataset(folder, "train")


def answer(folder: Path, tokenizer: Any, prompts: list[list[int]], **settings: Any) -> list[str]:
    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    values: dict[str, Any] = {"stop": [tokenizer.eos_token_id], "max_new_tokens": 12, "batch_size": 3, "device": CPU}
    values |= settings
    return generate_answers(model, tokenizer, prompts, **values)


def test_a_question_is_the_prompt_that_was_trained_on(dataset: TokenDataset, tokenizer: Any) -> None:
    example = chat_examples(8)[2]["messages"]
    question = questions(dataset, "classification", tokenizer, limit=8)[2]
    assert question.prompt == tokenizer.apply_chat_template(example[:2], add_generation_prompt=True)["input_ids"]
    assert question.reference == example[2]["content"]
    assert len(questions(dataset, "classification", tokenizer, limit=3)) == 3
    assert questions(dataset, "summarization", tokenizer, limit=3) == []
    assert len(references(dataset, "classification", tokenizer)) == 8


def test_of_a_dialogue_the_last_answer_is_asked_for(tmp_path: Path, tokenizer: Any) -> None:
    row = chat_examples(1)[0]
    messages = [*row["messages"], {"role": "user", "content": "Klage?"}, {"role": "assistant", "content": "Frist"}]
    save_tokens(tmp_path, [row | {"messages": messages}], tokenizer)
    (question,) = questions(TokenDataset(tmp_path, "train"), "classification", tokenizer, limit=1)
    assert question.prompt == tokenizer.apply_chat_template(messages[:-1], add_generation_prompt=True)["input_ids"]
    assert question.reference == "Frist"


def test_batches_give_the_answers_of_single_prompts(folder: Path, dataset: TokenDataset, tokenizer: Any) -> None:
    prompts = [question.prompt for question in questions(dataset, "classification", tokenizer, limit=5)]
    alone = [answer(folder, tokenizer, [prompt])[0] for prompt in prompts]
    assert answer(folder, tokenizer, prompts) == alone


def test_answers_end_at_the_end_of_turn_of_the_training_data(
    folder: Path, dataset: TokenDataset, tokenizer: Any
) -> None:
    """Also where the tokenizer's own end token is another, as that of base models is."""
    end_of_turn = tokenizer.convert_tokens_to_ids("<|im_end|>")
    base = AutoTokenizer.from_pretrained(folder, eos_token="<|endoftext|>")
    assert end_of_turn in stop_tokens(dataset, base)
    assert base.eos_token_id in stop_tokens(dataset, base)


def test_generation_stops_at_each_stop_token(folder: Path, dataset: TokenDataset, tokenizer: Any) -> None:
    prompt = questions(dataset, "classification", tokenizer, limit=1)[0].prompt
    free = answer(folder, tokenizer, [prompt], stop=[10_000])[0]
    first = tokenizer(free, add_special_tokens=False)["input_ids"][0]
    stopped = answer(folder, tokenizer, [prompt], stop=[10_000, first])[0]
    assert len(stopped) < len(free)


def test_a_tokenizer_without_padding_token_works(folder: Path, dataset: TokenDataset) -> None:
    tokenizer = AutoTokenizer.from_pretrained(folder)
    prompts = [question.prompt for question in questions(dataset, "classification", tokenizer, limit=2)]
    expected = answer(folder, tokenizer, prompts)
    tokenizer.pad_token = None
    assert answer(folder, tokenizer, prompts) == expected
