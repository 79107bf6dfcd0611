"""Finds and loads the base model and its tokenizer: built in, a folder, or the hub."""

from __future__ import annotations

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
    """Load the tokenizer.

    Raises:
        ConfigurationError: It has no chat template, so that there is no agreed form for instructions.
    """
    tokenizer = find_model(config).load(AutoTokenizer.from_pretrained)
    if not tokenizer.chat_template:
        raise ConfigurationError(f"the tokenizer of {config.name!r} has no chat template: choose a model that has one")
    return tokenizer


def load_base_model(config: ModelConfig) -> Any:
    """Load the base model on the CPU in the configured precision, ready for training (no key-value cache)."""
    source = find_model(config)
    model = source.load(AutoModelForCausalLM.from_pretrained, dtype=getattr(torch, config.dtype))
    model.config.use_cache = False
    model.generation_config = GenerationConfig()  # a model's own (repetition penalty, sampling) would colour results
    return model
