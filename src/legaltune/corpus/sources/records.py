"""Records in one file: objects one a line (JSON Lines), objects in a JSON list, alone or as a page of results."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator

from legaltune.corpus.document import DropReason, RawDocument
from legaltune.corpus.sources import limits
from legaltune.corpus.sources.classify import why_record_is_ignored
from legaltune.corpus.sources.items import IgnoredFile, Item, corrupt, failed
from legaltune.corpus.sources.limits import DamagedError
from legaltune.corpus.sources.stream import Stream
from legaltune.corpus.xml import UTF8_BOM

# A string, a bracket, or the quotation mark of a string that never ends.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[\[\]{}"]', re.DOTALL)
_BEFORE_OBJECT = re.compile(rb"\s*+,?\s*+(?=\{)")
_END_OF_LIST = re.compile(rb"\s*+\]\s*+\Z")
_END_OF_RESULTS = re.compile(rb"\s*+\]\s*+[,}]")

_Span = tuple[int, int | None]


def read_lines(stream: Stream, origin: str) -> Iterator[Item]:
    """One document for each line that is not empty, valid or not; "cases.jsonl:17" is the origin of the 17th."""
    number = 0
    try:
        for number, line in enumerate(_lines(stream), start=1):
            if line is None:
                detail = f"the line exceeds the limit of {limits.MAX_DOCUMENT_BYTES} bytes"
                yield failed(f"{origin}:{number}", DropReason.TOO_LARGE, detail)
            elif content := line.removeprefix(UTF8_BOM).strip():
                yield _record(f"{origin}:{number}", content)
    except DamagedError as error:
        yield corrupt(origin, f"after line {number}: {error}")


def _lines(stream: Stream) -> Iterator[bytes | None]:
    """Lines without their ends; None for one over the limit, which is not kept in memory."""
    begun: list[bytes] = []
    size = 0
    while chunk := stream.chunk():
        *ends, rest = chunk.split(b"\n")
        for end in ends:
            yield _joined(begun, size, end)
            begun, size = [], 0
        size += len(rest)
        if size > limits.MAX_DOCUMENT_BYTES:
            begun = []
        else:
            begun.append(rest)
    if size:
        yield _joined(begun, size, b"")


def _joined(begun: list[bytes], size: int, end: bytes) -> bytes | None:
    if size + len(end) > limits.MAX_DOCUMENT_BYTES:
        return None
    return b"".join([*begun, end]) if size else end


def read_list(content: bytes, origin: str) -> Iterator[Item]:
    """One document for each object of a JSON list of objects; the whole content where there is only one.

    "cases.json[3]" is the origin of the fourth. Objects are told apart by their brackets alone: what is wrong within
    one costs that one, what is wrong between two costs the rest of the list.
    """
    spans = _objects(content, content.index(b"["))
    begin = list(itertools.islice(spans, 2))
    if len(begin) < 2:
        yield RawDocument(origin, content)
        return
    yield from _records(content, origin, itertools.chain(begin, spans), _END_OF_LIST)


def read_results(content: bytes, origin: str, start: int) -> Iterator[Item]:
    """The same for the list in a page of results, `{"count": 1, "results": [{...}]}`, also where it holds but one.

    Args:
        content: The page.
        origin: Where it was found.
        start: Where its list begins.
    """
    return _records(content, origin, _objects(content, start), _END_OF_RESULTS)


def _records(content: bytes, origin: str, spans: Iterable[_Span], end_of_list: re.Pattern[bytes]) -> Iterator[Item]:
    number, end = -1, None
    for number, (start, end) in enumerate(spans):
        yield _record(f"{origin}[{number}]", content[start:end])
    if end is not None and not end_of_list.match(content, end):
        detail = f"neither an object nor the end of the list after element {number}"
        yield failed(f"{origin}[{number + 1}]", DropReason.MALFORMED_JSON, detail)


def _record(origin: str, content: bytes) -> Item:
    why_ignored = why_record_is_ignored(content)
    return IgnoredFile(origin, why_ignored) if why_ignored else RawDocument(origin, content)


def _objects(content: bytes, start: int) -> Iterator[_Span]:
    """Start and end of each object of the list that starts there; None for the end of one that does not end."""
    position: int | None = start + 1
    while position is not None and (before := _BEFORE_OBJECT.match(content, position)):
        position = _end_of_object(content, before.end())
        yield before.end(), position


def _end_of_object(content: bytes, start: int) -> int | None:
    depth = 0
    for token in _TOKEN.finditer(content, start):
        mark = token[0]
        if mark in {b"{", b"["}:
            depth += 1
        elif mark in {b"}", b"]"}:
            depth -= 1
            if depth == 0:
                return token.end()
        elif mark == b'"':
            break
    return None
