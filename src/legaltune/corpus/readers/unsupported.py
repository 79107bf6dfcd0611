"""Formats that are known but cannot be read yet, so that a drop names them."""

from __future__ import annotations

from typing import Any

from legaltune.corpus.readers.content import Content


def describe_unsupported(content: Content) -> str | None:
    """Name of the format, or None where it is not known."""
    if content.root and content.root.lower() == "html":
        return "HTML page of a court"
    if content.root == "byrecht-rspr":
        return "Bavarian decision (byrecht-rspr XML)"
    if isinstance(content.value, list):
        first = content.value[0] if content.value else None
        return "Open Legal Data dump (Django fixture)" if _is_fixture(first) else None
    return _describe_object(content.value) if isinstance(content.value, dict) else None


def _is_fixture(value: Any) -> bool:
    return isinstance(value, dict) and value.get("model") == "cases.case"


def _describe_object(record: dict[str, Any]) -> str | None:
    if {"Text", "Annotations"} <= record.keys():
        return "judgment with sentence annotations (Text, Annotations)"
    if {"content", "file_number"} <= record.keys():
        return "Open Legal Data case (HTML content)"
    if {"reference", "text", "source"} <= record.keys() and "openJur" in str(record["source"]):
        return "openJur case (HTML text)"
    return None
