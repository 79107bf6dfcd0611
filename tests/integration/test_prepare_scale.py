"""The same dataset, byte for byte, whatever does the work and in which order."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, TypeVar

import pytest

from legaltune.config.schema import DataConfig
from legaltune.corpus import pipeline, units
from legaltune.corpus.engines import Engine, LocalEngine, RayEngine
from legaltune.corpus.pipeline import prepare
from legaltune.corpus.sources import FileRef, IgnoredFile, list_files
from legaltune.errors import DataError, PlatformError, ServiceUnavailableError
from tests.preparing import contents, write_mixed_corpus

S = TypeVar("S")
T = TypeVar("T")
R = TypeVar("R")

ONE_PROCESS = LocalEngine()


class LastFirstEngine:
    """Does the work in this process, in the opposite order."""

    is_remote = False

    def started(self) -> AbstractContextManager[None]:
        return nullcontext()

    def map(self, function: Callable[[S, T], R], shared: S, items: Iterable[T]) -> Iterator[R]:
        for item in list(items)[::-1]:
            yield function(shared, item)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_mixed_corpus(tmp_path_factory.mktemp("corpus"), num_decisions=300)


@pytest.fixture
def cut_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dozens of units, of which some are streamed, and a handful of shards; both are cut in the main process."""
    monkeypatch.setattr(units, "_ITEMS_PER_UNIT", 9)
    monkeypatch.setattr(units, "_BYTES_PER_UNIT", 10_000)
    monkeypatch.setattr(pipeline, "_DOCUMENTS_PER_SHARD", 50)


def run(inputs: Sequence[Path], output: Path, engine: Engine = ONE_PROCESS) -> dict[str, bytes]:
    prepare(inputs, output, DataConfig(), engine=engine)
    return contents(output)


@pytest.fixture(scope="module")
def expected(inputs: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, bytes]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "_DOCUMENTS_PER_SHARD", 50)
        found = run(inputs, tmp_path_factory.mktemp("expected"))
    assert sum(name.startswith("train/") for name in found) > 5
    yield found


@pytest.mark.usefixtures("cut_small")
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_any_number_of_workers(inputs: list[Path], expected: dict[str, bytes], tmp_path: Path, workers: int) -> None:
    assert run(inputs, tmp_path, LocalEngine(workers)) == expected


@pytest.mark.usefixtures("cut_small")
def test_any_order_of_inputs_and_of_results(inputs: list[Path], expected: dict[str, bytes], tmp_path: Path) -> None:
    assert run(inputs[::-1], tmp_path, LastFirstEngine()) == expected


def test_files_that_are_found_in_another_order(
    inputs: list[Path], expected: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def shuffled(paths: Sequence[Path]) -> list[FileRef | IgnoredFile]:
        return random.Random(1).sample(files := list(list_files(paths)), len(files))

    monkeypatch.setattr(units, "list_files", shuffled)
    monkeypatch.setattr(pipeline, "_DOCUMENTS_PER_SHARD", 50)
    assert run(inputs, tmp_path) == expected


# Ray


def add(shared: int, item: int) -> int:
    return shared + item


def refuse(_shared: int, item: int) -> int:
    raise DataError(f"{item} is no good")


def die(_shared: int, _item: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    pytest.importorskip("ray")
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
    cluster = Cluster(initialize_head=True, head_node_args={**node, "include_dashboard": False})
    try:
        cluster.add_node(**node)
        cluster.wait_for_nodes()
        yield cluster
    finally:
        cluster.shutdown()


@pytest.mark.cluster
@pytest.mark.slow
@pytest.mark.usefixtures("cut_small")
def test_a_cluster_of_two_nodes(cluster: Any, inputs: list[Path], expected: dict[str, bytes], tmp_path: Path) -> None:
    import ray

    engine = RayEngine(cluster.address)
    with engine.started():
        assert len(ray.nodes()) == 2
        assert run(inputs, tmp_path, engine) == expected
    assert not ray.is_initialized()


@pytest.mark.cluster
@pytest.mark.slow
def test_what_goes_wrong_on_a_cluster(cluster: Any) -> None:
    import ray

    engine = RayEngine(cluster.address)
    assert sorted(engine.map(add, 100, range(20))) == list(range(100, 120))
    assert not ray.is_initialized()
    with engine.started():
        assert list(engine.map(add, 1, [])) == []
        assert list(engine.map(add, 2, [5])) == [7]
        with pytest.raises(DataError, match=r"^3 is no good$") as caught:
            list(engine.map(refuse, 0, [3]))
        assert type(caught.value) is DataError
        with pytest.raises(PlatformError, match="the Ray cluster failed"):
            list(engine.map(die, 0, [3]))
        assert ray.is_initialized()


@pytest.mark.cluster
@pytest.mark.parametrize("address", ["127.0.0.1:1", "ray://127.0.0.1:1", "no address"])
def test_a_cluster_that_is_not_there(address: str) -> None:
    pytest.importorskip("ray")
    with pytest.raises(ServiceUnavailableError, match=f"no Ray cluster at {address}"):
        list(RayEngine(address).map(add, 0, [1]))
