"""Numbers as people read them."""

from __future__ import annotations

import math
from datetime import datetime

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_MINUS = "−"
_SPACE = "\N{NO-BREAK SPACE}"


def moment(iso: str) -> str:
    """A point in time in UTC to the minute: "4 March 2026, 15:06 UTC"."""
    when = datetime.fromisoformat(iso)
    return f"{when.day} {when:%B %Y, %H:%M} UTC"


def count(number: float) -> str:
    """A count with thousands separators ("12,345"); in words from a million on ("1.24 million")."""
    for size, word in ((1e9, "billion"), (1e6, "million")):
        if number >= size:
            return f"{number / size:.2f}{_SPACE}{word}"
    return f"{number:,.0f}"


def counted(number: int, noun: str) -> str:
    """A count with its noun, which takes an s in the plural: "1 example", "12 examples"."""
    return f"{count(number)} {noun}{'' if number == 1 else 's'}"


def percent(share: float) -> str:
    """A share (0 to 1) with about two significant digits: "71%", "3.4%", "99.7%", "0.05%"."""
    value = 100 * share
    if value == round(value) or 10 <= value <= 99:
        return f"{value:.0f}%"
    if value < 0.01:
        return "<0.01%"
    return f"{value:.1f}%" if value >= 1 else f"{value:.2f}%"


def loss(value: float) -> str:
    """A loss in nats, two decimals."""
    return f"{value:.2f}"


def loss_change(before: float, after: float) -> str:
    """Difference of two losses as they are shown, so that a reader's own subtraction agrees."""
    change = round(after, 2) - round(before, 2)
    sign = "+" if change >= 0.005 else _MINUS if change <= -0.005 else "±"
    return f"{sign}{abs(change):.2f}"


def perplexity(value: float) -> str:
    """Three digits at least; powers of ten from a million on."""
    if value >= 1e6:
        exponent = math.floor(math.log10(value))
        return f"{value / 10**exponent:.1f}{_SPACE}×{_SPACE}10{str(exponent).translate(_SUPERSCRIPTS)}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def score(value: float) -> str:
    """A score between 0 and 1, two decimals."""
    return f"{value:.2f}"


def memory(num_bytes: float) -> str:
    """Memory in binary units with three digits: "412 MiB", "17.2 GiB", "1.37 GiB"."""
    mebibytes = num_bytes / 2**20
    if mebibytes < 1000:
        return f"{mebibytes:.0f}{_SPACE}MiB"
    gibibytes = mebibytes / 1024
    return f"{gibibytes:.{2 if gibibytes < 9.995 else 1 if gibibytes < 99.95 else 0}f}{_SPACE}GiB"


def usd(amount: float) -> str:
    """An amount of money to the cent: "$0.42", "$1,204.00"."""
    return f"${amount:,.2f}" if amount >= 0.005 or amount == 0 else "<$0.01"


def duration(seconds: float) -> str:
    """Time in the two largest units: "0.8 s", "42 s", "6 min 12 s", "2 h 05 min"."""
    if seconds < 9.95:
        return f"{seconds:.1f}{_SPACE}s"
    total = round(seconds)
    if total < 60:
        return f"{total}{_SPACE}s"
    if total < 3600:
        return f"{total // 60}{_SPACE}min {total % 60:02}{_SPACE}s"
    total = round(seconds / 60)
    return f"{total // 60}{_SPACE}h {total % 60:02}{_SPACE}min"
