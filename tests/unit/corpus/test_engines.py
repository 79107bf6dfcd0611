from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from legaltune.corpus.engines import LocalEngine, RayEngine, make_engine
from legaltune.errors import ConfigurationError, PlatformError


def add(shared: int, item: int) -> int:
    return shared + item


def die_at_three(_shared: int, item: int) -> int:
    if item == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return item


def fail_at_three(_shared: int, item: int) -> int:
    if item == 3:
        raise ValueError("three")
    return item


def slow_identity(_shared: int, item: int) -> int:
    time.sleep(0.01)
    return item


@pytest.mark.parametrize("workers", [1, 2])
def test_every_item_gives_one_result(workers: int) -> None:
    assert sorted(LocalEngine(workers).map(add, 100, range(50))) == list(range(100, 150))
    assert list(LocalEngine(workers).map(add, 100, [])) == []


def test_items_are_drawn_only_a_few_ahead() -> None:
    drawn = 0

    def items() -> Iterator[int]:
        nonlocal drawn
        while drawn < 100:
            drawn += 1
            yield drawn

    for done, _ in enumerate(LocalEngine(2).map(slow_identity, 0, items()), start=1):
        assert drawn <= done + 6


def test_a_worker_that_dies_is_a_failure_of_the_machine() -> None:
    with pytest.raises(PlatformError, match="fewer --workers"):
        list(LocalEngine(2).map(die_at_three, 0, range(10)))


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_of_the_function_reaches_the_caller(workers: int) -> None:
    with pytest.raises(ValueError, match="three"):
        list(LocalEngine(workers).map(fail_at_three, 0, range(10)))


def test_engines_by_name() -> None:
    assert make_engine("local") == LocalEngine(1)
    assert make_engine("local", workers=4) == LocalEngine(4)
    assert make_engine("ray", address="auto", workers=3) == RayEngine("auto", 3)


@pytest.mark.parametrize(
    ("name", "workers", "address", "message"),
    [
        ("spark", None, None, "local or ray"),
        ("local", 0, None, "below 1"),
        ("local", None, "auto", "needs --engine ray"),
    ],
)
def test_wrong_engines_are_refused(name: str, workers: int | None, address: str | None, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        make_engine(name, workers=workers, address=address)
