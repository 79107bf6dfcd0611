"""Object storage (S3 and what speaks its protocol): inputs come in before a step, results go out after it.

boto3 finds credentials, region and endpoint (`AWS_ENDPOINT_URL`) as everywhere; it is imported only when needed.
"""

from __future__ import annotations

import fnmatch
import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from legaltune.errors import (
    ConfigurationError,
    DataError,
    InputMissingError,
    LegaltuneError,
    NotPermittedError,
    ServiceUnavailableError,
)
from legaltune.logs import progress

logger = logging.getLogger(__name__)

_Item = TypeVar("_Item")

_SCHEME = "s3://"
_BODY_ATTEMPTS = 4
_CHUNK_BYTES = 1024 * 1024
_MISSING = frozenset({"404", "NoSuchBucket", "NoSuchKey", "NotFound"})
_DENIED = frozenset(
    {
        "401",
        "403",
        "AccessDenied",
        "AllAccessDisabled",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidToken",
        "SignatureDoesNotMatch",
    }
)
_CHANGED = frozenset({"412", "PreconditionFailed"})
_SHARDS = ("train/*.parquet", "validation/*.parquet", "test/*.parquet")


@dataclass(frozen=True, slots=True)
class _Location:
    """A place in a bucket; the key is empty for the whole bucket."""

    bucket: str
    key: str

    @property
    def prefix(self) -> str:
        """The key as a folder: empty, or ending in a slash."""
        return f"{self.key.rstrip('/')}/" if self.key.strip("/") else ""

    def __str__(self) -> str:
        return f"{_SCHEME}{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class _Object:
    """An object as a listing shows it.

    Attributes:
        key: Its key.
        size_bytes: Its size.
        etag: Tag of its version.
        modified: Time of its last change, in seconds since the epoch.
    """

    key: str
    size_bytes: int
    etag: str
    modified: float


def is_remote(uri: str) -> bool:
    """Whether this names a place in object storage rather than a path."""
    return uri.startswith(_SCHEME)


def download(uri: str, folder: Path, *, mirror: bool = False, connections: int = 8) -> None:
    """Copy an object, or all objects below a prefix, into a folder.

    A file that is there with the size and the time of its object is not fetched again, so that a restart goes on where
    it was; every file is whole or absent.

    Args:
        uri: "s3://bucket/key" or "s3://bucket/prefix".
        folder: Where the files go, under their keys below the prefix; made where it does not exist.
        mirror: Remove files in the folder that have no object (any more).
        connections: Files that are fetched at once.

    Raises:
        InputMissingError: There is no such bucket, or nothing below the prefix.
        NotPermittedError: Credentials are missing or do not suffice.
        ServiceUnavailableError: The storage does not answer.
        DataError: A key would leave the folder, or an object changed while it was fetched.
    """
    location = _parse(uri)
    with _clear_errors(location):
        client = _client(connections)
        found = _find(client, location)
        targets = {item: folder / relative for item, relative in _relative_paths(found, location).items()}
        if mirror:
            _remove_others(folder, set(targets.values()))
        wanted = [item for item, target in targets.items() if not _is_current(target, item)]
        logger.info("%s: %d objects, %d of them to fetch", location, len(found), len(wanted))
        _in_parallel(
            lambda item: _fetch(client, location.bucket, item, targets[item]),
            wanted,
            "objects fetched",
            connections,
        )


def _remove_others(folder: Path, wanted: Collection[Path]) -> None:
    for path in folder.rglob("*"):
        if path.is_file() and path not in wanted:
            path.unlink()


def upload(
    folder: Path,
    uri: str,
    *,
    last: Sequence[str] = ("manifest.json",),
    only: Sequence[str] = ("*",),
    replaced: Sequence[str] = _SHARDS,
    connections: int = 8,
) -> None:
    """Copy a finished folder to a prefix, so that nobody takes a mixture of old and new for whole.

    First the old objects named in `last` are removed: from here on a reader finds an unfinished dataset. Then the files
    follow, then old shards that the folder no longer has are removed, and the files named in `last` close the upload.

    Args:
        folder: What to copy; hidden files stay behind.
        uri: "s3://bucket/prefix".
        last: Files that mark the folder as finished, relative to it.
        only: Patterns of the files to copy, relative to the folder.
        replaced: Patterns of the objects that belong to the folder: without a file they are removed. Everything else
            below the prefix stays.
        connections: Files that are sent at once.

    Raises:
        InputMissingError: The folder or the bucket does not exist, or a file of `last` is missing.
        NotPermittedError: Credentials are missing or do not suffice.
        ServiceUnavailableError: The storage does not answer.
    """
    location = _parse(uri)
    names = [name for name in _files_of(folder) if any(fnmatch.fnmatchcase(name, pattern) for pattern in only)]
    unfinished = [name for name in last if name not in names]
    if unfinished:
        raise InputMissingError(f"{folder} has no {', '.join(unfinished)}: it is unfinished; finish it, then upload")
    with _clear_errors(location):
        client = _client(connections)
        old = {item.key.removeprefix(location.prefix) for item in _list(client, location.bucket, location.prefix)}
        send = _sender(client, folder, location)
        _delete(client, location, sorted(old & set(last)))
        _in_parallel(send, [name for name in names if name not in last], "files sent", connections)
        is_ours = [name for name in sorted(old - set(names)) if any(fnmatch.fnmatchcase(name, p) for p in replaced)]
        _delete(client, location, is_ours)
        for name in last:
            send(name)
    logger.info("%d files sent to %s, %d old shards removed", len(names), location, len(is_ours))


def _parse(uri: str) -> _Location:
    bucket, _, key = uri.removeprefix(_SCHEME).partition("/")
    if not is_remote(uri) or not bucket:
        raise ConfigurationError(f"{uri!r} names no object storage: write s3://bucket/prefix")
    return _Location(bucket, key)


def _client(connections: int) -> Any:
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    settings = Config(
        connect_timeout=10,
        read_timeout=60,
        max_pool_connections=connections,
        retries={"mode": "standard", "max_attempts": 4},
    )
    # A session of its own: boto3's default one is shared and not made for threads.
    return boto3.session.Session().client("s3", config=settings)


def _find(client: Any, location: _Location) -> list[_Object]:
    """The object of that key, or all objects below it as a prefix."""
    found = []
    if location.key and not location.key.endswith("/"):
        same = (item for item in _list(client, location.bucket, location.key, limit=1) if item.key == location.key)
        found = list(same)
    found = found or [
        item
        for item in _list(client, location.bucket, location.prefix)
        if not item.key.endswith("/") or item.size_bytes
    ]
    if not found:
        raise InputMissingError(f"there is nothing at {location}: check bucket and prefix")
    return found


def _list(client: Any, bucket: str, prefix: str, *, limit: int | None = None) -> Iterator[_Object]:
    pages = client.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Prefix=prefix, PaginationConfig={"MaxItems": limit}
    )
    for page in pages:
        for item in page.get("Contents", ()):
            yield _Object(item["Key"], item["Size"], item["ETag"], item["LastModified"].timestamp())


def _relative_paths(found: Iterable[_Object], location: _Location) -> dict[_Object, str]:
    """Where each object goes below the folder.

    Raises:
        DataError: A key would leave the folder, or is both a file and a folder.
    """
    paths = {
        item: item.key.rpartition("/")[2] if item.key == location.key else item.key.removeprefix(location.prefix)
        for item in found
    }
    names = set(paths.values())
    for item, name in paths.items():
        parts = name.split("/")
        if any(part in {"", ".", ".."} for part in parts) or any(character in name for character in "\\\0"):
            raise DataError(f"key {item.key!r} in {location.bucket} is no path below a folder: rename the object")
        above = ("/".join(parts[:depth]) for depth in range(1, len(parts)))
        if clash := next((folder for folder in above if folder in names), None):
            raise DataError(f"{clash!r} at {location} is an object and a folder of objects: rename one of them")
    return paths


def _is_current(target: Path, item: _Object) -> bool:
    try:
        status = target.stat()
    except OSError:
        return False
    return status.st_size == item.size_bytes and abs(status.st_mtime - item.modified) < 0.001


def _fetch(client: Any, bucket: str, item: _Object, target: Path) -> None:
    """Fetch an object; its time becomes the file's, which is how a later run knows the version."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.part")
    with partial.open("wb") as file:
        for attempt in range(_BODY_ATTEMPTS):
            try:
                _append_rest(client, bucket, item, file)
                break
            except _broken_body():
                if attempt == _BODY_ATTEMPTS - 1:
                    raise
        if file.tell() != item.size_bytes:
            raise DataError(f"{item.key} has {file.tell()} bytes, but is listed with {item.size_bytes}: try again")
    os.utime(partial, (item.modified, item.modified))
    partial.replace(target)


def _append_rest(client: Any, bucket: str, item: _Object, file: Any) -> None:
    """Fetch what is missing of an object. The library repeats requests that fail, but not bodies that break off."""
    if file.tell() == item.size_bytes:
        return
    rest = {"Range": f"bytes={file.tell()}-"} if file.tell() else {}
    body = client.get_object(Bucket=bucket, Key=item.key, IfMatch=item.etag, **rest)["Body"]
    for chunk in body.iter_chunks(_CHUNK_BYTES):
        file.write(chunk)


def _broken_body() -> tuple[type[Exception], ...]:
    from botocore.exceptions import IncompleteReadError, ReadTimeoutError, ResponseStreamingError  # noqa: PLC0415

    return IncompleteReadError, ReadTimeoutError, ResponseStreamingError


def _files_of(folder: Path) -> list[str]:
    if not folder.is_dir():
        raise InputMissingError(f"{folder} does not exist: there is nothing to upload")
    paths = (path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file())
    return [path.as_posix() for path in paths if not any(part.startswith(".") for part in path.parts)]


def _sender(client: Any, folder: Path, location: _Location) -> Callable[[str], None]:
    from boto3.s3.transfer import TransferConfig  # noqa: PLC0415

    one_thread = TransferConfig(use_threads=False)  # the files are sent in parallel already

    def send(name: str) -> None:
        client.upload_file(str(folder / name), location.bucket, f"{location.prefix}{name}", Config=one_thread)

    return send


def _delete(client: Any, location: _Location, names: Sequence[str]) -> None:
    for name in names:
        client.delete_object(Bucket=location.bucket, Key=f"{location.prefix}{name}")


def _in_parallel(work: Callable[[_Item], None], items: Sequence[_Item], description: str, connections: int) -> None:
    """Do the work for each item in threads; the first error ends all."""
    with progress(description, len(items)) as advance, ThreadPoolExecutor(connections) as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            for future in as_completed(futures):
                future.result()
                advance(1)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


@contextmanager
def _clear_errors(location: _Location) -> Iterator[None]:
    from boto3.exceptions import S3UploadFailedError  # noqa: PLC0415
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        yield
    except (BotoCoreError, ClientError, S3UploadFailedError) as error:
        raise _translated(error, location) from error


def _translated(error: Exception, location: _Location) -> LegaltuneError:
    """The error as one of ours: what was asked for, what the storage said, what to do."""
    from botocore import exceptions  # noqa: PLC0415

    if isinstance(error.__context__, exceptions.ClientError):  # a failed upload wraps the answer
        error = error.__context__
    if isinstance(error, exceptions.ClientError):
        return _translated_answer(error, location)
    credentials = (
        exceptions.NoCredentialsError,
        exceptions.PartialCredentialsError,
        exceptions.CredentialRetrievalError,
        exceptions.NoAuthTokenError,
        exceptions.TokenRetrievalError,
        exceptions.SSOError,
    )
    if isinstance(error, credentials):
        return NotPermittedError(f"{location}: {error}; set up credentials, such as AWS_PROFILE or a role")
    settings = (exceptions.ParamValidationError, exceptions.ProfileNotFound, exceptions.ConfigParseError, ValueError)
    if isinstance(error, settings):
        return ConfigurationError(f"{location}: {error}")
    return ServiceUnavailableError(f"{location}: {error}; check network, region and AWS_ENDPOINT_URL")


def _translated_answer(error: Any, location: _Location) -> LegaltuneError:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code in _MISSING:
        return InputMissingError(f"{location}: {error}; check bucket and key")
    if code in _DENIED or status in {401, 403}:
        return NotPermittedError(f"{location}: {error}; check the credentials and what they may do there")
    if code in _CHANGED:
        return DataError(f"{location} changed while it was fetched: run the command again")
    if status >= 500 or status == 429:
        return ServiceUnavailableError(f"{location}: {error}; try again later")
    return ConfigurationError(f"{location}: {error}")
