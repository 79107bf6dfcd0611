"""Safe parsing of XML: no network, no external DTD, no entities; the encoding is checked against the bytes."""

from __future__ import annotations

import codecs
import re

from lxml import etree

from legaltune.corpus.document import DocumentError, DropReason

UTF8_BOM = b"\xef\xbb\xbf"
_HEAD_BYTES = 16_384
# Atomic groups: a comment, once matched, is never tried longer, so a hostile prolog costs linear time.
_ROOT = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*+(?:(?><\?.*?\?>|<!--.*?-->|<!DOCTYPE[^\[>]*+(?:\[.*?\]\s*+)?>)\s*+)*+<([A-Za-z_][\w.:-]*)",
    re.DOTALL | re.IGNORECASE,
)
_DECLARED_ENCODING = re.compile(rb"""(?:\xef\xbb\xbf)?<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z][\w.:-]*)["']""")


def root_name(content: bytes) -> str | None:
    """Name of the root element, found without parsing the document, or None where there is none."""
    match = _ROOT.match(content[:_HEAD_BYTES])
    return match[1].decode("ascii") if match else None


def check_encoding(content: bytes) -> None:
    """Refuse a document whose bytes contradict the encoding that it declares.

    Raises:
        DocumentError: WRONG_ENCODING.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return
    match = _DECLARED_ENCODING.match(content)
    declared = match[1].decode("ascii") if match else "UTF-8"
    try:
        codec = codecs.lookup(declared).name
    except LookupError:
        raise DocumentError(DropReason.WRONG_ENCODING, f"declares the unknown encoding {declared!r}") from None
    if codec in {"utf-8", "ascii"}:
        _refuse_undecodable(content, declared, codec)
    else:
        _refuse_hidden_utf8(content, declared)


def _refuse_undecodable(content: bytes, declared: str, codec: str) -> None:
    try:
        content.decode(codec)
    except UnicodeDecodeError as error:
        detail = f"declares {declared}, but holds byte 0x{content[error.start]:02X} at offset {error.start}"
        raise DocumentError(DropReason.WRONG_ENCODING, detail) from None


def _refuse_hidden_utf8(content: bytes, declared: str) -> None:
    if content.isascii():
        return
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return
    raise DocumentError(DropReason.WRONG_ENCODING, f"declares {declared}, but holds UTF-8")


def parse_xml(content: bytes) -> etree._Element:
    """Root element of a document.

    Raises:
        DocumentError: WRONG_ENCODING, or MALFORMED_XML with line and cause; a document that declares or uses entities
            of its own counts as malformed (an entity can expand without bound, an undefined one would lose text).
    """
    check_encoding(content)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_pis=True, remove_comments=True
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
