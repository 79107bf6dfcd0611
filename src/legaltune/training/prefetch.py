"""Builds the next micro-batches in a background thread while the device works."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import torch

from legaltune.tokens.batch import Batch, BatchLayout, make_batch
from legaltune.tokens.dataset import TokenDataset

Item = TypeVar("Item")
Made = TypeVar("Made")


def prefetch(make: Callable[[Item], Made], items: Iterable[Item], *, depth: int = 2) -> Iterator[Made]:
    """`map(make, items)`, with up to `depth` results made ahead in one background thread.

    The thread ends with the iterator: at its end, with an error, or when the consumer drops it or calls `close`.

    Args:
        make: Called in the background, one item at a time and in order; its errors reach the consumer in their place.
        items: Drawn from in the consumer's thread, at most `depth` items ahead.
        depth: Results made ahead, at least 1.
    """
    remaining = iter(items)
    executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="prefetch")
    try:
        pending: deque[Future[Made]] = deque(executor.submit(make, item) for item in islice(remaining, depth))
        while pending:
            result = pending.popleft().result()
            pending.extend(executor.submit(make, item) for item in islice(remaining, 1))
            yield result
    finally:
        executor.shutdown(cancel_futures=True)


def prefetch_batches(
    dataset: TokenDataset,
    micro_batches: Iterable[Sequence[Sequence[int]]],
    *,
    device: torch.device,
    layout: BatchLayout,
) -> Generator[Batch]:
    """Micro-batches on `device`, made ahead.

    Args:
        dataset: Where the examples are.
        micro_batches: Rows of example indices of each micro-batch.
        device: Where the model lies; for a GPU the batches are copied from page-locked memory.
        layout: See `make_batch`.
    """

    def make(rows: Sequence[Sequence[int]]) -> Batch:
        batch = make_batch(dataset, rows, layout)
        return batch.pin() if device.type == "cuda" else batch

    for batch in prefetch(make, micro_batches):
        yield batch.to(device)
