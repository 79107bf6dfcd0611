"""What a file is, by its name and its first bytes: no document, an archive, records, or one document."""

from __future__ import annotations

import json
import posixpath
import re

from legaltune.corpus.xml import UTF8_BOM, root_name

HEAD_BYTES = 16_384
ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
GZIP_MAGIC, BZIP2_MAGIC, ZSTD_MAGIC = b"\x1f\x8b\x08", b"BZh", b"\x28\xb5\x2f\xfd"
XZ_MAGIC = b"\xfd7zXZ\x00"
_TAR_MAGIC, _TAR_MAGIC_OFFSET = b"ustar", 257
_OTHER_ARCHIVES = {b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!\x1a\x07": "rar"}
_COMPRESSION_SUFFIXES = {".gz": "", ".bz2": "", ".zst": "", ".xz": "", ".tgz": ".tar", ".tbz2": ".tar", ".txz": ".tar"}
_ARCHIVE_SUFFIXES = frozenset({".zip", ".tar", *_COMPRESSION_SUFFIXES})
_LINES_SUFFIXES = frozenset({".jsonl", ".ndjson"})

_IMAGE_MAGIC = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*")
_IMAGE_SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".svg", ".tif", ".tiff", ".webp"})
_NOTICE_STEMS = frozenset({"copying", "licence", "license", "lizenz", "notice", "readme"})
_NOTICE_SUFFIXES = frozenset({"", ".htm", ".html", ".md", ".rst", ".txt"})

_HIDDEN = re.compile(r"(?:^|/)(?:\.(?!/)|__MACOSX(?:/|$))")
_UNSAFE_PATH = re.compile(r"^/|^[A-Za-z]:|[\\\0]|(?:^|/)\.\.(?:/|$)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_LINE = re.compile(rb"\S[^\n]*")
_LINE_OF_AN_OBJECT = re.compile(rb'^[ \t]*+\{[ \t]*+"', re.MULTILINE)
_LIST_OF_OBJECTS = re.compile(rb"\s*+\[\s*+\{")
# A page of an API: nothing but numbers, addresses and the like stands in front of its results.
_PAGE_OF_RESULTS = re.compile(
    rb'\s*+\{(?:\s*+"(?!results")\w{1,40}"\s*+:\s*+(?:"[^"\\]{0,2000}"|[\w.+-]{1,40})\s*+,)*+'
    rb'\s*+"results"\s*+:\s*+(?=\[\s*+\{)'
)
# Entries of a Django fixture that describe courts, cities and states.
_ROW_OF_COURTS = re.compile(rb'\{\s*+"model"\s*+:\s*+"courts\.\w{1,40}"')


def printable(name: str) -> str:
    """A name as text that can be written to a manifest, also where it is not valid UTF-8 or holds control characters.

    >>> printable("a" + chr(10) + "b")
    'a\\\\x0ab'
    """
    text = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return _CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def is_unsafe(name: str) -> bool:
    """Whether the name of a member leads out of its archive, or means different files on different systems."""
    return _UNSAFE_PATH.search(name) is not None


def why_name_is_ignored(name: str) -> str | None:
    """Why a file of this name (or path in an archive) is no document, or None where it may be one."""
    stem, suffix = posixpath.splitext(posixpath.basename(name).lower())
    if _HIDDEN.search(name):
        return "hidden"
    if suffix in _NOTICE_SUFFIXES and stem in _NOTICE_STEMS:
        return "readme or licence"
    if suffix in _IMAGE_SUFFIXES:
        return "image"
    return "document type definition" if suffix == ".dtd" else None


def why_content_is_ignored(head: bytes) -> str | None:
    """Why a file with these first bytes is no document, or None where it may be one."""
    if head.startswith(_IMAGE_MAGIC):
        return "image"
    if b"<items" in head and root_name(head) == "items" and b"<item>" in head and b"<link" in head:
        return "table of contents"
    return None


def without_compression_suffix(name: str) -> str:
    """Name of what a compressed file holds.

    >>> without_compression_suffix("cases.jsonl.gz"), without_compression_suffix("all.tgz")
    ('cases.jsonl', 'all.tar')
    """
    suffix = _suffix(name)
    return name[: -len(suffix)] + _COMPRESSION_SUFFIXES[suffix] if suffix in _COMPRESSION_SUFFIXES else name


def archive_suffix(name: str) -> str | None:
    """Suffix by which a file claims to be an archive or compressed, or None."""
    suffix = _suffix(name)
    return suffix if suffix in _ARCHIVE_SUFFIXES else None


def unsupported_archive(head: bytes) -> str | None:
    """Name of an archive format that is known but not read, or None."""
    return next((name for magic, name in _OTHER_ARCHIVES.items() if head.startswith(magic)), None)


def is_tar(head: bytes) -> bool:
    """Whether a tar (POSIX or GNU) begins so."""
    return head.startswith(_TAR_MAGIC, _TAR_MAGIC_OFFSET)


def may_be_lines(name: str, head: bytes) -> bool:
    """Whether it is worth looking at the first lines for `is_json_lines`."""
    return head.removeprefix(UTF8_BOM).lstrip()[:1] == b"{" or _is_named_lines(name)


def is_json_lines(name: str, head: bytes) -> bool:
    """Whether these are objects, one a line, and not one object over many lines.

    A name that says so is believed unless the first line is a lone bracket, and no line begins as an object does:
    the first line may be damaged. Otherwise the first two lines must be objects.

    Args:
        name: Name without the suffix of a compression.
        head: First bytes; the last line in them may be cut off.
    """
    text = head.removeprefix(UTF8_BOM)
    lines = (match[0].rstrip() for match in _LINE.finditer(text))
    first = next(lines, b"")
    if _is_named_lines(name) and first not in {b"{", b"["}:
        return _LINE_OF_AN_OBJECT.search(text) is not None
    return _is_object(first) and _is_object(next(lines, b""))


def _is_named_lines(name: str) -> bool:
    return _suffix(name) in _LINES_SUFFIXES


def _is_object(line: bytes) -> bool:
    if not (line.startswith(b"{") and line.endswith(b"}")):
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def may_be_list_of_objects(head: bytes) -> bool:
    """Whether a JSON list begins here whose first element is an object."""
    return _LIST_OF_OBJECTS.match(head.removeprefix(UTF8_BOM)) is not None


def start_of_results(head: bytes) -> int | None:
    """Where the list begins in an object that is a page of results, the first an object; None for anything else."""
    match = _PAGE_OF_RESULTS.match(head, len(UTF8_BOM) if head.startswith(UTF8_BOM) else 0)
    return match.end() if match else None


def why_record_is_ignored(record: bytes) -> str | None:
    """Why a record among others is no document, or None where it may be one."""
    return "row of a table of courts" if _ROW_OF_COURTS.match(record) else None


def _suffix(name: str) -> str:
    return posixpath.splitext(name)[1].lower()
