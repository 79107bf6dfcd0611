"""Tests of legaltune.corpus.sources.files."""

from __future__ import annotations

import itertools
import os
import pickle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from legaltune.corpus.document import DropReason
from legaltune.corpus.sources import FileRef, IgnoredFile, list_files, open_file
from legaltune.errors import ExitCode, InputMissingError
from tests.unit.corpus.sources.inputs import contents, documents, failure_of, ignored, write, zip_of


def origins(*inputs: Path) -> list[str]:
    return [item.origin for item in list_files(inputs)]


def test_folders_in_sorted_order(tmp_path: Path) -> None:
    for name in ("c.json", "b/2.xml", "b/1.xml", "a/x.zip", "b.xml"):
        write(tmp_path / name, b"content")
    assert origins(tmp_path) == ["a/x.zip", "b/1.xml", "b/2.xml", "b.xml", "c.json"]


def test_a_reference_says_what_is_needed_to_open_it_elsewhere(tmp_path: Path) -> None:
    path = write(tmp_path / "sub" / "a.xml", b"<a/>")
    os.utime(path, ns=(0, 1_700_000_000_123_456_000))
    (ref,) = list_files([tmp_path])
    assert ref == FileRef(path, "sub/a.xml", 4, 1_700_000_000_123_456_000)
    assert pickle.loads(pickle.dumps(ref)) == ref


def test_listing_opens_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.xml", b"<a/>")
    write(tmp_path / "b.zip", zip_of({"m.xml": b"<m/>"}))

    def refuse(*_: object) -> None:
        raise AssertionError("opened")

    monkeypatch.setattr(Path, "open", refuse)
    assert origins(tmp_path) == ["a.xml", "b.zip"]


def test_missing_input_is_named_before_anything_is_listed(tmp_path: Path) -> None:
    with pytest.raises(InputMissingError, match="nirgends") as caught:
        list_files([tmp_path, tmp_path / "nirgends"])
    assert caught.value.exit_code is ExitCode.NO_INPUT


def test_no_inputs() -> None:
    assert list(list_files([])) == []


def test_several_inputs_are_told_apart_by_name_in_any_order(tmp_path: Path) -> None:
    write(tmp_path / "bgh" / "a.xml", b"<bgh/>")
    write(tmp_path / "bfh" / "a.xml", b"<bfh/>")
    write(tmp_path / "z.xml", b"<z/>")
    inputs = [tmp_path / "bgh", tmp_path / "z.xml", tmp_path / "bfh"]
    for order in itertools.permutations(inputs):
        assert origins(*order) == ["bfh/a.xml", "bgh/a.xml", "z.xml"]
    assert contents(*inputs)["bgh/a.xml"] == b"<bgh/>"


def test_inputs_of_the_same_name_are_told_apart_by_the_folders_above(tmp_path: Path) -> None:
    for year in ("2023", "2024"):
        write(tmp_path / year / "xml" / "a.xml", year.encode())
    found = contents(tmp_path / "2024" / "xml", tmp_path / "2023" / "xml")
    assert found == {"2023/xml/a.xml": b"2023", "2024/xml/a.xml": b"2024"}


def test_a_name_that_leads_into_another_input_is_no_collision(tmp_path: Path) -> None:
    write(tmp_path / "p" / "x" / "data" / "a.xml", b"one")
    write(tmp_path / "q" / "x" / "data" / "a.xml", b"two")
    write(tmp_path / "data" / "a.xml", b"three")
    inputs = tmp_path / "p" / "x", tmp_path / "q" / "x" / "data", tmp_path / "data"
    assert sorted(map(str, contents(*inputs).values())) == ["b'one'", "b'three'", "b'two'"]


def test_an_input_that_is_given_twice_counts_once(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    write(folder / "a.xml", b"<a/>")
    (tmp_path / "link").symlink_to(folder)
    assert origins(folder, folder / ".." / "folder", tmp_path / "link") == ["a.xml"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(st.sets(st.lists(st.sampled_from("ab"), min_size=1, max_size=4).map("/".join), min_size=1, max_size=6))
def test_origins_of_files_that_are_inputs_are_unique(tmp_path_factory: pytest.TempPathFactory, names: set[str]) -> None:
    root = tmp_path_factory.mktemp("inputs")
    inputs = [write(root / name / "x.xml", name.encode()) for name in names]
    assert len(set(origins(*inputs))) == len(inputs)
    assert origins(*inputs) == origins(*reversed(inputs))


def test_hidden_folder_is_listed_once(tmp_path: Path) -> None:
    write(tmp_path / ".git" / "a.xml", b"<a/>")
    assert ignored(tmp_path) == {".git": "hidden"}
    assert documents(tmp_path) == []


def test_links_and_pipes(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    write(inner / "a.xml", b"<a/>")
    (inner / "loop").symlink_to(tmp_path, target_is_directory=True)
    (inner / "link.xml").symlink_to(inner / "a.xml")
    (inner / "dangling").symlink_to(inner / "nowhere")
    os.mkfifo(inner / "pipe")
    assert contents(inner) == {"a.xml": b"<a/>", "link.xml": b"<a/>"}
    link = "symbolic link to a folder or to nothing"
    assert ignored(inner) == {"loop": link, "dangling": link, "pipe": "not a regular file"}
    assert ignored(inner / "pipe") == {"pipe": "not a regular file"}


def test_origin_of_a_name_that_cannot_be_printed(tmp_path: Path) -> None:
    write(tmp_path / os.fsdecode(b"stra\xdfe\n.xml"), b"<a/>")
    assert origins(tmp_path) == ["stra\\xdfe\\x0a.xml"]


def test_folders_nested_more_deeply_than_calls_may_be(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path, os.O_RDONLY)
    for _ in range(1050):
        os.mkdir("d", dir_fd=descriptor)
        below = os.open("d", os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = below
    os.close(os.open("a.xml", os.O_CREAT | os.O_WRONLY, dir_fd=descriptor))
    os.close(descriptor)
    (origin,) = origins(tmp_path)
    assert origin == "d/" * 1050 + "a.xml"
    (tmp_path / origin).unlink()
    for depth in range(1050, 0, -1):  # what removes the temporary folders calls itself for each
        (tmp_path / ("d/" * depth)).rmdir()


def test_a_folder_that_cannot_be_listed_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "closed" / "a.xml", b"<a/>")
    write(tmp_path / "open.xml", b"<a/>")
    scandir = os.scandir

    def refuse(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    closed, other = documents(tmp_path)
    assert (closed.origin, *failure_of(closed)) == ("closed", DropReason.UNREADABLE, "folder that cannot be listed")
    assert other.origin == "open.xml"


def test_a_file_that_vanishes_while_it_is_listed(tmp_path: Path) -> None:
    write(tmp_path / "a.xml", b"<a/>")
    files = list_files([tmp_path])
    (tmp_path / "b.xml").touch()
    refs = []
    for ref in files:
        assert isinstance(ref, FileRef)
        refs.append(ref)
        (tmp_path / "b.xml").unlink(missing_ok=True)
    for ref in refs:
        for item in open_file(ref):
            assert not isinstance(item, IgnoredFile)
            assert item.origin == "a.xml" or failure_of(item)[0] is DropReason.UNREADABLE
