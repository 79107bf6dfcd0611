"""The preparation of a dataset wherever documents and dataset lie: folders or S3, one machine or a sharded job."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from legaltune.config.schema import DataConfig
from legaltune.corpus.engines import Engine, LocalEngine
from legaltune.corpus.pipeline import assemble, prepare, read_corpus
from legaltune.corpus.prepared import DOCUMENTS_FILE
from legaltune.corpus.tasks import load_phrasings
from legaltune.errors import ConfigurationError, InputMissingError
from legaltune.files import locked
from legaltune.storage import download, is_remote, upload

logger = logging.getLogger(__name__)

ONE_PROCESS = LocalEngine()


def prepare_dataset(
    inputs: Sequence[str],
    output: str,
    config: DataConfig,
    *,
    engine: Engine = ONE_PROCESS,
    previous: str | None = None,
) -> dict[str, Any]:
    """Turn documents into the prepared dataset.

    Args:
        inputs: Files, folders and `s3://` addresses.
        output: Folder or `s3://` prefix of the dataset.
        config: Tasks, split, limits and seed.
        engine: Where the work runs; the result does not depend on it.
        previous: manifest.json of an earlier dataset (or its folder, or either in S3) whose split is kept.

    Returns:
        The manifest.

    Raises:
        ConfigurationError: There is no input, or the output lies in one.
        InputMissingError: An input or the earlier dataset does not exist.
        DataError: No training example is left.
        ServiceUnavailableError: S3 does not answer.
    """
    require_usable(inputs, config)
    _require_apart(inputs, output)
    with _staging(output, *inputs, *([previous] if previous else [])) as staging, _target(output, staging) as folder:
        earlier = _earlier(previous, staging) if previous else None
        sources = [_local(uri, staging) for uri in inputs]
        # Until the upload has succeeded, too, a restart finds what was done.
        work = staging / "work" if is_remote(output) else None
        return prepare(sources, folder, config, engine=engine, previous=earlier, work=work)


def read_stage(inputs: Sequence[Path], parts: Path, config: DataConfig, *, engine: Engine = ONE_PROCESS) -> list[str]:
    """Only the steps that look at one document alone: what each host of a sharded job does with its share.

    Args:
        inputs: Files and folders; the paths below them are the same as they would be in one unsharded folder.
        parts: Folder for the parts. Those of all hosts go together into the input of `assemble_stage`.
        config: As in `prepare_dataset`.
        engine: As in `prepare_dataset`.

    Returns:
        Names of the parts.

    Raises:
        ConfigurationError: There are no prompts in the language wanted.
        InputMissingError: An input does not exist.
    """
    load_phrasings(config.language)
    return read_corpus(inputs, parts, config, engine=engine)


def assemble_stage(
    parts: Path, output: Path, config: DataConfig, *, engine: Engine = ONE_PROCESS, previous: Path | None = None
) -> dict[str, Any]:
    """The steps that need all documents: duplicates, groups, split, examples. Gives what `prepare_dataset` would.

    Raises:
        ConfigurationError: There are no prompts in the language wanted, or the output holds what would be overwritten.
        InputMissingError: There are no parts.
        DataError: The parts were read with other settings, or no training example is left.
    """
    load_phrasings(config.language)
    return assemble(parts, output, config, engine=engine, previous=previous)


def require_usable(inputs: Sequence[str], config: DataConfig) -> None:
    """Check what can be checked before anything is written.

    Raises:
        ConfigurationError: There is no input, or there are no prompts in the language wanted.
        InputMissingError: An input on this machine does not exist.
    """
    load_phrasings(config.language)
    if not inputs:
        raise ConfigurationError(
            "there is no input: name files, folders or s3:// addresses with decisions and statutes (data.input)"
        )
    missing = [name for name in inputs if not is_remote(name) and not Path(name).exists()]
    if missing:
        raise InputMissingError(f"input {', '.join(missing)} does not exist: check the path")


def _require_apart(inputs: Sequence[str], output: str) -> None:
    """Refuse an output within an input: a second run would read the dataset of the first."""
    if is_remote(output):
        folder = output.rstrip("/") + "/"
        within = [name for name in inputs if is_remote(name) and folder.startswith(name.rstrip("/") + "/")]
    else:
        place = Path(output).resolve()
        within = [name for name in inputs if not is_remote(name) and place.is_relative_to(Path(name).resolve())]
    if within:
        raise ConfigurationError(f"the dataset {output} would lie in the input {within[0]}: write it beside it")


@contextmanager
def _staging(*uris: str) -> Iterator[Path]:
    """Folder for copies of what lies in S3, made where something does.

    It keeps its name, so that a run killed half-way finds them again.

    Raises:
        ConfigurationError: Another process uses it, or it is somebody else's.
    """
    name = hashlib.sha256("\n".join(uris).encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"legaltune-{name}"
    if not any(map(is_remote, uris)):
        yield folder
        return
    folder.mkdir(mode=0o700, exist_ok=True)
    _require_own(folder)
    with locked(folder / "lock", f"another process is preparing {uris[0]}"):
        yield folder
        shutil.rmtree(folder, ignore_errors=True)


def _require_own(folder: Path) -> None:
    """Refuse a folder that somebody else put where ours is expected: its name can be guessed, and anybody writes there.

    Raises:
        ConfigurationError: It is a link, or another user's.
    """
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        raise ConfigurationError(f"{folder} is not a folder of yours: remove it, or set TMPDIR to another place")


@contextmanager
def _target(output: str, staging: Path) -> Iterator[Path]:
    """Folder that the dataset is written to; uploaded behind the block where the output lies in S3."""
    if not is_remote(output):
        yield Path(output)
        return
    folder = staging / "output"
    yield folder
    upload(folder, output)
    logger.info("dataset uploaded to %s", output)


def _local(uri: str, staging: Path) -> Path:
    if not is_remote(uri):
        return Path(uri)
    # The last part of the address becomes the name of the folder: it may appear in the names of documents.
    folder = staging / hashlib.sha256(uri.encode()).hexdigest()[:16] / uri.rstrip("/").rpartition("/")[2]
    download(uri, folder, mirror=True)
    return folder


def _earlier(previous: str, staging: Path) -> Path:
    """Folder with what is needed of an earlier dataset, given by its manifest or its folder."""
    folder = previous.removesuffix("manifest.json").rstrip("/") or "."
    if not is_remote(folder):
        return Path(folder)
    copy = staging / hashlib.sha256(folder.encode()).hexdigest()[:16]
    download(f"{folder}/{DOCUMENTS_FILE}", copy)
    return copy
