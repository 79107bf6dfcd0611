"""Formats that can be read. A new one is a module with `name`, `sniff` and `read`, and an entry in READERS."""

from __future__ import annotations

import logging

from legaltune.corpus.cleaning import clean
from legaltune.corpus.document import Document, DocumentError, DropReason, RawDocument
from legaltune.corpus.readers import gii, portal_json, rii
from legaltune.corpus.readers.content import Content, Reader, inspect
from legaltune.corpus.readers.unsupported import describe_unsupported
from legaltune.corpus.sources import ZIP_MAGIC
from legaltune.corpus.xml import parse_xml

logger = logging.getLogger(__name__)

READERS: tuple[Reader, ...] = (rii, gii, portal_json)


def read_document(raw: RawDocument) -> Document:
    """Read one document; its format is recognised by its content, never by its name.

    Raises:
        DocumentError: The document cannot be used. Nothing that a document contains raises anything else.
    """
    if raw.failure:
        raise raw.failure
    if not raw.content.strip():
        raise DocumentError(DropReason.EMPTY_FILE, "nothing but white space")
    content = inspect(raw.content)
    for reader in READERS:
        if reader.sniff(content):
            return _read(reader, content, raw.origin)
    raise _unreadable(content)


def _read(reader: Reader, content: Content, origin: str) -> Document:
    try:
        return reader.read(content)
    except DocumentError:
        raise
    except Exception as error:
        # One document that a reader has a bug for must not end a run over a hundred thousand others.
        logger.exception("reader %s failed on %s", reader.name, origin)
        detail = f"bug in the {reader.name} reader: {type(error).__name__}: {error}"
        raise DocumentError(DropReason.READER_FAILED, detail) from error


def _unreadable(content: Content) -> DocumentError:
    is_xml = content.raw.startswith(b"<?xml") or (content.root is not None and content.root.lower() != "html")
    if is_xml:
        parse_xml(content.raw)
    known = describe_unsupported(content)
    if known:
        return DocumentError(DropReason.UNSUPPORTED_FORMAT, known)
    return DocumentError(DropReason.UNKNOWN_FORMAT, _describe_unknown(content, is_xml))


def _describe_unknown(content: Content, is_xml: bool) -> str:
    if is_xml:
        return f"XML with root element <{content.root}>"
    if isinstance(content.value, dict):
        return clean("JSON object with the keys " + ", ".join(sorted(content.value)[:8]))
    if content.value is not None:
        return f"JSON {type(content.value).__name__}"
    if content.raw.startswith(ZIP_MAGIC):
        return "archive inside an archive"
    return f"begins with {content.raw[:16]!r}"
