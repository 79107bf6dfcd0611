"""What a reader sees of a document: its bytes and, found once for all readers, what kind of text they are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol

from legaltune.corpus.document import Document, DocumentError, DropReason
from legaltune.corpus.xml import UTF8_BOM, root_name


@dataclass(frozen=True, slots=True)
class Content:
    """Content of one document.

    Attributes:
        raw: Its bytes.
        root: Name of the root element of markup, else None.
        value: Parsed JSON, else None; of a list with one object, that object.
    """

    raw: bytes
    root: str | None = None
    value: Any = None


class Reader(Protocol):
    """A format; a module of this package with these names is one."""

    name: str

    def sniff(self, content: Content) -> bool:
        """Whether the content is of this format, also when it is damaged further on."""

    def read(self, content: Content) -> Document:
        """Read the document.

        Raises:
            DocumentError: It cannot be used.
        """


def inspect(raw: bytes) -> Content:
    """Tell JSON from markup from anything else.

    Raises:
        DocumentError: WRONG_ENCODING or MALFORMED_JSON.
    """
    if raw.removeprefix(UTF8_BOM).lstrip()[:1] in {b"{", b"["}:
        return Content(raw, value=_only_object(_parse_json(raw)))
    return Content(raw, root=root_name(raw))


def _only_object(value: Any) -> Any:
    """The object of a list that holds nothing else; the sources divide a list of several into documents."""
    is_alone = isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict)
    return value[0] if is_alone else value


def _parse_json(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        detail = f"JSON is UTF-8, but byte 0x{raw[error.start]:02X} at offset {error.start} is not"
        raise DocumentError(DropReason.WRONG_ENCODING, detail) from None
    except (ValueError, RecursionError) as error:
        raise DocumentError(DropReason.MALFORMED_JSON, str(error)) from None
