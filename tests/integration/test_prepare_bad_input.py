"""`legaltune prepare` on what must not be believed: each costs its document, with a reason, and nothing else."""

from __future__ import annotations

import gzip
import io
import json
import socket
import subprocess
import sys
import time
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from legaltune.config.schema import DataConfig
from legaltune.corpus.prepared import read_examples
from legaltune.errors import ConfigurationError
from legaltune.preparation import prepare_dataset
from tests.preparing import write_mixed_corpus

MIB = 2**20
SECTION = (
    "Der Senat folgt dem nicht, weil der Kläger die Frist versäumt hat und Gründe für eine Wiedereinsetzung weder "
    "vorgetragen noch ersichtlich sind. Die Beweisaufnahme hat vielmehr ergeben, dass er ihn schon im Mai hatte."
)


def decision(number: str, text: str, *, head: str = "", encoding: str = "UTF-8") -> str:
    return (
        f'<?xml version="1.0" encoding="{encoding}"?>\n{head}<dokument><doknr>{number}</doknr><gertyp>BGH</gertyp>'
        f"<entsch-datum>20200102</entsch-datum><aktenzeichen>I ZR {len(text)}/19</aktenzeichen><doktyp>Urteil</doktyp>"
        f"<tenor><div><p>Die Revision wird zurückgewiesen.</p></div></tenor>"
        f"<entscheidungsgruende><div><p>{text} {SECTION}</p></div></entscheidungsgruende></dokument>"
    )


def archive(*members: tuple[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for name, content in members:
            file.writestr(name, content)
    return stream.getvalue()


def bad_files(port: int) -> dict[str, tuple[bytes, dict[str, str]]]:
    """Files by name, with the reasons expected for what is in them."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "Wort"}">' for n in range(9))
    outside = f'<!DOCTYPE dokument [<!ENTITY x SYSTEM "http://127.0.0.1:{port}/x">]>'
    local_file = '<!DOCTYPE dokument [<!ENTITY x SYSTEM "file:///etc/hostname">]>'
    lines = [json.dumps({"id": f"n{n}", "instruction": f"Was gilt {n}?", "output": f"Dies {n}."}) for n in range(6)]
    lines[2] = lines[2][:-5]
    cut_gzip = gzip.compress("\n".join([*lines, "x" * 9_000]).encode(), mtime=0)[:-20]
    files: dict[str, tuple[str | bytes, dict[str, str]]] = {
        "40_megabytes.xml": (b"<dokument>" + b" " * 40 * MIB, {"": "too_large"}),
        "bomb.zip": (archive(("a.xml", bytes(120 * MIB))), {"!a.xml": "too_large"}),
        "entity_bomb.xml": (decision("B1", "&e8;", head=f"<!DOCTYPE dokument [{entities}]>"), {"": "malformed_xml"}),
        "external_entity.xml": (decision("B2", "&x;", head=outside), {"": "malformed_xml"}),
        "local_entity.xml": (decision("B3", "&x;", head=local_file), {"": "malformed_xml"}),
        "parent.zip": (
            archive(("../up.xml", b"<a/>"), ("/abs.xml", b"<a/>"), ("C:\\win.xml", b"<a/>")),
            {"!../up.xml": "unsafe_path", "!/abs.xml": "unsafe_path", "!C:\\win.xml": "unsafe_path"},
        ),
        "junk.xml": (bytes(range(256)) * 64, {"": "unknown_format"}),
        "latin1_as_utf8.xml": (decision("B4", "Er weiß es.").encode("latin-1"), {"": "wrong_encoding"}),
        "unknown_encoding.xml": (decision("B5", "Ja.", encoding="x-klingon"), {"": "wrong_encoding"}),
        "deep.xml": ("<a>" * 200_000, {"": "no_sections"}),
        "deep.json": ("[" * 200_000, {"": "malformed_json"}),
        "twice_1.xml": (decision("B6", "Die Fahrt begann am Morgen und endete vor dem Haus des Zeugen."), {}),
        "twice_2.xml": (decision("B6", "Es regnete."), {"": "duplicate_id"}),
        "cut.jsonl.gz": (cut_gzip, {":3": "malformed_json", "": "corrupt_archive"}),
        "empty.zip": (archive(), {"": "empty_file"}),
        "cut.zip": (archive(("a.xml", b"<a/>" * 99))[:60], {"": "corrupt_archive"}),
    }
    return {
        name: (content.encode() if isinstance(content, str) else content, reasons)
        for name, (content, reasons) in files.items()
    }


@dataclass(frozen=True)
class Outcome:
    """What a run over all bad files came to."""

    output: Path
    expected: dict[str, str]
    exit_code: int
    peak_bytes: int
    seconds: float
    num_connections: int


# The peak that the system reports for a child counts the memory of the process it was forked from.
PROGRAM = """
import re, sys
from legaltune.cli import run
code = run(sys.argv[1:])
print(re.search("VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
sys.exit(code)
"""


@pytest.fixture(scope="module", params=["1", "2"], ids=["1 worker", "2 workers"])
def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    folder = tmp_path_factory.mktemp("bad")
    write_mixed_corpus(folder / "in", num_decisions=40)
    expected: dict[str, str] = {}
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        for name, (content, reasons) in bad_files(server.getsockname()[1]).items():
            (folder / "in" / name).write_bytes(content)
            expected |= {f"{name}{inner}": reason for inner, reason in reasons.items()}
        (folder / "in" / "loop").symlink_to(folder / "in")
        arguments = ["prepare", str(folder / "in"), "--out", str(folder / "out"), "--workers", request.param]
        begin = time.monotonic()
        process = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments], check=False, stdout=subprocess.PIPE, text=True
        )
        seconds = time.monotonic() - begin
        connections = 0
        try:
            server.accept()
            connections = 1
        except BlockingIOError:
            pass
    peak = int(process.stdout.split()[-1]) * 1024
    return Outcome(folder / "out", expected, process.returncode, peak, seconds, connections)


def test_each_is_dropped_with_its_reason(outcome: Outcome) -> None:
    assert outcome.exit_code == 0
    lines = [json.loads(line) for line in (outcome.output / "dropped.jsonl").read_text().splitlines()]
    found = {line["origin"]: line["reason"] for line in lines}
    assert {origin: found.get(origin) for origin in outcome.expected} == outcome.expected
    documents = json.loads((outcome.output / "manifest.json").read_text())["documents"]
    assert documents["read"] == documents["used"] + sum(documents["dropped"].values())
    assert Counter(line["reason"] for line in lines) == documents["dropped"]
    assert all(0 < len(line["detail"]) < 500 for line in lines)


def test_what_lies_beside_it_is_used(outcome: Outcome) -> None:
    table = pq.read_table(outcome.output / "documents.parquet")
    origins = table.column("origin").to_pylist()
    assert "twice_1.xml" in origins
    assert {f"cut.jsonl.gz:{line}" for line in (1, 2, 4, 5, 6)} <= set(origins)
    assert sum(origin.startswith("decisions/") for origin in origins) > 30


def test_time_and_memory_are_bounded_and_nothing_is_fetched(outcome: Outcome) -> None:
    assert outcome.peak_bytes < 600 * MIB
    assert outcome.seconds < 30
    assert outcome.num_connections == 0


def test_ready_made_examples_beside_decisions(tmp_path: Path) -> None:
    write_mixed_corpus(tmp_path / "in", num_decisions=60)
    records = [
        {"id": f"x{n}", "group": f"x{n % 4}", "instruction": f"Frage {n}", "output": f"Antwort {n}"} for n in range(40)
    ]
    lines = [json.dumps(record) for record in (*records, {**records[0], "id": "xagain"})]
    (tmp_path / "in" / "mine.jsonl").write_text("\n".join([*lines, '{"instruction": "abge', ""]))
    split = {"validation": 0.3, "test": 0.3}
    manifest = prepare_dataset([str(tmp_path / "in")], str(tmp_path / "out"), DataConfig(split=split))
    dropped = [json.loads(line) for line in (tmp_path / "out" / "dropped.jsonl").read_text().splitlines()]
    mine = {drop["origin"]: drop["reason"] for drop in dropped if drop["origin"].startswith("mine")}
    assert mine == {"mine.jsonl:41": "exact_duplicate", "mine.jsonl:42": "malformed_json"}
    rows = [
        row for row in read_examples(tmp_path / "out", list(manifest["shards"])) if row["document_id"].startswith("x")
    ]
    assert len(rows) == 40
    splits = {(row["document_id"][1:].partition("-")[0], row["split"]) for row in rows}
    assert len({(int(number) % 4, split) for number, split in splits}) == 4
    assert manifest["documents"]["used_by_source"].keys() == {"gii-norm", "ready-made", "rii-dok"}


@pytest.mark.parametrize("output", ["in", "in/out", "in/../in/a/b"])
def test_a_dataset_within_its_own_input_is_refused(tmp_path: Path, output: str) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(ConfigurationError, match="would lie in the input"):
        prepare_dataset([str(tmp_path / "in")], str(tmp_path / output), DataConfig())
    assert list((tmp_path / "in").iterdir()) == []
