from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import Qwen2Config, Qwen2ForCausalLM

from legaltune.errors import ConfigurationError, DataError, InputMissingError
from legaltune.model.embeddings import (
    EmbeddingExtension,
    NewRows,
    NewToken,
    NewTokenRows,
    add_new_tokens,
    extend_model,
    read_vectors,
    save_new_rows,
    start_rows,
    train_new_rows,
)
from legaltune.tokens.chat import fingerprint
from tests.tiny import make_tokenizer

TERMS = ("Revisionsklägerin", "Entscheidungsgründe", "§§")
TOKENS = (NewToken("a", 20, (3, 5, 7)), NewToken("b", 21, (4,)), NewToken("c", 22, (1, 1, 2)))
IDS = [20, 21, 22]
NUM_ROWS, SIZE = 24, 16


def ids_of(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def make_model(num_rows: int = NUM_ROWS, *, tied: bool) -> Any:
    torch.manual_seed(0)
    return Qwen2ForCausalLM(
        Qwen2Config(
            vocab_size=num_rows,
            hidden_size=SIZE,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            tie_word_embeddings=tied,
            initializer_range=0.3,
        )
    )


# Tokenizer


def test_new_tokens_take_the_next_ids_and_know_what_they_were_made_of() -> None:
    tokenizer, original = make_tokenizer(), make_tokenizer()
    added = add_new_tokens(tokenizer, TERMS)
    assert [token.token_id for token in added] == list(range(len(original), len(original) + len(TERMS)))
    assert [list(token.source_ids) for token in added] == [ids_of(original, term) for term in TERMS]


@pytest.mark.parametrize(
    ("text", "num_new"),
    [
        ("die Revisionsklägerin, (Revisionsklägerin) und Revisionsklägerin", 3),
        ("Revisionsklägerinnen, Mitrevisionsklägerin, Äußerungsrevisionsklägerin", 0),
        ("xRevisionsklägerin, äRevisionsklägerin, Revisionsklägerinä", 0),
        ("REVISIONSKLÄGERIN, revisionsklägerin", 0),
        ("den Entscheidungsgründen der Entscheidungsgründe\n§§ 823, 826 BGB, §§823", 2),
    ],
)
def test_a_new_token_stands_for_the_whole_word_and_texts_come_back(text: str, num_new: int) -> None:
    tokenizer = make_tokenizer()
    first = len(tokenizer)
    add_new_tokens(tokenizer, TERMS)
    ids = ids_of(tokenizer, text)
    assert sum(token_id >= first for token_id in ids) == num_new
    assert tokenizer.decode(ids) == text


def test_text_without_new_tokens_keeps_its_tokens() -> None:
    text = "Die Revisionsklägerinnen gemäß § 5, „Gründe“ für 日本 …"
    tokenizer = make_tokenizer()
    before = ids_of(tokenizer, text)
    add_new_tokens(tokenizer, TERMS)
    assert ids_of(tokenizer, text) == before
    assert tokenizer.decode(before) == text


def test_the_longest_of_overlapping_tokens_is_taken() -> None:
    tokenizer = make_tokenizer()
    short, long = add_new_tokens(tokenizer, ("Entscheidungsgründe", "Entscheidungsgründe des Urteils"))
    assert ids_of(tokenizer, "Entscheidungsgründe des Urteils") == [long.token_id]
    assert short.token_id in ids_of(tokenizer, "Entscheidungsgründe der Urteile")


def test_the_fingerprint_tells_added_tokens_and_their_order() -> None:
    fingerprints = set()
    for tokens in ((), TERMS, TERMS[:1], tuple(reversed(TERMS))):
        tokenizer = make_tokenizer()
        add_new_tokens(tokenizer, tokens)
        fingerprints.add(fingerprint(tokenizer))
    assert len(fingerprints) == 4


@pytest.mark.parametrize(
    ("tokens", "message"),
    [
        (["Klage"], "'Klage' is in the vocabulary already"),
        (["<|im_end|>"], "is in the vocabulary already"),
        ([""], "'' is blank"),
        (["  "], "is blank"),
        ([" Grundbuch"], "white space at an end"),
        (["Grundbuch", "Amt", "Grundbuch"], "'Grundbuch' is listed 2 times"),
        (["Gru\u0308nde"], "not in Unicode form NFC"),
    ],
)
def test_tokens_that_cannot_be_added_are_refused_and_nothing_is_added(tokens: list[str], message: str) -> None:
    tokenizer = make_tokenizer()
    before = fingerprint(tokenizer)
    with pytest.raises(ConfigurationError, match=message):
        add_new_tokens(tokenizer, tokens)
    assert fingerprint(tokenizer) == before


def test_all_faults_are_reported_at_once() -> None:
    with pytest.raises(ConfigurationError, match=r"'Klage' is in the vocabulary.*'' is blank"):
        add_new_tokens(make_tokenizer(), ["Klage", ""])


# Start rows


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_new_rows_are_means_and_the_others_stay(dtype: torch.dtype) -> None:
    matrix = torch.randn(20, SIZE).to(dtype)
    before = matrix.clone()
    extended = EmbeddingExtension(TOKENS).extend(matrix)
    assert extended.shape == (23, SIZE)
    assert extended.dtype == dtype
    assert torch.equal(extended[:20], before)
    for token in TOKENS:
        mean = sum(before[index].double() for index in token.source_ids) / len(token.source_ids)
        assert torch.equal(extended[token.token_id], torch.as_tensor(mean).to(dtype))


def test_spare_rows_are_taken_before_the_matrix_grows() -> None:
    extension = EmbeddingExtension(TOKENS)
    assert [extension.num_rows(num) for num in (10, 20, 22, 23, 152_064)] == [23, 23, 23, 23, 152_064]
    matrix = torch.randn(NUM_ROWS, SIZE)
    before, rows = matrix.clone(), extension.rows(matrix)
    extended = extension.extend(matrix)
    assert extended.shape == before.shape
    assert torch.equal(extended[IDS], rows)
    assert torch.equal(extended[:20], before[:20])
    assert torch.equal(extended[23:], before[23:])


def test_the_head_starts_from_means_where_the_embedding_has_vectors() -> None:
    vectors, matrix = torch.randn(3, SIZE), torch.randn(20, SIZE)
    extension = EmbeddingExtension(TOKENS, vectors)
    assert torch.equal(extension.rows(matrix), vectors)
    assert torch.equal(extension.rows(matrix, is_head=True), EmbeddingExtension(TOKENS).rows(matrix))


def test_vectors_of_another_size_are_refused() -> None:
    with pytest.raises(DataError, match="vectors of 300 numbers, the model's embeddings have 16"):
        EmbeddingExtension(TOKENS, torch.randn(3, 300)).rows(torch.randn(20, SIZE))


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("num_rows", [20, 24])
def test_a_model_gets_the_rows_in_embedding_and_head(tied: bool, num_rows: int) -> None:
    model, original = make_model(num_rows, tied=tied), make_model(num_rows, tied=tied)
    extension = EmbeddingExtension(TOKENS, torch.randn(3, SIZE))
    extend_model(model, extension)
    expected_rows = max(num_rows, 23)
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    assert (head.weight is embedding.weight) == tied
    assert model.config.vocab_size == embedding.num_embeddings == head.out_features == expected_rows
    assert torch.equal(embedding.weight, extension.extend(original.get_input_embeddings().weight.detach().clone()))
    if not tied:
        head_before = original.get_output_embeddings().weight.detach().clone()
        assert torch.equal(head.weight, extension.extend(head_before, is_head=True))
    assert model(input_ids=torch.tensor([IDS])).logits.shape == (1, 3, expected_rows)


# Files of vectors


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("header", [(), ("4 3",)])
def test_vectors_are_read_in_the_order_of_the_tokens(tmp_path: Path, header: tuple[str, ...]) -> None:
    lines = ["Größe 1 2 3", "other x y", "", "in_Verbindung_mit 7 8 -9e-1", "Amt 4 5 6 "]
    path = write(tmp_path / "vectors.txt", *header, *lines)
    vectors = read_vectors(path, ["Amt", "Größe", "in Verbindung mit"])
    assert torch.equal(vectors, torch.tensor([[4, 5, 6], [1, 2, 3], [7, 8, -0.9]]))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["Amt 1 2"], "no vector for 'Größe'"),
        (["Amt 1 2", "Größe 1 2 3"], r"line 2: 'Größe' has 3 numbers, line 1 has 2"),
        (["Amt 1 2", "Größe 1 zwei"], r"line 2: .*zwei"),
        (["Amt 1 2", "Größe 1 nan"], "line 2: .*not finite"),
        (["Amt", "Größe"], "line 1: the vector is empty"),
        (["2 2", "Amt 1 2", "Größe 1 2", "Amt 1 2"], "line 4: 'Amt' has a vector in line 2 already"),
    ],
)
def test_faults_in_a_file_of_vectors_name_the_line(tmp_path: Path, lines: list[str], message: str) -> None:
    with pytest.raises(DataError, match=message):
        read_vectors(write(tmp_path / "vectors.txt", *lines), ["Amt", "Größe"])


def test_a_missing_file_of_vectors_is_a_missing_input(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="does not exist"):
        read_vectors(tmp_path / "vectors.txt", ["Amt"])


# Trained rows

INPUTS = torch.tensor([[1, 20, 5, 22, 22, 7, 3, 20], [2, 9, 21, 4, 0, 11, 20, 6]])


def loss_of(model: Any) -> torch.Tensor:
    logits = model(input_ids=INPUTS).logits[:, :-1]
    return torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), INPUTS[:, 1:].reshape(-1))


def trained_rows(model: Any) -> dict[str, torch.Tensor]:
    return {
        name.removesuffix(".token_adapter"): module.trainable_tokens_delta
        for name, module in model.named_modules()
        if isinstance(module, NewTokenRows)
    }


def with_trained_rows(*, tied: bool) -> Any:
    model = get_peft_model(make_model(tied=tied), LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM"))
    base = model.get_base_model()
    train_new_rows(base, start_rows(base, EmbeddingExtension(TOKENS)))
    return model


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("checkpointing", [False, True])
def test_gradients_of_the_rows_equal_those_of_a_whole_trained_matrix(tied: bool, checkpointing: bool) -> None:
    whole = make_model(tied=tied)
    expected = loss_of(whole)
    expected.backward()  # type: ignore[no-untyped-call]
    model = with_trained_rows(tied=tied)
    if checkpointing:
        model.gradient_checkpointing_enable()
    loss = loss_of(model.train())
    loss.backward()  # type: ignore[no-untyped-call]
    assert float(loss) == pytest.approx(float(expected), rel=1e-6)
    gradients = {name: rows.grad for name, rows in trained_rows(model.get_base_model()).items()}
    assert set(gradients) == ({"model.embed_tokens"} if tied else {"model.embed_tokens", "lm_head"})
    for name, gradient in gradients.items():
        assert gradient is not None
        torch.testing.assert_close(gradient, whole.get_submodule(name).weight.grad[IDS], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("tied", [True, False])
def test_only_the_adapter_and_the_rows_are_trained(tied: bool) -> None:
    model = with_trained_rows(tied=tied)
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    rows = {name for name in trained if "lora_" not in name}
    assert len(trained) - len(rows) == 4
    prefix, suffix = "base_model.model.", ".token_adapter.trainable_tokens_delta"
    assert rows == {f"{prefix}{name}{suffix}" for name in trained_rows(model.get_base_model())}


def test_the_head_hands_its_rows_to_the_loss() -> None:
    for tied in (True, False):
        model = with_trained_rows(tied=tied).get_base_model()
        head = model.get_output_embeddings()
        ids, values = head.rows()
        values.sum().backward()
        trained = trained_rows(model)["model.embed_tokens" if tied else "lm_head"]
        assert ids.tolist() == IDS
        assert torch.equal(values, trained)
        assert trained.grad is not None
        assert head.weight.shape == (NUM_ROWS, SIZE)
        assert not head.weight.requires_grad


def test_a_scaled_embedding_scales_new_rows_too() -> None:
    model = make_model(tied=True)

    class Scaled(torch.nn.Embedding):
        embed_scale = torch.tensor(3.0)

        def forward(self, input: torch.Tensor) -> torch.Tensor:
            return super().forward(input) * self.embed_scale

    scaled = Scaled(NUM_ROWS, SIZE)
    model.set_input_embeddings(scaled)
    model.tie_weights()
    expected = scaled(INPUTS)
    train_new_rows(model, start_rows(model, EmbeddingExtension(TOKENS)))
    assert torch.equal(model.get_input_embeddings()(INPUTS), expected)


@pytest.mark.parametrize("tied", [True, False])
def test_plain_peft_loads_trained_rows_from_the_adapter(tmp_path: Path, tied: bool) -> None:
    model = with_trained_rows(tied=tied)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.1)
    first = loss_of(model)
    for _ in range(3):
        optimizer.zero_grad()
        loss_of(model).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    expected = model(input_ids=INPUTS).logits
    model.save_pretrained(tmp_path, save_embedding_layers=False)
    save_new_rows(tmp_path, NewRows(IDS, trained_rows(model.get_base_model())))
    loaded = PeftModel.from_pretrained(make_model(tied=tied), tmp_path)
    torch.testing.assert_close(loaded(input_ids=INPUTS).logits, expected, rtol=1e-4, atol=1e-5)
    assert float(loss_of(loaded)) < float(first) - 0.1


@pytest.mark.parametrize("tied", [True, False])
def test_plain_peft_gets_frozen_rows_from_the_adapter(tmp_path: Path, tied: bool) -> None:
    extended = make_model(20, tied=tied)
    extension = EmbeddingExtension(TOKENS)
    extend_model(extended, extension)
    rows = start_rows(extended, extension)
    expected = extended(input_ids=INPUTS).logits
    model = get_peft_model(extended, LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM"))
    model.save_pretrained(tmp_path, save_embedding_layers=False)
    save_new_rows(tmp_path, rows)
    base = make_model(20, tied=tied)
    base.resize_token_embeddings(23)
    loaded = PeftModel.from_pretrained(base, tmp_path)
    assert torch.equal(loaded(input_ids=INPUTS).logits, expected)
