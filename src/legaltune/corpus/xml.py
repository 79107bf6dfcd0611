"""Safe parsing of XML: no network, no external DTD, no entities; the encoding is checked against the bytes."""

from __future__ import annotations

import codecs
import logging
import re

from lxml import etree

from legaltune.corpus.document import DocumentError, DropReason

logger = logging.getLogger(__name__)

UTF8_BOM = b"\xef\xbb\xbf"
UTF16_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD_BYTES = 16_384
# Atomic groups: a comment, once matched, is never tried longer, so a hostile prolog costs linear time.
_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:(?><\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*+(?:\[.*?\]\s*+)?>)\s*+)*+<([A-Za-z_][\w.:-]*)",
    re.DOTALL | re.IGNORECASE,
)
_DECLARED_ENCODING = re.compile(rb"""(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z][\w.:-]*)["']""")


def root_name(content: bytes) -> str | None:
    """Name of the root element, found without parsing the document, or None where there is none."""
    head = content[:_HEAD_BYTES]
    if head.startswith(UTF16_BOMS):
        head = head.decode("utf-16", "ignore").encode("utf-8", "ignore")
    match = _ROOT.match(head)
    return match[1].decode("ascii") if match else None


def actual_encoding(content: bytes) -> str | None:
    """Encoding that a document must be read in, None for the one that it declares.

    A document that declares a single-byte encoding, in which any bytes are text, but whose bytes are valid UTF-8 holds
    UTF-8: text of that form in another encoding is not German.

    Raises:
        DocumentError: WRONG_ENCODING: the bytes cannot be read in the declared encoding, or it is not known.
    """
    if content.startswith(UTF16_BOMS):
        return "utf-16"
    match = _DECLARED_ENCODING.match(content)
    declared = match[1].decode("ascii") if match else "UTF-8"
    try:
        codec = codecs.lookup(declared).name
    except LookupError:
        raise DocumentError(DropReason.WRONG_ENCODING, f"declares the unknown encoding {declared!r}") from None
    if codec == "utf-8":
        _refuse_undecodable(content, declared, codec)
        return None
    if content.isascii():
        return None
    if _is_utf8(content):
        logger.debug("declares %s, but holds UTF-8: read as UTF-8", declared)
        return "utf-8"
    if codec == "ascii":
        _refuse_undecodable(content, declared, codec)
    return None


def _refuse_undecodable(content: bytes, declared: str, codec: str) -> None:
    try:
        content.decode(codec)
    except UnicodeDecodeError as error:
        detail = f"declares {declared}, but holds byte 0x{content[error.start]:02X} at offset {error.start}"
        raise DocumentError(DropReason.WRONG_ENCODING, detail) from None


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def parse_xml(content: bytes) -> etree._Element:
    """Root element of a document.

    Raises:
        DocumentError: WRONG_ENCODING, or MALFORMED_XML with line and cause; a document that declares or uses entities
            of its own counts as malformed (an entity can expand without bound, an undefined one would lose text).
    """
    parser = etree.XMLParser(
        encoding=actual_encoding(content),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_pis=True,
        remove_comments=True,
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise DocumentError(DropReason.MALFORMED_XML, f"line {error.lineno}: {error.msg}") from None
    dtd = root.getroottree().docinfo.internalDTD
    if dtd is not None and any(True for _ in dtd.iterentities()):
        raise DocumentError(DropReason.MALFORMED_XML, "declares entities of its own")
    entity = next(root.iter(etree.Entity), None)
    if entity is not None:
        raise DocumentError(DropReason.MALFORMED_XML, f"line {entity.sourceline}: undefined entity {entity.text}")
    return root
