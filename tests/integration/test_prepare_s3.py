"""`legaltune prepare` from a bucket into a bucket."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

import pytest

from legaltune import preparation
from legaltune.config.schema import DataConfig
from legaltune.corpus import pipeline
from legaltune.errors import ConfigurationError, InputMissingError, ServiceUnavailableError
from legaltune.preparation import prepare_dataset
from tests import preparing, storage
from tests.storage import BUCKET


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("corpus")
    preparing.write_mixed_corpus(folder, num_decisions=80)
    return preparing.contents(folder)


@pytest.fixture
def bucket(s3: Any, corpus: dict[str, bytes]) -> Any:
    for name, content in corpus.items():
        s3.put_object(Bucket=BUCKET, Key=f"corpus/{name}", Body=content)
    return s3


@pytest.fixture
def staging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where copies of what lies in the bucket are kept."""
    folder = tmp_path / "staging"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def in_bucket(client: Any, prefix: str) -> dict[str, bytes]:
    return {
        name.removeprefix(prefix): content
        for name, content in storage.contents(client).items()
        if name.startswith(prefix)
    }


def without_manifest(dataset: dict[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in dataset.items() if name != "manifest.json"}


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    whole = [sys.executable, "-m", "legaltune", "prepare", *arguments]
    return subprocess.run(whole, capture_output=True, text=True, check=False)


def test_from_a_bucket_into_a_bucket(bucket: Any, corpus: dict[str, bytes], tmp_path: Path, staging: Path) -> None:
    result = command(f"s3://{BUCKET}/corpus", "--out", f"s3://{BUCKET}/data/v1", "--workers", "2", "--json")
    assert result.returncode == 0, result.stderr
    written = in_bucket(bucket, "data/v1/")
    assert json.loads(result.stdout) == json.loads(written["manifest.json"])
    for name, content in corpus.items():
        path = tmp_path / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    prepare_dataset([str(tmp_path / "corpus")], str(tmp_path / "out"), DataConfig())
    assert without_manifest(written) == without_manifest(preparing.contents(tmp_path / "out"))
    assert list(staging.iterdir()) == []


def test_an_earlier_dataset_in_a_bucket(bucket: Any, tmp_path: Path, staging: Path) -> None:
    source = f"s3://{BUCKET}/corpus"
    prepare_dataset([source], f"s3://{BUCKET}/data", DataConfig())
    first = in_bucket(bucket, "data/")
    for name in first:
        if name.startswith(("train", "test", "validation")):  # nothing of them is needed
            bucket.delete_object(Bucket=BUCKET, Key=f"data/{name}")
    for earlier in (f"s3://{BUCKET}/data/manifest.json", f"s3://{BUCKET}/data", f"s3://{BUCKET}/data/"):
        prepare_dataset([source], str(tmp_path / "next"), DataConfig(seed=8), previous=earlier)
        assert (tmp_path / "next" / "documents.parquet").read_bytes() == first["documents.parquet"]
    with pytest.raises(InputMissingError):
        prepare_dataset([source], str(tmp_path / "x"), DataConfig(), previous=f"s3://{BUCKET}/other/manifest.json")


@pytest.mark.usefixtures("bucket", "staging")
def test_a_failed_upload_costs_no_work(s3: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> NoReturn:
        raise ServiceUnavailableError("down")

    source, target = f"s3://{BUCKET}/corpus", f"s3://{BUCKET}/data"
    with monkeypatch.context() as patch, pytest.raises(ServiceUnavailableError):
        patch.setattr(preparation, "upload", fail)
        prepare_dataset([source], target, DataConfig())
    for name in ("read_unit", "build_shard"):
        monkeypatch.setattr(pipeline, name, lambda *_: pytest.fail("this was done before"))
    manifest = prepare_dataset([source], target, DataConfig())
    assert json.loads(in_bucket(s3, "data/")["manifest.json"]) == manifest


def test_what_is_not_there(s3: Any, staging: Path) -> None:
    for source, target in ((f"s3://{BUCKET}/nothing", "s3://x/y"), ("s3://no-such-bucket/a", "s3://x/y")):
        with pytest.raises(InputMissingError):
            prepare_dataset([source], target, DataConfig())


@pytest.mark.usefixtures("bucket")
def test_one_process_at_a_time_stages_the_same_copies(tmp_path: Path, staging: Path) -> None:
    source, target = f"s3://{BUCKET}/corpus", str(tmp_path / "out")
    with preparation._staging(target, source), pytest.raises(ConfigurationError, match="another process is preparing"):
        prepare_dataset([source], target, DataConfig())
    assert not list(staging.iterdir())


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("is_link", [True, False])
def test_a_staging_folder_of_somebody_else_is_refused(
    tmp_path: Path, staging: Path, monkeypatch: pytest.MonkeyPatch, is_link: bool
) -> None:
    source, target = f"s3://{BUCKET}/corpus", str(tmp_path / "out")
    with preparation._staging(target, source) as folder:
        pass
    if is_link:
        (tmp_path / "theirs").mkdir()
        folder.symlink_to(tmp_path / "theirs")
    else:
        monkeypatch.setattr(os, "geteuid", lambda: -1)
    with pytest.raises(ConfigurationError, match="is not a folder of yours"):
        prepare_dataset([source], target, DataConfig())


def test_without_a_bucket_nothing_is_staged(corpus: dict[str, bytes], tmp_path: Path, staging: Path) -> None:
    (tmp_path / "in").mkdir()
    with pytest.raises(InputMissingError):
        prepare_dataset([str(tmp_path / "in")], str(tmp_path / "out"), DataConfig())
    assert not list(staging.iterdir())


@pytest.mark.parametrize(
    ("source", "target"),
    [("s3://b/corpus", "s3://b/corpus"), ("s3://b/corpus/", "s3://b/corpus/out"), ("s3://b", "s3://b/out")],
)
def test_a_dataset_within_its_own_input_is_refused(source: str, target: str) -> None:
    with pytest.raises(ConfigurationError, match="would lie in the input"):
        prepare_dataset([source], target, DataConfig())
