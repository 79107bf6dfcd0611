"""Fixtures shared by all tests."""

from __future__ import annotations

import os
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
