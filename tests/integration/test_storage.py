"""Object storage against a real S3 server on loopback, and against one that misbehaves."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from legaltune import storage
from legaltune.errors import (
    ConfigurationError,
    DataError,
    ExitCode,
    InputMissingError,
    LegaltuneError,
    NotPermittedError,
    ServiceUnavailableError,
)
from tests.storage import BUCKET, contents, point_at

DATASET = {"manifest.json": "{}", "dropped.jsonl": "", "train/00000.parquet": "1", "test/00000.parquet": "2"}


def put(s3: Any, objects: dict[str, str]) -> None:
    for key, text in objects.items():
        s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def read(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_what_is_remote() -> None:
    assert storage.is_remote("s3://bucket/key")
    assert not storage.is_remote("/data/s3://bucket")
    assert not storage.is_remote("https://bucket.s3.amazonaws.com/key")


def test_a_prefix_is_mirrored_and_nothing_beside_it(s3: Any, tmp_path: Path) -> None:
    put(s3, {"in/a.zip": "a", "in/bgh/b.zip": "b", "in/empty": "", "in/marker/": "", "input/c.zip": "c", "in.zip": "d"})
    storage.download(f"s3://{BUCKET}/in", tmp_path / "with")
    storage.download(f"s3://{BUCKET}/in/", tmp_path / "without")
    assert read(tmp_path / "with") == read(tmp_path / "without") == {"a.zip": "a", "bgh/b.zip": "b", "empty": ""}


def test_a_single_object_and_a_whole_bucket(s3: Any, tmp_path: Path) -> None:
    put(s3, {"in/cases.jsonl": "1", "in/cases.jsonl.gz": "2"})
    storage.download(f"s3://{BUCKET}/in/cases.jsonl", tmp_path / "one")
    assert read(tmp_path / "one") == {"cases.jsonl": "1"}
    storage.download(f"s3://{BUCKET}", tmp_path / "all")
    assert read(tmp_path / "all") == {"in/cases.jsonl": "1", "in/cases.jsonl.gz": "2"}


def test_more_objects_than_one_page_lists(s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(s3, {f"in/{number}": "x" for number in range(8)})
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "3")
    assert len(s3.list_objects_v2(Bucket=BUCKET)["Contents"]) == 3
    storage.download(f"s3://{BUCKET}/in", tmp_path)
    assert len(read(tmp_path)) == 8


def test_a_restart_fetches_only_what_is_missing_or_changed(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, {"in/same": "1", "in/changed": "2", "in/lost": "3", "in/damaged": "4", "in/touched": "5"})
    storage.download(f"s3://{BUCKET}/in", tmp_path)
    (tmp_path / "lost").unlink()
    (tmp_path / "damaged").write_text("44")
    os.utime(tmp_path / "touched", (1, 1))
    put(s3, {"in/changed": "22"})
    (tmp_path / "own.txt").write_text("mine")
    fetched: list[str] = []
    original = storage._fetch

    def watched(client: Any, bucket: str, item: storage._Object, target: Path) -> None:
        fetched.append(item.key)
        original(client, bucket, item, target)

    monkeypatch.setattr(storage, "_fetch", watched)
    storage.download(f"s3://{BUCKET}/in", tmp_path)
    assert sorted(fetched) == ["in/changed", "in/damaged", "in/lost", "in/touched"]
    expected = {"same": "1", "changed": "22", "lost": "3", "damaged": "4", "touched": "5", "own.txt": "mine"}
    assert read(tmp_path) == expected


@pytest.mark.parametrize("key", ["in/../../evil", "in//evil", "in/./evil", "in/a\\..\\evil", "in/.."])
def test_a_key_that_would_leave_the_folder_is_refused_before_anything_is_fetched(
    key: str,
) -> None:
    item = storage._Object(key, 1, "", 0.0)
    good = storage._Object("in/a", 1, "", 0.0)
    with pytest.raises(DataError, match="no path below a folder"):
        storage._relative_paths([good, item], storage._Location(BUCKET, "in"))


def test_an_object_that_is_also_a_folder_is_refused(s3: Any, tmp_path: Path) -> None:
    put(s3, {"in/a": "a", "in/a/b": "b"})
    with pytest.raises(DataError, match="an object and a folder"):
        storage.download(f"s3://{BUCKET}/in", tmp_path)
    assert read(tmp_path) == {}


def test_upload_and_back(s3: Any, tmp_path: Path) -> None:
    write(tmp_path / "out", {**DATASET, ".hidden": "x", ".tmp/a": "x"})
    storage.upload(tmp_path / "out", f"s3://{BUCKET}/prepared")
    assert set(contents(s3)) == {f"prepared/{name}" for name in DATASET}
    storage.download(f"s3://{BUCKET}/prepared", tmp_path / "back")
    assert read(tmp_path / "back") == DATASET


def test_old_shards_vanish_and_foreign_objects_stay(s3: Any, tmp_path: Path) -> None:
    old = {**DATASET, "train/00001.parquet": "old", "validation/00000.parquet": "old"}
    foreign = [
        "prepared/train/notes.txt",
        "prepared/other/a.parquet",
        "train/00007.parquet",
        "prepared-2/manifest.json",
    ]
    put(s3, {f"prepared/{name}": text for name, text in old.items()} | dict.fromkeys(foreign, "foreign"))
    storage.upload(write(tmp_path, DATASET), f"s3://{BUCKET}/prepared/")
    assert set(contents(s3)) == {f"prepared/{name}" for name in DATASET} | set(foreign)


def test_a_reader_never_sees_the_marker_beside_unfinished_data(
    s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, {"prepared/manifest.json": "old", "prepared/train/00009.parquet": "old"})
    seen: list[tuple[str, bool]] = []
    original = storage._sender

    def watching(client: Any, folder: Path, location: Any) -> Any:
        send = original(client, folder, location)

        def watched(name: str) -> None:
            seen.append((name, "prepared/manifest.json" in contents(s3)))
            if name == "manifest.json":
                assert "prepared/train/00009.parquet" not in contents(s3)
            send(name)

        return watched

    monkeypatch.setattr(storage, "_sender", watching)
    storage.upload(write(tmp_path, DATASET), f"s3://{BUCKET}/prepared")
    assert len(seen) == len(DATASET)
    assert seen[-1] == ("manifest.json", False)
    assert not any(marker for _, marker in seen)


def test_an_unfinished_folder_is_not_uploaded(s3: Any, tmp_path: Path) -> None:
    put(s3, {"prepared/manifest.json": "old"})
    with pytest.raises(InputMissingError, match=r"no manifest\.json"):
        storage.upload(write(tmp_path, {"train/00000.parquet": "1"}), f"s3://{BUCKET}/prepared")
    with pytest.raises(InputMissingError, match="does not exist"):
        storage.upload(tmp_path / "nowhere", f"s3://{BUCKET}/prepared")
    assert contents(s3) == {"prepared/manifest.json": b"old"}


@pytest.mark.parametrize("uri", [f"s3://{BUCKET}/nothing", "s3://no-such-bucket/in", f"s3://{BUCKET}/in/a/b"])
def test_what_is_missing_is_named(s3: Any, tmp_path: Path, uri: str) -> None:
    put(s3, {"in/a": "a"})
    with pytest.raises(InputMissingError, match=uri.split("/")[2]) as caught:
        storage.download(uri, tmp_path)
    assert caught.value.exit_code == 66


def test_a_missing_bucket_for_an_upload(s3: Any, tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="no-such-bucket"):
        storage.upload(write(tmp_path, DATASET), "s3://no-such-bucket/prepared")


@pytest.mark.parametrize("uri", ["s3://", "s3:///key", "/data", "s3://UPPER_case!/x"])
def test_what_is_no_address_is_a_usage_error(s3: Any, tmp_path: Path, uri: str) -> None:
    with pytest.raises(ConfigurationError):
        storage.download(uri, tmp_path)


def test_only_what_is_wanted_is_sent(s3: Any, tmp_path: Path) -> None:
    write(tmp_path, {**DATASET, "notes.txt": "private", "train/notes.txt": "private"})
    storage.upload(tmp_path, f"s3://{BUCKET}/prepared", only=("*/*.parquet", "manifest.json"))
    assert not [name for name in contents(s3) if name.endswith(".txt")]


def test_a_mirror_forgets_what_is_gone(s3: Any, tmp_path: Path) -> None:
    put(s3, {"in/a": "a", "in/b/c": "c"})
    storage.download(f"s3://{BUCKET}/in", tmp_path)
    s3.delete_object(Bucket=BUCKET, Key="in/b/c")
    storage.download(f"s3://{BUCKET}/in", tmp_path)
    assert read(tmp_path) == {"a": "a", "b/c": "c"}
    storage.download(f"s3://{BUCKET}/in", tmp_path, mirror=True)
    assert read(tmp_path) == {"a": "a"}


def test_without_credentials(s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(NotPermittedError, match="set up credentials") as caught:
        storage.download(f"s3://{BUCKET}/in", tmp_path)
    assert caught.value.exit_code == ExitCode.NOT_PERMITTED


LISTING = b"""<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><IsTruncated>false</IsTruncated>
<Contents><Key>in/a</Key><Size>10</Size><ETag>"1"</ETag><LastModified>2026-01-02T03:04:05.000Z</LastModified></Contents>
</ListBucketResult>"""


class Stub(BaseHTTPRequestHandler):
    """Answers every request with the next of the class's scripted answers; the last one stays."""

    answers: list[tuple[int, dict[str, str], bytes]]
    conditions: list[tuple[str | None, str | None]]

    def do_GET(self) -> None:
        if "list-type" in self.path and self.answers[0][0] == 200:
            status, headers, body = 200, dict[str, str](), LISTING
        else:
            self.conditions.append((self.headers.get("Range"), self.headers.get("If-Match")))
            status, headers, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_PUT(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Stub]]:
    handler = type("ScriptedStub", (Stub,), {"answers": [], "conditions": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    point_at(monkeypatch, f"http://127.0.0.1:{server.server_address[1]}")
    yield handler
    server.shutdown()
    server.server_close()


def failure(status: int, code: str) -> tuple[int, dict[str, str], bytes]:
    return status, {}, f"<Error><Code>{code}</Code><Message>no</Message></Error>".encode()


@pytest.mark.parametrize(
    ("answer", "error", "exit_code"),
    [
        (failure(403, "AccessDenied"), NotPermittedError, 77),
        (failure(403, "SignatureDoesNotMatch"), NotPermittedError, 77),
        (failure(400, "ExpiredToken"), NotPermittedError, 77),
        (failure(404, "NoSuchBucket"), InputMissingError, 66),
        (failure(503, "SlowDown"), ServiceUnavailableError, 69),
        (failure(500, "InternalError"), ServiceUnavailableError, 69),
        (failure(400, "InvalidBucketName"), ConfigurationError, 64),
        ((500, {}, b"<html>proxy</html>"), ServiceUnavailableError, 69),
    ],
)
def test_refusals_say_what_to_do(
    stub: type[Stub],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: tuple[int, dict[str, str], bytes],
    error: type[LegaltuneError],
    exit_code: int,
) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    stub.answers = [answer]
    with pytest.raises(error, match=f"s3://{BUCKET}") as caught:
        storage.download(f"s3://{BUCKET}/in", tmp_path / "in")
    assert caught.value.exit_code == exit_code
    with pytest.raises(error, match=f"s3://{BUCKET}") as caught:
        storage.upload(write(tmp_path / "out", DATASET), f"s3://{BUCKET}/out")
    assert caught.value.exit_code == exit_code


def test_nobody_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)
    point_at(monkeypatch, "http://127.0.0.1:9")
    with pytest.raises(ServiceUnavailableError, match="AWS_ENDPOINT_URL"):
        storage.download(f"s3://{BUCKET}/in", tmp_path)


def test_a_body_that_breaks_off_is_continued(stub: type[Stub], tmp_path: Path) -> None:
    whole = {"Content-Length": "10", "Connection": "close"}
    rest = {"Content-Length": "6", "Content-Range": "bytes 4-9/10"}
    stub.answers = [(200, whole, b"0123"), (206, rest, b"456789")]
    storage.download(f"s3://{BUCKET}/in", tmp_path)
    assert read(tmp_path) == {"a": "0123456789"}
    assert stub.conditions == [(None, '"1"'), ("bytes=4-", '"1"')]


def test_a_body_that_always_breaks_off_leaves_no_file(stub: type[Stub], tmp_path: Path) -> None:
    stub.answers = [(200, {"Content-Length": "10", "Connection": "close"}, b"")]
    with pytest.raises(ServiceUnavailableError):
        storage.download(f"s3://{BUCKET}/in", tmp_path)
    assert not (tmp_path / "a").exists()


def test_an_object_that_changes_meanwhile_is_not_mixed(stub: type[Stub], tmp_path: Path) -> None:
    whole = {"Content-Length": "10", "Connection": "close"}
    stub.answers = [(200, whole, b"0123"), failure(412, "PreconditionFailed")]
    with pytest.raises(DataError, match="changed while it was fetched"):
        storage.download(f"s3://{BUCKET}/in", tmp_path)
    assert not (tmp_path / "a").exists()
