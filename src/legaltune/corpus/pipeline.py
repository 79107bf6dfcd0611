"""From files to the prepared dataset: read each document, group them all, turn them into examples, count everything."""

from __future__ import annotations

import hashlib
import json
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

import legaltune
from legaltune.config.schema import DataConfig
from legaltune.corpus.accounts import SUMMARY_FILE, collect
from legaltune.corpus.building import Assigned, BuildContext, ShardResult, ShardTask, build_shard
from legaltune.corpus.document import Decision
from legaltune.corpus.engines import Engine, LocalEngine
from legaltune.corpus.grouping import Grouping, group_documents, read_assignments, shingle_hashes
from legaltune.corpus.parts import DROPPED, IGNORED, PartFolder, PartReader
from legaltune.corpus.prepared import finish, publish, require_replaceable
from legaltune.corpus.reading import ReadSettings, read_unit
from legaltune.corpus.statute_index import StatuteIndex
from legaltune.corpus.units import Unit, units_of
from legaltune.errors import DataError, InputMissingError
from legaltune.files import locked, whole_folder, write_json, write_text
from legaltune.logs import progress

logger = logging.getLogger(__name__)

_DROPPED_FILE = "dropped.jsonl"
_DOCUMENTS_PER_SHARD = 1_000
_LOCAL = LocalEngine()


def prepare(
    inputs: Sequence[Path],
    output: Path,
    config: DataConfig,
    *,
    engine: Engine = _LOCAL,
    previous: Path | None = None,
    count: Callable[[str], int] = len,
    work: Path | None = None,
) -> dict[str, Any]:
    """Turn documents into the prepared dataset. Run again after a kill, it does only what was not finished.

    Args:
        inputs: Files and folders.
        output: Folder of the dataset; `dropped.jsonl` there names each dropped document with its reason.
        config: Tasks, split, limits and seed.
        engine: Where the work runs; the dataset is the same, byte for byte.
        previous: Folder of an earlier dataset whose split is kept.
        count: Length of a text, in the unit of `data.max_document_length`; a function of a module.
        work: Folder for what a restart finds again, left to the caller; by default one in the output, gone at the end.

    Returns:
        The manifest.

    Raises:
        ConfigurationError: The output holds what the dataset would overwrite, or another process is preparing it.
        InputMissingError: An input or the earlier dataset does not exist.
        DataError: No training example is left; the message says what was dropped why.
    """
    require_replaceable(output)
    earlier = _earlier_assignments(previous) if previous else None
    with engine.started(), nullcontext(work) if work else _work_folder(output) as folder:
        parts = PartFolder(folder / "parts")
        keys = read_corpus(inputs, parts.folder, config, engine=engine)
        if not keys:
            raise InputMissingError(f"there is no file in {', '.join(map(str, inputs))}: name a folder with documents")
        return _assemble(parts, keys, output, config, work=folder, engine=engine, earlier=earlier, count=count)


def read_corpus(inputs: Sequence[Path], parts: Path, config: DataConfig, *, engine: Engine = _LOCAL) -> list[str]:
    """The steps that look at one document alone; see `prepare`.

    Args:
        inputs: Files and folders.
        parts: Folder for the parts; those that are there already are kept and not made again.
        config: What the documents are read with.
        engine: Where the work runs.

    Returns:
        Keys of the parts of these inputs.
    """
    settings = ReadSettings.from_config(config)
    folder = PartFolder(parts)
    keys: list[str] = []
    with progress("documents read") as advance:
        pending = (
            unit.loaded() if engine.is_remote else unit
            for unit in _unfinished(units_of(inputs), folder, settings, keys, advance)
        )
        for key, num_documents, part in engine.map(read_unit, settings, pending):
            folder.write(key, part)
            advance(num_documents)
    return keys


def _unfinished(
    units: Iterable[Unit], folder: PartFolder, settings: ReadSettings, keys: list[str], advance: Callable[[int], None]
) -> Iterator[Unit]:
    """Units that have no good part yet; the keys of all are noted."""
    num_kept = 0
    for unit in units:
        keys.append(unit.key)
        num_documents = folder.num_documents(unit.key, settings.digest)
        if num_documents is None:
            yield unit
        else:
            num_kept += 1
            advance(num_documents)
    if num_kept:
        logger.info("%d of %d units of work were read by an earlier run", num_kept, len(keys))


def assemble(
    parts: Path,
    output: Path,
    config: DataConfig,
    *,
    engine: Engine = _LOCAL,
    previous: Path | None = None,
    count: Callable[[str], int] = len,
) -> dict[str, Any]:
    """The steps that need all documents; see `prepare`.

    Args:
        parts: Folder of the parts, all of which are used.
        output: Folder of the dataset.
        config: As in `read_corpus`.
        engine: Where the work runs.
        previous: Folder of an earlier dataset.
        count: Length of a text.

    Raises:
        ConfigurationError: As in `prepare`.
        InputMissingError: There are no parts, or no earlier dataset.
        DataError: The parts were read with other settings, or no training example is left.
    """
    require_replaceable(output)
    folder = PartFolder(parts)
    keys = folder.keys()
    if not keys:
        raise InputMissingError(f"there is nothing to assemble in {parts}: read the documents first")
    earlier = _earlier_assignments(previous) if previous else None
    with engine.started(), _work_folder(output) as work:
        return _assemble(folder, keys, output, config, work=work, engine=engine, earlier=earlier, count=count)


@contextmanager
def _work_folder(output: Path) -> Iterator[Path]:
    """Folder for what a restart finds again; removed when all is done, hidden until then."""
    folder = output / ".work"
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / "lock", f"another process is preparing {output}"):
        yield folder
        shutil.rmtree(folder, ignore_errors=True)


def _assemble(
    folder: PartFolder,
    keys: Sequence[str],
    output: Path,
    config: DataConfig,
    *,
    work: Path,
    engine: Engine,
    earlier: pa.Table | None,
    count: Callable[[str], int],
) -> dict[str, Any]:
    reader = PartReader(folder, keys, ReadSettings.from_config(config).digest)
    is_document = pc.invert(pc.is_in(reader.table.column("kind"), pa.array([IGNORED, DROPPED])))
    documents = reader.table.filter(is_document)
    logger.info("%d documents can be used as far as one can tell from each alone", len(documents))
    grouping = group_documents(documents, config, previous=earlier, shingles=_shingles(reader, documents))
    context = BuildContext(config, _statute_index(reader, documents, grouping), count)
    work.mkdir(parents=True, exist_ok=True)
    shards = _build(_Plan(reader, documents, grouping, keys), context, work, engine)
    accounts = collect(reader.table, documents, grouping, shards)
    write_text(work / _DROPPED_FILE, accounts.dropped_lines())
    accounts.require_training_examples(listed_in=work / _DROPPED_FILE)
    publish(output, shards)
    shutil.copyfile(work / _DROPPED_FILE, output / _DROPPED_FILE)
    return finish(output, accounts.manifest_contents(config))


def _earlier_assignments(previous: Path) -> pa.Table:
    try:
        return read_assignments(previous)
    except pa.ArrowException as error:
        raise DataError(f"the earlier dataset {previous} is damaged ({error}): prepare without it") from None


def _shingles(reader: PartReader, documents: pa.Table) -> Callable[[int], Any]:
    """Gives the word sequences of the document in a row, read again from its part."""

    def of_row(row: int) -> Any:
        document = next(reader.documents(documents.slice(row, 1)))
        assert isinstance(document, Decision)
        return shingle_hashes(document)

    return of_row


def _statute_index(reader: PartReader, documents: pa.Table, grouping: Grouping) -> StatuteIndex:
    is_kept = pc.and_(pc.equal(documents.column("kind"), "statute"), grouping.table.column("keep"))
    rows = documents.filter(is_kept).sort_by([("source", "ascending"), ("document_id", "ascending")])
    return StatuteIndex.from_packed(zip(reader.payloads(rows), rows.column("packed_bytes").to_pylist(), strict=True))


class _Plan:
    """Which document goes into which shard: in the order of a digest of its key, whatever the order of the input.

    Args:
        reader: Gives the documents.
        documents: All documents that could be read.
        grouping: Row for row what became of them.
        keys: Of the parts, which change with every file that was read.
    """

    def __init__(self, reader: PartReader, documents: pa.Table, grouping: Grouping, keys: Sequence[str]) -> None:
        self._reader = reader
        self._keys = sorted(keys)
        decided = grouping.table
        rows = documents.append_column("group_id", decided.column("group_id")).append_column(
            "split", decided.column("split")
        )
        kept = rows.filter(pc.and_(decided.column("keep"), pc.not_equal(documents.column("kind"), "statute")))
        names = zip(kept.column("source").to_pylist(), kept.column("document_id").to_pylist(), strict=True)
        digests = np.array(
            [hashlib.sha256(f"{source}/{name}".encode()).digest() for source, name in names], dtype="S32"
        )
        self._rows = kept.take(pa.array(np.argsort(digests)))
        self.num_shards = -(-len(self._rows) // _DOCUMENTS_PER_SHARD)

    def digest(self, config: DataConfig) -> str:
        """Changes with everything that the shards depend on, so that a restart takes none that was made otherwise."""
        settings = [legaltune.__version__, config.model_dump(mode="json"), self._keys]
        digest = hashlib.sha256(json.dumps(settings).encode())
        for name in ("source", "document_id", "content_sha256", "group_id", "split"):
            for value in self._rows.column(name).to_pylist():
                digest.update(value if isinstance(value, bytes) else str(value).encode())
        return digest.hexdigest()[:16]

    def task(self, number: int) -> ShardTask:
        """Everything that is needed to build one shard."""
        rows = self._rows.slice(number * _DOCUMENTS_PER_SHARD, _DOCUMENTS_PER_SHARD)
        columns = (rows.column(name).to_pylist() for name in ("kind", "packed_bytes", "origin", "group_id", "split"))
        return ShardTask(
            number,
            tuple(
                Assigned(kind, payload, packed_bytes, origin, group_id, split)
                for payload, kind, packed_bytes, origin, group_id, split in zip(
                    self._reader.payloads(rows), *columns, strict=True
                )
            ),
        )


def _build(plan: _Plan, context: BuildContext, work: Path, engine: Engine) -> list[Path]:
    """Folders of the shards in their order; those that an earlier run finished are not built again."""
    folder = work / f"shards-{plan.digest(context.config)}"
    shards = [folder / f"{number:05d}" for number in range(plan.num_shards)]
    missing = [number for number, shard in enumerate(shards) if not shard.is_dir()]
    with progress("shards of examples built", plan.num_shards) as advance:
        advance(plan.num_shards - len(missing))
        for result in engine.map(build_shard, context, map(plan.task, missing)):
            _write_shard(shards[result.number], result)
            advance(1)
    return shards


def _write_shard(path: Path, result: ShardResult) -> None:
    with whole_folder(path) as folder:
        for name, content in result.files.items():
            (folder / name).write_bytes(content)
        write_json(folder / SUMMARY_FILE, result.summary)
