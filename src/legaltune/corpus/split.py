"""Assigns groups of documents to train, validation and test."""

from __future__ import annotations

import hashlib
from typing import Literal

SplitName = Literal["train", "validation", "test"]
SPLITS: tuple[SplitName, ...] = ("train", "validation", "test")


def assign_split(group_id: str, *, seed: int, validation: float, test: float) -> SplitName:
    """Split of one group, by hash: it does not change when other documents come or go.

    Args:
        group_id: All documents of a group share it, and therefore the split.
        seed: Another seed gives another, independent assignment.
        validation: Expected share of groups for validation (0 to 1).
        test: Expected share of groups for test (0 to 1).
    """
    digest = hashlib.sha256(f"{seed}:{group_id}".encode()).digest()
    position = int.from_bytes(digest[:8]) / 2**64
    if position < test:
        return "test"
    return "validation" if position < test + validation else "train"
