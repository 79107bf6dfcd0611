"""Fixtures shared by all tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def real_corpus() -> Path:
    """Folder of real documents: LEGALTUNE_CORPUS, default ../shared/corpus beside the checkout."""
    path = Path(os.environ.get("LEGALTUNE_CORPUS", REPOSITORY.parent / "shared" / "corpus"))
    if path.is_dir():
        return path
    message = f"no real documents at {path}: set LEGALTUNE_CORPUS to a folder that holds them"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(autouse=True)
def _torch_as_it_was() -> Iterator[None]:
    """ZeRO-3 puts a function of its own in place of `torch.nn.functional.linear`, for the rest of the process."""
    functional = sys.modules.get("torch.nn.functional")
    linear = getattr(functional, "linear", None)
    yield
    if functional is not None and linear is not None:
        functional.linear = linear  # type: ignore[attr-defined]
