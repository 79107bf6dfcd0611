"""From folders, files, archives and streams to documents: safely, one at a time, in a fixed order.

`list_files` finds the files without opening any, `open_file` reads the documents of one; both together are `walk`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from legaltune.corpus.document import RawDocument
from legaltune.corpus.sources.classify import ZIP_MAGIC
from legaltune.corpus.sources.files import FileRef, list_files
from legaltune.corpus.sources.items import IgnoredFile
from legaltune.corpus.sources.limits import MAX_DOCUMENT_BYTES
from legaltune.corpus.sources.opening import open_file

__all__ = ["MAX_DOCUMENT_BYTES", "ZIP_MAGIC", "FileRef", "IgnoredFile", "list_files", "open_file", "walk"]


def walk(inputs: Sequence[Path]) -> Iterator[RawDocument | IgnoredFile]:
    """All documents below the inputs, see `list_files` and `open_file`.

    Raises:
        InputMissingError: An input does not exist; raised at the call, before anything is read.
    """
    return _open_all(list_files(inputs))


def _open_all(files: Iterator[FileRef | IgnoredFile]) -> Iterator[RawDocument | IgnoredFile]:
    for file in files:
        if isinstance(file, FileRef):
            yield from open_file(file)
        else:
            yield file
