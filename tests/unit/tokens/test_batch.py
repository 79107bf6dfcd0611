from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import torch

from legaltune.config.schema import AdapterConfig, AdapterMethod
from legaltune.tokens.batch import Batch, BatchLayout, make_batch
from legaltune.tokens.dataset import TokenDataset
from tests.tiny import chat_examples, save_tokens

ROWS = [[2, 0], [1, 3, 4], [5]]
ORDER = [2, 0, 1, 3, 4, 5]


@pytest.fixture
def dataset(tmp_path: Path) -> TokenDataset:
    save_tokens(tmp_path, chat_examples(6))
    return TokenDataset(tmp_path, "train")


def documents(batch: Batch, values: torch.Tensor) -> list[list[int]]:
    return [part.tolist() for part in values[0].split_with_sizes(batch.lengths)]


def test_the_row_holds_the_documents_one_after_another_and_nothing_else(dataset: TokenDataset) -> None:
    batch = make_batch(dataset, ROWS)
    assert documents(batch, batch.input_ids) == [dataset.tokens(example).tolist() for example in ORDER]
    assert documents(batch, batch.position_ids) == [list(range(dataset.lengths[example])) for example in ORDER]
    assert batch.virtual_positions.shape == (0,)


@pytest.mark.parametrize("num_virtual_tokens", [0, 5])
def test_targets_are_the_masked_tokens_and_sources_the_positions_before(
    dataset: TokenDataset, num_virtual_tokens: int
) -> None:
    batch = make_batch(dataset, ROWS, BatchLayout(num_virtual_tokens=num_virtual_tokens))
    assert np.array_equal(batch.input_ids[0, batch.source_positions + 1], batch.target_ids)
    assert np.array_equal(batch.target_ids, np.concatenate([dataset.targets(example) for example in ORDER]))
    assert np.array_equal(batch.target_examples, np.repeat(ORDER, dataset.num_targets[ORDER]))


def test_virtual_tokens_take_the_first_positions_of_each_document(dataset: TokenDataset) -> None:
    batch = make_batch(dataset, ROWS, BatchLayout(num_virtual_tokens=5))
    assert batch.lengths == tuple(dataset.lengths[ORDER] + 5)
    assert documents(batch, batch.input_ids) == [[0] * 5 + dataset.tokens(example).tolist() for example in ORDER]
    assert documents(batch, batch.position_ids) == [list(range(length)) for length in batch.lengths]
    is_virtual = torch.zeros_like(batch.input_ids)
    is_virtual[0, batch.virtual_positions] = 1
    assert documents(batch, is_virtual) == [[1] * 5 + [0] * (length - 5) for length in batch.lengths]


def test_an_offset_moves_the_positions_and_nothing_else(dataset: TokenDataset) -> None:
    plain, moved = make_batch(dataset, ROWS), make_batch(dataset, ROWS, BatchLayout(position_offset=7))
    for field in fields(Batch):
        difference = 7 if field.name == "position_ids" else 0
        value = getattr(plain, field.name)
        expected = value + difference if isinstance(value, torch.Tensor) else value
        assert np.array_equal(getattr(moved, field.name), expected), field.name


def test_boundaries_agree_with_the_lengths_and_all_dtypes_are_those_of_the_kernels(dataset: TokenDataset) -> None:
    batch = make_batch(dataset, ROWS, BatchLayout(num_virtual_tokens=2))
    assert batch.cu_seqlens.tolist() == [0, *np.cumsum(batch.lengths)]
    assert batch.input_ids.shape == batch.position_ids.shape == (1, sum(batch.lengths))
    dtypes = {field.name: getattr(getattr(batch, field.name), "dtype", None) for field in fields(Batch)}
    assert dtypes.pop("cu_seqlens") == torch.int32
    assert dtypes.pop("lengths") is None
    assert set(dtypes.values()) == {torch.int64}


def test_all_tensors_move_to_the_device(dataset: TokenDataset) -> None:
    moved = make_batch(dataset, ROWS).to(torch.device("meta"))
    tensors = [value for field in fields(Batch) if isinstance(value := getattr(moved, field.name), torch.Tensor)]
    assert len(tensors) == 7
    assert {tensor.device.type for tensor in tensors} == {"meta"}
    assert moved.lengths == tuple(dataset.lengths[ORDER])


@pytest.mark.parametrize(
    ("method", "layout"),
    [
        (AdapterMethod.PROMPT, BatchLayout(num_virtual_tokens=9)),
        (AdapterMethod.PREFIX, BatchLayout(position_offset=9)),
        (AdapterMethod.LORA, BatchLayout()),
    ],
)
def test_only_virtual_tokens_move_the_document(method: AdapterMethod, layout: BatchLayout) -> None:
    assert BatchLayout.of(AdapterConfig(method=method, num_virtual_tokens=9)) == layout
