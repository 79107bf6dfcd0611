from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator

import pytest
from rich.console import Console

from legaltune.logs import progress, set_up_logging


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    yield
    set_up_logging()


def test_ranks_above_zero_speak_of_warnings_only_and_say_who_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging(rank=3)
    logging.getLogger("legaltune.test").info("quiet")
    logging.getLogger("legaltune.test").warning("loud")
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].endswith("WARNING [rank 3] loud")


def test_logging_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging()
    logging.getLogger("legaltune.test").info("hello")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("INFO hello\n")


def test_libraries_are_quiet_unless_asked(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logging()
    logging.getLogger("datasets").warning("chatter")
    assert capsys.readouterr().err == ""
    set_up_logging(verbose=True)
    logging.getLogger("legaltune.test").debug("detail")
    logging.getLogger("datasets").warning("chatter")
    errors = capsys.readouterr().err
    assert "detail" in errors
    assert "chatter" in errors


class Clock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("legaltune.logs.time.monotonic", clock)
    return clock


def test_without_a_terminal_progress_is_a_line_now_and_then(caplog: pytest.LogCaptureFixture, clock: Clock) -> None:
    with caplog.at_level(logging.INFO), progress("documents read") as advance:
        for _ in range(7):
            clock.now += 4
            advance(10)
    assert caplog.messages == ["documents read: 30", "documents read: 60"]


def test_the_time_left_follows_from_the_rate_since_the_first_advance(
    caplog: pytest.LogCaptureFixture, clock: Clock
) -> None:
    with caplog.at_level(logging.INFO), progress("training steps", 1000, every_seconds=60) as advance:
        clock.now += 600  # the first step compiles the model
        advance(1)
        for _ in range(20):
            clock.now += 3
            advance(1)
    assert caplog.messages == ["training steps: 1 of 1000", "training steps: 21 of 1000, 49 min left"]


@pytest.mark.parametrize(
    ("seconds_a_step", "expected"), [(0.1, "9 s left"), (10, "15 min left"), (40, "1 h 00 min left")]
)
def test_the_time_left_is_told_in_rough_units(
    caplog: pytest.LogCaptureFixture, clock: Clock, seconds_a_step: float, expected: str
) -> None:
    with caplog.at_level(logging.INFO), progress("steps", 100, every_seconds=seconds_a_step) as advance:
        for _ in range(10):
            clock.now += seconds_a_step
            advance(1)
    assert caplog.messages[-1].endswith(expected)


def test_a_note_is_given_the_seconds_left(caplog: pytest.LogCaptureFixture, clock: Clock) -> None:
    def note(seconds_left: float | None) -> str:
        return "?" if seconds_left is None else f"{seconds_left:.0f}"

    with caplog.at_level(logging.INFO), progress("steps", 10, note=note) as advance:
        clock.now += 30
        advance(1)
        clock.now += 30
        advance(3)
    assert caplog.messages == ["steps: 1 of 10, ?", "steps: 4 of 10, 1 min left, 60"]


def test_a_terminal_shows_count_time_left_and_note_beside_the_bar(
    monkeypatch: pytest.MonkeyPatch, clock: Clock
) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=120)
    monkeypatch.setattr("legaltune.logs._console", console)
    with progress("training steps", 30, note=lambda _: "$0.42 of about $3.50") as advance:
        advance(10)
        clock.now += 60
        advance(10)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen.getvalue())
    assert "training steps" in text
    assert "20/30 1 min left, $0.42 of about $3.50" in text


def test_progress_that_the_log_tells_already_writes_nothing(caplog: pytest.LogCaptureFixture, clock: Clock) -> None:
    with caplog.at_level(logging.INFO), progress("steps", 2, in_log=False) as advance:
        clock.now += 100
        advance(2)
    assert not caplog.messages
