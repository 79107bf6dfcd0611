from __future__ import annotations

from pathlib import Path

import pytest

from legaltune.corpus.document import Document, ReadyMade
from legaltune.corpus.parts import IGNORED, Part, PartBuilder, PartFolder, PartReader, kind_of, unpack
from legaltune.errors import DataError
from tests.unit.corpus.cases import make_decision, make_statute

DOCUMENTS: list[Document] = [
    make_decision(),
    make_statute(),
    ReadyMade("r1", "ready-made", (("user", "Frage"), ("assistant", "Antwort")), group="g"),
]


def part_with(documents: list[Document], settings: str = "s") -> Part:
    builder = PartBuilder()
    builder.add({"origin": "toc.xml", "kind": IGNORED, "detail": "table of contents"})
    for document in documents:
        builder.add({"origin": document.document_id, "kind": kind_of(document)}, document)
    return builder.build(settings)


def read_back(reader: PartReader) -> list[Document]:
    rows = reader.table.filter(reader.table.column("offset").is_valid())
    columns = (rows.column(name).to_pylist() for name in ("kind", "packed_bytes"))
    return [unpack(kind, payload, size) for payload, kind, size in zip(reader.payloads(rows), *columns, strict=True)]


def test_documents_come_back_as_they_were(tmp_path: Path) -> None:
    folder = PartFolder(tmp_path)
    folder.write("b", part_with(DOCUMENTS))
    folder.write("a", part_with(DOCUMENTS[:1]))
    assert folder.keys() == ["a", "b"]
    assert folder.num_documents("b", "s") == 3
    assert read_back(PartReader(folder, ["b", "a"], "s")) == [DOCUMENTS[0], *DOCUMENTS]
    assert read_back(PartReader(folder, ["b"], "s")) == DOCUMENTS


def test_a_part_is_whole_or_absent(tmp_path: Path) -> None:
    folder = PartFolder(tmp_path)
    (tmp_path / ".a.tmp").mkdir()
    (tmp_path / ".a.tmp" / "index.arrow").write_bytes(b"half")
    assert folder.num_documents("a", "s") is None
    assert folder.keys() == []
    folder.write("a", part_with(DOCUMENTS))
    assert folder.num_documents("a", "s") == 3


def test_parts_read_with_other_settings_are_refused(tmp_path: Path) -> None:
    folder = PartFolder(tmp_path)
    folder.write("a", part_with(DOCUMENTS, "earlier"))
    with pytest.raises(DataError, match="other settings"):
        PartReader(folder, ["a"], "now")


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    folder = PartFolder(tmp_path)
    folder.write("a", part_with(DOCUMENTS))
    (tmp_path / "a" / "index.arrow").write_bytes(b"ARROW1 no more")
    with pytest.raises(DataError, match="damaged"):
        PartReader(folder, ["a"], "s")


def test_no_parts_make_an_empty_table(tmp_path: Path) -> None:
    assert len(PartReader(PartFolder(tmp_path), [], "s").table) == 0
