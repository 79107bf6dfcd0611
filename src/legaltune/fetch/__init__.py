"""Downloads the official collections of decisions and statutes, politely and incrementally."""

from legaltune.fetch.options import SOURCES, FetchOptions
from legaltune.fetch.run import fetch

__all__ = ["SOURCES", "FetchOptions", "fetch"]
