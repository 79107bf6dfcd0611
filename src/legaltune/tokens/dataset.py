"""The token dataset on disk: written once as a stream, read memory-mapped."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from legaltune.config.schema import TokensConfig
from legaltune.errors import DataError, InputMissingError
from legaltune.files import write_json
from legaltune.tokens.chat import ExampleDropped, Tokenizer, fingerprint, render_example

FORMAT_VERSION = 1
_EXAMPLES_PER_COUNT = 4096
_EXAMPLES_SCHEMA = pa.schema(
    [
        ("offset", pa.int64()),
        ("length", pa.int32()),
        ("num_targets", pa.int32()),
        ("example_id", pa.string()),
        ("document_id", pa.string()),
        ("task", pa.string()),
        ("split", pa.string()),
    ]
)


def write_token_dataset(
    output: Path,
    examples: Iterable[Mapping[str, Any]],
    *,
    tokenizer: Tokenizer,
    config: TokensConfig,
    dataset_fingerprint: str,
) -> dict[str, Any]:
    """Render examples and write `tokens.bin`, `loss_mask.bin`, `examples.parquet`, and the manifest last.

    Args:
        output: Folder; an earlier manifest there is removed first, so that nothing half-written looks finished.
        examples: Rows of the prepared dataset, each with `split` added.
        tokenizer: Fast tokenizer with a chat template.
        config: Length limits.
        dataset_fingerprint: Identifies the prepared dataset.

    Returns:
        The manifest.

    Raises:
        DataError: No training example is left.
    """
    output.mkdir(parents=True, exist_ok=True)
    manifest_path = output / "manifest.json"
    manifest_path.unlink(missing_ok=True)
    written = _write_examples(output, examples, tokenizer, config)
    pq.write_table(pa.Table.from_pylist(written.rows, schema=_EXAMPLES_SCHEMA), output / "examples.parquet")
    if not any(row["split"] == "train" for row in written.rows):
        dropped = ", ".join(f"{reason} {count}" for reason, count in written.dropped.items()) or "none"
        raise DataError(
            f"no training example is left: {len(written.rows)} examples in all, dropped: {dropped}; "
            f"raise tokens.sequence_length (now {config.sequence_length}) or give more documents"
        )
    manifest = {
        "format_version": FORMAT_VERSION,
        "tokenizer_fingerprint": fingerprint(tokenizer),
        "dataset_fingerprint": dataset_fingerprint,
        "configuration": config.model_dump(mode="json"),
        "num_tokens": sum(row["length"] for row in written.rows),
        "num_target_tokens": sum(row["num_targets"] for row in written.rows),
        "examples": _count_by_split(written.rows),
        "examples_cut": written.num_cut,
        "examples_dropped": dict(sorted(written.dropped.items())),
        "length_histogram": _length_histogram([row["length"] for row in written.rows]),
    }
    manifest["fingerprint"] = hashlib.sha256(json.dumps(manifest, sort_keys=True).encode()).hexdigest()
    write_json(manifest_path, manifest)
    return manifest


@dataclass(slots=True)
class _Written:
    """What became of the examples: rows of `examples.parquet`, and counts."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    dropped: Counter[str] = field(default_factory=Counter)
    num_cut: int = 0


def _write_examples(
    output: Path, examples: Iterable[Mapping[str, Any]], tokenizer: Tokenizer, config: TokensConfig
) -> _Written:
    """Render the examples one by one and append them to `tokens.bin` and `loss_mask.bin`."""
    written = _Written()
    offset = 0
    with (output / "tokens.bin").open("wb") as tokens, (output / "loss_mask.bin").open("wb") as masks:
        for example in examples:
            try:
                rendered = render_example(
                    tokenizer,
                    example["messages"],
                    document_chars=example["document_chars"],
                    sequence_length=config.sequence_length,
                    min_document_tokens=config.min_document_tokens,
                )
            except ExampleDropped as drop:
                written.dropped[drop.reason.value] += 1
                continue
            tokens.write(rendered.tokens.tobytes())
            masks.write(rendered.loss_mask.tobytes())
            written.num_cut += rendered.cut_tokens > 0
            identity = {key: example[key] for key in ("example_id", "document_id", "task", "split")}
            length, num_targets = len(rendered.tokens), int(rendered.loss_mask.sum())
            written.rows.append(identity | {"offset": offset, "length": length, "num_targets": num_targets})
            offset += length
    return written


class TokenDataset:
    """Read access to one split of a token dataset; token data stays on disk (memory-mapped).

    Args:
        folder: Folder written by `write_token_dataset`.
        split: "train", "validation" or "test"; it may be empty.

    Raises:
        InputMissingError: There is no finished dataset.
        DataError: Sizes do not agree with the manifest.
    """

    def __init__(self, folder: Path, split: str) -> None:
        self.manifest = read_token_manifest(folder)
        table = pq.read_table(folder / "examples.parquet", filters=[("split", "=", split)])
        self.tasks: list[str] = table["task"].to_pylist()
        self.example_ids: list[str] = table["example_id"].to_pylist()
        self.document_ids: list[str] = table["document_id"].to_pylist()
        self.lengths: NDArray[np.int64] = table["length"].to_numpy().astype(np.int64)
        self.num_targets: NDArray[np.int64] = table["num_targets"].to_numpy().astype(np.int64)
        self._offsets: NDArray[np.int64] = table["offset"].to_numpy().astype(np.int64)
        num_tokens = self.manifest["num_tokens"]
        self._tokens = _map(folder / "tokens.bin", np.uint32, num_tokens)
        self._masks = _map(folder / "loss_mask.bin", np.uint8, num_tokens)

    def __len__(self) -> int:
        return len(self.lengths)

    def tokens(self, index: int) -> NDArray[np.uint32]:
        """Token ids of one example, shape (length,)."""
        return self._slice(self._tokens, index)

    def loss_mask(self, index: int) -> NDArray[np.uint8]:
        """Loss mask of one example, shape (length,)."""
        return self._slice(self._masks, index)

    def targets(self, index: int) -> NDArray[np.uint32]:
        """The tokens of one example that are predicted, in order, shape (num_targets,)."""
        targets: NDArray[np.uint32] = self.tokens(index)[self.loss_mask(index) == 1]
        return targets

    def _slice(self, data: NDArray[Any], index: int) -> NDArray[Any]:
        start = self._offsets[index]
        return data[start : start + self.lengths[index]]


def read_token_manifest(folder: Path) -> dict[str, Any]:
    """Manifest of a finished token dataset.

    Raises:
        InputMissingError: There is none: the step did not run, or did not finish.
    """
    path = folder / "manifest.json"
    if not path.is_file():
        raise InputMissingError(f"no finished token dataset in {folder}: run `legaltune tokenize` first")
    manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def unigram_loss(train: TokenDataset, held_out: TokenDataset, vocabulary_size: int) -> float:
    """Cross-entropy (nats per token) of held-out targets under the add-one smoothed unigram model of train targets."""
    counts = _target_counts(train, vocabulary_size)
    held = _target_counts(held_out, vocabulary_size)
    log_probabilities = np.log((counts + 1) / (counts.sum() + vocabulary_size))
    return float(-(held * log_probabilities).sum() / held.sum())


def unigram_entropy(dataset: TokenDataset, vocabulary_size: int) -> float:
    """Entropy (nats per token) of the dataset's own target tokens: no unigram model can do better on them."""
    counts = _target_counts(dataset, vocabulary_size)
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def _target_counts(dataset: TokenDataset, vocabulary_size: int) -> NDArray[np.float64]:
    counts = np.zeros(vocabulary_size)
    for start in range(0, len(dataset), _EXAMPLES_PER_COUNT):
        indices = range(start, min(start + _EXAMPLES_PER_COUNT, len(dataset)))
        targets = np.concatenate([dataset.targets(index) for index in indices])
        counts += np.bincount(targets, minlength=vocabulary_size)
    return counts


def _map(path: Path, dtype: type[np.generic], num_values: int) -> NDArray[Any]:
    expected = num_values * np.dtype(dtype).itemsize
    actual = path.stat().st_size if path.is_file() else 0
    if actual != expected:
        raise DataError(f"{path} has {actual} bytes, the manifest says {expected}: run `legaltune tokenize` again")
    return np.memmap(path, dtype=dtype, mode="r") if num_values else np.empty(0, dtype=dtype)


def _count_by_split(rows: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    counts = Counter((row["task"], row["split"]) for row in rows)
    tasks = sorted({task for task, _ in counts})
    return {task: {split: n for (name, split), n in sorted(counts.items()) if name == task} for task in tasks}


def _length_histogram(lengths: Sequence[int]) -> dict[str, int]:
    """Examples per length class; the key is the class's upper bound in tokens (powers of two)."""
    bounds = Counter(1 << (length - 1).bit_length() for length in lengths)
    return {str(bound): count for bound, count in sorted(bounds.items())}
