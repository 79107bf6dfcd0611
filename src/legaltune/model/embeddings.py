"""Warm-started embeddings: domain tokens added to the tokenizer, and their rows in embedding and output head.

A new token's rows start as the mean of the rows of the tokens that spelled it so far, or its input row from a file of
vectors. They stay frozen or are trained alone; either way the saved adapter holds them.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from tokenizers import Regex, decoders, pre_tokenizers
from transformers import AddedToken

from legaltune.errors import ConfigurationError, DataError, InputMissingError
from legaltune.files import write_json

_ROWS_NAME = "base_model.model.{}.token_adapter.trainable_tokens_delta"  # PEFT's, in files and of the parameters


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that the original tokenizer did not have.

    Attributes:
        text: The token as it occurs in documents.
        token_id: Its row in embedding and output head.
        source_ids: Tokens that the original tokenizer made of it.
    """

    text: str
    token_id: int
    source_ids: tuple[int, ...]


def add_new_tokens(tokenizer: Any, tokens: Sequence[str]) -> tuple[NewToken, ...]:
    """Add domain tokens to a tokenizer.

    A new token stands for the whole word only (`single_word`): "Revisionsklägerin" is found in "(Revisionsklägerin)"
    but not in "Revisionsklägerinnen" or "Mitrevisionsklägerin", whose pieces the model knows and whose rest ("nen") it
    does not. Inflected forms that matter are tokens of their own. The space before a token stays a token of its own,
    so that decoding gives the text back. Tokens are matched as written, case and all, before the tokenizer's normalizer
    runs; documents are in Unicode form NFC, and so must the tokens be.

    Args:
        tokenizer: Fast tokenizer without the tokens; changed in place.
        tokens: Texts to add, in the order of their ids.

    Raises:
        ConfigurationError: A token is blank, listed twice, not in NFC, or in the vocabulary already, or the tokenizer
            has no free ids behind its vocabulary.
    """
    _check_new_tokens(tokenizer, tokens)
    sources = [_encode(tokenizer, token) for token in tokens]
    taken = set(tokenizer.get_vocab().values())
    tokenizer.add_tokens(
        [AddedToken(token, single_word=True, lstrip=False, rstrip=False, normalized=False) for token in tokens]
    )
    ids = tokenizer.convert_tokens_to_ids(list(tokens))
    if taken.intersection(ids):
        raise ConfigurationError(
            "model.new_tokens cannot be added: the ids behind this tokenizer's vocabulary are in use; "
            "remove model.new_tokens or choose another model"
        )
    _repair_decoder(tokenizer, tokens, ids)
    return tuple(
        NewToken(text, token_id, tuple(source)) for text, token_id, source in zip(tokens, ids, sources, strict=True)
    )


def _check_new_tokens(tokenizer: Any, tokens: Sequence[str]) -> None:
    faults = [f"{token!r} is listed {count} times" for token, count in Counter(tokens).items() if count > 1]
    vocabulary = tokenizer.get_vocab()
    for token in dict.fromkeys(tokens):
        if not token or token != token.strip():
            faults.append(f"{token!r} is blank or has white space at an end")
        elif not unicodedata.is_normalized("NFC", token):
            faults.append(f"{token!r} is not in Unicode form NFC, as documents are")
        elif token in vocabulary or _is_one_token(tokenizer, token) or _is_one_token(tokenizer, " " + token):
            faults.append(f"{token!r} is in the vocabulary already")
    if faults:
        raise ConfigurationError(f"model.new_tokens: {'; '.join(faults)}: remove or correct them")


def _is_one_token(tokenizer: Any, text: str) -> bool:
    ids = _encode(tokenizer, text)
    return len(ids) == 1 and ids[0] != tokenizer.unk_token_id


def _encode(tokenizer: Any, text: str) -> list[int]:
    ids: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return ids


def _repair_decoder(tokenizer: Any, tokens: Sequence[str], ids: Sequence[int]) -> None:
    """Make the new tokens decode to their text.

    Byte-level decoders take each character of a token for a byte. Added tokens are stored as plain text, so that "ä"
    would come back as the byte 0xE4, half a character. Such tokens are spelled in bytes before they are decoded.
    """
    backend = tokenizer.backend_tokenizer
    broken = [token for token, token_id in zip(tokens, ids, strict=True) if _decode(backend, token_id) != token]
    if not broken:
        return
    as_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    spelled = [
        decoders.Replace(
            Regex(f"^{re.escape(token)}$"), "".join(piece for piece, _ in as_bytes.pre_tokenize_str(token))
        )
        for token in broken
    ]
    backend.decoder = decoders.Sequence([*spelled, backend.decoder])
    broken = [token for token, token_id in zip(tokens, ids, strict=True) if _decode(backend, token_id) != token]
    if broken:
        raise ConfigurationError(
            f"model.new_tokens: the tokenizer cannot spell {', '.join(map(repr, broken))} when it decodes: remove them"
        )


def _decode(backend: Any, token_id: int) -> str:
    text: str = backend.decode([token_id], skip_special_tokens=False)
    return text


@dataclass(frozen=True, slots=True)
class EmbeddingExtension:
    """Start rows of new tokens in the embedding and the output head; the same inputs give the same bits.

    Attributes:
        tokens: The new tokens.
        vectors: Start vectors of the input embedding instead of means, shape (num_tokens, hidden_size), fp32.
    """

    tokens: tuple[NewToken, ...]
    vectors: torch.Tensor | None = None

    @property
    def token_ids(self) -> list[int]:
        """Rows of the new tokens."""
        return [token.token_id for token in self.tokens]

    def num_rows(self, num_rows: int) -> int:
        """Rows of the extended matrix. Many models have more rows than tokens: then new tokens take spare ones."""
        return max(num_rows, *(token_id + 1 for token_id in self.token_ids))

    def rows(self, matrix: torch.Tensor, *, is_head: bool = False) -> torch.Tensor:
        """Start rows of the new tokens.

        Args:
            matrix: Embedding or head as the base model has it, shape (rows, hidden_size), on the CPU; or the head's
                bias, shape (rows,).
            is_head: It is an output head with weights of its own, which starts from the mean of the sub-tokens even
                where there are vectors: those of a word2vec model say nothing about logits. A tied head uses the
                embedding, vectors included.

        Returns:
            Shape (num_tokens, hidden_size), in the precision of `matrix`.

        Raises:
            DataError: The vectors are of another size than the embedding.
        """
        if self.vectors is not None and not is_head:
            if self.vectors.shape[1] != matrix.shape[1]:
                raise DataError(
                    f"model.new_token_vectors has vectors of {self.vectors.shape[1]} numbers, the model's embeddings "
                    f"have {matrix.shape[1]}: give vectors of that size, or remove the setting to start from means"
                )
            return self.vectors.to(matrix.dtype)
        # fp64 sums of a few 16- or 32-bit numbers round the same way in any order.
        means = [matrix[list(token.source_ids)].double().mean(dim=0) for token in self.tokens]
        return torch.stack(means).to(matrix.dtype)

    def extend(self, matrix: torch.Tensor, *, is_head: bool = False) -> torch.Tensor:
        """The matrix with the rows of the new tokens; never smaller than before.

        Args:
            matrix: As in `rows`. Changed in place where it has spare rows for all new tokens.
            is_head: As in `rows`.

        Returns:
            Shape (num_rows(rows), hidden_size). Rows between the old ones and the new tokens' are zero.
        """
        rows = self.rows(matrix, is_head=is_head)
        missing = self.num_rows(len(matrix)) - len(matrix)
        extended = torch.cat([matrix, matrix.new_zeros(missing, *matrix.shape[1:])]) if missing else matrix
        with torch.no_grad():
            extended[self.token_ids] = rows
        return extended


def read_vectors(path: Path, tokens: Sequence[str]) -> torch.Tensor:
    """Read start vectors in the text format of word2vec: `token v1 v2 …` per line, with or without a header line.

    Lines of other tokens are passed over. A space inside a token is written "_", as word2vec does.

    Returns:
        Shape (len(tokens), numbers per line), fp32.

    Raises:
        InputMissingError: There is no such file.
        DataError: A vector is missing, doubled, of another length than the others, or not made of finite numbers.
    """
    if not path.is_file():
        raise InputMissingError(f"model.new_token_vectors {str(path)!r} does not exist: correct the path or remove it")
    wanted = {token.replace(" ", "_").encode(): token for token in tokens}
    found: dict[str, tuple[int, NDArray[np.float32]]] = {}
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            name, *fields = line.split() or [b""]
            if name not in wanted or (number == 1 and _is_header(line)):
                continue
            token, place = wanted[name], f"{path}, line {number}"
            if token in found:
                raise DataError(f"{place}: {token!r} has a vector in line {found[token][0]} already: remove one")
            vector = _parse_vector(fields, place)
            others = next(iter(found.values()), (number, vector))
            if len(vector) != len(others[1]):
                raise DataError(
                    f"{place}: {token!r} has {len(vector)} numbers, line {others[0]} has {len(others[1])}: "
                    "give all tokens vectors of one length"
                )
            found[token] = number, vector
    missing = [token for token in tokens if token not in found]
    if missing:
        raise DataError(
            f"{path} has no vector for {', '.join(map(repr, missing))}: "
            "add the lines, or remove the tokens from model.new_tokens"
        )
    return torch.from_numpy(np.stack([found[token][1] for token in tokens]))


def _is_header(line: bytes) -> bool:
    fields = line.split()
    return len(fields) == 2 and all(field.isdigit() for field in fields)


def _parse_vector(fields: Sequence[bytes], place: str) -> NDArray[np.float32]:
    try:
        vector = np.array([float(field) for field in fields], dtype=np.float32)
    except ValueError as error:
        raise DataError(f"{place}: {error}: write a token and its numbers, separated by spaces") from error
    if not len(vector) or not np.isfinite(vector).all():
        raise DataError(f"{place}: the vector is empty or holds numbers that are not finite: correct it")
    return vector


def extend_model(model: Any, extension: EmbeddingExtension) -> None:
    """Give a whole model, with its weights on the CPU, the rows of new tokens in embedding, head and head bias."""
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    tied = head.weight is embedding.weight
    rows = [extension.rows(embedding.weight.detach())]
    if not tied:
        rows.append(extension.rows(head.weight.detach(), is_head=True))
    if getattr(head, "bias", None) is not None:
        rows.append(extension.rows(head.bias.detach(), is_head=True))
    num_rows = extension.num_rows(len(embedding.weight))
    if num_rows > len(embedding.weight):
        model.resize_token_embeddings(num_rows, mean_resizing=False)
        embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    parameters = [embedding.weight, *([] if tied else [head.weight]), getattr(head, "bias", None)]
    with torch.no_grad():
        for parameter, values in zip([p for p in parameters if p is not None], rows, strict=True):
            parameter[extension.token_ids] = values


class NewTokenRows(torch.nn.Module):
    """Trained rows of new tokens, apart from the frozen matrix, under PEFT's name for them.

    Calling it gives the rows: only so are they whole under ZeRO-3, and a copy outlives the parameter's release.

    Args:
        token_ids: Rows they stand for, ascending.
        values: Start values, shape (num_tokens, hidden_size).
    """

    def __init__(self, token_ids: Sequence[int], values: torch.Tensor) -> None:
        super().__init__()
        self.trainable_tokens_delta = torch.nn.Parameter(values.detach().clone())
        self.token_ids: torch.Tensor
        self.register_buffer("token_ids", torch.tensor(token_ids, device=values.device), persistent=False)

    def forward(self) -> torch.Tensor:
        """The rows, shape (num_tokens, hidden_size)."""
        return self.trainable_tokens_delta.clone()


class EmbeddingWithNewRows(torch.nn.Module):
    """A frozen embedding whose new tokens are looked up in rows of their own.

    PEFT's layer copies the whole matrix in each forward pass and makes a gradient as large; this one touches the rows
    alone, and calls the embedding so that hooks on it (ZeRO-3, vocabulary-parallel) work.
    """

    def __init__(self, base_layer: Any, token_adapter: NewTokenRows) -> None:
        super().__init__()
        self.base_layer: Any = base_layer
        self.token_adapter = token_adapter

    @property
    def weight(self) -> torch.Tensor:
        """Weight of the frozen embedding."""
        weight: torch.Tensor = self.base_layer.weight
        return weight

    def forward(self, input_ids: torch.Tensor) -> torch.Tensor:
        """Embed token ids, shape (...), as vectors, shape (..., hidden_size)."""
        embedded: torch.Tensor = self.base_layer(input_ids)
        token_ids = self.token_adapter.token_ids
        place = torch.searchsorted(token_ids, input_ids).clamp(max=len(token_ids) - 1)
        rows = torch.nn.functional.embedding(place, self.token_adapter().to(embedded.dtype))
        scale = getattr(self.base_layer, "embed_scale", None)  # Gemma's embedding scales what it looks up
        if scale is not None:
            rows = rows * scale.to(rows.dtype)
        return torch.where((token_ids[place] == input_ids)[..., None], rows, embedded)


class HeadWithNewRows(torch.nn.Module):
    """A frozen output head whose new tokens have rows of their own; a tied head uses the embedding's."""

    def __init__(self, base_layer: Any, token_adapter: NewTokenRows, *, tied: bool) -> None:
        super().__init__()
        self.base_layer: Any = base_layer
        if not tied:
            self.token_adapter = token_adapter
        self._rows = (token_adapter,)  # in a tuple, so that rows shared with the embedding are registered once

    @property
    def weight(self) -> torch.Tensor:
        """Weight of the frozen head."""
        weight: torch.Tensor = self.base_layer.weight
        return weight

    @property
    def bias(self) -> torch.Tensor | None:
        """Bias of the frozen head."""
        bias: torch.Tensor | None = self.base_layer.bias
        return bias

    def rows(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids of the new tokens, shape (num_tokens,), and their rows, shape (num_tokens, hidden_size)."""
        (rows,) = self._rows
        return rows.token_ids, rows()

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Logits, shape (..., rows), of hidden states, shape (..., hidden_size)."""
        logits: torch.Tensor = self.base_layer(hidden)
        token_ids, rows = self.rows()
        bias = None if self.bias is None else self.bias[token_ids]
        return logits.index_copy(-1, token_ids, torch.nn.functional.linear(hidden, rows.to(hidden.dtype), bias))


@dataclass(frozen=True, slots=True)
class NewRows:
    """The new tokens' rows in embedding and head.

    Attributes:
        token_ids: Which rows, ascending.
        rows: Values by the name of their module, shape (num_tokens, hidden_size) each; a tied head has none of its own.
    """

    token_ids: list[int]
    rows: Mapping[str, torch.Tensor]

    def updated(self, state: Mapping[str, torch.Tensor]) -> NewRows:
        """The rows, with what a state of trained tensors by parameter name has in place of them."""
        rows = {name: state.get(_ROWS_NAME.format(name), rows) for name, rows in self.rows.items()}
        return NewRows(self.token_ids, rows)


def start_rows(model: Any, extension: EmbeddingExtension) -> NewRows:
    """The new tokens' rows of a model that has them whole (`extend_model`)."""
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    modules = {embedding: embedding.weight, **({} if head.weight is embedding.weight else {head: head.weight})}
    names = {module: name for name, module in model.named_modules()}
    rows = {names[module]: weight.detach()[extension.token_ids].clone() for module, weight in modules.items()}
    return NewRows(extension.token_ids, rows)


def train_new_rows(model: Any, start: NewRows) -> None:
    """Make the rows of new tokens trainable, and nothing else of embedding and head.

    The model may be sharded: its layers are called, not read. Call it after other adapters are added (PEFT freezes
    what it does not know) and before the optimizer takes the parameters.

    Args:
        model: Causal language model, without a wrapper of PEFT (`get_base_model()`); changed in place.
        start: Start values, as `start_rows` gives them.
    """
    names = {module: name for name, module in model.named_modules()}
    embedding, head = model.get_input_embeddings(), model.get_output_embeddings()
    rows = NewTokenRows(start.token_ids, start.rows[names[embedding]])
    model.set_input_embeddings(EmbeddingWithNewRows(embedding, rows))
    tied = names[head] not in start.rows
    head_rows = rows if tied else NewTokenRows(start.token_ids, start.rows[names[head]])
    model.set_output_embeddings(HeadWithNewRows(head, head_rows, tied=tied))


def save_new_rows(folder: Path, new_rows: NewRows) -> None:
    """Write the new tokens' rows, trained or not, into a saved LoRA adapter, where PEFT finds them.

    With them the adapter works on the original base model, once that has `max(ids) + 1` rows: PEFT puts the rows in
    place when it loads the adapter.

    Args:
        folder: Holds `adapter_config.json` and `adapter_model.safetensors`; changed in place.
        new_rows: The rows, trained or not.
    """
    tensors = load_file(folder / "adapter_model.safetensors")
    for name, values in new_rows.rows.items():
        tensors[_ROWS_NAME.format(name)] = values.detach().cpu().contiguous()
    save_file(tensors, folder / "adapter_model.safetensors", metadata={"format": "pt"})
    settings = json.loads((folder / "adapter_config.json").read_text(encoding="utf-8"))
    indices = {name: list(new_rows.token_ids) for name in new_rows.rows}
    write_json(folder / "adapter_config.json", settings | {"trainable_token_indices": indices})
