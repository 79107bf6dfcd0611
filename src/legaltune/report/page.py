"""Renders the report as one self-contained HTML page."""

from __future__ import annotations

from typing import Any


def render_page(report: dict[str, Any]) -> str:
    return "<html></html>"
