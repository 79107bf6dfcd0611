from __future__ import annotations

import mmap
from pathlib import Path

import pytest
import torch

from legaltune.training import resources
from legaltune.training.resources import MemoryMeter, Spending, peak_host_bytes

MEBIBYTE = 2**20


def touch(size: int) -> None:
    """Take `size` bytes of fresh memory and give them back at once."""
    with mmap.mmap(-1, size) as memory:
        for position in range(0, size, mmap.PAGESIZE):
            memory[position] = 1


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")
def test_the_peak_of_a_run_holds_what_was_given_back() -> None:
    meter = MemoryMeter(torch.device("cpu"))
    start = meter.interval_bytes()
    touch(300 * MEBIBYTE)
    peak = meter.interval_bytes()
    meter.interval_bytes()
    assert start is not None
    assert peak is not None
    assert peak >= start + 200 * MEBIBYTE
    assert meter.peak_bytes == peak
    assert meter.peak_reserved_bytes is None


def can_reset_peak() -> bool:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True


@pytest.mark.skipif(not can_reset_peak(), reason="the peak cannot be reset here")
def test_the_next_interval_forgets_the_peak_where_the_system_allows_it() -> None:
    meter = MemoryMeter(torch.device("cpu"))
    touch(300 * MEBIBYTE)
    peak, after = meter.interval_bytes(), meter.interval_bytes()
    assert peak is not None
    assert after is not None
    assert after <= peak - 200 * MEBIBYTE


def test_without_proc_nothing_is_known(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(resources, "_PROCESS_STATUS", tmp_path / "status")
    monkeypatch.setattr(resources, "_PROCESS_MARKS", tmp_path / "missing" / "clear_refs")
    meter = MemoryMeter(torch.device("cpu"))
    assert peak_host_bytes() is None
    assert meter.interval_gib() is None
    assert meter.peak_bytes is None


def test_the_status_of_the_process_is_read_in_bytes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    status = tmp_path / "status"
    status.write_text("Name:\tpython\nVmPeak:\t  900 kB\nVmHWM:\t  512 kB\nVmRSS:\t  100 kB\n")
    monkeypatch.setattr(resources, "_PROCESS_STATUS", status)
    assert peak_host_bytes() == 512 * 1024


def test_every_host_costs_from_the_beginning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("legaltune.training.resources.time.monotonic", lambda: 1000.0 + 1800.0)
    spending = Spending(1.2, num_hosts=2, began=1000.0)
    assert spending.spent_usd() == pytest.approx(1.2)
    assert spending.note(None) == "$1.20"
    assert spending.note(900) == "$1.20 of about $1.80"
