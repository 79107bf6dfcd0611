"""Measures how well and how fast near duplicates are found.

Plants near duplicates of generated decisions at Jaccard indices from 0.8 to 1 and decoys below, then compares the pairs
that are found with those that there are, computed from the words themselves. Also times signatures and grouping, the
latter on a corpus of random signatures and on one in which most documents are copies of a few.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import random
import re
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from legaltune.config.schema import DataConfig
from legaltune.corpus.document import Decision, Paragraph, SectionName
from legaltune.corpus.grouping import content_digest, group_documents, minhash, shingle_hashes
from legaltune.corpus.grouping.near import NearDuplicateIndex
from legaltune.corpus.grouping.signatures import NUM_PERMUTATIONS, SHINGLE_WORDS
from legaltune.corpus.synthetic import generate_decisions

THRESHOLD = 0.8
_WORD = re.compile(r"[^\W_]+")

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Quality:
    """Pairs found and pairs there are."""

    recall: float
    precision: float
    num_true: int
    num_found: int


def main() -> None:
    """Print the figures; the last line is for machines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=2_000, help="generated decisions")
    parser.add_argument(
        "--planted", type=int, default=1_000, help="near duplicates at 0.8 and above; half as many below"
    )
    parser.add_argument("--grouped", type=int, default=100_000, help="documents for the timing of the grouping")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    documents, planted = plant(arguments.documents, arguments.planted, random.Random(arguments.seed))
    true = true_pairs(documents)
    print(describe_levels(planted, documents))
    estimated = measure(documents, true, exact=False)
    print(f"signatures alone: recall {estimated.recall:.4f} precision {estimated.precision:.4f}")
    found = measure(documents, true, exact=True)
    print(f"with the texts near the threshold: {found.num_found} pairs found, {found.num_true} there are")
    print(describe_drops(documents, planted))
    print(describe_signatures(documents))
    for name, make in (("random", random_corpus), ("pathological", pathological_corpus)):
        print(describe_grouping(name, make(arguments.grouped)))
    print(f"recall={found.recall:.4f} precision={found.precision:.4f}")


def plant(num_documents: int, num_planted: int, rng: random.Random) -> tuple[list[Decision], list[Pair]]:
    """Generated decisions, then their edited copies.

    Returns:
        All decisions, and the pairs (original, copy) by number.
    """
    documents = [case.decision for case in itertools.islice(generate_decisions(rng.randrange(2**31)), num_documents)]
    words = [word for document in documents[:50] for word in words_of(document)]
    levels = [rng.uniform(THRESHOLD, 1) for _ in range(num_planted)]
    levels += [rng.uniform(0.5, THRESHOLD - 0.02) for _ in range(num_planted // 2)]
    pairs = []
    for level in levels:
        original = rng.randrange(num_documents)
        pairs.append((original, len(documents)))
        documents.append(edited(documents[original], level, words, rng))
    return documents, pairs


def edited(decision: Decision, level: float, words: Sequence[str], rng: random.Random) -> Decision:
    """A copy of a Jaccard index of about `level`: with words replaced, a passage added, or one left out."""
    text = text_of(decision).split()
    num_shingles = max(len(text) - SHINGLE_WORDS + 1, 1)
    match rng.randrange(3):
        case 0:
            num_replaced = int(num_shingles * (1 - level) / (1 + level) / SHINGLE_WORDS)
            for position in rng.sample(range(0, len(text), SHINGLE_WORDS + 1), num_replaced):
                text[position] = rng.choice(words)
        case 1:
            text += rng.choices(words, k=int(num_shingles * (1 / level - 1)))
        case _:
            num_left_out = int(num_shingles * (1 - level))
            start = rng.randrange(len(text) - num_left_out)
            del text[start : start + num_left_out]
    number = f"{decision.document_id}-{rng.randrange(10**9)}"
    return replace(decision, document_id=number, sections={SectionName.GRUENDE: (Paragraph(" ".join(text)),)})


def text_of(decision: Decision) -> str:
    """The text that is compared: tenor, facts, grounds."""
    sections = decision.section(SectionName.TENOR), decision.section(SectionName.TATBESTAND), decision.grounds
    return "\n".join(paragraph.text for section in sections for paragraph in section)


def words_of(decision: Decision) -> list[str]:
    """Its words, found in another way than the package does."""
    return _WORD.findall(text_of(decision).lower())


def true_pairs(documents: Sequence[Decision]) -> dict[Pair, float]:
    """Jaccard index of each pair at the threshold or above, from sets of words, all pairs considered."""
    shingles = [
        {" ".join(words[at : at + SHINGLE_WORDS]) for at in range(len(words) - SHINGLE_WORDS + 1)}
        for words in map(words_of, documents)
    ]
    having: dict[str, list[int]] = defaultdict(list)
    true: dict[Pair, float] = {}
    for number, own in enumerate(shingles):
        common = Counter(other for shingle in own for other in having[shingle])
        for other, count in common.items():
            jaccard = count / (len(own) + len(shingles[other]) - count)
            if jaccard >= THRESHOLD:
                true[other, number] = jaccard
        for shingle in own:
            having[shingle].append(number)
    return true


def measure(documents: Sequence[Decision], true: dict[Pair, float], *, exact: bool) -> Quality:
    """Recall and precision of the index over all pairs."""
    signatures = np.array([np.frombuffer(minhash(document) or b"", dtype="<u4") for document in documents])

    def shingles(number: int) -> NDArray[np.uint64]:
        return shingle_hashes(documents[number])

    index = NearDuplicateIndex(signatures, threshold=THRESHOLD, shingles=shingles if exact else None)
    found: set[Pair] = set()
    for number in range(len(documents)):
        found |= {(other, number) for other, _ in index.find(number)}
        index.enter(number)
    hits = len(found & true.keys())
    return Quality(hits / max(len(true), 1), hits / max(len(found), 1), len(true), len(found))


def describe_levels(planted: Sequence[Pair], documents: Sequence[Decision]) -> str:
    """How the planted pairs are spread."""
    levels: Counter[str] = Counter()
    for original, copy in planted:
        one, other = (set(shingle_hashes(documents[number]).tolist()) for number in (original, copy))
        levels[f"{int(20 * len(one & other) / len(one | other)) / 20:.2f}"] += 1
    return "planted by Jaccard index: " + ", ".join(f"{level} {count}" for level, count in sorted(levels.items()))


def describe_drops(documents: Sequence[Decision], planted: Sequence[Pair]) -> str:
    """What the whole grouping makes of them."""
    table = as_table(
        [document.document_id for document in documents],
        [content_digest(document) for document in documents],
        [minhash(document) for document in documents],
        [len(text_of(document)) for document in documents],
    )
    result = group_documents(table, DataConfig(), shingles=lambda row: shingle_hashes(documents[row])).table
    reasons = Counter(result.column("reason").to_pylist())
    del reasons[None]
    dropped = ", ".join(f"{reason} {count}" for reason, count in sorted(reasons.items()))
    return f"{len(documents)} documents with {len(planted)} copies: {dropped} dropped"


def describe_signatures(documents: Sequence[Decision]) -> str:
    """Time per 20,000 characters."""
    text = " ".join(text_of(document) for document in documents[:100])[:20_000]
    decision = replace(documents[0], sections={SectionName.GRUENDE: (Paragraph(text),)})
    times = [seconds_of(partial(make, decision)) for make in (minhash, content_digest)]
    return "per 20,000 characters: minhash {:.2f} ms, digest {:.2f} ms".format(*(1e3 * took for took in times))


def seconds_of(call: Callable[[], object], repetitions: int = 50) -> float:
    """Median time of a call."""
    times = []
    for _ in range(repetitions):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return sorted(times)[repetitions // 2]


def describe_grouping(name: str, table: pa.Table) -> str:
    """Time and memory of the grouping of one corpus."""
    before = resident_bytes()
    start = time.perf_counter()
    result = group_documents(table, DataConfig())
    seconds = time.perf_counter() - start
    growth = max(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before, 0)
    num_kept = sum(result.table.column("keep").to_pylist())
    return (
        f"grouping of {len(table)} documents, {name}: {seconds:.1f} s, at most {growth / len(table) / 1024:.2f} KiB a "
        f"document, {num_kept} kept"
    )


def random_corpus(num_documents: int) -> pa.Table:
    """Documents that have nothing in common."""
    signatures = np.random.default_rng(0).integers(0, 2**32, (num_documents, NUM_PERMUTATIONS), dtype=np.uint32)
    return _numbered(signatures, range(num_documents))


def pathological_corpus(num_documents: int) -> pa.Table:
    """A third copies of one text, a third edited copies of ten, a third alike in half of their text."""
    rng = np.random.default_rng(0)
    signatures = rng.integers(0, 2**32, (num_documents, NUM_PERMUTATIONS), dtype=np.uint32)
    third = num_documents // 3
    boilerplate = rng.random((num_documents - 2 * third, NUM_PERMUTATIONS)) < 0.5
    signatures[2 * third :][boilerplate] = np.broadcast_to(signatures[0], boilerplate.shape)[boilerplate]
    originals = signatures[rng.integers(0, 10, third)]
    is_kept = rng.random((third, NUM_PERMUTATIONS)) < 0.9
    signatures[third : 2 * third][is_kept] = originals[is_kept]
    signatures[:third] = signatures[0]
    return _numbered(signatures, [0] * third + list(range(third, num_documents)))


def _numbered(signatures: NDArray[np.uint32], texts: Sequence[int]) -> pa.Table:
    return as_table(
        [f"D{number:09d}" for number in range(len(texts))],
        [hashlib.sha256(str(text).encode()).digest() for text in texts],
        [row.tobytes() for row in signatures],
        [1_000] * len(texts),
    )


def as_table(
    names: Sequence[str], digests: Sequence[bytes], signatures: Sequence[bytes | None], lengths: Sequence[int]
) -> pa.Table:
    """Documents as the grouping takes them: every second in the proceedings of the one before."""
    number = len(names)
    keys = list(_keys(number))
    return pa.table(
        {
            "kind": pa.array(["decision"] * number),
            "source": pa.array(["rii-dok"] * number),
            "document_id": pa.array(names),
            "origin": pa.array([f"{name}.zip!{name}.xml" for name in names]),
            "num_chars": pa.array(lengths, pa.int64()),
            "date": pa.array(["2020-01-01"] * number),
            "content_sha256": pa.array(digests, pa.binary(32)),
            "minhash": pa.array(signatures, pa.binary()),
            "own_keys": pa.array([[own] for own, _ in keys], pa.list_(pa.string())),
            "related_keys": pa.array([[related] for _, related in keys], pa.list_(pa.string())),
            "group_hint": pa.nulls(number, pa.string()),
        }
    )


def _keys(number: int) -> Iterator[tuple[str, str]]:
    for row in range(number):
        yield f"BGH|iizr{row}/20", f"OLG köln|3u{row // 2}/19"


def resident_bytes() -> int:
    """Memory of this process now."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123 - no path of ours
        return int(file.read().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    main()
