"""What is fetched, and how politely."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from legaltune.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Source:
    """An official collection.

    Attributes:
        name: As on the command line.
        toc_url: Its table of contents.
        has_courts: Its table names court, date and time of the last change of each item.
        typical_bytes: Size of a zip, for the estimate before the first download.
    """

    name: str
    toc_url: str
    has_courts: bool
    typical_bytes: int


SOURCES: Final = {
    "rii": Source("rii", "https://www.rechtsprechung-im-internet.de/rii-toc.xml", True, 12_000),
    "gii": Source("gii", "https://www.gesetze-im-internet.de/gii-toc.xml", False, 25_000),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """Filters, politeness and limits.

    Attributes:
        toc_url: Table of contents of a mirror instead of the official one.
        courts: Only decisions of these courts ("bgh"), in small letters; empty for all.
        since: Only what was changed on this day or later, by the table of contents.
        decided_since: Only decisions of this day or later.
        limit: At most so many files are asked for in this run; what was never fetched comes first.
        dry_run: Read the table of contents and count; download nothing.
        prune: Remove files that the table of contents no longer lists.
        contact: Sent with each request (an e-mail or web address), for the operators of the site.
        requests_per_second: Over all connections.
        connections: Requests under way at once.
        attempts: Requests for one file before it counts as failed.
        backoff_seconds: Before the second attempt; doubles with each further one.
        longest_wait_seconds: A server that asks for a longer pause (Retry-After) ends the run.
        connect_seconds: To connect.
        read_seconds: Between two pieces of an answer.
        file_seconds: For one whole answer, however it arrives; ten times that for the table of contents.
        max_file_bytes: Larger zips are refused.
        max_toc_bytes: A larger table of contents is refused.
        max_failed_share: With a larger share of failed files the run ends with an error.
        give_up_after: So many failed files in a row end the run.
    """

    toc_url: str | None = None
    courts: frozenset[str] = frozenset()
    since: datetime.date | None = None
    decided_since: datetime.date | None = None
    limit: int | None = None
    dry_run: bool = False
    prune: bool = False
    contact: str | None = None
    requests_per_second: float = 4.0
    connections: int = 2
    attempts: int = 5
    backoff_seconds: float = 1.0
    longest_wait_seconds: float = 300.0
    connect_seconds: float = 10.0
    read_seconds: float = 30.0
    file_seconds: float = 120.0
    max_file_bytes: int = 64 * 1024 * 1024
    max_toc_bytes: int = 256 * 1024 * 1024
    max_failed_share: float = 0.05
    give_up_after: int = 20

    def __post_init__(self) -> None:
        for name in (
            "requests_per_second",
            "connections",
            "attempts",
            "connect_seconds",
            "read_seconds",
            "file_seconds",
        ):
            if not getattr(self, name) > 0:
                raise ConfigurationError(f"{name} {getattr(self, name)} is not above 0")
        if self.limit is not None and self.limit < 1:
            raise ConfigurationError(f"limit {self.limit} is not above 0: leave it out to fetch everything")
        if self.contact is not None and not (self.contact.isascii() and self.contact.isprintable()):
            raise ConfigurationError(f"contact {self.contact!r} must be printable ASCII: it is sent in an HTTP header")
        if self.toc_url is not None and not _is_web_address(self.toc_url):
            raise ConfigurationError(f"toc_url {self.toc_url!r} is no address such as https://host/toc.xml")


def find_source(name: str, options: FetchOptions) -> Source:
    """The collection of that name.

    Raises:
        ConfigurationError: There is none, or its table of contents cannot answer a filter.
    """
    source = SOURCES.get(name)
    if source is None:
        raise ConfigurationError(f"source {name!r} is unknown: choose one of {', '.join(SOURCES)}")
    filtered = options.courts or options.since or options.decided_since
    if filtered and not source.has_courts:
        raise ConfigurationError(
            f"the table of contents of {name} names neither courts nor dates: leave out --court, --since and "
            "--decided-since (a file is only downloaded again where the server says that it changed)"
        )
    return source


def _is_web_address(url: str) -> bool:
    try:
        split = urlsplit(url)
        return split.scheme in {"http", "https"} and bool(split.hostname) and (split.port is None or split.port > 0)
    except ValueError:
        return False
