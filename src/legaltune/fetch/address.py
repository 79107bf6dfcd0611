"""Addresses: nothing leaves the host of the table of contents, and no name leaves the folder."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, urlsplit, urlunsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_SAFE_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,149}")


class UnsafeAddressError(ValueError):
    """An address that is not followed; the message says why."""


def on_same_site(base: str, link: str) -> str:
    """A link of a table of contents, with scheme and host of that table (http becomes https).

    Raises:
        UnsafeAddressError: The link leads to another host, or is no plain address.
    """
    split = _split(link)
    base_split = _split(base)
    if not _is_same_site(base_split, split):
        raise UnsafeAddressError("another host than the table of contents")
    if split.query or split.fragment or split.username is not None or split.password is not None:
        raise UnsafeAddressError("more than host and path")
    return urlunsplit((base_split.scheme, base_split.netloc, split.path, "", ""))


def check_redirect(origin: str, target: str) -> None:
    """Refuse a redirect to another host or from https to http.

    Raises:
        UnsafeAddressError: It is refused.
    """
    before, after = _split(origin), _split(target)
    if not _is_same_site(before, after) or (before.scheme, after.scheme) == ("https", "http"):
        raise UnsafeAddressError(f"redirected to another site: {target[:200]}")


def safe_segments(url: str) -> list[str]:
    """The path of an address in parts, each fit for a file name.

    Raises:
        UnsafeAddressError: A part is empty, "..", escaped, too long or holds anything but letters, digits and "._-".
    """
    segments = urlsplit(url).path.split("/")[1:]
    if not segments or not all(_SAFE_SEGMENT.fullmatch(segment) for segment in segments):
        raise UnsafeAddressError("its path is no safe file name")
    return segments


def _split(url: str) -> SplitResult:
    try:
        split = urlsplit(url)
        _ = split.port  # raises where it is no number
    except ValueError:
        raise UnsafeAddressError("no valid address") from None
    if split.scheme not in _DEFAULT_PORTS or not split.hostname:
        raise UnsafeAddressError("no http or https address")
    return split


def _is_same_site(base: SplitResult, other: SplitResult) -> bool:
    """Same host and port; the default ports of http and https count as the same."""
    return base.hostname == other.hostname and _port(base) == _port(other)


def _port(split: SplitResult) -> int | None:
    return None if split.port == _DEFAULT_PORTS[split.scheme] else split.port
