"""Finds and loads the base model and its tokenizer: built in, a folder, or the hub."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from legaltune.config.schema import ModelConfig
from legaltune.errors import ConfigurationError, InputMissingError, ServiceUnavailableError
from legaltune.files import write_json
from legaltune.model.embeddings import EmbeddingExtension, add_new_tokens, extend_model, read_vectors

_BUILTIN = {"builtin:tiny-qwen2": "tiny_qwen2"}


@dataclass(frozen=True, slots=True)
class ModelSource:
    """Where `from_pretrained` finds a model: a folder or a hub name, with revision and token."""

    name_or_path: str
    revision: str | None
    token: str | None

    def load(self, loader: Callable[..., Any], **kwargs: Any) -> Any:
        """Call a `from_pretrained`; say what to do when the model cannot be had."""
        try:
            return loader(self.name_or_path, revision=self.revision, token=self.token, **kwargs)
        except (OSError, ValueError) as error:  # what transformers raises for files that are missing or not a model's
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            if Path(self.name_or_path).is_dir():
                raise InputMissingError(f"{self.name_or_path} holds no complete model: {reason}") from error
            raise ServiceUnavailableError(
                f"model {self.name_or_path!r} could not be had from the hub: {reason} Check model.name, "
                "model.revision, the network and, for a gated model, the token."
            ) from error


def find_model(config: ModelConfig) -> ModelSource:
    """Resolve `model.name` to a folder or hub name.

    Raises:
        ConfigurationError: An unknown built-in name.
        InputMissingError: A path-like name that is no folder.
    """
    name = config.name
    if name.startswith("builtin:"):
        if name not in _BUILTIN:
            raise ConfigurationError(f"model.name {name!r} is not built in: there is {', '.join(_BUILTIN)}")
        folder = resources.files("legaltune.model") / _BUILTIN[name]
        if not folder.is_dir():
            raise InputMissingError(f"{folder} is missing from the installation: install legaltune again")
        return ModelSource(str(folder), revision=None, token=None)
    if Path(name).is_dir():
        if config.revision is not None:
            raise ConfigurationError(f"model.name {name!r} is a folder and has no revisions: remove model.revision")
        return ModelSource(name, revision=None, token=None)
    if name.startswith(("/", "./", "../", "~")):
        raise InputMissingError(f"model.name {name!r} is no folder: give the folder of a model, or a name on the hub")
    return ModelSource(name, config.revision, os.environ.get(config.token_variable) or None)


def load_tokenizer(config: ModelConfig) -> Any:
    """Load the tokenizer, with `model.new_tokens` added.

    Raises:
        ConfigurationError: It has no chat template, so that there is no agreed form for instructions; or a new token
            cannot be added.
    """
    tokenizer = _load_original_tokenizer(config)
    if config.new_tokens:
        add_new_tokens(tokenizer, config.new_tokens)
    return tokenizer


def _load_original_tokenizer(config: ModelConfig) -> Any:
    tokenizer = find_model(config).load(AutoTokenizer.from_pretrained)
    if not tokenizer.chat_template:
        raise ConfigurationError(f"the tokenizer of {config.name!r} has no chat template: choose a model that has one")
    return tokenizer


def save_tokenizer(tokenizer: Any, folder: Path) -> None:
    """Save a tokenizer so that `AutoTokenizer` loads the same one.

    Some classes (Qwen2Tokenizer) rebuild their decoder when they are loaded and would lose what makes new tokens
    readable; a class that takes `tokenizer.json` as it is stands in for them.
    """
    tokenizer.save_pretrained(folder)
    if _decoder(AutoTokenizer.from_pretrained(folder)) != _decoder(tokenizer):
        settings = folder / "tokenizer_config.json"
        values = json.loads(settings.read_text(encoding="utf-8"))
        write_json(settings, values | {"tokenizer_class": "PreTrainedTokenizerFast"})


def _decoder(tokenizer: Any) -> Any:
    return json.loads(tokenizer.backend_tokenizer.to_str())["decoder"]


def load_extension(config: ModelConfig) -> EmbeddingExtension | None:
    """Start rows of `model.new_tokens`; None where there are none.

    Raises:
        ConfigurationError: A new token cannot be added, or there are vectors but no tokens.
        InputMissingError: There is no file of vectors.
        DataError: The file of vectors is faulty.
    """
    if not config.new_tokens:
        if config.new_token_vectors is not None:
            raise ConfigurationError("model.new_token_vectors is set without model.new_tokens: set both or none")
        return None
    tokens = add_new_tokens(_load_original_tokenizer(config), config.new_tokens)
    path = config.new_token_vectors
    return EmbeddingExtension(tokens, None if path is None else read_vectors(Path(path), config.new_tokens))


def resolve_dtype(name: str) -> torch.dtype:
    """The precision that `model.dtype` stands for on this machine."""
    if name != "auto":
        dtype: torch.dtype = getattr(torch, name)
        return dtype
    if not torch.cuda.is_available():
        return torch.float32
    return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16


def dtype_name(name: str) -> str:
    """As `resolve_dtype`, by name: float32, bfloat16 or float16."""
    return str(resolve_dtype(name)).removeprefix("torch.")


def load_base_model(config: ModelConfig, *, device: torch.device = torch.device("cpu")) -> Any:  # noqa: B008  immutable
    """Load the whole base model in the configured precision, ready for training.

    It has rows for `model.new_tokens`, at their start values.
    """
    extension = load_extension(config)
    directly = (
        {"device_map": {"": device}} if device.type == "cuda" and extension is None else {}
    )  # not by way of the host
    model = find_model(config).load(AutoModelForCausalLM.from_pretrained, dtype=resolve_dtype(config.dtype), **directly)
    if extension is not None:
        extend_model(model, extension)
    return prepare_for_training(model).to(device)


def prepare_for_training(model: Any) -> Any:
    """Switch off the key-value cache and the model's own generation settings."""
    model.config.use_cache = False
    model.generation_config = GenerationConfig()  # a model's own (repetition penalty, sampling) would colour results
    return model
