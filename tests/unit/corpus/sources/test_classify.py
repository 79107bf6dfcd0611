"""Tests of legaltune.corpus.sources.classify."""

from __future__ import annotations

from pathlib import Path

import pytest

from legaltune.corpus.sources.classify import is_json_lines, is_unsafe
from tests.unit.corpus.sources.inputs import contents, documents, ignored, tar_of, write, zip_of

TOC = b"<?xml version='1.0'?>\n<items>\n<item><link>http://x/y.zip</link></item>\n</items>"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        (".hidden.xml", b"<a/>", "hidden"),
        (".hidden.zip", b"PK\x03\x04", "hidden"),
        ("__MACOSX/._a.xml", b"\x00\x05", "hidden"),
        ("README.md", b"Read me", "readme or licence"),
        ("readme", b"Read me", "readme or licence"),
        ("LICENSE.txt", b"Do what you like", "readme or licence"),
        ("bild.JPG", b"anything", "image"),
        ("bild1_0.jpg", b"", "image"),
        ("ohne_endung", b"\x89PNG\r\n\x1a\n....", "image"),
        ("foto", b"\xff\xd8\xff\xe0....", "image"),
        ("gii-norm.dtd", b"<!ELEMENT a (b)>", "document type definition"),
        ("rii-toc.xml", TOC, "table of contents"),
    ],
)
def test_ignored_files_are_listed_not_counted(tmp_path: Path, name: str, content: bytes, why: str) -> None:
    folder = tmp_path / "files"
    write(folder / name, content)
    assert ignored(folder) == {name: why}
    assert documents(folder) == []
    archive = write(tmp_path / "a.zip", zip_of({name: content}))
    assert ignored(archive) == {f"a.zip!{name}": why}
    assert documents(archive) == []
    archive = write(tmp_path / "a.tgz", tar_of({f"./{name}": content}, "w:gz"))
    assert ignored(archive) == {f"a.tgz!{name}": why}
    assert documents(archive) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("readme.json", b"{}"),
        ("licences_2024.xml", b"<a/>"),
        ("items.xml", b"<items><entry/></items>"),
        ("dokument.xml", b"<dokument><items/><item><link/></item></dokument>"),
        ("jpg", b"<a/>"),
    ],
)
def test_what_only_resembles_an_ignored_file_is_a_document(tmp_path: Path, name: str, content: bytes) -> None:
    write(tmp_path / name, content)
    assert contents(tmp_path) == {name: content}


def test_what_macos_adds_to_archives_is_hidden(tmp_path: Path) -> None:
    path = write(tmp_path / "a.zip", zip_of({"__MACOSX/a.xml": b"<a/>", "b/.c/d.xml": b"<d/>"}))
    assert ignored(path) == {"a.zip!__MACOSX/a.xml": "hidden", "a.zip!b/.c/d.xml": "hidden"}


@pytest.mark.parametrize(
    "name", ["../a.xml", "a/../../b.xml", "..", "/etc/a.xml", "C:/a.xml", "c:a.xml", "a\\b.xml", "..\\a.xml", "a\0.xml"]
)
def test_unsafe_paths(name: str) -> None:
    assert is_unsafe(name)


@pytest.mark.parametrize("name", ["a.xml", "./a.xml", "a/b/c.xml", "a..b/...xml", "§ 1: Begriff.xml", "KORE1:2.xml"])
def test_safe_paths(name: str) -> None:
    assert not is_unsafe(name)


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("a.json", b'{"a": 1}\n{"a": 2}\n', True),
        ("a.json", b'\xef\xbb\xbf\n\n{"a": 1}\r\n\r\n{"a": 2}', True),
        ("a.json", b'{"a": 1}\n', False),
        ("a.json", b'{"a": 1}\n{"a": ', False),
        ("a.json", b'{\n"a": {"b": 1}\n}\n', False),
        ("a.json", b'{"a":\n{"b": 1}}\n', False),
        ("a.json", b"", False),
        ("a.jsonl", b'{"a": 1}\n', True),
        ("a.ndjson", b'{"a": 1}', True),
        ("A.JSONL", b'{"a": "cut of', True),
        ("a.jsonl", b'damaged\n{"a": 1}\n', True),
        ("a.jsonl", b'{\n "a": 1\n}\n', False),
        ("a.jsonl", b'[\n{"a": 1}\n]\n', False),
        ("a.jsonl", b"\x00\x01\n\x02", False),
    ],
)
def test_json_lines_are_told_from_one_object(name: str, head: bytes, expected: bool) -> None:
    assert is_json_lines(name, head) is expected
