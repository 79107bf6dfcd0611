"""Formats that can be read. A new one is a module with `name`, `sniff` and `read`, and an entry in READERS."""

from __future__ import annotations

import logging

from legaltune.corpus.cleaning import clean
from legaltune.corpus.document import Decision, Document, DocumentError, DropReason, RawDocument
from legaltune.corpus.readers import (
    bag_html,
    bayern_html,
    bfh_html,
    bverfg_html,
    bverwg_html,
    byrecht,
    gii,
    html_page,
    judgment_text,
    open_legal_data,
    portal_json,
    ready_made,
    rii,
)
from legaltune.corpus.readers.consistency import check_consistency
from legaltune.corpus.readers.content import Content, Reader, inspect
from legaltune.corpus.sources import ZIP_MAGIC
from legaltune.corpus.xml import parse_xml

logger = logging.getLogger(__name__)

# The first whose `sniff` agrees reads the document: those of one court before the one for any page.
READERS: tuple[Reader, ...] = (
    rii,
    gii,
    byrecht,
    portal_json,
    open_legal_data,
    judgment_text,
    ready_made,
    bverwg_html,
    bayern_html,
    bag_html,
    bfh_html,
    bverfg_html,
    html_page,
)


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
        document = reader.read(content)
        if isinstance(document, Decision):
            check_consistency(document)
        return document
    except DocumentError:
        raise
    except Exception as error:
        # One document that a reader has a bug for must not end a run over a hundred thousand others.
        logger.exception("reader %s failed on %s", reader.name, origin)
        detail = f"bug in the {reader.name} reader: {type(error).__name__}: {error}"
        raise DocumentError(DropReason.READER_FAILED, detail) from error


def _unreadable(content: Content) -> DocumentError:
    is_xml = content.raw.startswith(b"<?xml") or content.root is not None
    if is_xml:
        parse_xml(content.raw)
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
