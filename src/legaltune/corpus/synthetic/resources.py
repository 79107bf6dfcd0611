"""The package's data files: the German texts that decisions are made of."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import Any

import yaml

DATA = files("legaltune.corpus.synthetic") / "data"


def load_data(name: str) -> Any:
    """The content of one YAML file of the data folder."""
    return yaml.load((DATA / name).read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


@lru_cache(maxsize=1)
def load_frame() -> dict[str, Any]:
    """The sentences that every decision needs."""
    frame: dict[str, Any] = load_data("frame.yaml")
    return frame


@lru_cache(maxsize=1)
def load_passages() -> dict[str, Any]:
    """The passages that lengthen a decision."""
    passages: dict[str, Any] = load_data("passages.yaml")
    return passages
