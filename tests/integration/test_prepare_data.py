"""scripts/prepare_data.py from its flags to the dataset in a bucket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from legaltune.corpus.synthetic import write_corpus
from tests.conftest import REPOSITORY
from tests.storage import BUCKET, contents


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    write_corpus(folder, num_decisions=40, seed=5)
    return folder


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, REPOSITORY / "scripts" / "prepare_data.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_from_a_folder_to_a_bucket(s3: Any, corpus: Path, tmp_path: Path) -> None:
    arguments = ("--input-file", corpus, "--output-dir", tmp_path / "out", "--language", "de")
    result = run(*arguments, "--s3-bucket", BUCKET, "--s3-prefix", "/data/v1/")
    assert result.returncode == 0, result.stderr
    written = files(tmp_path / "out")
    assert contents(s3) == {f"data/v1/{name}": content for name, content in written.items()}
    manifest = json.loads(written["manifest.json"])
    assert json.loads(result.stdout)["documents"] == manifest["documents"]
    assert manifest["configuration"]["language"] == "de"
    assert manifest["documents"]["used"] > 30


def test_from_a_bucket_to_a_folder(s3: Any, corpus: Path, tmp_path: Path) -> None:
    for name, content in files(corpus).items():
        s3.put_object(Bucket=BUCKET, Key=f"in/{name}", Body=content)
    for out, source in (("remote", f"s3://{BUCKET}/in"), ("local", str(corpus))):
        result = run("--input-file", source, "--output-dir", tmp_path / out)
        assert result.returncode == 0, result.stderr
    shards = [
        {name: content for name, content in files(tmp_path / out).items() if name.endswith(".parquet")}
        for out in ("remote", "local")
    ]
    assert shards[0] == shards[1] != {}


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        ((), 64, "--input-file"),
        (("--input-file", "a"), 64, "--output-dir"),
        (("--input-file", "/nowhere", "--output-dir", "out"), 66, "/nowhere"),
        (("--input-file", f"s3://{BUCKET}/nothing", "--output-dir", "out"), 66, "nothing at"),
        (("--input-file", "a", "--output-dir", "out", "--s3-prefix", "p"), 64, "--s3-bucket"),
        (("--input-file", "a", "--output-dir", "out", "--language", "Deutsch"), 64, "--language"),
    ],
)
@pytest.mark.usefixtures("s3")
def test_mistakes_end_with_their_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.returncode == code, result.stderr
    (line,) = (line for line in result.stderr.splitlines() if line.startswith("prepare_data.py: "))
    assert message in line


def test_a_missing_bucket_leaves_the_dataset_on_disk(s3: Any, corpus: Path, tmp_path: Path) -> None:
    result = run("--input-file", corpus, "--output-dir", tmp_path / "out", "--s3-bucket", "no-such-bucket")
    assert result.returncode == 66
    assert "no-such-bucket" in result.stderr
    assert (tmp_path / "out" / "manifest.json").is_file()
