"""The wordings of prompts: one data file per language, one wording per document and task, chosen by a hash."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from importlib.resources import files
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field

from legaltune.errors import ConfigurationError

_FOLDER = files("legaltune.corpus.tasks") / "prompts"

_Text = Annotated[str, Field(min_length=1)]
_Wordings = Annotated[tuple[_Text, ...], Field(min_length=6)]
_WithLabels = Annotated[str, Field(pattern=r"\{labels\}")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Headings(_Strict):
    """What stands above the parts of a prompt; the same for judgments and orders, so that none gives its kind away."""

    facts: _Text
    grounds: _Text
    norm: _Text


class Phrasings(_Strict):
    """The wordings of one language, as its data file gives them."""

    system: Annotated[tuple[_Text, ...], Field(min_length=1)]
    headings: Headings
    other_kind: _Text
    classification: Annotated[tuple[_WithLabels, ...], Field(min_length=6)]
    summarization: _Wordings
    case_analysis: _Wordings
    statute_with_facts: _Wordings
    statute_without_facts: _Wordings


def languages() -> list[str]:
    """The languages that prompts can be written in."""
    return sorted(entry.name.removesuffix(".yaml") for entry in _FOLDER.iterdir() if entry.name.endswith(".yaml"))


@lru_cache(maxsize=8)
def load_phrasings(language: str) -> Phrasings:
    """The wordings of one language.

    Raises:
        ConfigurationError: There is no data file for it.
    """
    if language not in languages():
        raise ConfigurationError(
            f"data.language is {language!r}, there are prompts for {', '.join(languages())} only: choose one of these"
        )
    return Phrasings.model_validate(yaml.safe_load((_FOLDER / f"{language}.yaml").read_text(encoding="utf-8")))


def choose(wordings: Sequence[str], *key: str, limit: int | None = None) -> str:
    """One of the wordings (of the first `limit`), always the same for the same key and spread evenly over keys."""
    digest = hashlib.blake2b("\0".join(key).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return wordings[int.from_bytes(digest, "big") % min(len(wordings), limit or len(wordings))]
