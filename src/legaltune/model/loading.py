"""Loads a model piece by piece, so that no process ever holds more of it than its part.

The model is built without memory (meta device), cut for tensor parallelism, and then filled module by module from the
slices that the process needs; ZeRO-3 partitions each module as soon as it is filled.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Container
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from safetensors import safe_open
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.utils.hub import cached_file

from legaltune.config.schema import ModelConfig, QuantizationConfig
from legaltune.errors import ConfigurationError
from legaltune.model.base import ModelSource, find_model, load_extension, prepare_for_training
from legaltune.model.embeddings import EmbeddingExtension, NewRows
from legaltune.model.quantization import quantized_linear
from legaltune.model.tensor_parallel import TensorParallel, connect_layers, shard_layers

_INDEX = "model.safetensors.index.json"
_SINGLE = "model.safetensors"


class Checkpoint:
    """The safetensors files of a model, read by parts of tensors.

    Args:
        source: Folder or hub name.

    Raises:
        ConfigurationError: There are no safetensors files.
    """

    def __init__(self, source: ModelSource) -> None:
        index = _find(source, _INDEX)
        if index is not None:
            files = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
            paths = {file: _find(source, file) for file in sorted(set(files.values()))}
            missing = [file for file, path in paths.items() if path is None]
            if missing:
                raise ConfigurationError(f"{source.name_or_path} lacks {', '.join(missing)}: download it again")
            self._path_of = {name: paths[file] for name, file in files.items()}
        else:
            single = _find(source, _SINGLE)
            if single is None:
                raise ConfigurationError(
                    f"{source.name_or_path} has no safetensors files, from which a model is quantized or sharded: "
                    "convert it, or use parallel.zero_stage 0 to 2 without tensor parallelism and quantization"
                )
            with safe_open(single, "pt") as file:
                self._path_of = dict.fromkeys(file.keys(), single)
        self._open: dict[Path | None, Any] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._path_of

    def slice(self, name: str) -> Any:
        """A lazy tensor: its shape is known, indexing it reads that part from disk."""
        path = self._path_of[name]
        if path not in self._open:
            self._open[path] = safe_open(path, "pt")  # maps the file; no need to close it
        return self._open[path].get_slice(name)


def _find(source: ModelSource, file: str) -> Path | None:
    path = source.load(cached_file, filename=file, _raise_exceptions_for_missing_entries=False)
    return None if path is None else Path(path)


def build_empty_model(config: ModelConfig, dtype: torch.dtype, extension: EmbeddingExtension | None = None) -> Any:
    """The model on the meta device: names and shapes without memory; small buffers are real.

    Args:
        config: Name and revision.
        dtype: Of the weights.
        extension: New tokens, for which embedding and output layer are widened.
    """
    model_config = find_model(config).load(AutoConfig.from_pretrained)
    if extension is not None:
        model_config.vocab_size = extension.num_rows(model_config.vocab_size)
    with init_empty_weights(include_buffers=False):
        model = AutoModelForCausalLM.from_config(model_config, dtype=dtype)
    model.tie_weights()
    return prepare_for_training(model)


def load_sharded_model(
    config: ModelConfig,
    quantization: QuantizationConfig,
    *,
    dtype: torch.dtype,
    device: torch.device,
    parallel: TensorParallel,
    extension: EmbeddingExtension | None = None,
    partition: Callable[[torch.nn.Module], None] | None = None,
    reads: bool = True,
) -> Any:
    """Load this process's part of a model.

    Args:
        config: The base model.
        quantization: Precision of the linear layers in the decoder.
        dtype: Of the other weights.
        device: Where the weights go.
        parallel: This process's part of each layer.
        extension: New tokens.
        partition: Called with each module once its own parameters are filled (ZeRO-3 partitions them, frees the rest).
        reads: False where `partition` overwrites the values with another process's: then nothing is read.

    Returns:
        The model, frozen or not as it was built, ready for training.

    Raises:
        ConfigurationError: A weight is missing from the files, or stored under another name.
    """
    model = build_empty_model(config, dtype, extension)
    quantizes = quantization.method != "none"  # scales are no parameters, so that every process makes its own
    reader = _Reader(config, model, parallel, extension, dtype) if reads or quantizes else None
    shard_layers(model, parallel)
    to_quantize = _names_of_linears(model) if quantizes else frozenset()
    tied = _Tied(model)
    for prefix in [name for name, _ in model.named_modules()]:
        module = model.get_submodule(prefix)
        for name, empty in list(module.named_parameters(recurse=False)):
            filled = tied.find(empty)
            if filled is None:
                value = (
                    torch.empty(empty.shape, dtype=dtype, device=device)
                    if reader is None
                    else reader.read(f"{prefix}.{name}", empty.shape).to(device, dtype)
                )
                filled = tied.remember(empty, torch.nn.Parameter(value, requires_grad=empty.requires_grad))
            setattr(module, name, filled)
        if prefix in to_quantize:
            module = quantized_linear(module, quantization, compute_dtype=dtype)
            model.set_submodule(prefix, module)
        if partition is not None and any(True for _ in module.parameters(recurse=False)):
            partition(module)
    connect_layers(model, parallel)
    _move_buffers(model, device)
    return model


def _names_of_linears(model: Any) -> frozenset[str]:
    """Linear layers of the decoder blocks; embedding and output layer are never quantized."""
    blocks = set(model.get_decoder().layers.modules())
    return frozenset(n for n, module in model.named_modules() if module in blocks and type(module) is torch.nn.Linear)


class _Tied:
    """Parameters that several modules share: filled once; no other is remembered, so that it can be freed."""

    def __init__(self, model: torch.nn.Module) -> None:
        uses = Counter(p for module in model.modules() for p in module._parameters.values() if p is not None)
        self._shared = {parameter for parameter, count in uses.items() if count > 1}
        self._filled: dict[torch.nn.Parameter, torch.nn.Parameter] = {}

    def find(self, empty: torch.nn.Parameter) -> torch.nn.Parameter | None:
        """What stands for a parameter already."""
        return self._filled.get(empty)

    def remember(self, empty: torch.nn.Parameter, filled: torch.nn.Parameter) -> torch.nn.Parameter:
        """Note what stands for a parameter from now on, and return it."""
        if empty in self._shared:
            self._filled[empty] = filled
        return filled


def read_frozen(config: ModelConfig, model: Any, *, known: Container[str]) -> dict[str, torch.Tensor]:
    """Weights that were not trained, whole and by name, from the model's files.

    Args:
        config: The base model.
        model: Without a wrapper of PEFT; any process's part of it.
        known: Names to leave out.
    """
    extension = load_extension(config)
    empty = build_empty_model(config, model.dtype, extension)
    missing = {name: parameter.shape for name, parameter in empty.named_parameters() if name not in known}
    if not missing:
        return {}
    reader = _Reader(config, empty, TensorParallel(), extension, model.dtype)
    return {name: reader.read(name, shape) for name, shape in missing.items()}


def read_new_rows(
    config: ModelConfig, extension: EmbeddingExtension, dtype: torch.dtype, device: torch.device
) -> NewRows:
    """Start rows of new tokens, where no process has the embedding whole to look them up in (`start_rows`)."""
    empty = build_empty_model(config, dtype, extension)
    checkpoint, names = Checkpoint(find_model(config)), {module: name for name, module in empty.named_modules()}
    embedding, head = empty.get_input_embeddings(), empty.get_output_embeddings()
    rows = {names[embedding]: extension.rows(checkpoint.slice(f"{names[embedding]}.weight")[:].to(dtype))}
    if head.weight is not embedding.weight:
        matrix = checkpoint.slice(f"{names[head]}.weight")[:].to(dtype)
        rows[names[head]] = extension.rows(matrix, is_head=True)
    return NewRows(extension.token_ids, {name: values.to(device) for name, values in rows.items()})


class _Reader:
    """Reads the part of a stored tensor that a parameter holds."""

    def __init__(
        self,
        config: ModelConfig,
        whole: Any,
        parallel: TensorParallel,
        extension: EmbeddingExtension | None,
        dtype: torch.dtype,
    ) -> None:
        self._checkpoint = Checkpoint(find_model(config))
        self._dtype = dtype
        self._whole_shapes = {name: parameter.shape for name, parameter in whole.named_parameters()}
        names = {parameter: name for name, parameter in whole.named_parameters()}  # a tied head has its embedding's
        embedding = names[whole.get_input_embeddings().weight]
        head = names[whole.get_output_embeddings().weight]
        self._vocabulary = {embedding, head}
        self._untied_head = None if head == embedding else head
        self._parallel = parallel
        self._extension = extension

    def read(self, name: str, shape: torch.Size) -> torch.Tensor:
        if name not in self._checkpoint:
            raise ConfigurationError(
                f"the model's files hold no {name}: to be quantized or sharded, a model must have its own names there; "
                "use parallel.zero_stage 0 to 2 without tensor parallelism and quantization"
            )
        stored, whole = self._checkpoint.slice(name), self._whole_shapes[name]
        if self._extension is not None and name in self._vocabulary:
            return _cut(
                self._extension.extend(stored[:].to(self._dtype), is_head=name == self._untied_head),
                shape,
                self._parallel,
            )
        if tuple(stored.get_shape()) != tuple(whole):
            raise ConfigurationError(
                f"{name} is stored with shape {stored.get_shape()}, config.json says {list(whole)}: get the model again"
            )
        return _cut(stored, shape, self._parallel)


def _cut(stored: Any, shape: torch.Size, parallel: TensorParallel) -> torch.Tensor:
    """This process's part of a whole tensor (or lazy slice), cut along the dimension in which the shapes differ."""
    whole = stored.shape if isinstance(stored, torch.Tensor) else stored.get_shape()
    ranges = [
        slice(None) if full == own else slice(*parallel.span(full)) for full, own in zip(whole, shape, strict=True)
    ]
    part: torch.Tensor = stored[tuple(ranges)]
    return part.contiguous()  # a cut of columns is a view, which would keep the whole and which fused AdamW gets wrong


def _move_buffers(model: torch.nn.Module, device: torch.device) -> None:
    for module in model.modules():
        for name, buffer in list(module.named_buffers(recurse=False)):
            setattr(module, name, buffer.to(device))
