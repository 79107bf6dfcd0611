"""Reads the tables of contents, one item at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from legaltune.errors import DataError
from legaltune.fetch.address import UnsafeAddressError, on_same_site, safe_segments
from legaltune.fetch.options import Source

MAX_ITEMS = 1_000_000
_MAX_FIELD_CHARACTERS = 2_000
_COURT = re.compile(r"[a-z]{2,12}")
_FIELDS = ("gericht", "entsch-datum", "link", "modified")


@dataclass(frozen=True, slots=True)
class Entry:
    """An item of a table of contents.

    Attributes:
        url: Where the zip is, on the host of the table.
        path: Where it is kept, relative to the folder ("bgh/jb-KORE300012026.zip", "bgb.zip").
        court: Court in small letters ("bgh"), "other" where it has no short name, None for statutes.
        decided: Date of the decision (YYYYMMDD).
        modified: Time of the last change, as the table writes it.
    """

    url: str
    path: str
    court: str | None = None
    decided: str | None = None
    modified: str | None = None

    @property
    def name(self) -> str:
        """File name; unique within a table of contents."""
        return self.path.rpartition("/")[2]


@dataclass(slots=True)
class Contents:
    """A table of contents: items = entries + refused, always.

    Attributes:
        entries: Items that can be fetched, in the order of the table.
        refused: Links that are not followed, each with the reason.
    """

    entries: list[Entry] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)

    @property
    def num_items(self) -> int:
        """Items of the table."""
        return len(self.entries) + len(self.refused)


def read_contents(path: Path, source: Source, toc_url: str) -> Contents:
    """Read a table of contents; memory grows with the number of entries, not with the size of the file.

    Args:
        path: The file.
        source: Which collection it is of.
        toc_url: Where it came from: links must stay on that host.

    Returns:
        Entries and refused links.

    Raises:
        DataError: It is malformed, empty, declares entities, or holds more than a million items.
    """
    contents = Contents()
    names: set[str] = set()
    for fields in _items(path):
        link = fields.get("link", "")
        try:
            entry = _entry(fields, link, source, toc_url)
            if entry.name.casefold() in names:
                raise UnsafeAddressError("its file name is listed already")
        except UnsafeAddressError as error:
            contents.refused.append((link[:200], str(error)))
            continue
        names.add(entry.name.casefold())
        contents.entries.append(entry)
        if contents.num_items > MAX_ITEMS:
            raise DataError(f"the table of contents holds more than {MAX_ITEMS} items: it is not the one expected")
    if not contents.num_items:
        raise DataError("the table of contents lists nothing: perhaps the site moved it; try --toc-url")
    return contents


def _items(path: Path) -> Iterator[dict[str, str]]:
    parser = etree.iterparse(
        str(path),
        events=("end",),
        tag="item",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    try:
        for number, (_, item) in enumerate(parser):
            if number == 0:
                _refuse_entities(item)
            yield _fields(item)
            item.clear()
            while item.getprevious() is not None:
                del item.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise DataError(f"the table of contents is malformed, line {error.lineno}: {error.msg}") from None


def _refuse_entities(item: etree._Element) -> None:
    dtd = item.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise DataError("the table of contents declares entities of its own: it is not the one expected")


def _fields(item: etree._Element) -> dict[str, str]:
    texts = ((name, (item.findtext(name) or "").strip()) for name in _FIELDS)
    return {name: text[:_MAX_FIELD_CHARACTERS] for name, text in texts if text}


def _entry(fields: dict[str, str], link: str, source: Source, toc_url: str) -> Entry:
    if not link:
        raise UnsafeAddressError("no link")
    url = on_same_site(toc_url, link)
    segments = safe_segments(url)
    if not segments[-1].lower().endswith(".zip"):
        raise UnsafeAddressError("no zip")
    if not source.has_courts:
        if len(segments) < 2:
            raise UnsafeAddressError("names no statute")
        return Entry(url, f"{'_'.join(segments[:-1])}.zip")
    court = _court(fields.get("gericht", ""))
    return Entry(url, f"{court}/{segments[-1]}", court, fields.get("entsch-datum"), fields.get("modified"))


def _court(name: str) -> str:
    """Folder of a court: "BGH 9. Zivilsenat" -> "bgh"."""
    first = name.partition(" ")[0].lower()
    return first if _COURT.fullmatch(first) else "other"
