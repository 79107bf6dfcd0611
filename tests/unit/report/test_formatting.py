from __future__ import annotations

import pytest

from legaltune.report import formatting

# No-break spaces are written as spaces here.


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (0, "0"),
        (999, "999"),
        (12_345, "12,345"),
        (999_999, "999,999"),
        (1_240_000, "1.24 million"),
        (7.62e9, "7.62 billion"),
    ],
)
def test_count(number: float, expected: str) -> None:
    assert formatting.count(number).replace("\N{NO-BREAK SPACE}", " ") == expected


def test_counted() -> None:
    assert formatting.counted(1, "example") == "1 example"
    assert formatting.counted(1200, "example") == "1,200 examples"
    assert formatting.counted(0, "example") == "0 examples"


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0, "0%"), (1, "100%"), (0.705, "70%"), (0.034, "3.4%"), (0.997, "99.7%"), (0.0005, "0.05%"), (0.00001, "<0.01%")],
)
def test_percent(share: float, expected: str) -> None:
    assert formatting.percent(share) == expected


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [(4.21, 1.35, "−2.86"), (1.0, 1.5, "+0.50"), (1.001, 1.004, "±0.00"), (2.344, 1.346, "−0.99")],
)
def test_loss_change_agrees_with_the_losses_shown(before: float, after: float, expected: str) -> None:
    assert formatting.loss_change(before, after) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3.857, "3.86"), (67.36, "67.4"), (4321.9, "4,322"), (1.02e304, "1.0 × 10³⁰⁴")],
)
def test_perplexity(value: float, expected: str) -> None:
    assert formatting.perplexity(value).replace("\N{NO-BREAK SPACE}", " ") == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.84, "0.8 s"),
        (41.6, "42 s"),
        (59.7, "1 min 00 s"),
        (372, "6 min 12 s"),
        (3599.8, "1 h 00 min"),
        (7500, "2 h 05 min"),
    ],
)
def test_duration(seconds: float, expected: str) -> None:
    assert formatting.duration(seconds).replace("\N{NO-BREAK SPACE}", " ") == expected


def test_moment() -> None:
    assert formatting.moment("2026-03-04T15:06:07+00:00") == "4 March 2026, 15:06 UTC"


@pytest.mark.parametrize(
    ("num_bytes", "expected"),
    [(3 * 2**20, "3 MiB"), (1023 * 2**20, "1.00 GiB"), (17.2 * 2**30, "17.2 GiB"), (139 * 2**30, "139 GiB")],
)
def test_memory_in_three_digits(num_bytes: float, expected: str) -> None:
    assert formatting.memory(num_bytes).replace("\N{NO-BREAK SPACE}", " ") == expected


@pytest.mark.parametrize(
    ("amount", "expected"), [(0, "$0.00"), (0.001, "<$0.01"), (0.4213, "$0.42"), (1204, "$1,204.00")]
)
def test_usd_to_the_cent(amount: float, expected: str) -> None:
    assert formatting.usd(amount) == expected
