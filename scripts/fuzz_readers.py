"""Reads thousands of damaged documents and shows that each is accounted for: no crash, no hang, no bug of ours.

Documents of every format (a folder of real ones, generated ones, a minimal one of each) are damaged in ways that occur
and in ways that are meant badly, some of them packed into archives that are damaged in turn. Child processes open and
read them, and take what can be read through every further step that looks at one document alone. The damage is a
function of the seed and of the number of the document: `--only NUMBER` repeats one.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import resource
import signal
import socket
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import NoReturn

from damaged_documents import Documents, base_documents, damaged_file
from legaltune.corpus.citations import extract_case_citations
from legaltune.corpus.document import Decision, Document, DocumentError, DropReason, ReadyMade, Statute
from legaltune.corpus.grouping import content_digest, minhash, proceedings_keys
from legaltune.corpus.quality import QualityLimits, check_quality
from legaltune.corpus.readers import read_document
from legaltune.corpus.scrubbing import scrub
from legaltune.corpus.sources import FileRef, IgnoredFile, open_file
from legaltune.corpus.statute_index import StatuteIndex
from legaltune.corpus.tasks import Limits, TaskContext, build_examples, ready_made_example
from legaltune.errors import ExitCode

CPU_SECONDS_PER_DOCUMENT = 2.0  # of computing: a busy machine raises no false alarm
WALL_SECONDS_PER_DOCUMENT = 30.0  # after which a child that does not even see its alarm is ended
MEMORY_BYTES = 4 * 1024**3
NUM_SLOWEST = 5
_REPORTED_FAILURES = 40
_SHORT_PROMPT_CHARACTERS = 4_000


class HangError(BaseException):
    """A document takes too long; no `except Exception` of the code under test catches it."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one damaged file.

    Attributes:
        number: Number of the file.
        made_by: Reader and damages.
        outcomes: What became of each document in it.
        failures: What must not happen.
        seconds: Processor time.
    """

    number: int
    made_by: str
    outcomes: tuple[str, ...]
    failures: tuple[str, ...]
    seconds: float


@dataclass(slots=True)
class Report:
    """Everything that was found."""

    outcomes: Counter[str] = field(default_factory=Counter)
    num_files: int = 0
    slowest: list[Result] = field(default_factory=list)
    failed: list[Result] = field(default_factory=list)
    peak_bytes: int = 0

    def add(self, result: Result) -> None:
        """Count one file."""
        self.num_files += 1
        self.outcomes.update(result.outcomes)
        if result.failures:
            self.failed.append(result)
        self.slowest = sorted([*self.slowest, result], key=lambda each: -each.seconds)[:NUM_SLOWEST]


def read_damaged(documents: Documents, seed: int, number: int, folder: Path) -> Result:
    """Open and read one damaged file, every document in it under the time limit."""
    made_by, name, content = damaged_file(documents, seed, number)
    path = folder / name
    path.write_bytes(content)
    items = open_file(FileRef(path, name, len(content), 0))
    outcomes: list[str] = []
    failures: list[str] = []
    started = time.process_time()
    try:
        while (outcome := _next_outcome(items)) is not None:
            outcomes.append(outcome)
            if outcome.startswith(f"dropped: {DropReason.READER_FAILED}"):
                failures.append(outcome)
        if not outcomes:
            failures.append("nothing came of it")
    except HangError:
        failures.append(f"hang: more than {CPU_SECONDS_PER_DOCUMENT} s\n{traceback.format_exc()}")
    except Exception:
        failures.append(f"uncaught\n{traceback.format_exc()}")
    path.unlink()
    plain = tuple(outcome.split(" (")[0] for outcome in outcomes)
    return Result(number, made_by, plain, tuple(failures), time.process_time() - started)


def _next_outcome(items: Iterator[object]) -> str | None:
    with _alarm():
        item = next(items, None)
        if item is None:
            return None
        if isinstance(item, IgnoredFile):
            return "ignored"
        try:
            document = read_document(item)  # type: ignore[arg-type]
            _take_through(document)
            return f"used: {document.source}"
        except DocumentError as error:
            detail = f" ({error.detail})" if error.reason is DropReason.READER_FAILED else ""
            return f"dropped: {error.reason}{detail}"


def _take_through(document: Document) -> None:
    """All that happens to one document behind its reader, also to one that is not worth training on."""
    with suppress(DocumentError):
        check_quality(document, QualityLimits())
    content_digest(document)
    match document:
        case Decision():
            decision, _ = scrub(document)
            minhash(decision)
            proceedings_keys(decision)
            for paragraph in (paragraph for section in decision.sections.values() for paragraph in section):
                extract_case_citations(paragraph.text)
            for limits in (Limits(), Limits(max_document_length=_SHORT_PROMPT_CHARACTERS)):
                build_examples(decision, TaskContext(StatuteIndex.from_statutes([]), limits))
        case Statute():
            StatuteIndex.from_statutes([document])
        case ReadyMade():
            ready_made_example(document)


@contextmanager
def _alarm() -> Iterator[None]:
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS_PER_DOCUMENT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _on_alarm(*_: object) -> NoReturn:
    raise HangError


def _refuse_network(*_: object) -> NoReturn:
    raise AssertionError("a document opened a connection")


def _work(documents: Documents, seed: int, numbers: Sequence[int], results: Connection) -> None:
    """Body of a child: reads files and sends what became of each."""
    logging.disable(logging.CRITICAL)
    signal.signal(signal.SIGPROF, _on_alarm)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    socket.socket.connect = _refuse_network  # type: ignore[method-assign]
    with tempfile.TemporaryDirectory() as folder:
        for number in numbers:
            results.send(read_damaged(documents, seed, number, Path(folder)))
    results.send(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)


class Child:
    """A process that reads its share of the files, and is replaced when one of them kills it."""

    def __init__(self, documents: Documents, seed: int, numbers: Sequence[int]) -> None:
        self._arguments = (documents, seed)
        self.numbers = numbers
        self._start()

    def _start(self) -> None:
        self.results, sender = multiprocessing.Pipe(duplex=False)
        context = multiprocessing.get_context("fork")
        self.process = context.Process(target=_work, args=(*self._arguments, self.numbers, sender), daemon=True)
        self.process.start()
        sender.close()
        self.heard_at = time.monotonic()

    def take(self, report: Report) -> bool:
        """Take what the child has sent; False once it has sent everything."""
        self.heard_at = time.monotonic()
        try:
            message = self.results.recv()
        except EOFError:
            self.process.join()
            self._lost(report, f"crash: the process ended with {self.process.exitcode}")
            return bool(self.numbers)
        if isinstance(message, Result):
            report.add(message)
            self.numbers = self.numbers[1:]
            return True
        report.peak_bytes = max(report.peak_bytes, message)
        self.process.join()
        return False

    def end_if_silent(self, report: Report) -> bool:
        """End a child that hangs where no alarm reaches it; False where nothing is left to do."""
        if time.monotonic() - self.heard_at < WALL_SECONDS_PER_DOCUMENT:
            return True
        self.process.kill()
        self.process.join()
        self._lost(report, f"hang: nothing heard for {WALL_SECONDS_PER_DOCUMENT} s")
        return bool(self.numbers)

    def _lost(self, report: Report, failure: str) -> None:
        """The file that was being read failed; a new process takes the others."""
        if self.numbers:
            documents, seed = self._arguments
            made_by, _, _ = damaged_file(documents, seed, self.numbers[0])
            report.add(Result(self.numbers[0], made_by, (), (failure,), 0.0))
            self.numbers = self.numbers[1:]
        if self.numbers:
            self._start()


def fuzz(documents: Documents, *, seed: int, num_files: int, num_workers: int) -> Report:
    """Read damaged files in child processes."""
    report = Report()
    children = [Child(documents, seed, range(worker, num_files, num_workers)) for worker in range(num_workers)]
    while children:
        ready = wait([child.results for child in children], timeout=1)
        children = [
            child
            for child in children
            if (child.take(report) if child.results in ready else child.end_if_silent(report))
        ]
    return report


def describe(report: Report, seconds: float, seed: int) -> str:
    """The report as text."""
    num_documents = sum(count for outcome, count in report.outcomes.items() if outcome != "ignored")
    lines = [f"{count:8d}  {outcome}" for outcome, count in sorted(report.outcomes.items())]
    lines.append(f"{num_documents:8d}  documents in {report.num_files} files, {num_documents / seconds:.0f} a second")
    lines.append(f"peak memory {report.peak_bytes / 1024**2:.0f} MiB; slowest:")
    lines += [f"  {r.seconds:6.3f} s  --only {r.number}: {r.made_by}" for r in report.slowest]
    for result in sorted(report.failed, key=lambda each: each.number)[:_REPORTED_FAILURES]:
        lines += [f"FAILED --seed {seed} --only {result.number}: {result.made_by}", *result.failures]
    lines.append(f"{len(report.failed)} failures of {report.num_files} files")
    return "\n".join(lines)


def repeat(documents: Documents, seed: int, number: int, save: Path | None) -> Report:
    """Read one damaged file in this process, with the log on; perhaps save it."""
    logging.basicConfig()
    signal.signal(signal.SIGPROF, _on_alarm)
    if save:
        save.write_bytes(damaged_file(documents, seed, number)[2])
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        report.add(read_damaged(documents, seed, number, Path(folder)))
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what became of the documents; the exit code is 0 where nothing failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, help="folder of real documents; without it, generated ones only")
    parser.add_argument("--documents", type=int, default=20_000, help="number of damaged files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="repeat one file, with the log of the readers")
    parser.add_argument("--save", type=Path, metavar="FILE", help="with --only: where to write the damaged file")
    given = parser.parse_args(arguments)
    documents = base_documents(given.corpus)
    print("undamaged documents: " + ", ".join(f"{len(found)} {reader}" for reader, found in documents.items()))
    started = time.monotonic()
    if given.only is None:
        report = fuzz(documents, seed=given.seed, num_files=given.documents, num_workers=given.workers)
    else:
        report = repeat(documents, given.seed, given.only, given.save)
    print(describe(report, time.monotonic() - started, given.seed))
    return ExitCode.SOFTWARE if report.failed else ExitCode.OK


if __name__ == "__main__":
    sys.exit(main())
