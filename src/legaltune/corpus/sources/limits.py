"""How much of one input is read at most, and why that much."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024

# The longest statutes of Gesetze im Internet and the longest decisions have some megabytes of markup. What is ten
# times longer is no document, and reading it would take seconds and, as a tree of elements, gigabytes.
MAX_DOCUMENT_BYTES = 32 * MIB
# Markup and JSON shrink to a tenth, repetitive dumps to a fiftieth; deflate reaches one thousandth, layers of it any
# factor at all. A file may always inflate to a few documents of the full length.
MAX_INFLATION = 200
FREE_INFLATION_BYTES = 2 * MAX_DOCUMENT_BYTES
# zipfile keeps the whole directory of an archive in memory, ten times as large as in the file. This is room for half
# a million members with names of ordinary length: twice the largest collection of German decisions.
MAX_ZIP_DIRECTORY_BYTES = 48 * MIB
MAX_ZIP_MEMBERS = 600_000
# Extended headers of a tar hold the name of a member and its times.
MAX_TAR_HEADER_BYTES = MIB
# xz -9 needs 65 MiB to be unpacked; a header may ask for gigabytes.
MAX_XZ_MEMORY_BYTES = 128 * MIB
# A tar of zips, a zip of zips; more layers only occur in bombs.
MAX_ARCHIVE_DEPTH = 2


class DamagedError(Exception):
    """The bytes end or stop making sense before their time; what was read before is good."""


class BombError(Exception):
    """A file inflates to more than can be honest: nothing more is read of it."""


@dataclass(slots=True)
class Budget:
    """What may still be inflated out of one file, over all its members and layers.

    Attributes:
        limit_bytes: All that may be inflated.
        spent_bytes: What was inflated so far.
    """

    limit_bytes: int
    spent_bytes: int = 0

    @classmethod
    def for_file(cls, size_bytes: int) -> Budget:
        """Budget of a file of this size."""
        return cls(FREE_INFLATION_BYTES + MAX_INFLATION * size_bytes)

    def spend(self, num_bytes: int) -> None:
        """Count inflated bytes.

        Raises:
            BombError: They are too many.
        """
        self.spent_bytes += num_bytes
        if self.spent_bytes > self.limit_bytes:
            raise BombError(
                f"inflates to more than {self.limit_bytes} bytes, over {MAX_INFLATION} times its size: "
                "a decompression bomb; unpack it yourself if it is none"
            )
