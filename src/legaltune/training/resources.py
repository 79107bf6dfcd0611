"""What a run uses: memory at its peak, and money."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import torch

_GIBIBYTE = 2**30
_PROCESS_STATUS, _PROCESS_MARKS = Path("/proc/self/status"), Path("/proc/self/clear_refs")
_FORGET_PEAK = "5"


class MemoryMeter:
    """Peak memory of this process on its device, for each interval and for the run.

    On a GPU that is what its tensors take (`torch.cuda.max_memory_allocated`), on a CPU the resident memory of the
    process (VmHWM of proc_pid_status(5)). The meter resets the peaks that the system keeps: nothing else can read
    them for the whole run while it is in use.

    Args:
        device: Device of this process.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._peak: int | None = None
        self._peak_reserved: int | None = None
        self._reset()

    @property
    def peak_bytes(self) -> int | None:
        """Highest peak of the intervals read so far; None where the system does not tell."""
        return self._peak

    @property
    def peak_reserved_bytes(self) -> int | None:
        """As `peak_bytes`, with what the allocator holds back for reuse; None without a GPU."""
        return self._peak_reserved

    def interval_bytes(self) -> int | None:
        """Peak since the last call, where the system lets it be reset (else since the process began)."""
        if self._device.type == "cuda":
            peak: int | None = torch.cuda.max_memory_allocated(self._device)
            self._peak_reserved = max(self._peak_reserved or 0, torch.cuda.max_memory_reserved(self._device))
        else:
            peak = peak_host_bytes()
        if peak is not None:
            self._peak = max(self._peak or 0, peak)
        self._reset()
        return peak

    def interval_gib(self) -> float | None:
        """As `interval_bytes`, in GiB."""
        peak = self.interval_bytes()
        return None if peak is None else peak / _GIBIBYTE

    def _reset(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        else:
            _forget_host_peak()


def peak_host_bytes() -> int | None:
    """Peak resident memory of this process (bytes); None where there is no /proc."""
    try:
        lines = _PROCESS_STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), None)


def _forget_host_peak() -> None:
    try:
        _PROCESS_MARKS.write_text(_FORGET_PEAK)
    except OSError:  # not Linux, or not allowed in this container: the peak stays that of the process
        return


@dataclass(frozen=True, slots=True)
class Spending:
    """Cost of a run: what all its hosts cost by the hour, from when it began.

    Attributes:
        usd_per_hour: Price of one host (USD per hour).
        num_hosts: Hosts of the run.
        began: When the run began (`time.monotonic`, seconds).
    """

    usd_per_hour: float
    num_hosts: int = 1
    began: float = field(default_factory=time.monotonic)

    def spent_usd(self) -> float:
        """Cost so far (USD)."""
        return self._usd(time.monotonic() - self.began)

    def note(self, seconds_left: float | None) -> str:
        """Cost so far and, where the time left is known, about how much it will be: "$0.42 of about $3.50"."""
        spent = self.spent_usd()
        return f"${spent:,.2f}" + ("" if seconds_left is None else f" of about ${spent + self._usd(seconds_left):,.2f}")

    def _usd(self, seconds: float) -> float:
        return self.usd_per_hour * self.num_hosts * seconds / 3600
