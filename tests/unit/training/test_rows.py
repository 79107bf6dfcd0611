from __future__ import annotations

import pytest

from legaltune.parallel.topology import Topology
from legaltune.tokens.dataset import TokenDataset
from legaltune.training.rows import RowSchedule
from tests.tiny import chat_examples, save_tokens


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> TokenDataset:
    folder = tmp_path_factory.mktemp("tokens")
    save_tokens(folder, chat_examples(60))
    return TokenDataset(folder, "train")


def schedule(dataset: TokenDataset, world_size: int, micro_batch: int, accumulation: int) -> RowSchedule:
    return RowSchedule(
        dataset, sequence_length=256, topology=Topology(world_size, 1, micro_batch, accumulation), seed=1
    )


@pytest.mark.parametrize(("world_size", "micro_batch", "accumulation"), [(1, 4, 2), (2, 2, 2), (4, 1, 2), (2, 4, 1)])
def test_a_step_carries_the_same_rows_however_it_is_spread(
    dataset: TokenDataset, world_size: int, micro_batch: int, accumulation: int
) -> None:
    reference = schedule(dataset, 1, 8, 1)
    spread = schedule(dataset, world_size, micro_batch, accumulation)
    for step in range(5):
        expected = [row for batch in reference.micro_batches(step, 0) for row in batch]
        rows = [row for rank in range(world_size) for batch in spread.micro_batches(step, rank) for row in batch]
        assert sorted(rows) == sorted(expected)  # type: ignore[type-var]
        assert spread.num_targets(step) == sum(int(dataset.num_targets[i]) for row in rows for i in row)
        assert spread.num_tokens(step) == sum(int(dataset.lengths[i]) for row in rows for i in row)


def test_each_example_is_seen_once_an_epoch(dataset: TokenDataset) -> None:
    rows = schedule(dataset, 1, 1, 1)
    steps = rows.steps_for(1)
    seen = [i for step in range(steps) for batch in rows.micro_batches(step, 0) for row in batch for i in row]
    assert sorted(seen) == list(range(60))


def test_part_of_an_epoch_is_rounded_up_to_whole_steps(dataset: TokenDataset) -> None:
    rows = schedule(dataset, 1, 1, 1)
    assert rows.steps_for(0.5) == -(-len(rows.rows) // 2)
