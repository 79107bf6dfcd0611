from __future__ import annotations

from pathlib import Path

import pytest

from legaltune.errors import ConfigurationError
from legaltune.fetch.state import TOC_NAME, Partial, Record, Validators, open_state

TOC = "https://host.example/toc.xml"
RECORD = Record("bgh/a.zip", 3, modified="2026-01-01", etag='"1"')


def test_records_survive_and_removed_ones_do_not(tmp_path: Path) -> None:
    with open_state(tmp_path, "rii", TOC) as state:
        state.put("a.zip", RECORD)
        state.put("b.zip", RECORD)
        state.remove("b.zip")
    with open_state(tmp_path, "rii", TOC) as state:
        assert state.records == {"a.zip": RECORD}


@pytest.mark.parametrize("tail", ['{"name": "c.zip", "pa', "\x00\x00\x00", '[1]\n"x"\n{"name": "d.zip", "size": 1}\n'])
def test_what_a_crash_left_is_passed_over(tmp_path: Path, tail: str) -> None:
    with open_state(tmp_path, "rii", TOC) as state:
        state.put("a.zip", RECORD)
    with (tmp_path / ".fetch" / "state.jsonl").open("a") as file:
        file.write(tail)
    with open_state(tmp_path, "rii", TOC) as state:
        assert state.records == {"a.zip": RECORD}
        state.put("b.zip", RECORD)
    with open_state(tmp_path, "rii", TOC) as state:
        assert set(state.records) == {"a.zip", "b.zip"}


def test_a_folder_belongs_to_one_source_and_one_process(tmp_path: Path) -> None:
    with open_state(tmp_path, "rii", TOC), pytest.raises(ConfigurationError, match="another process"):  # noqa: SIM117
        with open_state(tmp_path, "rii", TOC):
            pass
    with pytest.raises(ConfigurationError, match="source rii, not gii"), open_state(tmp_path, "gii", TOC):
        pass


def test_another_table_of_contents_is_asked_for_without_condition(tmp_path: Path) -> None:
    with open_state(tmp_path, "rii", TOC) as state:
        state.put(TOC_NAME, RECORD)
        state.put("a.zip", RECORD)
    with open_state(tmp_path, "rii", "https://mirror.example/toc.xml") as state:
        assert set(state.records) == {"a.zip"}


def test_a_file_of_another_size_does_not_count(tmp_path: Path) -> None:
    with open_state(tmp_path, "rii", TOC) as state:
        assert not state.holds(RECORD)
        (tmp_path / "bgh").mkdir()
        (tmp_path / RECORD.path).write_bytes(b"ab")
        assert not state.holds(RECORD)
        (tmp_path / RECORD.path).write_bytes(b"abc")
        assert state.holds(RECORD)


def test_only_a_validator_that_vouches_for_bytes_continues_a_download() -> None:
    assert Validators('"1"', "Mon").strong == '"1"'
    assert Validators('W/"1"', "Mon").strong == "Mon"
    assert Validators('W/"1"', None).strong is None


def test_a_partial_download_without_validator_is_not_continued(tmp_path: Path) -> None:
    partial = Partial(tmp_path / "new" / "a.zip")
    assert partial.resume_point() is None
    with partial.begin('"1"') as file:
        file.write(b"abc")
    assert partial.resume_point() == (3, '"1"')
    with partial.go_on() as file:
        file.write(b"de")
    assert partial.resume_point() == (5, '"1"')
    with partial.begin(None) as file:
        file.write(b"abc")
    assert partial.resume_point() is None
    assert partial.move_to(tmp_path / "deep" / "a.zip") == 3
    assert [path.name for path in (tmp_path / "new").iterdir()] == []
