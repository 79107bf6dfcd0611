from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from legaltune.config.schema import DataConfig
from legaltune.corpus import reading
from legaltune.corpus.document import Decision, Document, RawDocument, SectionName
from legaltune.corpus.parts import PartFolder, PartReader, unpack
from legaltune.corpus.reading import ReadSettings, read_unit
from legaltune.corpus.sources import IgnoredFile
from legaltune.corpus.units import Unit
from tests.unit.corpus.cases import make_decision, make_statute

SETTINGS = ReadSettings.from_config(DataConfig())
GROUNDS = (
    "Die zulässige Klage ist unbegründet, weil der Beklagte den Kaufpreis vor Ablauf der Frist gezahlt hat. "
    "Der Zeuge hat überzeugend bekundet, dass er das Geld übergeben und eine Quittung erhalten habe. "
    "Rückfragen beantwortet die Geschäftsstelle unter der Anschrift poststelle@gericht.example, die der Kläger kannte."
)


def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reader: Callable[[RawDocument], Document]) -> pa.Table:
    """Rows of a unit of two documents and an ignored file, read by a function in place of all readers."""
    monkeypatch.setattr(reading, "read_document", reader)
    unit = Unit("k", (RawDocument("a.xml", b"a"), IgnoredFile("toc.xml", "table of contents"), RawDocument("b.xml")))
    key, num_documents, part = read_unit(SETTINGS, unit)
    assert (key, num_documents) == ("k", 2)
    folder = PartFolder(tmp_path)
    folder.write(key, part)
    assert folder.num_documents(key, SETTINGS.digest) == 2
    return PartReader(folder, [key], SETTINGS.digest).table


def decision() -> Decision:
    return make_decision({SectionName.TENOR: ["Die Klage wird abgewiesen."], SectionName.GRUENDE: [GROUNDS]})


def test_a_decision_leaves_what_the_grouping_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row, ignored, _ = read(tmp_path, monkeypatch, lambda _: decision()).to_pylist()
    assert (row["origin"], row["kind"], row["source"], row["document_id"]) == (
        "a.xml", "decision", "test", "TEST000000001",
    )  # fmt: skip
    assert row["minhash"]
    assert row["own_keys"]
    assert (ignored["origin"], ignored["kind"], ignored["detail"]) == ("toc.xml", "ignored", "table of contents")


def test_personal_data_is_scrubbed_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = read(tmp_path, monkeypatch, lambda _: decision())
    assert dict(table.column("placeholders")[0].as_py()) == {"email": 1}
    row = table.to_pylist()[0]
    with (tmp_path / "k" / "documents.bin").open("rb") as file:
        file.seek(row["offset"])
        document = unpack("decision", file.read(row["length"]), row["packed_bytes"])
    assert isinstance(document, Decision)
    assert "poststelle@" not in document.grounds[0].text
    assert row["num_chars"] == sum(len(p.text) for section in document.sections.values() for p in section)


def test_a_statute_needs_no_signature(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = read(tmp_path, monkeypatch, lambda _: make_statute("BGB")).to_pylist()[0]
    assert (row["kind"], row["document_id"], row["minhash"], row["own_keys"]) == ("statute", "BGB", None, None)


def test_a_bug_costs_one_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail_on_a(raw: RawDocument) -> Document:
        if raw.origin == "a.xml":
            raise KeyError("rs")
        return decision()

    rows = read(tmp_path, monkeypatch, fail_on_a).to_pylist()
    assert [row["kind"] for row in rows] == ["dropped", "ignored", "decision"]
    assert (rows[0]["reason"], rows[0]["detail"]) == ("reader_failed", "KeyError: 'rs'")


def test_what_takes_too_long_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait_on_a(raw: RawDocument) -> Document:
        if raw.origin == "a.xml":
            time.sleep(30)
        return decision()

    monkeypatch.setattr(reading, "_MAX_SECONDS_PER_DOCUMENT", 0.1)
    before = signal.getsignal(signal.SIGALRM)
    rows = read(tmp_path, monkeypatch, wait_on_a).to_pylist()
    assert [row["reason"] for row in rows] == ["too_slow", None, None]
    assert rows[2]["kind"] == "decision"
    assert signal.getsignal(signal.SIGALRM) == before
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


@pytest.mark.parametrize(
    ("change", "is_other"),
    [
        ({"language": "en"}, True),
        ({"min_grounds_characters": 1}, True),
        ({"seed": 1, "input": ("x",), "tasks": ("summarization",), "split": {"test": 0.5}}, False),
    ],
)
def test_only_settings_that_matter_here_cost_another_reading(change: dict[str, Any], is_other: bool) -> None:
    assert (ReadSettings.from_config(DataConfig(**change)).digest != SETTINGS.digest) is is_other
