"""Pages of the Bundesarbeitsgericht (bundesarbeitsgericht.de): each Randnummer is a dd with an id (`rd-1`)."""

from __future__ import annotations

from legaltune.corpus.document import Decision
from legaltune.corpus.readers.content import Content
from legaltune.corpus.readers.html import decode_html, parse_html
from legaltune.corpus.readers.html_page import read_page

name = "bag-html"


def sniff(content: Content) -> bool:
    """A page with the court's own list of numbered paragraphs."""
    return content.root is not None and content.root.lower() == "html" and b"content__dl" in content.raw


def read(content: Content) -> Decision:
    """Read one page.

    Raises:
        DocumentError: WRONG_ENCODING, NO_SECTIONS or MISSING_FIELD.
    """
    return read_page(parse_html(decode_html(content.raw)), name, court="BAG")
