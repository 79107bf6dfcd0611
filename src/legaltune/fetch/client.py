"""A polite HTTP client: one rate for all connections, retries with back-off, bounded in time and size.

httpx2 is the library because it comes with the hub's client anyway, is maintained, uses the system's certificates, and
is asynchronous: a deadline over a whole answer (name, connection, headers, body) is one `asyncio.timeout`, whereas a
blocking library can only bound the pause between two bytes, which a dripping server never exceeds.
"""

from __future__ import annotations

import asyncio
import email.utils
import random
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx2

import legaltune
from legaltune.errors import ServiceUnavailableError
from legaltune.fetch.address import UnsafeAddressError, check_redirect
from legaltune.fetch.options import FetchOptions
from legaltune.fetch.state import UNKNOWN, Partial, Validators
from legaltune.fetch.verify import UnusableFileError

_MAX_REDIRECTS = 5
_LONGEST_BACKOFF_SECONDS = 60.0
_TRANSIENT = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
_GONE = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class DownloadError(Exception):
    """A file could not be had.

    Attributes:
        is_content: The server answered, but with something unusable.
    """

    def __init__(self, message: str, *, is_content: bool = False) -> None:
        super().__init__(message)
        self.is_content = is_content


class _AttemptError(Exception):
    """An attempt failed in a way that another one may mend."""

    def __init__(self, message: str, *, wait_seconds: float | None = None, is_content: bool = False) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds
        self.is_content = is_content


class AnswerKind(Enum):
    """How a request ended that did not fail."""

    COMPLETE = "complete"
    NOT_MODIFIED = "not modified"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a request; the bytes are in the `Partial` that was given."""

    kind: AnswerKind
    validators: Validators = UNKNOWN


@dataclass(frozen=True, slots=True)
class Waiting:
    """Clocks and sleep, replaced in tests.

    Attributes:
        sleep: Waits that many seconds.
        monotonic: A clock that never goes back.
        now: Seconds since the epoch, to compare with dates in headers.
        jitter: A number between 0 and 1 that spreads retries.
    """

    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep
    monotonic: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    jitter: Callable[[], float] = random.random


class Gate:
    """Lets requests through at one rate, whatever the number of connections."""

    def __init__(self, requests_per_second: float, waiting: Waiting) -> None:
        self._interval = 1 / requests_per_second
        self._waiting = waiting
        self._next = 0.0
        self._closed_until = 0.0
        self.num_requests = 0

    async def enter(self) -> None:
        """Wait for the next free moment."""
        slot = max(self._next, self._waiting.monotonic())
        self._next = slot + self._interval
        while (delay := max(slot, self._closed_until) - self._waiting.monotonic()) > 0:
            await self._waiting.sleep(delay)
        self.num_requests += 1

    def close_for(self, seconds: float) -> None:
        """Let nothing through for a while: the server asked for a pause."""
        self._closed_until = max(self._closed_until, self._waiting.monotonic() + seconds)
        self._next = max(self._next, self._closed_until)


class PoliteClient:
    """Fetches files of one site; an asynchronous context manager.

    Args:
        options: Rate, timeouts, attempts.
        waiting: Clocks and sleep.
    """

    def __init__(self, options: FetchOptions, waiting: Waiting) -> None:
        self._options = options
        self._waiting = waiting
        self._gate = Gate(options.requests_per_second, waiting)
        self._stack = AsyncExitStack()
        contact = f" ({options.contact})" if options.contact else ""
        self._client = httpx2.AsyncClient(
            # Compressed answers would make byte ranges and sizes ambiguous, and zips gain nothing by it.
            headers={"User-Agent": f"legaltune/{legaltune.__version__}{contact}", "Accept-Encoding": "identity"},
            timeout=httpx2.Timeout(options.read_seconds, connect=options.connect_seconds, pool=None),
            limits=httpx2.Limits(max_connections=options.connections),
            follow_redirects=False,
        )

    async def __aenter__(self) -> PoliteClient:
        await self._stack.enter_async_context(self._client)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    @property
    def num_requests(self) -> int:
        """Requests made so far, failed ones and redirects included."""
        return self._gate.num_requests

    async def fetch(
        self,
        url: str,
        partial: Partial,
        *,
        known: Validators,
        max_bytes: int,
        seconds: float,
        check: Callable[[Path], None],
    ) -> Answer:
        """Fetch a file, with as many attempts as the options allow.

        Args:
            url: Its address.
            partial: Where the bytes go; continued where an earlier download broke off.
            known: Validators of the version that is there; the server then answers only where it has another.
            max_bytes: A larger file is refused.
            seconds: For one whole answer.
            check: Raises `UnusableFileError` where the bytes are not what was expected.

        Returns:
            How it ended; the bytes are whole and checked where it is `COMPLETE`.

        Raises:
            DownloadError: No attempt succeeded, or the answer is final and unusable.
            ServiceUnavailableError: The server asks for a longer pause than the options allow.
        """
        attempt = 1
        while True:
            try:
                answer = await self._attempt(url, partial, known, max_bytes, seconds)
                if answer.kind is AnswerKind.COMPLETE:
                    await self._check(partial, check)
                return answer
            except _AttemptError as error:
                if error.wait_seconds is not None:
                    self._pause(error.wait_seconds)
                if attempt >= self._options.attempts:
                    raise DownloadError(f"{error} ({attempt} attempts)", is_content=error.is_content) from None
                if error.wait_seconds is None:
                    await self._back_off(attempt)
            attempt += 1

    def _pause(self, seconds: float) -> None:
        if seconds > self._options.longest_wait_seconds:
            raise ServiceUnavailableError(
                f"the server asks to wait {seconds:.0f} s, more than the limit of "
                f"{self._options.longest_wait_seconds:.0f} s: run the command again later, it goes on where it was"
            )
        self._gate.close_for(seconds)

    async def _back_off(self, attempt: int) -> None:
        longest = min(self._options.backoff_seconds * 2 ** (attempt - 1), _LONGEST_BACKOFF_SECONDS)
        await self._waiting.sleep(longest * (0.5 + self._waiting.jitter() / 2))

    @staticmethod
    async def _check(partial: Partial, check: Callable[[Path], None]) -> None:
        try:
            await asyncio.to_thread(check, partial.path)
        except UnusableFileError as error:
            partial.discard()
            raise _AttemptError(str(error), is_content=True) from None

    async def _attempt(self, url: str, partial: Partial, known: Validators, max_bytes: int, seconds: float) -> Answer:
        for _ in range(_MAX_REDIRECTS + 1):
            await self._gate.enter()
            try:
                async with asyncio.timeout(seconds):
                    answer = await self._request(url, partial, known, max_bytes)
            except TimeoutError:
                raise _AttemptError(f"no whole answer within {seconds:g} s") from None
            except httpx2.TimeoutException:
                raise _AttemptError("the server stopped answering") from None
            except httpx2.TransportError as error:
                raise _AttemptError(f"connection failed: {error or type(error).__name__}") from None
            if isinstance(answer, Answer):
                return answer
            url = answer
        raise DownloadError(f"more than {_MAX_REDIRECTS} redirects")

    async def _request(self, url: str, partial: Partial, known: Validators, max_bytes: int) -> Answer | str:
        """One request: its answer, or the address that it redirects to."""
        resume = partial.resume_point()
        async with self._client.stream("GET", url, headers=_conditions(known, resume)) as response:
            status = response.status_code
            if status in {200, 206}:
                await self._receive(response, partial, resume, max_bytes)
                return Answer(AnswerKind.COMPLETE, _validators(response))
            if status == 304 and known != UNKNOWN and resume is None:
                return Answer(AnswerKind.NOT_MODIFIED, known)
            if status in _GONE:
                return Answer(AnswerKind.GONE)
            if status in _REDIRECTS:
                return _redirect(url, response)
            if status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and resume:
                partial.discard()
                raise _AttemptError("could not be continued")
            if status in _TRANSIENT or status >= 500:
                raise _AttemptError(f"HTTP {status}", wait_seconds=self._retry_after(response))
            raise DownloadError(f"HTTP {status}")

    async def _receive(
        self, response: httpx2.Response, partial: Partial, resume: tuple[int, str] | None, max_bytes: int
    ) -> None:
        if response.headers.get("Content-Encoding", "identity") != "identity":
            raise DownloadError("compressed, though that was not accepted", is_content=True)
        size, total = 0, None
        if response.status_code == 206:
            size, total = _continuation(response, partial, resume)
        if size + int(response.headers.get("Content-Length", 0)) > max_bytes:
            raise DownloadError(f"larger than the limit of {max_bytes} bytes", is_content=True)
        with partial.go_on() if size else partial.begin(_validators(response).strong) as file:
            async for chunk in response.aiter_raw():
                size += len(chunk)
                if size > max_bytes:
                    break
                file.write(chunk)
        if size > max_bytes:
            partial.discard()
            raise DownloadError(f"larger than the limit of {max_bytes} bytes", is_content=True)
        if total is not None and size != total:
            partial.discard()
            raise _AttemptError(f"{size} bytes arrived of {total}")

    def _retry_after(self, response: httpx2.Response) -> float | None:
        """Seconds that the server asks to wait, given as a number or as a date."""
        value = response.headers.get("Retry-After", "").strip()
        if value.isdecimal() and value.isascii():
            return float(value[:9])
        try:
            return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - self._waiting.now())
        except (ValueError, OverflowError):
            return None


def _conditions(known: Validators, resume: tuple[int, str] | None) -> dict[str, str]:
    if resume:
        return {"Range": f"bytes={resume[0]}-", "If-Range": resume[1]}
    conditions = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
    return {name: value for name, value in conditions.items() if value}


def _validators(response: httpx2.Response) -> Validators:
    return Validators(response.headers.get("ETag"), response.headers.get("Last-Modified"))


def _redirect(url: str, response: httpx2.Response) -> str:
    try:
        target = str(httpx2.URL(url).join(response.headers.get("Location", "")))
        check_redirect(url, target)
    except (UnsafeAddressError, httpx2.InvalidURL) as error:
        raise DownloadError(str(error)) from None
    return target


def _continuation(
    response: httpx2.Response, partial: Partial, resume: tuple[int, str] | None
) -> tuple[int, int | None]:
    """First byte and total size of a partial answer that continues exactly what is there."""
    unit, _, value = response.headers.get("Content-Range", "").partition(" ")
    span, _, total = value.partition("/")
    first, _, last = span.partition("-")
    numbers_fit = unit == "bytes" and all(text.isascii() and text.isdecimal() for text in (first, last, total))
    validators = _validators(response)
    if not resume or not numbers_fit or int(first) != resume[0] or int(last) + 1 != int(total):
        partial.discard()
        raise _AttemptError(f"answered with other bytes than asked for: {value[:80] or 'no Content-Range'}")
    if validators != UNKNOWN and resume[1] not in {validators.etag, validators.last_modified}:
        partial.discard()
        raise _AttemptError("changed while it was being continued")
    return int(first), int(total)
