from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest
from lxml import etree

from legaltune.corpus.synthetic import write_corpus


def hashes(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        write_corpus(tmp_path / name, num_decisions=30, seed=seed)
    assert hashes(tmp_path / "a") == hashes(tmp_path / "b")
    assert hashes(tmp_path / "a") != hashes(tmp_path / "c")


def test_larger_corpus_keeps_the_smaller_one(tmp_path: Path) -> None:
    write_corpus(tmp_path / "small", num_decisions=30, seed=5)
    write_corpus(tmp_path / "large", num_decisions=90, seed=5)
    small, large = hashes(tmp_path / "small"), hashes(tmp_path / "large")
    changed = {name for name, digest in small.items() if large[name] != digest}
    assert changed == {"decisions/rii-toc.xml"}


def test_counts_are_those_of_the_files(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path, num_decisions=100, seed=2)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert corpus.num_files == len(files)
    assert corpus.num_decisions == 100
    assert corpus.num_ignored_files == sum(path.name.endswith("-toc.xml") for path in files)
    assert corpus.num_empty_files == sum(path.stat().st_size == 0 for path in files) == 1
    assert (
        corpus.num_truncated_archives
        == sum(path.suffix == ".zip" and not zipfile.is_zipfile(path) for path in files)
        == 1
    )
    assert (corpus.num_duplicates, corpus.num_malformed_files) == (1, 1)


def test_malformed_file_cannot_be_parsed(tmp_path: Path) -> None:
    write_corpus(tmp_path, num_decisions=100, seed=2)
    broken = []
    for path in (tmp_path / "decisions").glob("*.xml"):
        try:
            etree.parse(path)
        except etree.XMLSyntaxError:
            broken.append(path.stat().st_size > 0)
    assert sorted(broken) == [False, True]


def test_duplicate_differs_in_its_number_alone(tmp_path: Path) -> None:
    write_corpus(tmp_path, num_decisions=10, seed=2)
    texts: dict[str, set[str]] = {}
    for path in (tmp_path / "decisions").glob("*.zip"):
        with zipfile.ZipFile(path) as archive:
            name = archive.namelist()[0]
            assert name == f"{path.stem}.xml"
            number = path.stem.removeprefix("jb-")
            texts.setdefault(archive.read(name).decode().replace(number, "-"), set()).add(number)
    assert sorted(map(len, texts.values()))[-2:] == [1, 2]


def test_some_decisions_are_plain_and_some_statutes_zipped(tmp_path: Path) -> None:
    write_corpus(tmp_path, num_decisions=30, seed=2)
    assert len(list((tmp_path / "decisions").glob("jb-*.xml"))) == 1
    zipped, plain = list(tmp_path.glob("statutes/*/xml.zip")), list(tmp_path.glob("statutes/*/BJNR*.xml"))
    assert abs(len(zipped) - len(plain)) <= 1


def test_tables_of_contents_list_everything_good(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path, num_decisions=30, seed=2)
    assert len(etree.parse(tmp_path / "decisions" / "rii-toc.xml").findall("item")) == 30
    assert len(etree.parse(tmp_path / "statutes" / "gii-toc.xml").findall("item")) == corpus.num_statutes


def test_statutes_alone(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path, num_decisions=0, seed=2)
    assert corpus.num_files == corpus.num_statutes + 2


def test_negative_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="num_decisions -1 is negative"):
        write_corpus(tmp_path, num_decisions=-1, seed=0)
