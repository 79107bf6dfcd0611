"""What a document is compared by: a digest of its text, and a MinHash signature of its word sequences.

Both are made in the process that reads the document; the comparison later needs nothing else.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator

import numpy as np
import rensa
from numpy.typing import NDArray

from legaltune.corpus.document import Decision, Document, ReadyMade, SectionName, Statute

SHINGLE_WORDS = 5
"""Words in a row that make one shingle."""
NUM_PERMUTATIONS = 128
"""Values of a signature; the estimate of a Jaccard index of 0.8 has a standard error of 0.035."""
SIGNATURE_BYTES = 4 * NUM_PERMUTATIONS

_SEED = 20_250_101
# Two courts' copies of one decision differ in what surrounds the text: the rubrum, the headnotes, the signatures.
_BODY = (SectionName.TENOR, SectionName.TATBESTAND)
_NOT_IN_DIGEST = frozenset({SectionName.RUBRUM})
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIXER = np.uint64(0xD6E8FEB86659FD93)
_HALF = np.uint64(32)


def content_digest(document: Document) -> bytes:
    """SHA-256 over the running text, white space and case aside.

    Identifiers, dates, file numbers and the rubrum do not count. Documents of different kinds never share a digest.
    """
    text = " ".join("\n".join(_texts(document)).casefold().split())
    return hashlib.sha256(f"{type(document).__name__}\n{text}".encode("utf-8", "surrogatepass")).digest()


def minhash(document: Document) -> bytes | None:
    """MinHash signature of a decision: little-endian uint32, `SIGNATURE_BYTES` long.

    Returns:
        None for what is never a near duplicate: a text of fewer words than a shingle has, a statute (its versions
        differ in single words that matter), a ready-made example.
    """
    hashes = shingle_hashes(document) if isinstance(document, Decision) else np.empty(0, dtype=np.uint64)
    return signature_of(hashes) if len(hashes) else None


def signature_of(hashes: NDArray[np.uint64]) -> bytes:
    """MinHash signature of a set of shingles; their order and repetitions do not matter."""
    rows = np.array([0, len(hashes)], dtype=np.uint64)
    matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(hashes, rows, NUM_PERMUTATIONS, _SEED)
    return np.array(matrix.to_rows()[0], dtype="<u4").tobytes()


def shingle_hashes(document: Decision) -> NDArray[np.uint64]:
    """Hashes of the word sequences of tenor, facts and grounds; unsorted, with repetitions."""
    paragraphs = [document.section(name) for name in _BODY] + [document.grounds]
    return hash_shingles("\n".join(paragraph.text for section in paragraphs for paragraph in section))


def hash_shingles(text: str) -> NDArray[np.uint64]:
    """Hashes of all runs of `SHINGLE_WORDS` words of a text, which counts letters and digits only, in lower case."""
    words = np.fromiter(map(zlib.crc32, _fold(text).split()), dtype=np.uint64)
    num_shingles = len(words) - SHINGLE_WORDS + 1
    if num_shingles <= 0:
        return np.empty(0, dtype=np.uint64)
    hashes = np.zeros(num_shingles, dtype=np.uint64)
    for position in range(SHINGLE_WORDS):
        hashes = hashes * _MULTIPLIER + words[position : position + num_shingles]
    return mix(hashes)


def jaccard(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> float:
    """Jaccard index of two sets of shingles; 0 for two empty ones.

    Args:
        one: Sorted hashes without repetitions.
        other: The same of the other text.
    """
    if not len(one) or not len(other):
        return 0.0
    places = np.searchsorted(other, one).clip(max=len(other) - 1)
    common = int(np.count_nonzero(other[places] == one))
    return common / (len(one) + len(other) - common)


def mix(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread differences over all bits (the finaliser of rrxmrrxmsx-0)."""
    for _ in range(2):
        hashes = (hashes ^ (hashes >> _HALF)) * _MIXER
    return hashes ^ (hashes >> _HALF)


def _fold(text: str) -> bytes:
    """One byte a character; everything but letters and digits of Western European languages becomes a space."""
    return text.encode("latin-1", "replace").translate(_FOLDED, b"\xad")


def _folded_byte(byte: int) -> int:
    character = chr(byte)
    return ord(character.lower()) if character.isalnum() else ord(" ")


_FOLDED = bytes(map(_folded_byte, range(256)))


def _texts(document: Document) -> Iterator[str]:
    match document:
        case Decision():
            for name in sorted(document.sections):
                if name not in _NOT_IN_DIGEST:
                    yield from (paragraph.text for paragraph in document.sections[name])
        case Statute():
            yield document.title
            for norm in document.norms:
                yield norm.label
                yield from norm.paragraphs
        case ReadyMade():
            for role, content in document.messages:
                yield role
                yield content
