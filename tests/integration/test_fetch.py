"""`fetch` against a real server on loopback that misbehaves in every way a server can."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import IO, Any

import pytest

import legaltune
from legaltune.corpus.sources import IgnoredFile, walk
from legaltune.corpus.synthetic import write_corpus
from legaltune.errors import ConfigurationError, DataError, LegaltuneError, PlatformError, ServiceUnavailableError
from legaltune.fetch import FetchOptions, fetch
from legaltune.fetch.client import Waiting
from legaltune.fetch.state import Partial

Behaviour = Callable[["Handler"], None]

FATES = ("downloaded", "unchanged", "filtered", "postponed", "gone", "failed", "refused")
LAST_MODIFIED = "Wed, 14 Jan 2026 08:00:00 GMT"


def zipped(text: str = "<dokument/>", *, padding: int = 0) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(zipfile.ZipInfo("jb.xml"), text + " " * padding)
    return buffer.getvalue()


class Handler(BaseHTTPRequestHandler):
    """Answers as the site's script for the path says."""

    protocol_version = "HTTP/1.1"
    site: Site

    def do_GET(self) -> None:
        self.close_connection = True
        self.site.note(self)
        self.site.behaviour(self.path)(self)

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        """A whole answer."""
        self.begin(status, **{"Content-Length": str(len(body)), **{k.replace("_", "-"): v for k, v in headers.items()}})
        self.wfile.write(body)

    def begin(self, status: int, **headers: str) -> None:
        """Status and headers alone."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@dataclass
class Site:
    """Tables of contents, files, and for each path how it misbehaves, request by request."""

    url: str = ""
    scripts: dict[str, list[Behaviour]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def note(self, handler: Handler) -> None:
        self.requests.append((handler.path, dict(handler.headers.items())))

    def behaviour(self, path: str) -> Behaviour:
        """The next behaviour of a path; the last one stays."""
        script = self.scripts.get(path, [status(404)])
        return script.pop(0) if len(script) > 1 else script[0]

    def serve(self, path: str, *script: Behaviour) -> None:
        self.scripts[path] = list(script)

    def list_decisions(self, *names: str, modified: str = "2026-01-01", links: tuple[str, ...] = ()) -> None:
        """A table of contents of decisions of the BGH."""
        all_links = [*(f"{self.url}/docs/{name}.zip" for name in names), *links]
        items = "".join(
            f"<item><gericht>BGH 1. Zivilsenat</gericht><entsch-datum>20260101</entsch-datum><link>{link}</link>"
            f"<modified>{modified}</modified></item>"
            for link in all_links
        )
        self.serve("/rii-toc.xml", whole(f"<?xml version='1.0'?><items>{items}</items>".encode()))

    def count(self, path: str) -> int:
        return sum(1 for requested, _ in self.requests if requested == path)

    def headers_of(self, path: str) -> list[dict[str, str]]:
        return [headers for requested, headers in self.requests if requested == path]


def whole(body: bytes, **headers: str) -> Behaviour:
    return lambda handler: handler.answer(200, body, **headers)


def status(code: int, **headers: str) -> Behaviour:
    return lambda handler: handler.answer(code, b"no", **headers)


def conditional(body: bytes, etag: str = '"1"') -> Behaviour:
    """A server that knows ETag and Last-Modified."""

    def behave(handler: Handler) -> None:
        if etag == handler.headers.get("If-None-Match"):
            handler.answer(304, ETag=etag)
        else:
            handler.answer(200, body, ETag=etag, Last_Modified=LAST_MODIFIED)

    return behave


def truncated(body: bytes, *, keep: int, etag: str | None = None) -> Behaviour:
    """Promises all, sends a part, closes."""

    def behave(handler: Handler) -> None:
        headers = {"Content-Length": str(len(body)), **({"ETag": etag} if etag else {})}
        handler.begin(200, **headers)
        handler.wfile.write(body[:keep])

    return behave


def ranged(body: bytes, etag: str = '"1"') -> Behaviour:
    """A server that continues downloads where the validator is the current one."""

    def behave(handler: Handler) -> None:
        span = handler.headers.get("Range")
        if span is None or handler.headers.get("If-Range") != etag:
            handler.answer(200, body, ETag=etag)
            return
        first = int(span.removeprefix("bytes=").removesuffix("-"))
        content_range = f"bytes {first}-{len(body) - 1}/{len(body)}"
        handler.answer(206, body[first:], ETag=etag, Content_Range=content_range)

    return behave


def stall(handler: Handler) -> None:
    handler.begin(200, **{"Content-Length": "1000"})
    handler.wfile.write(b"PK")
    handler.wfile.flush()
    time.sleep(1.1)


def drip(handler: Handler) -> None:
    """Never pauses for long and never ends."""
    handler.begin(200, **{"Content-Length": "1000"})
    _trickle(handler, b"x", seconds=1.1)


def drip_headers(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _trickle(handler, b"x", seconds=1.1)


def endless(handler: Handler) -> None:
    handler.begin(200)
    _trickle(handler, b"x" * 65_536, seconds=3, pause=0)


def _trickle(handler: Handler, piece: bytes, *, seconds: float, pause: float = 0.02) -> None:
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            handler.wfile.write(piece)
            handler.wfile.flush()
            time.sleep(pause)
    except OSError:
        pass


def hang_up(handler: Handler) -> None:
    """No answer at all."""
    handler.connection.close()


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    site = Site()
    handler = type("ScriptedHandler", (Handler,), {"site": site})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    server.block_on_close = False
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield site
    server.shutdown()
    server.server_close()
    thread.join()


QUICK: dict[str, Any] = {
    "requests_per_second": 2000.0,
    "backoff_seconds": 0.01,
    "attempts": 3,
    "connect_seconds": 5.0,
    "read_seconds": 5.0,
    "file_seconds": 10.0,
    "max_file_bytes": 1_000_000,
    "max_failed_share": 1.0,
}


def run(
    site: Site, folder: Path, *, source: str = "rii", waiting: Waiting | None = None, **options: Any
) -> dict[str, Any]:
    settings = {"toc_url": f"{site.url}/{source}-toc.xml", **QUICK, **options}
    try:
        summary = fetch(source, folder, FetchOptions(**settings), waiting=waiting)
    except LegaltuneError:
        kept = folder / ".fetch" / "summary.json"
        if kept.exists():
            _assert_adds_up(json.loads(kept.read_text()))
        raise
    _assert_adds_up(summary)
    return summary


def _assert_adds_up(summary: dict[str, Any]) -> None:
    assert summary["items"] == sum(summary[fate] for fate in FATES)


def fates(summary: dict[str, Any]) -> dict[str, int]:
    return {fate: summary[fate] for fate in FATES if summary[fate]}


def files(folder: Path) -> dict[str, bytes]:
    """What a reader of the folder sees."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".fetch" not in path.parts
    }


def test_a_second_run_asks_only_for_what_is_new_or_changed(site: Site, tmp_path: Path) -> None:
    site.list_decisions("jb-1", "jb-2")
    site.serve("/docs/jb-1.zip", conditional(zipped("<a/>")))
    site.serve("/docs/jb-2.zip", conditional(zipped("<b/>")))
    assert fates(run(site, tmp_path)) == {"downloaded": 2}
    assert files(tmp_path) == {"bgh/jb-1.zip": zipped("<a/>"), "bgh/jb-2.zip": zipped("<b/>")}

    site.requests.clear()
    assert fates(run(site, tmp_path)) == {"unchanged": 2}
    assert [path for path, _ in site.requests] == ["/rii-toc.xml"]

    site.requests.clear()
    site.list_decisions("jb-1", "jb-2", "jb-3", modified="2026-02-02")
    site.serve("/docs/jb-2.zip", conditional(zipped("<b>neu</b>"), '"2"'))
    site.serve("/docs/jb-3.zip", conditional(zipped("<c/>")))
    assert fates(run(site, tmp_path)) == {"downloaded": 2, "unchanged": 1}
    assert files(tmp_path)["bgh/jb-2.zip"] == zipped("<b>neu</b>")
    assert site.headers_of("/docs/jb-1.zip")[0]["If-None-Match"] == '"1"'
    assert site.headers_of("/docs/jb-1.zip")[0]["If-Modified-Since"] == LAST_MODIFIED


def test_statutes_and_the_table_itself_are_asked_for_with_a_condition(site: Site, tmp_path: Path) -> None:
    toc = f"<items><item><title>Gesetz</title><link>{site.url}/arbzg/xml.zip</link></item></items>".encode()
    site.serve("/gii-toc.xml", conditional(toc))
    site.serve("/arbzg/xml.zip", conditional(zipped("<dokumente/>")))
    assert fates(run(site, tmp_path, source="gii")) == {"downloaded": 1}
    assert list(files(tmp_path)) == ["arbzg.zip"]
    summary = run(site, tmp_path, source="gii")
    assert fates(summary) == {"unchanged": 1}
    assert summary["requests"] == 2
    assert all("If-None-Match" in site.headers_of(path)[1] for path in ("/gii-toc.xml", "/arbzg/xml.zip"))


def test_prepare_reads_what_was_fetched(site: Site, tmp_path: Path) -> None:
    written = write_corpus(tmp_path / "made", num_decisions=6, seed=1)
    zips = sorted((tmp_path / "made" / "decisions").glob("*.zip"))
    site.list_decisions(*(path.stem for path in zips))
    for path in zips:
        site.serve(f"/docs/{path.name}", whole(path.read_bytes()))
    run(site, tmp_path / "fetched")
    found = list(walk([tmp_path / "fetched"]))
    documents = [item for item in found if not isinstance(item, IgnoredFile)]
    assert len(documents) == len(zips) > written.num_decisions / 2
    assert all(document.failure is None for document in documents)
    assert {item.why for item in found if isinstance(item, IgnoredFile)} <= {"hidden"}


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (status(500), "HTTP 500"),
        (status(503), "HTTP 503"),
        (status(429), "HTTP 429"),
        (hang_up, "connection failed"),
        (stall, "the server stopped answering"),
        (drip, "no whole answer within 0.6 s"),
        (drip_headers, "no whole answer within 0.6 s"),
        (truncated(zipped(padding=500), keep=40), "connection failed"),
        (truncated(zipped(padding=500), keep=0), "connection failed"),
        (whole(zipped(padding=500)[:-40]), "no whole zip"),
        (whole(b"<html><body>Wartung</body></html>"), "no whole zip"),
        (whole(zipped().replace(b"<dokument/>", b"<dokumenT/>", 1)), "checksum"),
        (whole(b""), "no whole zip"),
        (status(206), "other bytes than asked for"),
        (lambda handler: handler.wfile.write(b"not HTTP at all\r\n\r\n"), "connection failed"),
        (lambda handler: handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"), "connection failed"),
    ],
)
def test_a_passing_fault_is_retried_and_a_lasting_one_is_a_failure(
    site: Site, tmp_path: Path, fault: Behaviour, reason: str
) -> None:
    site.list_decisions("jb-good", "jb-once", "jb-always")
    site.serve("/docs/jb-good.zip", whole(zipped()))
    site.serve("/docs/jb-once.zip", fault, whole(zipped()))
    site.serve("/docs/jb-always.zip", fault)
    summary = run(site, tmp_path, connections=3, attempts=2, read_seconds=0.4, file_seconds=0.6)
    assert fates(summary) == {"downloaded": 2, "failed": 1}
    assert set(files(tmp_path)) == {"bgh/jb-good.zip", "bgh/jb-once.zip"}
    (failure,) = summary["failures"]
    assert failure["file"] == "bgh/jb-always.zip"
    assert reason in failure["reason"]
    assert failure["reason"].endswith("(2 attempts)")
    assert site.count("/docs/jb-always.zip") == 2


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (endless, "larger than the limit"),
        (status(403), "HTTP 403"),
        (status(304), "HTTP 304"),
        (status(302, Location="http://elsewhere.example/jb-1.zip"), "another site"),
        (status(302, Location="http://[broken"), ""),
        (status(301, Location="/docs/jb-1.zip"), "more than 5 redirects"),
        (whole(b"x", Content_Encoding="gzip"), "compressed"),
        (lambda handler: handler.begin(200, **{"Content-Length": "99999999999"}), "larger than the limit"),
    ],
)
def test_a_final_fault_is_not_retried(site: Site, tmp_path: Path, fault: Behaviour, reason: str) -> None:
    site.list_decisions("jb-1")
    site.serve("/docs/jb-1.zip", fault)
    summary = run(site, tmp_path)
    assert fates(summary) == {"failed": 1}
    assert reason in summary["failures"][0]["reason"]
    assert site.count("/docs/jb-1.zip") == (6 if "redirects" in reason else 1)
    assert files(tmp_path) == {}


def test_a_redirect_within_the_site_is_followed(site: Site, tmp_path: Path) -> None:
    site.list_decisions("jb-1")
    site.serve("/docs/jb-1.zip", status(302, Location="/moved/jb-1.zip"))
    site.serve("/moved/jb-1.zip", whole(zipped()))
    assert fates(run(site, tmp_path)) == {"downloaded": 1}


def test_what_is_gone_is_not_retried_but_asked_for_in_the_next_run(site: Site, tmp_path: Path) -> None:
    site.list_decisions("jb-1", "jb-2")
    site.serve("/docs/jb-1.zip", status(404), whole(zipped()))
    site.serve("/docs/jb-2.zip", status(410))
    summary = run(site, tmp_path)
    assert fates(summary) == {"gone": 2}
    assert sorted(summary["gone_files"]) == ["bgh/jb-1.zip", "bgh/jb-2.zip"]
    assert (site.count("/docs/jb-1.zip"), site.count("/docs/jb-2.zip")) == (1, 1)
    assert fates(run(site, tmp_path)) == {"downloaded": 1, "gone": 1}


def test_links_elsewhere_are_refused_and_never_requested(site: Site, tmp_path: Path) -> None:
    site.list_decisions(
        "jb-1", links=("http://elsewhere.example/jb-2.zip", f"{site.url}/docs/../jb-3.zip", f"{site.url}/docs/jb-1.zip")
    )
    site.serve("/docs/jb-1.zip", whole(zipped()))
    summary = run(site, tmp_path)
    assert fates(summary) == {"downloaded": 1, "refused": 3}
    assert {refusal["link"] for refusal in summary["refusals"]} >= {"http://elsewhere.example/jb-2.zip"}
    assert {path for path, _ in site.requests} == {"/rii-toc.xml", "/docs/jb-1.zip"}


class FakeTime:
    """Time passes only in `sleep`."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        await asyncio.sleep(0)

    @property
    def waiting(self) -> Waiting:
        return Waiting(self.sleep, lambda: self.seconds, lambda: self.seconds, lambda: 1.0)


@pytest.mark.parametrize("value", ["7", formatdate(1007, usegmt=True)])
def test_retry_after_is_honoured(site: Site, tmp_path: Path, value: str) -> None:
    site.list_decisions("jb-1")
    site.serve("/docs/jb-1.zip", status(429, Retry_After=value), whole(zipped()))
    fake = FakeTime()
    assert fates(run(site, tmp_path, waiting=fake.waiting, requests_per_second=1e6)) == {"downloaded": 1}
    assert max(fake.slept) == pytest.approx(7, abs=0.01)


@pytest.mark.parametrize("value", ["soon", "-3", "Mon, 99 Jan 2026 00:00:00 GMT", "1e9", ""])
def test_a_senseless_retry_after_is_a_plain_back_off(site: Site, tmp_path: Path, value: str) -> None:
    site.list_decisions("jb-1")
    site.serve("/docs/jb-1.zip", status(503, Retry_After=value), whole(zipped()))
    assert fates(run(site, tmp_path)) == {"downloaded": 1}


def test_a_pause_beyond_the_limit_ends_the_run(site: Site, tmp_path: Path) -> None:
    site.list_decisions("jb-1", "jb-2", "jb-3")
    for name in ("jb-1", "jb-2", "jb-3"):
        site.serve(f"/docs/{name}.zip", status(503, Retry_After="3600"))
    with pytest.raises(ServiceUnavailableError, match="asks to wait 3600 s"):
        run(site, tmp_path, connections=1)
    assert len(site.requests) == 2


def test_back_off_doubles(site: Site, tmp_path: Path) -> None:
    site.list_decisions("jb-1")
    site.serve("/docs/jb-1.zip", status(500))
    fake = FakeTime()
    run(site, tmp_path, waiting=fake.waiting, attempts=5, backoff_seconds=1.0, requests_per_second=1e6)
    assert [seconds for seconds in fake.slept if seconds > 0.1] == [1, 2, 4, 8]


def test_the_rate_holds_over_all_connections(site: Site, tmp_path: Path) -> None:
    names = [f"jb-{number}" for number in range(20)]
    site.list_decisions(*names)
    for name in names:
        site.serve(f"/docs/{name}.zip", whole(zipped()))
    fake = FakeTime()
    contact = "ops@kanzlei.example"
    summary = run(site, tmp_path, waiting=fake.waiting, connections=8, requests_per_second=5.0, contact=contact)
    assert summary["downloaded"] == 20
    assert 20 / 5 - 0.001 < fake.seconds - 1000 < 2 * 20 / 5
    agents = {headers["User-Agent"] for _, headers in site.requests}
    assert agents == {f"legaltune/{legaltune.__version__} (ops@kanzlei.example)"}


def test_a_broken_download_is_continued(site: Site, tmp_path: Path) -> None:
    body = zipped(padding=5000)
    site.list_decisions("jb-1")
    site.serve("/docs/jb-1.zip", truncated(body, keep=2000, etag='"1"'), ranged(body))
    assert fates(run(site, tmp_path)) == {"downloaded": 1}
    assert files(tmp_path) == {"bgh/jb-1.zip": body}
    second = site.headers_of("/docs/jb-1.zip")[1]
    assert (second["Range"], second["If-Range"]) == ("bytes=2000-", '"1"')


def test_a_broken_download_is_continued_by_the_next_run(site: Site, tmp_path: Path) -> None:
    body = zipped(padding=5000)
    site.list_decisions("jb-1")
    site.serve("/docs/jb-1.zip", truncated(body, keep=2000, etag='"1"'), ranged(body))
    assert fates(run(site, tmp_path, attempts=1)) == {"failed": 1}
    assert files(tmp_path) == {}
    assert fates(run(site, tmp_path)) == {"downloaded": 1}
    assert site.headers_of("/docs/jb-1.zip")[1]["Range"] == "bytes=2000-"
    assert files(tmp_path) == {"bgh/jb-1.zip": body}


@pytest.mark.parametrize("lie", ["changed", "ignores_range", "not_satisfiable", "other_bytes"])
def test_what_cannot_be_continued_is_fetched_whole(site: Site, tmp_path: Path, lie: str) -> None:
    body, other = zipped(padding=5000), zipped("<neu/>", padding=5000)
    span = f"bytes 2000-{len(body) - 1}/{len(body)}"

    def lie_about_range(handler: Handler) -> None:
        if "Range" not in handler.headers:
            handler.answer(200, body, ETag='"1"')
        elif lie == "not_satisfiable":
            handler.answer(416)
        else:
            handler.answer(206, other[2000:][::-1], Content_Range=span)

    answers = {"changed": ranged(other, '"2"'), "ignores_range": whole(body, ETag='"1"')}
    site.list_decisions("jb-1")
    site.serve("/docs/jb-1.zip", truncated(body, keep=2000, etag='"1"'), answers.get(lie, lie_about_range))
    assert fates(run(site, tmp_path)) == {"downloaded": 1}
    assert files(tmp_path) == {"bgh/jb-1.zip": other if lie == "changed" else body}
    assert site.count("/docs/jb-1.zip") == (2 if lie in answers else 3)


@pytest.mark.parametrize(
    ("keep", "headers", "reason"),
    [
        (slice(1000, None), {"Content_Range": "bytes 1000-{last}/{total}"}, "other bytes than asked for"),
        (slice(2000, None), {"Content_Range": "bytes 2000-{last}/99999"}, "other bytes than asked for"),
        (slice(2000, None), {"Content_Range": "bytes ²-x/*"}, "other bytes than asked for"),
        (slice(2000, None), {}, "other bytes than asked for"),
        (slice(2000, None), {"Content_Range": "bytes 2000-{last}/{total}", "ETag": '"2"'}, "changed while"),
        (slice(2000, -5), {"Content_Range": "bytes 2000-{last}/{total}"}, "bytes arrived of"),
    ],
)
def test_a_range_that_lies_is_noticed_and_forgotten(
    site: Site, tmp_path: Path, keep: slice, headers: dict[str, str], reason: str
) -> None:
    body = zipped(padding=5000)
    sent = {name: value.format(last=len(body) - 1, total=len(body)) for name, value in headers.items()}
    site.list_decisions("jb-1")
    site.serve(
        "/docs/jb-1.zip",
        truncated(body, keep=2000, etag='"1"'),
        lambda handler: handler.answer(206, body[keep], **sent),
        ranged(body),
    )
    assert reason in run(site, tmp_path, attempts=2)["failures"][0]["reason"]
    assert files(tmp_path) == {}
    assert fates(run(site, tmp_path)) == {"downloaded": 1}
    assert "Range" not in site.headers_of("/docs/jb-1.zip")[2]
    assert files(tmp_path) == {"bgh/jb-1.zip": body}


def test_a_file_without_validator_starts_again(site: Site, tmp_path: Path) -> None:
    body = zipped(padding=5000)
    site.list_decisions("jb-1")
    site.serve("/docs/jb-1.zip", truncated(body, keep=2000), ranged(body))
    assert fates(run(site, tmp_path)) == {"downloaded": 1}
    assert "Range" not in site.headers_of("/docs/jb-1.zip")[1]


def test_a_failed_update_keeps_the_version_that_is_there(site: Site, tmp_path: Path) -> None:
    site.list_decisions("jb-1")
    site.serve("/docs/jb-1.zip", conditional(zipped("<alt/>")))
    run(site, tmp_path)
    site.list_decisions("jb-1", modified="2026-03-03")
    site.serve("/docs/jb-1.zip", whole(b"PK\x03\x04 no zip"))
    assert fates(run(site, tmp_path)) == {"failed": 1}
    assert files(tmp_path) == {"bgh/jb-1.zip": zipped("<alt/>")}
    site.serve("/docs/jb-1.zip", whole(zipped("<neu/>")))
    assert fates(run(site, tmp_path)) == {"downloaded": 1}
    assert files(tmp_path) == {"bgh/jb-1.zip": zipped("<neu/>")}


def test_a_damaged_or_lost_file_is_fetched_again(site: Site, tmp_path: Path) -> None:
    site.list_decisions("jb-1", "jb-2")
    site.serve("/docs/jb-1.zip", conditional(zipped()))
    site.serve("/docs/jb-2.zip", conditional(zipped()))
    run(site, tmp_path)
    (tmp_path / "bgh" / "jb-1.zip").write_bytes(zipped()[:50])
    (tmp_path / "bgh" / "jb-2.zip").unlink()
    assert fates(run(site, tmp_path)) == {"downloaded": 2}
    assert set(files(tmp_path).values()) == {zipped()}


def test_what_is_listed_no_more_is_reported_and_removed_only_when_asked(site: Site, tmp_path: Path) -> None:
    names = [f"jb-{number}" for number in range(10)]
    site.list_decisions(*names)
    for name in names:
        site.serve(f"/docs/{name}.zip", whole(zipped()))
    run(site, tmp_path)
    site.list_decisions(*names[1:])
    summary = run(site, tmp_path)
    assert (summary["vanished"], summary["pruned"], summary["vanished_files"]) == (1, 0, ["bgh/jb-0.zip"])
    assert len(files(tmp_path)) == 10
    assert run(site, tmp_path, prune=True)["pruned"] == 1
    assert "bgh/jb-0.zip" not in files(tmp_path)
    assert run(site, tmp_path, prune=True)["vanished"] == 0
    site.list_decisions(names[1])
    summary = run(site, tmp_path, prune=True)
    assert (summary["vanished"], summary["pruned"], len(files(tmp_path))) == (8, 0, 9)


def test_a_decision_listed_under_another_court_moves(site: Site, tmp_path: Path) -> None:
    site.list_decisions("jb-1")
    site.serve("/docs/jb-1.zip", conditional(zipped()))
    run(site, tmp_path)
    item = f"<item><gericht>BFH</gericht><link>{site.url}/docs/jb-1.zip</link><modified>2026-01-01</modified></item>"
    site.serve("/rii-toc.xml", whole(f"<items>{item}</items>".encode()))
    assert fates(run(site, tmp_path)) == {"unchanged": 1}
    assert list(files(tmp_path)) == ["bfh/jb-1.zip"]


def test_a_dry_run_counts_and_downloads_nothing(site: Site, tmp_path: Path) -> None:
    site.list_decisions("jb-1", "jb-2", "jb-3")
    summary = run(site, tmp_path, dry_run=True, limit=2, requests_per_second=4.0)
    assert fates(summary) == {"postponed": 3}
    assert summary["estimate"] == {"files": 2, "new_files": 2, "bytes": 24_000, "seconds": 0.5}
    assert [path for path, _ in site.requests] == ["/rii-toc.xml"]
    assert files(tmp_path) == {}


def test_a_limit_lets_several_runs_do_the_work(site: Site, tmp_path: Path) -> None:
    site.list_decisions("jb-1", "jb-2", "jb-3")
    for number in (1, 2, 3):
        site.serve(f"/docs/jb-{number}.zip", whole(zipped()))
    assert fates(run(site, tmp_path, limit=2)) == {"downloaded": 2, "postponed": 1}
    assert fates(run(site, tmp_path, limit=2)) == {"downloaded": 1, "unchanged": 2}


@pytest.mark.parametrize(
    ("script", "error", "message"),
    [
        ((status(500),), ServiceUnavailableError, "HTTP 500"),
        ((status(404),), ServiceUnavailableError, "try another --toc-url"),
        ((hang_up,), ServiceUnavailableError, "connection failed"),
        ((whole(b"<html>Wartung</html>"),), DataError, "lists nothing"),
        ((whole(b"<items><item>"),), DataError, "malformed"),
        ((whole(b"<items>" + b" " * 3000),), DataError, "larger than the limit of 2000 bytes"),
    ],
)
def test_without_a_table_of_contents_there_is_no_run(
    site: Site, tmp_path: Path, script: tuple[Behaviour, ...], error: type[LegaltuneError], message: str
) -> None:
    site.serve("/rii-toc.xml", *script)
    with pytest.raises(error, match=message):
        run(site, tmp_path, max_toc_bytes=2000)
    site.list_decisions("jb-1")
    site.serve("/docs/jb-1.zip", whole(zipped()))
    assert fates(run(site, tmp_path)) == {"downloaded": 1}


def test_nobody_there(site: Site, tmp_path: Path) -> None:
    with pytest.raises(ServiceUnavailableError, match="connection failed") as caught:
        run(site, tmp_path, toc_url="http://127.0.0.1:9/rii-toc.xml")
    assert caught.value.exit_code == 69


def test_a_server_that_went_down_is_left_alone(site: Site, tmp_path: Path) -> None:
    names = [f"jb-{number:02}" for number in range(50)]
    site.list_decisions(*names)
    site.serve("/docs/jb-00.zip", whole(zipped()))
    for name in names[1:]:
        site.serve(f"/docs/{name}.zip", status(500))
    with pytest.raises(ServiceUnavailableError, match="5 files in a row failed") as caught:
        run(site, tmp_path, give_up_after=5, attempts=1, connections=1)
    assert caught.value.exit_code == 69
    summary = json.loads((tmp_path / ".fetch" / "summary.json").read_text())
    assert fates(summary) == {"downloaded": 1, "failed": 5, "postponed": 44}


def test_a_large_share_of_failures_is_an_error(site: Site, tmp_path: Path) -> None:
    site.list_decisions("jb-1", "jb-2")
    site.serve("/docs/jb-1.zip", whole(zipped()))
    site.serve("/docs/jb-2.zip", status(403))
    with pytest.raises(ServiceUnavailableError, match="1 of 2 files failed"):
        run(site, tmp_path, max_failed_share=0.4)
    assert fates(run(site, tmp_path, max_failed_share=1.0)) == {"failed": 1, "unchanged": 1}


@pytest.mark.parametrize("at_file", ["jb-2", "state"])
def test_a_full_disk_breaks_nothing(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_file: str) -> None:
    site.list_decisions("jb-1", "jb-2")
    for number in (1, 2):
        site.serve(f"/docs/jb-{number}.zip", conditional(zipped()))
    run(site, tmp_path, limit=1)

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def open_full_device(*_: object) -> IO[bytes]:
        return Path("/dev/full").open("wb")

    with monkeypatch.context() as patch:
        if at_file == "state":
            patch.setattr("legaltune.fetch.state.write_text", fail)
        else:
            patch.setattr(Partial, "begin", open_full_device)
        with pytest.raises(PlatformError, match="no space left") as caught:
            run(site, tmp_path)
    assert caught.value.exit_code == 71
    assert list(files(tmp_path)) == ["bgh/jb-1.zip"]
    assert fates(run(site, tmp_path)) == {"downloaded": 1, "unchanged": 1}


PROGRAM = """
import sys
from pathlib import Path
from legaltune.errors import LegaltuneError
from legaltune.fetch import FetchOptions, fetch
try:
    fetch("rii", Path(sys.argv[1]), FetchOptions(toc_url=sys.argv[2], requests_per_second=100.0, connections=2))
except KeyboardInterrupt:
    sys.exit(130)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGINT, 130)])
def test_a_stopped_run_goes_on_where_it_was(site: Site, tmp_path: Path, number: int, code: int) -> None:
    names = [f"jb-{number:03}" for number in range(60)]
    bodies = {name: zipped(f"<d>{name}</d>") for name in names}
    site.list_decisions(*names)
    for name in names:
        site.serve(f"/docs/{name}.zip", conditional(bodies[name]))
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path), f"{site.url}/rii-toc.xml"], env=os.environ
    )
    try:
        _wait_for(lambda: len(site.requests) > 15)
        with pytest.raises(ConfigurationError, match="another process"):
            run(site, tmp_path)
        process.send_signal(number)
        assert process.wait(timeout=10) == code
    finally:
        process.kill()
    before = files(tmp_path)
    assert 0 < len(before) < 60
    site.requests.clear()
    summary = run(site, tmp_path)
    assert fates(summary) == {"unchanged": 60 - summary["downloaded"], "downloaded": summary["downloaded"]}
    assert summary["downloaded"] <= 60 - len(before) + 2  # what was under way when the run was killed
    assert files(tmp_path) == {f"bgh/{name}.zip": body for name, body in bodies.items()}
    again = [path for path, _ in site.requests if f"bgh/{path.rpartition('/')[2]}" in before]
    assert len(again) <= 2


def _wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "nothing happened"
        time.sleep(0.01)
