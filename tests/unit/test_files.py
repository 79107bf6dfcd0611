from __future__ import annotations

import json
from pathlib import Path

import pytest

from legaltune.errors import ConfigurationError
from legaltune.files import locked, sha256_of, whole_folder, write_json, write_text


def test_json_keeps_umlauts_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"Gründe": 1})
    assert "Gründe" in (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"Gründe": 1}
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_a_number_that_json_cannot_say_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"loss": float("nan")})
    assert not (tmp_path / "a.json").exists()


def test_a_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    write_text(tmp_path / "a.txt", "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(tmp_path / "a.txt", "new \ud800")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "old"


def test_a_folder_is_replaced_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "adapter"
    with whole_folder(target) as folder:
        (folder / "old").touch()
    with pytest.raises(RuntimeError), whole_folder(target) as folder:
        (folder / "half").touch()
        raise RuntimeError
    assert [path.name for path in target.iterdir()] == ["old"]
    with whole_folder(target) as folder:
        (folder / "new").touch()
    assert [path.name for path in target.iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["adapter"]


def test_hash(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a").startswith("ba7816bf")


def test_a_lock_is_held_by_one(tmp_path: Path) -> None:
    again = locked(tmp_path / "lock", "another process is at it")
    with (
        locked(tmp_path / "lock", "another process is at it"),
        pytest.raises(ConfigurationError, match="another process is at it: wait for it"),
        again,
    ):
        pass
    with locked(tmp_path / "lock", "it is free again"):
        pass
