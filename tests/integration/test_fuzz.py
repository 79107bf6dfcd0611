"""A short run of scripts/fuzz_readers.py, and proof that it notices what it looks for."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from legaltune.corpus.document import DocumentError, DropReason, RawDocument
from legaltune.errors import ExitCode

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
NUM_FILES = 300


@pytest.fixture
def fuzz_readers(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(SCRIPTS)
    return importlib.import_module("fuzz_readers")


def test_damaged_documents_are_accounted_for() -> None:
    command = [sys.executable, str(SCRIPTS / "fuzz_readers.py"), "--documents", str(NUM_FILES), "--seed", "7"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert f"0 failures of {NUM_FILES} files" in run.stdout


def test_the_damage_depends_on_the_seed_and_the_number_alone(fuzz_readers: ModuleType) -> None:
    documents = fuzz_readers.base_documents(None, num_generated=1)
    made = [fuzz_readers.damaged_file(documents, 3, number) for number in range(200)]
    assert made == [fuzz_readers.damaged_file(documents, 3, number) for number in range(200)]
    assert made != [fuzz_readers.damaged_file(documents, 4, number) for number in range(200)]


def crash(_: RawDocument) -> None:
    os._exit(9)


def hang(_: RawDocument) -> None:
    while True:
        pass


def hang_in_silence(_: RawDocument) -> None:
    time.sleep(60)


def raise_another_error(_: RawDocument) -> None:
    raise KeyError("bug")


def drop_for_a_bug(_: RawDocument) -> None:
    raise DocumentError(DropReason.READER_FAILED, "bug in the reader")


@pytest.mark.parametrize(
    ("fault", "failure"),
    [
        (crash, "crash: the process ended with 9"),
        (hang, "hang: more than"),
        (hang_in_silence, "hang: nothing heard for"),
        (raise_another_error, "KeyError: 'bug'"),
        (drop_for_a_bug, "bug in the reader"),
    ],
)
def test_faults_are_noticed_and_the_run_goes_on(
    fuzz_readers: ModuleType, monkeypatch: pytest.MonkeyPatch, fault: Callable[[RawDocument], None], failure: str
) -> None:
    monkeypatch.setattr(fuzz_readers, "CPU_SECONDS_PER_DOCUMENT", 0.1)
    monkeypatch.setattr(fuzz_readers, "WALL_SECONDS_PER_DOCUMENT", 0.5)
    monkeypatch.setattr(
        fuzz_readers, "damaged_file", lambda _documents, _seed, number: ("test", "a.xml", b"%d" % number)
    )

    def read(raw: RawDocument) -> Any:
        if raw.content == b"2":
            fault(raw)
        raise DocumentError(DropReason.UNKNOWN_FORMAT, "as expected")

    monkeypatch.setattr(fuzz_readers, "read_document", read)
    report = fuzz_readers.fuzz({}, seed=5, num_files=6, num_workers=2)
    (failed,) = report.failed
    assert failed.number == 2
    assert failure in failed.failures[0]
    assert report.num_files == 6
    assert report.outcomes["dropped: unknown_format"] == 5
    described = fuzz_readers.describe(report, 1.0, 5)
    assert "FAILED --seed 5 --only 2: test" in described


def test_the_exit_code_tells_of_failures(
    fuzz_readers: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(fuzz_readers, "read_document", drop_for_a_bug)
    assert fuzz_readers.main(["--documents", "3"]) == ExitCode.SOFTWARE
    assert "--only 0" in capsys.readouterr().out
