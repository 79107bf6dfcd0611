"""The hosts of a run, as each of them is told."""

from __future__ import annotations

from dataclasses import dataclass

from legaltune.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Hosts:
    """One host among those of a run.

    Attributes:
        count: Hosts of the run.
        index: This host, from 0; the first one writes the results.
        rendezvous: `address:port` of the first host, under which all meet; only used with several.
        interface: Network interface over which the processes talk ("eth0"); None leaves the choice to the library.
    """

    count: int = 1
    index: int = 0
    rendezvous: str = ""
    interface: str | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.count:
            raise ConfigurationError(f"host index {self.index} does not exist among {self.count} hosts: count from 0")
        address, _, port = self.rendezvous.rpartition(":")
        if self.count > 1 and not (address and port.isdigit()):
            raise ConfigurationError(
                f"the rendezvous of {self.count} hosts is {self.rendezvous!r}: give address:port of the first host"
            )

    @property
    def is_first(self) -> bool:
        """Whether this host writes the results."""
        return self.index == 0
