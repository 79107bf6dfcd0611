"""Archives and short cuts for the tests of the sources."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from legaltune.corpus.document import DropReason, RawDocument
from legaltune.corpus.sources import IgnoredFile, walk

Members = Mapping[str, bytes]


def documents(*inputs: Path) -> list[RawDocument]:
    return [item for item in walk(inputs) if isinstance(item, RawDocument)]


def contents(*inputs: Path) -> dict[str, bytes | DropReason]:
    """Content of each document by its origin, or the reason why it could not be had."""
    found: dict[str, bytes | DropReason] = {}
    for document in documents(*inputs):
        assert document.origin not in found
        found[document.origin] = document.failure.reason if document.failure else document.content
    return found


def ignored(*inputs: Path) -> dict[str, str]:
    return {item.origin: item.why for item in walk(inputs) if isinstance(item, IgnoredFile)}


def failure_of(document: RawDocument) -> tuple[DropReason, str]:
    assert document.failure is not None
    assert document.content == b""
    return document.failure.reason, document.failure.detail


def zip_of(members: Members, compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tar_of(members: Members, mode: str = "w", format: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode, format=format) as archive:  # type: ignore[call-overload]
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def write(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path
