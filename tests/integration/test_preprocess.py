"""entrypoint/preprocess with the folders of a Processing job: on one host, and sharded over two."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.preparing import contents, write_mixed_corpus


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    write_mixed_corpus(folder, num_decisions=150)
    return folder


@pytest.fixture(scope="module")
def whole(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The dataset that one host makes of the corpus."""
    root = tmp_path_factory.mktemp("whole")
    shutil.copytree(corpus, root / "input" / "corpus")
    result = run(root, "--workers", "2")
    assert result.returncode == 0, result.stderr
    return contents(root / "output")


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    places = {"LEGALTUNE_PROCESSING_ROOT": str(root), "LEGALTUNE_MESSAGE_FILE": str(root / "out" / "message")}
    command = [sys.executable, str(REPOSITORY / "entrypoint" / "preprocess"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **places})


def test_one_host_makes_the_dataset(whole: dict[str, bytes]) -> None:
    manifest = json.loads(whole["manifest.json"])
    assert manifest["documents"]["used"] > 150
    assert {name.partition("/")[0] for name in manifest["shards"]} == {"train", "validation", "test"}
    assert set(whole) == {"manifest.json", "documents.parquet", "dropped.jsonl", *manifest["shards"]}


def test_two_hosts_and_a_reducer_make_the_same(corpus: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    reducer = tmp_path / "reducer"
    files = sorted(path for path in corpus.rglob("*") if path.is_file())
    for host in range(2):
        root = tmp_path / f"host{host}"
        for path in files[host::2]:
            target = root / "input" / "corpus" / path.relative_to(corpus)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
        result = run(root, "--stage", "read", "--workers", "1")
        assert result.returncode == 0, result.stderr
        shutil.copytree(root / "output", reducer / "input" / "parts", dirs_exist_ok=True)
    result = run(reducer, "--stage", "assemble", "--workers", "2")
    assert result.returncode == 0, result.stderr
    assert contents(reducer / "output") == whole


def test_settings_and_an_earlier_dataset_are_inputs(corpus: Path, whole: dict[str, bytes], tmp_path: Path) -> None:
    shutil.copytree(corpus / "examples", tmp_path / "input" / "corpus")
    (tmp_path / "input" / "config").mkdir()
    (tmp_path / "input" / "config" / "run.yaml").write_text("data: {seed: 5, split: {test: 0.3}}\n")
    (tmp_path / "input" / "previous").mkdir()
    (tmp_path / "input" / "previous" / "documents.parquet").write_bytes(whole["documents.parquet"])
    result = run(tmp_path, "--workers", "1", "data.split.validation=0.4")
    assert result.returncode == 0, result.stderr
    manifest = json.loads((tmp_path / "output" / "manifest.json").read_text())
    assert manifest["seed"] == 5
    assert manifest["configuration"]["split"] == {"validation": 0.4, "test": 0.3}
    earlier = json.loads(whole["manifest.json"])
    assert manifest["examples"]["ready_made"] == earlier["examples"]["ready_made"]


@pytest.mark.parametrize(
    ("files", "arguments", "code", "message"),
    [
        ({}, (), 66, "does not exist"),
        ({}, ("--stage", "read"), 66, "does not exist"),
        ({}, ("--stage", "assemble"), 66, "nothing to assemble"),
        ({"corpus/a.xml": ""}, (), 65, "no training example is left: 1 documents read, 0 used"),
        ({"parts/a/index.arrow": "x", "parts/a/documents.bin": ""}, ("--stage", "assemble"), 65, "is damaged"),
        ({"corpus/a.xml": ""}, ("data.seeds=1",), 64, "seeds"),
        ({"corpus/a.xml": "", "config/run.yaml": "data: {split: {test: 2}}"}, (), 64, "data.split.test"),
        ({"corpus/a.xml": ""}, ("--workers", "0"), 64, "--workers 0"),
        ({"corpus/a.xml": ""}, ("--stage", "half"), 64, "half"),
        ({"corpus/a.xml": ""}, ("--stage", "read", "data.language=xx"), 64, "xx"),
        ({}, ("--stage", "assemble", "data.language=xx"), 64, "xx"),
        ({"corpus/a.xml": "", "../output/train/mine.csv": ""}, (), 64, "mine.csv"),
    ],
)
def test_a_failure_has_its_exit_code_and_its_message(
    tmp_path: Path, files: dict[str, str], arguments: tuple[str, ...], code: int, message: str
) -> None:
    for name, text in files.items():
        path = tmp_path / "input" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    result = run(tmp_path, *arguments)
    assert result.returncode == code, result.stderr
    told = (tmp_path / "out" / "message").read_text()
    assert message in told
    assert told.count("\n") <= 2
    assert "Traceback" not in result.stderr


def test_a_message_that_cannot_be_written_does_not_hide_the_failure(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("no folder")
    result = run(tmp_path)
    assert result.returncode == 66, result.stderr
    assert "does not exist" in result.stderr
