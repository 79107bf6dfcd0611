from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from legaltune.errors import ConfigurationError
from legaltune.fetch.contents import Entry
from legaltune.fetch.options import FetchOptions, find_source
from legaltune.fetch.plan import make_plan, vanished
from legaltune.fetch.state import TOC_NAME, Record, State, open_state


def entry(name: str, *, court: str = "bgh", decided: str = "20260101", modified: str = "2026-02-01T00:00") -> Entry:
    return Entry(f"https://host.example/{name}", f"{court}/{name}", court, decided, modified)


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    with open_state(tmp_path, "rii", "https://host.example/toc.xml") as state:
        yield state


def keep(state: State, item: Entry, *, modified: str | None) -> None:
    path = state.folder / item.path
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"zip")
    state.put(item.name, Record(item.path, 3, modified, '"1"', None))


def test_only_what_is_new_changed_or_lost_is_asked_for(state: State) -> None:
    new, same, changed, lost, moved = (entry(f"{name}.zip") for name in ("new", "same", "changed", "lost", "moved"))
    for item in (same, lost):
        keep(state, item, modified=item.modified)
    (state.folder / lost.path).unlink()
    keep(state, changed, modified="2025-01-01")
    keep(state, entry("moved.zip", court="bfh"), modified=moved.modified)
    plan = make_plan([changed, same, lost, new, moved], state, FetchOptions())
    assert [request.entry.name for request in plan.requests] == ["lost.zip", "new.zip", "changed.zip", "moved.zip"]
    assert [request.known.etag for request in plan.requests] == [None, None, '"1"', '"1"']
    assert plan.unchanged == 1


def test_without_a_time_of_change_every_file_is_asked_about(state: State) -> None:
    statute = Entry("https://host.example/bgb/xml.zip", "bgb.zip")
    keep(state, statute, modified=None)
    (request,) = make_plan([statute], state, FetchOptions()).requests
    assert request.known.etag == '"1"'


def test_filters(state: State) -> None:
    entries = [
        entry("1.zip", court="bgh", decided="20200101", modified="2026-01-01T00:00"),
        entry("2.zip", court="bfh", decided="20210101", modified="2026-02-01T00:00"),
        entry("3.zip", court="bag", decided="20220101", modified="2026-03-01T00:00"),
        Entry("https://host.example/4.zip", "bgh/4.zip", "bgh"),
    ]

    def names(**options: object) -> list[str]:
        plan = make_plan(entries, state, FetchOptions(**options))  # type: ignore[arg-type]
        assert len(plan.requests) + plan.filtered + plan.postponed == len(entries)
        return [request.entry.name[0] for request in plan.requests]

    assert names(courts=frozenset({"bgh", "bag"})) == ["1", "3", "4"]
    assert names(since=datetime.date(2026, 2, 1)) == ["2", "3"]
    assert names(decided_since=datetime.date(2021, 1, 1)) == ["2", "3"]
    assert names(limit=2) == ["1", "2"]
    with pytest.raises(ConfigurationError, match="no decision of bgx is listed; courts: bag, bfh, bgh"):
        names(courts=frozenset({"bgx"}))


@given(
    st.lists(st.tuples(st.sampled_from(["bgh", "bfh"]), st.booleans()), max_size=20),
    st.sampled_from([None, 1, 3, 100]),
    st.booleans(),
)
def test_every_entry_has_one_fate(
    tmp_path_factory: pytest.TempPathFactory, items: list[tuple[str, bool]], limit: int | None, filtered: bool
) -> None:
    entries = [entry(f"{number}.zip", court=court) for number, (court, _) in enumerate(items)]
    with open_state(tmp_path_factory.mktemp("plan"), "rii", "https://host.example/toc.xml") as state:
        for item, (_, known) in zip(entries, items, strict=True):
            if known:
                keep(state, item, modified=item.modified)
        courts = frozenset({entries[0].court}) if filtered and entries else frozenset()
        plan = make_plan(entries, state, FetchOptions(limit=limit, courts=courts))  # type: ignore[arg-type]
    assert len(plan.requests) + plan.unchanged + plan.filtered + plan.postponed == len(entries)
    assert len(plan.requests) <= (limit or len(entries))


def test_vanished_files_are_those_on_disk_that_are_not_listed(state: State) -> None:
    here, lost, listed = entry("here.zip"), entry("lost.zip"), entry("listed.zip")
    for item in (here, lost, listed):
        keep(state, item, modified=item.modified)
    state.put(TOC_NAME, Record(".fetch/toc.xml", 1))
    (state.folder / lost.path).unlink()
    assert set(vanished([listed], state)) == {"here.zip"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"requests_per_second": 0.0}, "requests_per_second"),
        ({"connections": 0}, "connections"),
        ({"limit": 0}, "limit"),
        ({"contact": "a\r\nX-Evil: 1"}, "printable"),
        ({"toc_url": "file:///etc/passwd"}, "toc_url"),
        ({"toc_url": "https://"}, "toc_url"),
    ],
)
def test_impossible_options_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        FetchOptions(**options)  # type: ignore[arg-type]


def test_statutes_have_no_courts_and_unknown_sources_are_named() -> None:
    with pytest.raises(ConfigurationError, match="neither courts nor dates"):
        find_source("gii", FetchOptions(courts=frozenset({"bgh"})))
    with pytest.raises(ConfigurationError, match="choose one of rii, gii"):
        find_source("eu", FetchOptions())
