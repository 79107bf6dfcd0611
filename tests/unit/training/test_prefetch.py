from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import torch

from legaltune.tokens.batch import Batch, BatchLayout, make_batch
from legaltune.tokens.dataset import TokenDataset
from legaltune.training.prefetch import prefetch, prefetch_batches
from tests.tiny import chat_examples, save_tokens


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) == before


@pytest.mark.parametrize("depth", [1, 2, 50])
def test_results_come_in_order(depth: int) -> None:
    assert list(prefetch(str, range(20), depth=depth)) == [str(n) for n in range(20)]
    assert list(prefetch(str, [], depth=depth)) == []


def test_work_goes_on_in_another_thread_while_the_consumer_is_busy() -> None:
    makers: list[int] = []
    third = threading.Event()

    def make(item: int) -> int:
        makers.append(threading.get_ident())
        if item == 2:
            third.set()
        return item

    for item in prefetch(make, range(10), depth=2):
        if item == 0:
            assert third.wait(10)  # made although nobody has asked for the second yet
        assert len(makers) <= item + 3
    assert len(set(makers)) == 1
    assert threading.get_ident() not in makers


def test_an_error_reaches_the_consumer_in_its_place() -> None:
    results = prefetch(lambda n: 6 // (3 - n), range(9), depth=5)
    assert [next(results) for _ in range(3)] == [2, 3, 6]
    with pytest.raises(ZeroDivisionError):
        next(results)
    with pytest.raises(StopIteration):
        next(results)


def test_an_error_of_the_source_reaches_the_consumer() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise KeyError("source")

    with pytest.raises(KeyError, match="source"):
        list(prefetch(str, source()))


def test_a_consumer_that_stops_early_stops_the_work() -> None:
    made: list[int] = []

    def make(item: int) -> int:
        made.append(item)
        return item

    for item in prefetch(make, range(1000), depth=3):
        if item == 4:
            break
    assert len(made) <= 8


def test_a_consumer_that_fails_stops_the_work() -> None:
    def consume() -> None:
        for _ in prefetch(str, range(1000)):
            raise RuntimeError("consumer")

    with pytest.raises(RuntimeError, match="consumer"):
        consume()


def test_batches_are_those_of_make_batch(tmp_path: Path) -> None:
    save_tokens(tmp_path, chat_examples(6))
    dataset = TokenDataset(tmp_path, "train")
    micro_batches = [[[2, 0], [1]], [[3, 4]], [[5]]]
    layout = BatchLayout(num_virtual_tokens=2)
    batches = prefetch_batches(dataset, micro_batches, device=torch.device("cpu"), layout=layout)
    for rows, batch in zip(micro_batches, batches, strict=True):
        expected = make_batch(dataset, rows, layout)
        for field in fields(Batch):
            actual_value, expected_value = getattr(batch, field.name), getattr(expected, field.name)
            if isinstance(expected_value, torch.Tensor):
                assert torch.equal(actual_value, expected_value), field.name
            else:
                assert actual_value == expected_value


def test_batches_stop_with_their_consumer(tmp_path: Path) -> None:
    save_tokens(tmp_path, chat_examples(6))
    dataset = TokenDataset(tmp_path, "train")
    batches = prefetch_batches(dataset, [[[n]] for n in range(6)], device=torch.device("cpu"), layout=BatchLayout())
    next(batches)
    batches.close()
