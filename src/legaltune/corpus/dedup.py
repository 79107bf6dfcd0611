"""Exact duplicates: the same text under another name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from legaltune.corpus.document import Decision, Document, DocumentError, DropReason, Statute


class DuplicateFilter:
    """Remembers what was seen; the first of several equal documents is the one that stays."""

    def __init__(self) -> None:
        self._by_content: dict[bytes, str] = {}
        self._ids: set[str] = set()

    def check(self, document: Document) -> None:
        """Let a new document pass.

        Raises:
            DocumentError: Its text, or its identifier with another text, was seen before.
        """
        digest = content_digest(document)
        first = self._by_content.get(digest)
        if first is not None:
            raise DocumentError(DropReason.EXACT_DUPLICATE, f"same text as {first}")
        if document.document_id in self._ids:
            raise DocumentError(
                DropReason.DUPLICATE_ID, f"{document.document_id} was read before with another text; that one is kept"
            )
        self._by_content[digest] = document.document_id
        self._ids.add(document.document_id)


def content_digest(document: Document) -> bytes:
    """SHA-256 over the running text, white space and case aside; identifiers, dates and file numbers do not count."""
    digest = hashlib.sha256()
    for text in _texts(document):
        digest.update(" ".join(text.casefold().split()).encode())
        digest.update(b"\n")
    return digest.digest()


def _texts(document: Document) -> Iterator[str]:
    match document:
        case Decision():
            for name in sorted(document.sections):
                yield name
                yield from (paragraph.text for paragraph in document.sections[name])
        case Statute():
            yield document.title
            for norm in document.norms:
                yield norm.label
                yield from norm.paragraphs
