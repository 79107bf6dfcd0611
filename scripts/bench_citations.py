"""Measures the extraction of citations against passages that were marked by hand.

The passages and the conventions they follow are described in tests/gold/README.md. Two matches are counted: exact (same
span and same normal form) and lenient (overlapping spans and same normal form). With --verbose every miss and every
false hit is listed. The time is that of a text of 20,000 characters put together from the passages.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from legaltune.corpus.citations import NormCitation, extract_citations
from legaltune.corpus.document import Decision, DocumentError, RawDocument
from legaltune.corpus.readers import read_document
from legaltune.corpus.sources import walk
from legaltune.errors import DataError, InputMissingError, LegaltuneError

GOLD = Path("tests/gold/citations.jsonl")
CORPUS = Path("../shared/corpus")
KINDS = ("norm", "case")
TIMED_CHARACTERS = 20_000


@dataclass(frozen=True, slots=True)
class Mark:
    """One citation, marked by hand or found."""

    kind: str
    start: int
    end: int
    normalized: str


@dataclass(frozen=True, slots=True)
class Passage:
    """A paragraph with what is marked and what is found in it."""

    place: str
    text: str
    gold: tuple[Mark, ...]
    found: tuple[Mark, ...]


@dataclass(slots=True)
class Score:
    """Counts over the passages, with the marks that have no partner."""

    num_gold: int = 0
    num_found: int = 0
    num_matched: int = 0
    misses: list[tuple[Passage, Mark]] = field(default_factory=list)
    false_hits: list[tuple[Passage, Mark]] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """Share of what was found that is right."""
        return self.num_matched / self.num_found if self.num_found else 0.0

    @property
    def recall(self) -> float:
        """Share of what is marked that was found."""
        return self.num_matched / self.num_gold if self.num_gold else 0.0


Match = Callable[[Mark, Mark], bool]


def main() -> int:
    """Print the figures; the last line is for machines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gold", type=Path, default=GOLD, help="passages marked by hand")
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="folder of the documents they are from")
    parser.add_argument("--verbose", action="store_true", help="list every miss and every false hit")
    arguments = parser.parse_args()
    try:
        passages = list(read_gold(arguments.gold, arguments.corpus))
    except LegaltuneError as error:
        print(error, file=sys.stderr)
        return int(error.exit_code)
    print(f"{len(passages)} passages, {sum(len(passage.text) for passage in passages)} characters")
    for name, match in (("exact", is_exact), ("lenient", is_lenient)):
        for kinds in (*((kind,) for kind in KINDS), KINDS):
            print(describe(name, "+".join(kinds), score(passages, kinds, match)))
    total = score(passages, KINDS, is_exact)
    if arguments.verbose:
        print("\n".join(list_faults(total)))
    print(f"milliseconds_per_{TIMED_CHARACTERS}_characters={milliseconds(passages):.2f}")
    print(f"precision={total.precision:.4f} recall={total.recall:.4f}")
    return 0


def read_gold(path: Path, corpus: Path) -> Iterator[Passage]:
    """The passages of a gold file, with what the extraction finds in them.

    Raises:
        InputMissingError: The gold file or one of its documents does not exist.
        DataError: A passage is not in its document any more, or a citation not in its passage.
    """
    if not path.is_file():
        raise InputMissingError(f"no gold citations at {path}: name the file with --gold")
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    records.sort(key=lambda record: str(record["file"]))
    for file, group in groupby(records, key=lambda record: str(record["file"])):
        paragraphs = paragraphs_by_digest(corpus / file)
        for record in group:
            text = paragraphs.get(record["paragraph_sha256"])
            if text is None:
                raise DataError(f"{file} holds no paragraph {record['anchor']!r} any more: mark the passage anew")
            found = tuple(as_mark(citation) for citation in extract_citations(text))
            yield Passage(f"{file} Rn. {record['randnummer']}", text, gold_marks(record, text), found)


def paragraphs_by_digest(path: Path) -> dict[str, str]:
    """The texts of all paragraphs of the decisions in a file, by the sha256 of their UTF-8 bytes."""
    if not path.exists():
        raise InputMissingError(f"no document at {path}: name the folder of the documents with --corpus")
    texts = (text for raw in walk([path]) if isinstance(raw, RawDocument) for text in paragraph_texts(raw))
    return {hashlib.sha256(text.encode()).hexdigest(): text for text in texts}


def paragraph_texts(raw: RawDocument) -> Iterator[str]:
    """The paragraphs of a decision, none of a document that cannot be read or is no decision."""
    try:
        document = read_document(raw)
    except DocumentError:
        return
    if isinstance(document, Decision):
        yield from (paragraph.text for section in document.sections.values() for paragraph in section)


def gold_marks(record: dict[str, Any], text: str) -> tuple[Mark, ...]:
    """The marked citations of a passage, with their spans."""
    marks = []
    for citation in record["citations"]:
        start = -1
        for _ in range(citation["occurrence"] + 1):
            start = text.find(citation["text"], start + 1)
            if start < 0:
                raise DataError(
                    f"{record['file']}: {citation['text']!r} is not in {record['anchor']!r}: correct the mark"
                )
        marks.append(Mark(citation["kind"], start, start + len(citation["text"]), citation["normalized"]))
    return tuple(marks)


def as_mark(citation: Any) -> Mark:
    """A citation that was found, as a mark."""
    kind = "norm" if isinstance(citation, NormCitation) else "case"
    return Mark(kind, citation.start, citation.end, citation.normalized)


def is_exact(gold: Mark, found: Mark) -> bool:
    """Same kind, span and normal form."""
    return gold == found


def is_lenient(gold: Mark, found: Mark) -> bool:
    """Same kind and normal form, overlapping spans."""
    overlap = min(gold.end, found.end) > max(gold.start, found.start)
    return overlap and (gold.kind, gold.normalized) == (found.kind, found.normalized)


def score(passages: Iterable[Passage], kinds: Sequence[str], match: Match) -> Score:
    """Pairs marks with what was found, each at most once."""
    result = Score()
    for passage in passages:
        gold = [mark for mark in passage.gold if mark.kind in kinds]
        found = [mark for mark in passage.found if mark.kind in kinds]
        result.num_gold += len(gold)
        result.num_found += len(found)
        for mark in gold:
            partner = next((other for other in found if match(mark, other)), None)
            if partner is None:
                result.misses.append((passage, mark))
            else:
                found.remove(partner)
                result.num_matched += 1
        result.false_hits += ((passage, mark) for mark in found)
    return result


def describe(match: str, kinds: str, result: Score) -> str:
    """One line of figures."""
    return (
        f"{match:8}{kinds:10} precision {result.precision:.4f} recall {result.recall:.4f}"
        f" ({result.num_matched} matched, {result.num_found} found, {result.num_gold} marked)"
    )


def list_faults(result: Score) -> Iterator[str]:
    """Every miss and every false hit with its surroundings."""
    for name, faults in (("miss", result.misses), ("false hit", result.false_hits)):
        for passage, mark in faults:
            before, behind = passage.text[max(0, mark.start - 30) : mark.start], passage.text[mark.end : mark.end + 30]
            printed = passage.text[mark.start : mark.end]
            yield f"{name}: {passage.place}: ...{before}«{printed}»{behind}... = {mark.normalized}"


def milliseconds(passages: Sequence[Passage], num_runs: int = 20) -> float:
    """Least time for a text of TIMED_CHARACTERS from the passages."""
    text = "\n".join(passage.text for passage in passages)
    if not text:
        return 0.0
    text = (text * (TIMED_CHARACTERS // len(text) + 1))[:TIMED_CHARACTERS]
    return min(_milliseconds_once(text) for _ in range(num_runs))


def _milliseconds_once(text: str) -> float:
    start = time.perf_counter()
    extract_citations(text)
    return (time.perf_counter() - start) * 1000


if __name__ == "__main__":
    raise SystemExit(main())
