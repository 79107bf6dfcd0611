"""What a folder holds already, kept so that a killed run goes on where it was."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, Final

from legaltune.errors import ConfigurationError
from legaltune.files import locked, write_text

logger = logging.getLogger(__name__)

FORMAT_VERSION = 1
# Hidden: whoever reads the folder as a corpus passes over it.
STATE_FOLDER = ".fetch"
TOC_NAME = "toc.xml"


@dataclass(frozen=True, slots=True)
class Validators:
    """What a server said to recognise this version of a file by."""

    etag: str | None = None
    last_modified: str | None = None

    @property
    def strong(self) -> str | None:
        """The one that vouches for identical bytes, as continuing a download needs it."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.last_modified


UNKNOWN: Final = Validators()


@dataclass(frozen=True, slots=True)
class Record:
    """A file that was downloaded and verified.

    Attributes:
        path: Relative to the folder.
        size_bytes: Its size.
        modified: Its `modified` in the table of contents at that time.
        etag: ETag of the answer.
        last_modified: Last-Modified of the answer.
    """

    path: str
    size_bytes: int
    modified: str | None = None
    etag: str | None = None
    last_modified: str | None = None

    @property
    def validators(self) -> Validators:
        """For a conditional request."""
        return Validators(self.etag, self.last_modified)


@dataclass(slots=True)
class State:
    """Records by file name; each change is appended to the state file at once.

    Attributes:
        folder: The folder that is filled.
        records: What it holds. Change it through `put` and `remove` only.
    """

    folder: Path
    records: dict[str, Record]
    _log: IO[str] = field(repr=False)

    @property
    def hidden_folder(self) -> Path:
        """Table of contents, unfinished downloads and the state itself."""
        return self.folder / STATE_FOLDER

    def holds(self, record: Record) -> bool:
        """Whether the file is still there, with the size it had."""
        try:
            return (self.folder / record.path).stat().st_size == record.size_bytes
        except OSError:
            return False

    def put(self, name: str, record: Record) -> None:
        """Remember a file."""
        self.records[name] = record
        self._append({"name": name, **asdict(record)})

    def remove(self, name: str) -> None:
        """Forget a file."""
        del self.records[name]
        self._append({"name": name})

    def _append(self, line: dict[str, Any]) -> None:
        self._log.write(json.dumps(line) + "\n")
        self._log.flush()


@contextmanager
def open_state(folder: Path, source: str, toc_url: str) -> Iterator[State]:
    """Open the state of a folder for one process at a time; made where there is none.

    Args:
        folder: The folder that is filled.
        source: Name of the collection.
        toc_url: Its table of contents; what is known of another table is forgotten.

    Raises:
        ConfigurationError: Another process fetches into the folder, or it belongs to another source.
    """
    hidden = folder / STATE_FOLDER
    hidden.mkdir(parents=True, exist_ok=True)
    with locked(hidden / "lock", f"another process is fetching into {folder}"):
        path = hidden / "state.jsonl"
        header = {"version": FORMAT_VERSION, "source": source, "toc_url": toc_url}
        records = _load(path, folder, header) if path.exists() else {}
        _compact(path, header, records)
        with path.open("a", encoding="utf-8") as log:
            yield State(folder, records, log)


def _load(path: Path, folder: Path, header: dict[str, Any]) -> dict[str, Record]:
    """Records of a state file. A line that a crash cut off is passed over: its file is fetched again."""
    records: dict[str, Record] = {}
    damaged = 0
    found: dict[str, Any] = {}
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            try:
                values = json.loads(line)
                if "name" in values:
                    _apply(records, values)
                else:
                    found = dict(values)
            except (ValueError, TypeError, KeyError, AttributeError):
                damaged += 1
    if damaged:
        logger.warning("%d damaged lines of %s passed over: their files are fetched again", damaged, path)
    _check_owner(found, header, folder)
    if found.get("toc_url") != header["toc_url"]:
        records.pop(TOC_NAME, None)
    return records


def _apply(records: dict[str, Record], values: dict[str, Any]) -> None:
    name = values.pop("name")
    if values:
        records[name] = Record(**values)
    else:
        records.pop(name, None)


def _check_owner(found: dict[str, Any], header: dict[str, Any], folder: Path) -> None:
    for key in ("version", "source"):
        if found.get(key, header[key]) != header[key]:
            raise ConfigurationError(
                f"{folder} was filled with {key} {found[key]}, not {header[key]}: name another folder"
            )


def _compact(path: Path, header: dict[str, Any], records: dict[str, Record]) -> None:
    """Write the state anew, one line per file, which also drops what a crash left behind."""
    lines = [header, *({"name": name, **asdict(record)} for name, record in records.items())]
    write_text(path, "".join(json.dumps(line) + "\n" for line in lines))


@dataclass(frozen=True, slots=True)
class Partial:
    """The bytes of a download before they are verified, kept so that a broken one can be continued.

    Attributes:
        path: Where they lie; beside them lies the validator of their version.
    """

    path: Path

    @property
    def _validator(self) -> Path:
        return self.path.with_name(f"{self.path.name}.validator")

    def resume_point(self) -> tuple[int, str] | None:
        """Bytes that are there and the validator of their version, None where there is nothing to continue."""
        try:
            size, validator = self.path.stat().st_size, self._validator.read_text(encoding="ascii")
        except (OSError, ValueError):
            return None
        return (size, validator) if size and validator else None

    def begin(self, validator: str | None) -> IO[bytes]:
        """Open for a download from the first byte on."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._validator.unlink(missing_ok=True)
        file = self.path.open("wb")
        if validator and validator.isascii():
            self._validator.write_text(validator, encoding="ascii")
        return file

    def go_on(self) -> IO[bytes]:
        """Open for the bytes that are missing."""
        return self.path.open("ab")

    def discard(self) -> None:
        """Remove what is there."""
        self._validator.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def move_to(self, target: Path) -> int:
        """Make it the file, at once and whole; returns its size in bytes."""
        target.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
            size_bytes = os.fstat(file.fileno()).st_size
        self.path.replace(target)
        self._validator.unlink(missing_ok=True)
        return size_bytes
