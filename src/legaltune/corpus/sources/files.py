"""Lists the files below the inputs, in a fixed order, without opening any."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from legaltune.corpus.sources.classify import printable, why_name_is_ignored
from legaltune.corpus.sources.items import IgnoredFile
from legaltune.errors import InputMissingError


@dataclass(frozen=True, slots=True)
class FileRef:
    """A file to be opened later, perhaps by another process, or on another machine that has the same path.

    Attributes:
        path: Where it is.
        origin: Its path from the input on, as it stands in the manifest.
        size_bytes: Its size when it was listed.
        modified_ns: Its time of modification then, in nanoseconds.
    """

    path: Path
    origin: str
    size_bytes: int
    modified_ns: int


def list_files(inputs: Sequence[Path]) -> Iterator[FileRef | IgnoredFile]:
    """All files below the inputs, sorted by their paths; the order of the inputs does not matter.

    Folders are listed recursively; links to files are followed, links to folders are not. The origin of a file is its
    path from the input on ("2024/jb-1.zip"). Of several inputs the name comes first ("decisions/2024/jb-1.zip"),
    with as many of the folders above as are needed to tell them apart. An input that is given twice counts once.

    Args:
        inputs: Folders and files.

    Returns:
        An iterator over files, and over those whose names show that they are no documents.

    Raises:
        InputMissingError: An input does not exist; raised at the call, before anything is listed.
    """
    for path in inputs:
        if not path.exists():
            raise InputMissingError(f"input {path} does not exist: check the path or remove it from the inputs")
    return _list(inputs)


def _list(inputs: Sequence[Path]) -> Iterator[FileRef | IgnoredFile]:
    for label, path in sorted(_labelled(inputs).items()):
        origin = printable("/".join(label))
        if path.is_dir():
            yield from _list_folder(path, f"{origin}/" if origin else "")
        elif path.is_file():
            yield _describe(path, origin or printable(path.name), path.stat)
        else:
            yield IgnoredFile(origin or printable(path.name), "not a regular file")


def _labelled(inputs: Iterable[Path]) -> dict[tuple[str, ...], Path]:
    """Inputs by what the origins of their files begin with: nothing where there is one folder only."""
    by_place: dict[str, Path] = {}
    for path in inputs:
        place = os.path.realpath(path)
        by_place[place] = min(path, by_place.get(place, path), key=os.path.abspath)
    paths = [*by_place.values()]
    if len(paths) == 1:
        return {(() if paths[0].is_dir() else (paths[0].name,)): paths[0]}
    parts = {path: Path(os.path.abspath(path)).parts[1:] for path in paths}  # noqa: PTH100 - links are not resolved
    longest = max(map(len, parts.values()), default=0)
    lengths = (length for length in range(1, longest + 1) if _are_distinct([p[-length:] for p in parts.values()]))
    length = next(lengths, longest)
    return {name[-length:]: path for path, name in parts.items()}


def _are_distinct(labels: Iterable[tuple[str, ...]]) -> bool:
    """Whether no label is the beginning of another one: two files could then have the same origin."""
    ordered = sorted(labels)
    return all(after[: len(label)] != label for label, after in itertools.pairwise(ordered))


def _list_folder(folder: Path, prefix: str) -> Iterator[FileRef | IgnoredFile]:
    waiting = _entries(folder, prefix)  # a stack: folders may be nested more deeply than calls
    while waiting:
        entry, origin = waiting.pop()
        if isinstance(entry, FileRef):
            yield entry
        elif entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            waiting += _entries(Path(entry.path), f"{origin}/")
        elif entry.is_file():
            yield _describe(Path(entry.path), origin, entry.stat)
        elif entry.is_symlink():
            yield IgnoredFile(origin, "symbolic link to a folder or to nothing")
        else:
            yield IgnoredFile(origin, "hidden" if entry.name.startswith(".") else "not a regular file")


def _entries(folder: Path, prefix: str) -> list[tuple[os.DirEntry[str] | FileRef, str]]:
    """What is in a folder, the first by name last; the folder itself as a file where it cannot be listed."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name, reverse=True)
    except OSError:
        origin = prefix.removesuffix("/") or printable(folder.name)
        return [(FileRef(folder, origin, 0, 0), origin)]
    return [(entry, prefix + printable(entry.name)) for entry in entries]


def _describe(path: Path, origin: str, stat: Callable[[], os.stat_result]) -> FileRef | IgnoredFile:
    why_ignored = why_name_is_ignored(path.name)
    if why_ignored:
        return IgnoredFile(origin, why_ignored)
    try:
        found = stat()
    except OSError:
        return FileRef(path, origin, 0, 0)  # it has vanished since; opening it will say so
    return FileRef(path, origin, found.st_size, found.st_mtime_ns)
