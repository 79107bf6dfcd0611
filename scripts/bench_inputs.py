"""Random models and token datasets for the training benchmarks: real shapes, nothing to download."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from transformers import Qwen2Config, Qwen2ForCausalLM

from legaltune.config.schema import ModelConfig
from legaltune.files import write_json
from legaltune.model.base import load_tokenizer
from legaltune.tokens.chat import fingerprint
from legaltune.tokens.dataset import FORMAT_VERSION
from legaltune.tokens.packing import pack_best_fit

_SHARD_BYTES = 2_000_000_000
_INITIALIZER_RANGE = 0.02


@dataclass(frozen=True, slots=True)
class Shape:
    """Shape of a Qwen2 model."""

    hidden: int
    layers: int
    heads: int
    key_value_heads: int
    intermediate: int
    vocabulary: int
    tied: bool = True

    @property
    def key_value_width(self) -> int:
        """Width of keys, and of values."""
        return self.hidden // self.heads * self.key_value_heads

    @property
    def block_parameters(self) -> int:
        """Weights of the matrix products of all layers."""
        attention = 2 * self.hidden**2 + 2 * self.hidden * self.key_value_width
        return self.layers * (attention + 3 * self.hidden * self.intermediate)

    @property
    def head_parameters(self) -> int:
        """Weights of the output layer."""
        return self.hidden * self.vocabulary

    def lora_parameters(self, rank: int = 16) -> int:
        """Parameters of LoRA on all linear layers but the output layer."""
        h, k, f = self.hidden, self.key_value_width, self.intermediate
        return self.layers * rank * (2 * (h + h) + 2 * (h + k) + 3 * (h + f))


@dataclass(frozen=True, slots=True)
class Lengths:
    """Lengths of documents: log-normal, clipped (tokens)."""

    median: int
    sigma: float
    shortest: int
    longest: int

    def sample(self, generator: np.random.Generator) -> int:
        """Length of one document."""
        return int(np.clip(generator.lognormal(np.log(self.median), self.sigma), self.shortest, self.longest))


def write_model(folder: Path, shape: Shape, *, dtype: torch.dtype = torch.float32, device: str = "cpu") -> None:
    """Write a model of random weights as `from_pretrained` expects it, shard by shard.

    Args:
        folder: Created.
        shape: Of the model.
        dtype: Of the stored weights.
        device: Where the random numbers are drawn; a GPU is faster for billions.
    """
    config = Qwen2Config(
        vocab_size=shape.vocabulary,
        hidden_size=shape.hidden,
        intermediate_size=shape.intermediate,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.key_value_heads,
        max_position_embeddings=32_768,
        tie_word_embeddings=shape.tied,
        architectures=["Qwen2ForCausalLM"],
    )
    config.dtype = dtype
    config.save_pretrained(folder)
    load_tokenizer(ModelConfig()).save_pretrained(folder)
    with torch.device("meta"):
        names = {name: tensor.shape for name, tensor in Qwen2ForCausalLM(config).state_dict().items()}
    if shape.tied:
        names.pop("lm_head.weight", None)
    _write_shards(folder, names, dtype, device)


def _write_shards(folder: Path, shapes: dict[str, torch.Size], dtype: torch.dtype, device: str) -> None:
    generator = torch.Generator(device).manual_seed(0)
    weight_map: dict[str, str] = {}
    total_bytes = 0
    shard: dict[str, torch.Tensor] = {}
    for name, shape in shapes.items():
        shard[name] = _random_weight(name, shape, dtype, generator)
        total_bytes += shard[name].nbytes
        if sum(tensor.nbytes for tensor in shard.values()) >= _SHARD_BYTES or name == list(shapes)[-1]:
            file = f"model-{len(set(weight_map.values())) + 1:05d}.safetensors"
            save_file(shard, folder / file, metadata={"format": "pt"})
            weight_map |= dict.fromkeys(shard, file)
            shard = {}
    write_json(
        folder / "model.safetensors.index.json", {"metadata": {"total_size": total_bytes}, "weight_map": weight_map}
    )


def _random_weight(name: str, shape: torch.Size, dtype: torch.dtype, generator: torch.Generator) -> torch.Tensor:
    if name.endswith("bias"):
        return torch.zeros(shape, dtype=dtype)
    if "norm" in name:
        return torch.ones(shape, dtype=dtype)
    values = torch.empty(shape, dtype=dtype, device=generator.device)
    return values.normal_(std=_INITIALIZER_RANGE, generator=generator).cpu()


def write_tokens(
    folder: Path,
    *,
    num_rows: int,
    sequence_length: int,
    vocabulary: int,
    lengths: Lengths,
    target_share: float,
    seed: int = 0,
) -> dict[str, Any]:
    """Write a token dataset of random documents that fills at least `num_rows` packed rows.

    Token ids follow Zipf's law. The targets of a document are its last tokens, as an answer is; the first token of a
    document is never one.

    Args:
        folder: Created.
        num_rows: Rows wanted.
        sequence_length: Capacity of a row (tokens).
        vocabulary: Token ids lie below it.
        lengths: Of the documents.
        target_share: Targets among the tokens, up to 1.
        seed: Decides everything.

    Returns:
        The manifest.
    """
    generator = np.random.default_rng(seed)
    sizes: list[int] = []
    while len(pack_best_fit(sizes, sequence_length)) < num_rows:
        sizes += [lengths.sample(generator) for _ in range(8)]
    tokens = _zipf_tokens(generator, sum(sizes), vocabulary)
    num_targets = [min(size - 1, round(target_share * size)) for size in sizes]
    mask = np.concatenate(
        [np.repeat([0, 1], [size - targets, targets]) for size, targets in zip(sizes, num_targets, strict=True)]
    )
    folder.mkdir(parents=True)
    (folder / "tokens.bin").write_bytes(tokens.astype(np.uint32).tobytes())
    (folder / "loss_mask.bin").write_bytes(mask.astype(np.uint8).tobytes())
    pq.write_table(_examples_table(sizes, num_targets), folder / "examples.parquet")
    manifest: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "tokenizer_fingerprint": fingerprint(load_tokenizer(ModelConfig())),
        "dataset_fingerprint": "random",
        "configuration": {"sequence_length": sequence_length},
        "num_tokens": sum(sizes),
        "num_target_tokens": sum(num_targets),
        "examples": {"random": {"train": len(sizes)}},
        "examples_cut": 0,
        "examples_dropped": {},
        "length_histogram": {},
    }
    manifest["fingerprint"] = hashlib.sha256(
        json.dumps(manifest, sort_keys=True).encode() + tokens.tobytes()
    ).hexdigest()
    write_json(folder / "manifest.json", manifest)
    return manifest


def _zipf_tokens(generator: np.random.Generator, num_tokens: int, vocabulary: int) -> NDArray[np.int64]:
    weights = 1.0 / np.arange(1, vocabulary + 1)
    return generator.choice(vocabulary, size=num_tokens, p=weights / weights.sum())


def _examples_table(sizes: list[int], num_targets: list[int]) -> pa.Table:
    names = [f"random-{index}" for index in range(len(sizes))]
    return pa.table(
        {
            "offset": pa.array(np.cumsum([0, *sizes[:-1]]), pa.int64()),
            "length": pa.array(sizes, pa.int32()),
            "num_targets": pa.array(num_targets, pa.int32()),
            "example_id": names,
            "document_id": names,
            "task": ["random"] * len(sizes),
            "split": ["train"] * len(sizes),
        }
    )


def mean_attended(lengths: NDArray[np.int64]) -> float:
    """Mean number of keys that a query sees, itself included, in documents that see only themselves."""
    return float((lengths * (lengths + 1) / 2).sum() / lengths.sum())


def lora_flops_per_token(
    shape: Shape,
    num_attended: float,
    *,
    target_share: float = 1.0,
    checkpointing: bool = False,
    head_products: int = 2,
    rank: int = 16,
) -> float:
    """Floating-point operations of a LoRA step per token, in matrix products.

    2 operations per weight forward and 2 for the gradient of the activations; the frozen weights get none. The output
    layer runs at the targets alone, `head_products` times (2: logits and their gradient's product). LoRA's own weights:
    6 operations each. Attention: 2 products forward, 4 backward, over `num_attended` keys a query; checkpointing runs
    the forward pass of the blocks again.

    Args:
        shape: Of the model.
        num_attended: Mean number of keys that a query sees.
        target_share: Share of the tokens that are targets.
        checkpointing: Full gradient checkpointing.
        head_products: Products with the output layer per target.
        rank: Of LoRA.
    """
    repeats = 3 if checkpointing else 2
    blocks = 2 * repeats * shape.block_parameters
    head = 2 * head_products * shape.head_parameters * target_share
    lora = 6 * shape.lora_parameters(rank)
    attention = 2 * shape.layers * shape.hidden * num_attended * (8 if checkpointing else 6)
    return blocks + head + lora + attention
