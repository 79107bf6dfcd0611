"""Fixtures of the integration tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.storage import empty, s3_server


@pytest.fixture(scope="module")
def server() -> Iterator[Any]:
    """An S3 server on loopback that boto3 is pointed at; yields a client."""
    with s3_server() as client:
        yield client


@pytest.fixture
def s3(server: Any) -> Any:
    """The client of a server whose bucket is empty."""
    empty(server)
    return server
