from __future__ import annotations

import itertools

import pytest

from legaltune.corpus.synthetic import Case, generate_decisions


@pytest.fixture(scope="session")
def cases() -> list[Case]:
    return list(itertools.islice(generate_decisions(1), 600))
