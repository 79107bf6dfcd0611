from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

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


def test_without_a_terminal_progress_is_a_line_now_and_then(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter([0.0, 5.0, 11.0, 11.0, 12.0])
    monkeypatch.setattr("legaltune.logs.time.monotonic", lambda: next(now))
    with caplog.at_level(logging.INFO), progress("documents read", 40) as advance:
        advance(10)
        advance(10)
        advance(10)
    assert caplog.messages == ["documents read: 20 of 40"]


def test_progress_that_the_log_tells_already_writes_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), progress("steps", 2, in_log=False) as advance:
        advance(2)
    assert not caplog.messages
