from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from legaltune.tokens.batch import make_batch
from legaltune.tokens.dataset import TokenDataset
from tests.tiny import chat_examples, save_tokens


@pytest.fixture
def dataset(tmp_path: Path) -> TokenDataset:
    save_tokens(tmp_path, chat_examples(6))
    return TokenDataset(tmp_path, "train")


def test_targets_are_the_masked_tokens_and_sources_the_positions_before(dataset: TokenDataset) -> None:
    rows = [[2, 0], [1, 3, 4]]
    batch = make_batch(dataset, rows)
    flat = batch.input_ids.reshape(-1)
    assert np.array_equal(flat[batch.source_positions + 1], batch.target_ids)
    order = [example for row in rows for example in row]
    expected = np.concatenate([dataset.tokens(i)[dataset.loss_mask(i) == 1] for i in order])
    assert np.array_equal(batch.target_ids, expected)
    assert np.array_equal(batch.target_examples, np.repeat(order, dataset.num_targets[order]))


def test_positions_restart_with_each_example_and_with_padding(dataset: TokenDataset) -> None:
    rows = [[2, 0], [5]]
    batch = make_batch(dataset, rows)
    width = batch.input_ids.shape[1]
    for positions, row in zip(batch.position_ids, rows, strict=True):
        lengths = [int(dataset.lengths[index]) for index in row]
        expected = [position for length in [*lengths, width - sum(lengths)] for position in range(length)]
        assert positions.tolist() == expected
