"""What the grouping reads of each document, as arrays in a canonical order that does not depend on the input's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from legaltune.corpus.grouping.signatures import NUM_PERMUTATIONS, SIGNATURE_BYTES
from legaltune.corpus.split import SPLITS
from legaltune.errors import DataError

# No decision shares its file number or its previous instance with so many others, except in mass proceedings, whose
# lists of numbers would tie half a corpus together.
MOST_DOCUMENTS_PER_KEY = 100

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EarlierGroups:
    """Groups of an earlier run, sorted by name.

    Attributes:
        names: Their identifiers.
        splits: Their splits.
        of_row: Number of the group that each document was in; -1 for a new document.
        named_after: Number of the group that bears a new document's key as its name; -1 for all others.
    """

    names: pa.Array
    splits: list[str]
    of_row: Integers
    named_after: Integers


@dataclass(frozen=True, slots=True)
class Texts:
    """The different texts, numbered in canonical order.

    Attributes:
        of_row: Number of each document's text.
        first_row: Canonical first document with each text.
        signature: Row of each text in `signatures`, -1 where it has none.
        signatures: uint32 [texts with a signature, NUM_PERMUTATIONS].
    """

    of_row: Integers
    first_row: Integers
    signature: Integers
    signatures: NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Links:
    """Keys of each document that another one has too: those of row r are `keys[starts[r]:starts[r + 1]]`.

    Attributes:
        starts: Where each row begins.
        keys: Numbers of the keys.
        num_keys: Number of different keys.
        ignored: Keys that too many documents have, with the number of those.
    """

    starts: Integers
    keys: Integers
    num_keys: int
    ignored: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """What the grouping reads of all documents.

    Attributes:
        keys: Names of the documents ("rii-dok:KORE303672022"); not unique before duplicates are dropped.
        identities: A number for each different name.
        earlier: Groups of an earlier run.
        texts: The different texts.
        links: Keys that documents share.
        order: All rows in canonical order.
    """

    keys: pa.Array
    identities: Integers
    earlier: EarlierGroups
    texts: Texts
    links: Links
    order: Integers


def read_columns(documents: pa.Table, previous: pa.Table | None) -> Corpus:
    """Collect what the grouping reads.

    Args:
        documents: As in `group_documents`.
        previous: Columns source, document_id, group_id and split of the documents of an earlier run.

    Raises:
        DataError: The earlier assignments contradict themselves.
    """
    keys = document_keys(documents)
    earlier = earlier_groups(keys, previous)
    order = canonical_order(documents, earlier)
    texts = numbered_texts(documents, order)
    return Corpus(keys, codes_of(keys), earlier, texts, shared_keys(documents, texts), order)


def document_keys(table: pa.Table) -> pa.Array:
    """Names of the documents of a table with the columns `source` and `document_id`: unique over all sources."""
    return flat(pc.binary_join_element_wise(table.column("source"), table.column("document_id"), ":"))


def earlier_groups(keys: pa.Array, previous: pa.Table | None) -> EarlierGroups:
    """Groups of an earlier run, and which of the documents were in them.

    Args:
        keys: Names of the documents.
        previous: Columns source, document_id, group_id and split of the documents of the earlier run.

    Raises:
        DataError: A group has documents in two splits, or a split is unknown.
    """
    nowhere = np.full(len(keys), -1, dtype=np.int64)
    if previous is None or not len(previous):
        return EarlierGroups(pa.array([], pa.string()), [], nowhere, nowhere)
    pairs = previous.select(["group_id", "split"]).group_by(["group_id", "split"]).aggregate([]).sort_by("group_id")
    names, splits = flat(pairs.column("group_id")), pairs.column("split").to_pylist()
    if len(pc.unique(names)) < len(names) or not set(splits) <= set(SPLITS):
        raise DataError(
            "the earlier dataset has groups in two splits or in an unknown one: it is damaged, prepare without it"
        )
    group_of_earlier = _positions(flat(previous.column("group_id")), names)
    earlier_row = _positions(keys, document_keys(previous))
    of_row = np.where(earlier_row >= 0, group_of_earlier[earlier_row], -1)
    return EarlierGroups(names, splits, of_row, np.where(of_row >= 0, -1, _positions(keys, names)))


def canonical_order(table: pa.Table, earlier: EarlierGroups) -> Integers:
    """Rows, those known from an earlier run first, then the longest; never by their place in the table."""
    columns = ("source", "document_id", "origin", "content_sha256")
    sortable = table.select([*columns, "num_chars"]).append_column("is_new", pa.array(earlier.of_row < 0))
    keys = [("is_new", "ascending"), ("num_chars", "descending"), *((name, "ascending") for name in columns)]
    return np.asarray(pc.sort_indices(sortable, sort_keys=keys)).astype(np.int64)


def numbered_texts(table: pa.Table, order: Integers) -> Texts:
    """Number the different texts and collect a signature of each."""
    codes = codes_of(table.column("content_sha256"))
    _, first, inverse = np.unique(codes[order], return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first))
    of_row = np.empty(len(codes), dtype=np.int64)
    of_row[order] = rank[inverse]
    first_row = order[np.sort(first)]
    minhash = flat(table.column("minhash")).take(pa.array(first_row))
    has_one = np.asarray(minhash.is_valid())
    signature = np.where(has_one, np.cumsum(has_one) - 1, -1)
    return Texts(of_row, first_row, signature, _signatures(minhash.drop_null()))


def shared_keys(table: pa.Table, texts: Texts) -> Links:
    """Keys of proceedings and groups named by the user, as far as two documents share them."""
    rows, names = zip(_key_rows(table, "own_keys"), _key_rows(table, "related_keys"), _hint_rows(table), strict=True)
    keys = pa.concat_arrays(names).dictionary_encode()
    row_of, key_of = np.concatenate(rows), np.asarray(keys.indices, dtype=np.int64)
    num_proceedings = len(rows[0]) + len(rows[1])
    mass = _mass_keys(texts.of_row[row_of[:num_proceedings]], key_of[:num_proceedings], len(keys.dictionary))
    ignored = tuple(sorted((keys.dictionary[number].as_py(), int(count)) for number, count in mass.items()))
    is_used = (np.bincount(key_of, minlength=len(keys.dictionary)) > 1)[key_of] & ~np.isin(key_of, list(mass))
    row_of, key_of = row_of[is_used], key_of[is_used]
    by_row = np.argsort(row_of, kind="stable")
    starts = np.concatenate(([0], np.cumsum(np.bincount(row_of, minlength=len(table)))))
    used, numbers = np.unique(key_of, return_inverse=True)
    return Links(starts, numbers[by_row], len(used), ignored)


def flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column as one array."""
    if isinstance(column, pa.Array):
        return column
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], column.type)])


def codes_of(column: pa.ChunkedArray | pa.Array) -> Integers:
    """A number for each different value."""
    return np.asarray(flat(column).dictionary_encode().indices).astype(np.int64)


def _positions(values: pa.Array, within: pa.Array) -> Integers:
    return np.asarray(pc.fill_null(pc.index_in(values, value_set=within), -1)).astype(np.int64)


def _signatures(minhash: pa.Array) -> NDArray[np.uint32]:
    fixed = minhash.cast(pa.binary(SIGNATURE_BYTES))
    values = np.frombuffer(fixed.buffers()[1] or b"", dtype="<u4")[fixed.offset * NUM_PERMUTATIONS :]
    return values[: len(fixed) * NUM_PERMUTATIONS].reshape(-1, NUM_PERMUTATIONS)


def _key_rows(table: pa.Table, column: str) -> tuple[Integers, pa.Array]:
    lists = flat(table.column(column))
    return np.asarray(pc.list_parent_indices(lists)).astype(np.int64), lists.flatten()


def _hint_rows(table: pa.Table) -> tuple[Integers, pa.Array]:
    hints = flat(pc.binary_join_element_wise("group", table.column("source"), table.column("group_hint"), "|"))
    return np.flatnonzero(np.asarray(hints.is_valid())), hints.drop_null()


def _mass_keys(text_of: Integers, key_of: Integers, num_keys: int) -> dict[int, int]:
    """Keys that too many different texts have, with their number."""
    pairs = np.unique(text_of * num_keys + key_of)
    counts = np.bincount(pairs % num_keys, minlength=num_keys) if num_keys else np.empty(0, dtype=np.int64)
    return {int(number): int(counts[number]) for number in np.flatnonzero(counts > MOST_DOCUMENTS_PER_KEY)}
