"""What became of every document, gathered from all steps: documents in = used + dropped, always."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

import legaltune
from legaltune.config.schema import DataConfig
from legaltune.corpus.grouping import Grouping
from legaltune.corpus.parts import DROPPED, IGNORED
from legaltune.corpus.split import SPLITS
from legaltune.errors import DataError

SUMMARY_FILE = "summary.json"

_Drop = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Accounts:
    """Counts of a whole preparation. Lists are sorted by origin, so that the order of the input does not show."""

    num_read: int
    used: Counter[str]
    dropped: Sequence[_Drop]
    ignored: Sequence[tuple[str, str]]
    documents_per_split: Counter[str]
    examples: Counter[tuple[str, str]]
    rejected: Counter[tuple[str, str]]
    citations: Counter[str]
    placeholders: Counter[str]
    sentences_left_out: int
    grouping: Grouping

    @property
    def drops_by_reason(self) -> dict[str, int]:
        """Number of dropped documents by reason."""
        return dict(sorted(Counter(reason for _, reason, _ in self.dropped).items()))

    def dropped_lines(self) -> str:
        """One JSON object a line for each dropped document."""
        records = ({"origin": origin, "reason": reason, "detail": detail} for origin, reason, detail in self.dropped)
        return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)

    def require_training_examples(self, *, listed_in: Path) -> None:
        """Refuse a dataset that nothing can be trained on.

        Args:
            listed_in: The file with `dropped_lines`.

        Raises:
            DataError: With what was dropped why.
        """
        if any(split == "train" for _, split in self.examples):
            return
        held_out = sum(self.documents_per_split.values())
        if held_out:
            raise DataError(
                f"no training example is left: all {held_out} decisions fell to validation and test; "
                "lower data.split.validation and data.split.test, or give more documents"
            )
        dropped = ", ".join(f"{reason} {count}" for reason, count in self.drops_by_reason.items()) or "none"
        first = next((f"; the first: {origin}: {detail}" for origin, _, detail in self.dropped), "")
        rest = f"; all of them: {listed_in}" if len(self.dropped) > 1 else ""
        raise DataError(
            f"no training example is left: {self.num_read} documents read, {sum(self.used.values())} used, "
            f"dropped: {dropped}, {len(self.ignored)} files ignored{first}{rest}"
        )

    def manifest_contents(self, config: DataConfig) -> dict[str, Any]:
        """What the manifest says beside shards and fingerprint."""
        grouping = self.grouping
        return {
            "legaltune_version": legaltune.__version__,
            "seed": config.seed,
            "configuration": config.model_dump(mode="json"),
            "documents": {
                "read": self.num_read,
                "used": sum(self.used.values()),
                "used_by_source": dict(sorted(self.used.items())),
                "dropped": self.drops_by_reason,
            },
            "documents_per_split": {split: self.documents_per_split[split] for split in SPLITS},
            "groups": {
                "number": grouping.num_groups,
                "largest": grouping.largest_group,
                "merged": [asdict(merged) for merged in grouping.merged],
                "joined_splits": [asdict(join) for join in grouping.joins],
                "conflicts": [asdict(conflict) for conflict in grouping.conflicts],
                "ignored_keys": dict(grouping.ignored_keys),
            },
            "examples": _nested(self.examples, SPLITS),
            "examples_rejected": _nested(self.rejected),
            "sentences_left_out": self.sentences_left_out,
            "placeholders": dict(sorted(self.placeholders.items())),
            "citations": dict(sorted(self.citations.items())),
            "ignored_files": [{"origin": origin, "why": why} for origin, why in self.ignored],
        }


def collect(rows: pa.Table, documents: pa.Table, grouping: Grouping, shards: Sequence[Path]) -> Accounts:
    """Gather what the steps noted.

    Args:
        rows: Everything that was found, as in the parts.
        documents: Those of them that could be read.
        grouping: Row for row what became of these.
        shards: Folders of the finished shards, each with its summary.
    """
    summaries = [json.loads((shard / SUMMARY_FILE).read_text(encoding="utf-8")) for shard in shards]
    is_statute = pc.equal(documents.column("kind"), "statute")
    kept_statutes = documents.filter(pc.and_(is_statute, grouping.table.column("keep")))
    used = Counter(kept_statutes.column("source").to_pylist())
    return Accounts(
        num_read=pc.sum(pc.not_equal(rows.column("kind"), IGNORED)).as_py() or 0,
        used=sum((Counter(summary["used"]) for summary in summaries), used),
        dropped=sorted(
            [*_dropped_when_read(rows), *_dropped_when_grouped(documents, grouping), *_dropped_last(summaries)]
        ),
        ignored=sorted(_pairs(rows.filter(pc.equal(rows.column("kind"), IGNORED)), "origin", "detail")),
        documents_per_split=sum((Counter(summary["documents"]) for summary in summaries), Counter()),
        examples=_counted(summaries, "examples"),
        rejected=_counted(summaries, "rejected"),
        citations=sum((Counter(summary["citations"]) for summary in summaries), Counter()),
        placeholders=_placeholders(documents.filter(grouping.table.column("keep"))),
        sentences_left_out=sum(summary["sentences_left_out"] for summary in summaries),
        grouping=grouping,
    )


def _dropped_when_read(rows: pa.Table) -> Iterator[_Drop]:
    return _pairs(rows.filter(pc.equal(rows.column("kind"), DROPPED)), "origin", "reason", "detail")


def _dropped_when_grouped(documents: pa.Table, grouping: Grouping) -> Iterator[_Drop]:
    is_dropped = pc.invert(grouping.table.column("keep"))
    decided = grouping.table.filter(is_dropped).append_column("origin", documents.filter(is_dropped).column("origin"))
    return _pairs(decided, "origin", "reason", "detail")


def _dropped_last(summaries: Sequence[dict[str, Any]]) -> Iterator[_Drop]:
    for summary in summaries:
        for drop in summary["dropped"]:
            yield drop["origin"], drop["reason"], drop["detail"]


def _pairs(table: pa.Table, *names: str) -> Iterator[Any]:
    return zip(*(table.column(name).to_pylist() for name in names), strict=True)


def _placeholders(documents: pa.Table) -> Counter[str]:
    counts: Counter[str] = Counter()
    for entry in documents.column("placeholders").to_pylist():
        counts.update(dict(entry or ()))
    return counts


def _counted(summaries: Sequence[dict[str, Any]], name: str) -> Counter[tuple[str, str]]:
    counts: Counter[tuple[str, str]] = Counter()
    for summary in summaries:
        counts.update({(outer, inner): count for outer, inner, count in summary[name]})
    return counts


def _nested(counts: Counter[tuple[str, str]], inner_names: Sequence[str] | None = None) -> dict[str, dict[str, int]]:
    """Counts by their first key, then by their second; of given second keys all, of others those that occur."""
    nested: dict[str, dict[str, int]] = {}
    for outer in sorted({outer for outer, _ in counts}):
        names = inner_names or sorted(inner for name, inner in counts if name == outer)
        nested[outer] = {inner: counts[outer, inner] for inner in names}
    return nested
