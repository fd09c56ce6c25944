"""docs/many-machines.md: what was measured, and what follows for a rack."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).with_name("page.md")
# A rack: MB of kernel and initramfs, and of an image in pieces, as of site rehearsal's node1; the
# MB/s that 1 Gbit/s leaves to TCP; and the MB that aria2 with its libraries has in an initramfs.
RACK, START_MB, IMAGE_MB, LINK, ARIA_MB = 200, 60, 500, 118, 16.9


@dataclass(frozen=True)
class Plan:
    """An image of so many MiB that does not compress, links of so many Mbit/s, and the `cores` of
    this host."""

    mib: int
    mbit: int
    cores: int


@dataclass(frozen=True)
class Row:
    """Of so many `machines` at once, the `first` and the `last` had all pieces after these seconds;
    the server sent so many `copies`, and a BitTorrent client held `memory` MiB at most."""

    machines: int
    shared: bool
    first: float
    last: float
    copies: float
    memory: float

    def line(self) -> str:
        """Its line of the table."""
        by = "BitTorrent" if self.shared else "HTTP"
        seconds = f"{self.first:.0f} s | {self.last:.0f} s"
        return f"| {self.machines} | {by} | {seconds} | {self.copies:.1f} |\n"


def text(plan: Plan, rows: Sequence[Row]) -> str:
    """The page; `rows` has at least two numbers of machines that shared, in rising order."""
    few, many = [row for row in rows if row.shared][-2:]
    each = max(many.last - few.last, 0) / math.log2(many.machines / few.machines)
    doublings = math.log2(RACK / many.machines)
    http, begin = RACK * (START_MB + 2 * IMAGE_MB) / LINK, RACK * START_MB / LINK
    pieces = many.last + doublings * each
    return PAGE.read_text().format(
        **{"mbit": plan.mbit, "mib": plan.mib, "once": plan.mib * 2**20 * 8 / (plan.mbit * 1e6)},
        cores=plan.cores,
        **{"table": "".join(row.line() for row in rows), "memory": max(row.memory for row in rows)},
        **{"rack": RACK, "start": START_MB, "image": IMAGE_MB, "link": LINK},
        **{"http": http, "minutes": http / 60, "begin": begin, "pieces": pieces},
        **{"few": few.machines, "many": many.machines, "less": few.last, "spent": many.last},
        **{"each": each, "doublings": doublings, "shared": begin + pieces},
        **{"ratio": http / (begin + pieces), "aria": RACK * ARIA_MB / LINK},
    )
