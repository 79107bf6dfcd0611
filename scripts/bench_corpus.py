"""Measures how fast and how frugally documents are prepared, against the article's own snippet (`make bench-corpus`).

Everything is measured in one run on the same machine, so the ratios hold where the machine is shared and noisy:
(a) the article's snippet: BeautifulSoup with its chain of parsers, then get_text, white space folded;
(b) bare lxml: fromstring and itertext;
(c) our reading: structure and cleaning;
(d) the whole of `prepare`: quality, scrubbing, citations, duplicates, tasks, Parquet.
"""

from __future__ import annotations

import argparse
import logging
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bs4 import BeautifulSoup
from lxml import etree

from legaltune.config.schema import DataConfig
from legaltune.corpus.document import DocumentError, RawDocument
from legaltune.corpus.engines import LocalEngine
from legaltune.corpus.pipeline import prepare
from legaltune.corpus.readers import read_document
from legaltune.corpus.sources import walk
from legaltune.corpus.synthetic import write_corpus

_WORD = re.compile(r"\b[a-zäöüß]{7,}\b")
_SPIN_STEPS = 20_000_000
_KIB = 1024


def article_snippet(content: bytes) -> str:
    """What the source article does with a file."""
    for parser in ("lxml-xml", "xml", "html.parser"):
        try:
            soup = BeautifulSoup(content, parser)
        except Exception:
            continue
        element = soup.find("decision") or soup
        return re.sub(r"\s+", " ", element.get_text()).strip()
    return ""


def bare_lxml(content: bytes) -> str:
    """The least that can be done: parse, and join all text."""
    return "".join(etree.fromstring(content).itertext())


def our_reading(content: bytes) -> object:
    """Structure and cleaning: a Decision."""
    return read_document(RawDocument("bench.xml", content))


def decisions_below(folder: Path) -> list[bytes]:
    """Whole rii-dok decisions in a folder."""
    return [content for content in _contents(folder) if _is_readable(content)]


def _contents(folder: Path) -> Iterator[bytes]:
    for item in walk([folder]):
        if isinstance(item, RawDocument) and b"<dokument" in item.content[:2048]:
            yield item.content


def _is_readable(content: bytes) -> bool:
    try:
        read_document(RawDocument("bench.xml", content))
    except DocumentError:
        return False
    return True


def varied(contents: Sequence[bytes], num_documents: int, seed: int) -> list[bytes]:
    """Copies that are no duplicates of one another: other identifiers, and other words in every sentence."""
    generator = random.Random(seed)
    documents = []
    for number in range(num_documents):
        text = contents[number % len(contents)].decode("utf-8")
        text = re.sub(r"(<doknr>)[^<]*", rf"\g<1>BENC{number:09d}", text)
        text = re.sub(r"(<aktenzeichen>)[^<]*", rf"\g<1>IV ZR {number}/20", text)
        head, separator, body = text.partition("<titelzeile")
        body = re.sub(
            r">[^<]+<",
            lambda run: _WORD.sub(lambda word: _other_word(word[0], generator), run[0]),
            separator + body,
        )
        documents.append((head + body).encode())
    return documents


def _other_word(word: str, generator: random.Random) -> str:
    return word if generator.random() < 0.5 else word[:3] + "".join(generator.choices("aeiounrst", k=len(word) - 3))


def milliseconds_each(function: Callable[[bytes], object], contents: Sequence[bytes], min_seconds: float) -> float:
    """Median over three rounds of the time for one document."""
    rounds = []
    for _ in range(3):
        done, start = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - start) < min_seconds:
            for content in contents:
                function(content)
            done += len(contents)
        rounds.append(elapsed / done * 1000)
    return statistics.median(rounds)


def prepare_seconds(folder: Path, workers: int) -> float:
    """Wall-clock seconds of the whole of `prepare`."""
    with tempfile.TemporaryDirectory() as output:
        start = time.perf_counter()
        prepare([folder], Path(output) / "out", DataConfig(), engine=LocalEngine(workers))
        return time.perf_counter() - start


def spin(steps: int) -> int:
    """Work that needs a core and nothing else."""
    total = 0
    for number in range(steps):
        total += number & 3
    return total


def spin_speed_up(pool: ProcessPoolExecutor, steps: int) -> float:
    """How much faster two processes do twice the work of one: 2.0 on two free cores."""
    start = time.perf_counter()
    pool.submit(spin, steps).result()
    one = time.perf_counter() - start
    start = time.perf_counter()
    list(pool.map(spin, [steps, steps]))
    return 2 * one / (time.perf_counter() - start)


def write_files(folder: Path, contents: Sequence[bytes]) -> None:
    """One file for each document."""
    folder.mkdir(parents=True)
    for number, content in enumerate(contents):
        (folder / f"jb-BENC{number:09d}.xml").write_bytes(content)


def bench_speed(name: str, contents: Sequence[bytes], folder: Path) -> None:
    """Prints the four figures for one corpus."""
    sample = list(contents[:60])
    size = sum(map(len, contents)) / len(contents)
    article = milliseconds_each(article_snippet, sample, 2)
    print(f"\n{name}: {len(contents)} decisions of {size / 1000:.1f} kB on average")
    whole = statistics.median(prepare_seconds(folder, 1) for _ in range(3)) / len(contents) * 1000
    for label, figure in (
        ("a  article's snippet", article),
        ("b  bare lxml", milliseconds_each(bare_lxml, sample, 1)),
        ("c  reading, structure, cleaning", milliseconds_each(our_reading, sample, 1)),
        ("d  whole of prepare", whole),
    ):
        print(f"  {label:<34}{1000 / figure:>9.0f} documents/s {figure:>9.3f} ms {article / figure:>7.1f} times a")


def bench_workers(folder: Path, rounds: int) -> None:
    """Prints the speed-up from one to two workers beside that of a spin loop, round by round."""
    ratios = []
    with ProcessPoolExecutor(2) as pool:
        spin_speed_up(pool, 1_000)
        for number in range(rounds):
            spinning = spin_speed_up(pool, _SPIN_STEPS)
            one, two = prepare_seconds(folder, 1), prepare_seconds(folder, 2)
            ratios.append(one / two / spinning)
            print(
                f"  round {number + 1}: 1 worker {one:.1f} s, 2 workers {two:.1f} s, speed-up {one / two:.2f}, "
                f"spin loop {spinning:.2f}, ratio {ratios[-1]:.3f}",
                flush=True,
            )
    print(f"  median ratio of the speed-ups {statistics.median(ratios):.3f}")


def bench_memory(sizes: Sequence[int], work: Path, seed: int) -> None:
    """Prints the peak memory of `prepare` for corpora of several sizes, each in a process of its own."""
    peaks = []
    for size in sizes:
        folder = work / f"memory-{size}"
        write_corpus(folder, num_decisions=size, seed=seed)
        output = subprocess.run(
            [sys.executable, __file__, "--measure", str(folder)], check=True, capture_output=True, text=True
        ).stdout
        seconds, peak = map(float, output.split())
        peaks.append(peak)
        print(f"  {size:>7} decisions: peak {peak / _KIB:.0f} MiB, {seconds:.0f} s", flush=True)
    growth = (peaks[-1] - peaks[0]) / (sizes[-1] - sizes[0])
    print(f"  growth {growth:.2f} KiB a document")


def measure(folder: Path) -> None:
    """Prints seconds and peak memory (KiB) of one preparation in this process."""
    seconds = prepare_seconds(folder, 1)
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def main() -> None:
    """Reads the arguments and runs the benchmarks."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, help="folder with real rii-dok decisions")
    parser.add_argument("--documents", type=int, default=2_000, help="generated decisions for the speed figures")
    parser.add_argument(
        "--worker-documents", type=int, default=20_000, help="generated decisions for 1 against 2 workers"
    )
    parser.add_argument("--rounds", type=int, default=7, help="rounds of 1 against 2 workers")
    parser.add_argument("--memory", type=int, nargs="*", default=[20_000, 100_000], help="corpus sizes, none to skip")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    if arguments.measure:
        measure(arguments.measure)
        return
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        write_corpus(work / "generated", num_decisions=arguments.documents, seed=arguments.seed)
        bench_speed("generated RII corpus", decisions_below(work / "generated"), work / "generated")
        if arguments.corpus:
            found = decisions_below(arguments.corpus)
            real = varied(found, arguments.documents, arguments.seed)
            write_files(work / "real", real)
            bench_speed(f"{len(found)} real rii_xml decisions, words varied", real, work / "real")
        if arguments.rounds:
            print("\n1 against 2 workers")
            write_corpus(work / "many", num_decisions=arguments.worker_documents, seed=arguments.seed)
            bench_workers(work / "many", arguments.rounds)
        if arguments.memory:
            print("\npeak memory")
            bench_memory(arguments.memory, work, arguments.seed)


if __name__ == "__main__":
    main()
