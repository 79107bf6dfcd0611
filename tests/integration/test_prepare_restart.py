"""A preparation that is killed and run again ends in the dataset of one that was not."""

from __future__ import annotations

import errno
import io
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from legaltune.config.schema import DataConfig
from legaltune.corpus import parts, pipeline, prepared, units
from legaltune.corpus.pipeline import prepare
from legaltune.corpus.prepared import read_manifest
from legaltune.errors import DataError, InputMissingError
from tests.preparing import contents, write_mixed_corpus

_MODULES = {"parts": parts, "pipeline": pipeline, "prepared": prepared}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    write_mixed_corpus(folder, num_decisions=120)
    return folder


@pytest.fixture(autouse=True)
def _cut_small(monkeypatch: pytest.MonkeyPatch) -> None:
    cut_small(monkeypatch)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many units are read and shards built from here on."""
    return count_calls(monkeypatch)


@dataclass(frozen=True)
class Clean:
    """What an uninterrupted run wrote, and how many units and shards that took."""

    files: dict[str, bytes]
    num_units: int
    num_shards: int


@pytest.fixture(scope="module")
def clean(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Clean:
    output = tmp_path_factory.mktemp("clean")
    with pytest.MonkeyPatch.context() as patch:
        cut_small(patch)
        calls = count_calls(patch)
        prepare([corpus], output, DataConfig())
    assert calls["read_unit"] > 10
    assert calls["build_shard"] > 6
    return Clean(contents(output), calls["read_unit"], calls["build_shard"])


def count_calls(patch: pytest.MonkeyPatch) -> Counter[str]:
    found: Counter[str] = Counter()

    def count(name: str, original: Callable[..., Any], *arguments: Any) -> Any:
        found[name] += 1
        return original(*arguments)

    for name in ("read_unit", "build_shard"):
        patch.setattr(pipeline, name, partial(count, name, getattr(pipeline, name)))
    return found


def cut_small(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(units, "_ITEMS_PER_UNIT", 10)
    patch.setattr(pipeline, "_DOCUMENTS_PER_SHARD", 20)


def killed_at(place: str, source: Path, output: Path, **settings: Any) -> None:
    """Prepare in a process that kills itself at the n-th call of a function ("parts.whole_folder:5")."""
    process = multiprocessing.get_context("spawn").Process(target=_prepare, args=(place, source, output, settings))
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL


def _prepare(place: str, source: Path, output: Path, settings: dict[str, Any]) -> None:
    cut_small(pytest.MonkeyPatch())
    name, _, number = place.partition(":")
    module, _, function = name.partition(".")
    original: Callable[..., Any] = getattr(_MODULES[module], function)
    num_calls = 0

    def die_at_last(*arguments: Any, **options: Any) -> Any:
        nonlocal num_calls
        num_calls += 1
        if num_calls == int(number):
            if function == "whole_folder":
                unfinished = original(*arguments)
                (unfinished.__enter__() / "index.arrow").write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **options)

    setattr(_MODULES[module], function, die_at_last)
    prepare([source], output, DataConfig(**settings))


@pytest.mark.parametrize(
    ("place", "units_done", "shards_done"),
    [
        ("parts.whole_folder:1", 0, 0),
        ("parts.whole_folder:5", 4, 0),
        ("pipeline.group_documents:1", None, 0),
        ("pipeline.whole_folder:4", None, 3),
        ("prepared._link:4", None, None),
        ("pipeline.finish:1", None, None),
    ],
)
def test_only_what_was_not_finished_is_done_again(
    corpus: Path, clean: Clean, tmp_path: Path, calls: Counter[str],
    place: str, units_done: int | None, shards_done: int | None,
) -> None:  # fmt: skip
    killed_at(place, corpus, tmp_path)
    with pytest.raises(InputMissingError):
        read_manifest(tmp_path)
    prepare([corpus], tmp_path, DataConfig())
    assert contents(tmp_path) == clean.files
    assert calls["read_unit"] == (0 if units_done is None else clean.num_units - units_done)
    assert calls["build_shard"] == (0 if shards_done is None else clean.num_shards - shards_done)


def test_an_earlier_dataset_is_good_until_the_new_one_is_there(corpus: Path, clean: Clean, tmp_path: Path) -> None:
    manifest = prepare([corpus], tmp_path, DataConfig(seed=1))
    killed_at("parts.whole_folder:5", corpus, tmp_path)
    assert read_manifest(tmp_path) == manifest
    killed_at("pipeline.publish:1", corpus, tmp_path)
    assert read_manifest(tmp_path) == manifest
    killed_at("prepared._link:4", corpus, tmp_path)
    with pytest.raises(InputMissingError, match="no finished prepared dataset"):
        read_manifest(tmp_path)
    prepare([corpus], tmp_path, DataConfig())
    assert contents(tmp_path) == clean.files


def test_leftovers_of_any_kind_do_no_harm(corpus: Path, clean: Clean, tmp_path: Path, calls: Counter[str]) -> None:
    killed_at("pipeline.whole_folder:6", corpus, tmp_path)
    work = tmp_path / ".work"
    first, second, third, *_ = sorted(path for path in (work / "parts").iterdir() if not path.name.startswith("."))
    (first / "documents.bin").unlink()
    (second / "index.arrow").write_bytes(b"")
    (third / "documents.bin").write_bytes((third / "documents.bin").read_bytes()[:-1])
    (work / "parts" / ".lost.tmp").mkdir()
    (work / "parts" / "notes.txt").write_text("x")
    (work / "shards-of-another-time" / "00000").mkdir(parents=True)
    prepare([corpus], tmp_path, DataConfig())
    assert contents(tmp_path) == clean.files
    assert calls == {"read_unit": 3, "build_shard": clean.num_shards - 5}


@pytest.mark.parametrize(
    ("settings", "is_read_again"), [({"min_grounds_characters": 1}, True), ({"max_target_characters": 700}, False)]
)
def test_changed_settings_are_noticed(
    corpus: Path, clean: Clean, tmp_path: Path, calls: Counter[str], settings: dict[str, int], is_read_again: bool
) -> None:
    killed_at("pipeline.whole_folder:4", corpus, tmp_path / "out")
    prepare([corpus], tmp_path / "out", DataConfig(**settings))
    assert calls["read_unit"] == (clean.num_units if is_read_again else 0)
    assert calls["build_shard"] >= clean.num_shards
    prepare([corpus], tmp_path / "clean", DataConfig(**settings))
    assert contents(tmp_path / "out") == contents(tmp_path / "clean") != clean.files


@pytest.mark.parametrize("change", ["other court", "no statutes", "fewer decisions"])
def test_changed_files_are_noticed(
    corpus: Path, clean: Clean, tmp_path: Path, calls: Counter[str], change: str
) -> None:
    source = tmp_path / "in"
    shutil.copytree(corpus, source)
    killed_at("pipeline.whole_folder:4", source, tmp_path / "out")
    used = pq.read_table(io.BytesIO(clean.files["documents.parquet"])).column("origin").to_pylist()
    decision = source / next(origin for origin in used if origin.endswith(".xml") and "!" not in origin)
    if change == "other court":
        # The text, by which duplicates are told, stays the same.
        decision.write_bytes(decision.read_bytes().replace(b"<gertyp>", b"<gertyp>Neues "))
    elif change == "no statutes":
        shutil.rmtree(source / "statutes")
    else:
        decision.unlink()
    prepare([source], tmp_path / "out", DataConfig())
    assert 0 < calls["read_unit"] <= clean.num_units
    assert calls["build_shard"] == clean.num_shards
    prepare([source], tmp_path / "clean", DataConfig())
    assert contents(tmp_path / "out") == contents(tmp_path / "clean")


def test_a_file_that_could_not_be_opened_is_tried_again(
    clean: Clean, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Path.open

    def refuse(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.is_relative_to(corpus):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        return original(path, *arguments, **options)

    with monkeypatch.context() as patch, pytest.raises(DataError, match="Permission denied"):
        patch.setattr(Path, "open", refuse)
        prepare([corpus], tmp_path, DataConfig())
    prepare([corpus], tmp_path, DataConfig())
    assert contents(tmp_path) == clean.files


@pytest.mark.slow
def test_a_killed_command_leaves_no_worker_and_goes_on(corpus: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "legaltune",
        "prepare",
        str(corpus),
        "--out",
        str(tmp_path / "out"),
        "--workers",
        "2",
    ]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    part = tmp_path / "out" / ".work" / "parts"
    deadline = time.monotonic() + 60
    while not (part.is_dir() and any(part.iterdir())) and time.monotonic() < deadline:
        time.sleep(0.005)
    process.kill()
    process.wait()
    while _session_lives(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _session_lives(process.pid)
    subprocess.run(command, check=True, capture_output=True)
    subprocess.run([*command[:6], str(tmp_path / "clean")], check=True, capture_output=True)
    assert contents(tmp_path / "out") == contents(tmp_path / "clean")


def _session_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
