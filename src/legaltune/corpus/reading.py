"""The steps that look at one document alone: read, judge, scrub, and note what the grouping will need."""

from __future__ import annotations

import hashlib
import json
import logging
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import FrameType
from typing import Any, TypeVar

import legaltune
from legaltune.config.schema import DataConfig
from legaltune.corpus.document import Decision, Document, DocumentError, DropReason, RawDocument, ReadyMade, Statute
from legaltune.corpus.grouping import content_digest, minhash, proceedings_keys
from legaltune.corpus.parts import DROPPED, IGNORED, Part, PartBuilder, kind_of
from legaltune.corpus.quality import QualityLimits, check_quality
from legaltune.corpus.readers import read_document
from legaltune.corpus.scrubbing import PlaceholderType, scrub
from legaltune.corpus.sources import IgnoredFile
from legaltune.corpus.units import Unit

logger = logging.getLogger(__name__)

# A document takes milliseconds, the largest one allowed takes seconds. This ends what would never end in Python or in a
# regular expression, which look for signals. Nothing else in C does: what is called there must take time linear in the
# document by itself, above all parsers (see readers/html.py) and the normalization of Unicode (see cleaning.py).
_MAX_SECONDS_PER_DOCUMENT = 120

Row = Mapping[str, Any]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReadSettings:
    """The settings that decide what is read, apart from those that decide what is made of it."""

    limits: QualityLimits

    @classmethod
    def from_config(cls, config: DataConfig) -> ReadSettings:
        """The part of the configuration that matters here."""
        return cls(QualityLimits(language=config.language, min_grounds_characters=config.min_grounds_characters))

    @property
    def digest(self) -> str:
        """Changes with the settings and with the version: parts read otherwise are not mixed."""
        described = json.dumps([legaltune.__version__, repr(self)])
        return hashlib.sha256(described.encode()).hexdigest()


def read_unit(settings: ReadSettings, unit: Unit) -> tuple[str, int, Part]:
    """Reads everything in a unit.

    Returns:
        The key of the unit, the number of its documents, and the part made of them.
    """
    builder = PartBuilder()
    num_documents = 0
    for item in unit.documents():
        if isinstance(item, IgnoredFile):
            builder.add({"origin": item.origin, "kind": IGNORED, "detail": item.why})
        else:
            builder.add(*_row(item, settings))
            num_documents += 1
    return unit.key, num_documents, builder.build(settings.digest)


def attempt(origin: str, work: Callable[[], T]) -> T | DocumentError:
    """Result of the work on one document, or why there is none: no use, too slow, or a bug of ours.

    One document that our code has a bug for must not end a run over a hundred thousand others.
    """
    try:
        with _time_limit(_MAX_SECONDS_PER_DOCUMENT):
            return work()
    except DocumentError as error:
        return error
    except Exception as error:
        logger.exception("%s failed", origin)
        return DocumentError(DropReason.READER_FAILED, f"{type(error).__name__}: {error}")


def _row(item: RawDocument, settings: ReadSettings) -> tuple[Row, Document | None]:
    result = attempt(item.origin, partial(_read, item, settings))
    if isinstance(result, DocumentError):
        return {"origin": item.origin, "kind": DROPPED, "reason": result.reason.value, "detail": result.detail}, None
    return result


def _read(raw: RawDocument, settings: ReadSettings) -> tuple[Row, Document]:
    document = read_document(raw)
    check_quality(document, settings.limits)
    placeholders: Counter[PlaceholderType] = Counter()
    if isinstance(document, Decision):
        document, placeholders = scrub(document)
    row = {
        "origin": raw.origin,
        "kind": kind_of(document),
        "source": document.source,
        "document_id": document.document_id,
        "content_sha256": content_digest(document),
        "placeholders": [(placeholder.name.lower(), count) for placeholder, count in sorted(placeholders.items())],
        **_kind_columns(document),
    }
    return row, document


def _kind_columns(document: Document) -> Row:
    match document:
        case Decision():
            keys = proceedings_keys(document)
            return {
                "num_chars": sum(len(p.text) for section in document.sections.values() for p in section),
                "date": document.date.isoformat() if document.date else None,
                "minhash": minhash(document),
                "own_keys": keys.own,
                "related_keys": keys.related,
            }
        case Statute():
            return {
                "num_chars": sum(len(text) for norm in document.norms for text in norm.paragraphs),
                "date": document.date.isoformat() if document.date else None,
            }
        case ReadyMade():
            return {"num_chars": sum(len(text) for _, text in document.messages), "group_hint": document.group}


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Ends the block with TOO_SLOW; without effect outside the main thread and where there are no signals."""

    def on_alarm(_signal: int, _frame: FrameType | None) -> None:
        raise DocumentError(DropReason.TOO_SLOW, f"not read within {seconds} seconds")

    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)
