"""docs/farm.md and its curves: what was measured."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import curve
from bench.curve import Series
from golden.paths import ROOT

PAGE = Path(__file__).with_name("page.md")
DOCUMENT = ROOT / "docs" / "farm.md"
RECORDER = "scripts/host/record-farm"


@dataclass(frozen=True)
class Row:
    """The bake of so many `sites` of so many `nodes` each, of which so many are `new`: `plan` (of
    the new ones), `bake` and `processor`, what the bake had of all cores, in seconds; how many
    `layers` and `disks` it made, and the disks' MB; `beside` is the share of all cores that the
    host meanwhile had for other work."""

    sites: int
    new: int
    nodes: int
    plan: float
    bake: float
    processor: float
    layers: int
    disks: int
    mb: float
    beside: float

    def line(self) -> str:
        """Its line of a table."""
        seconds = f"{self.plan:.1f} s | {self.bake:.0f} s | {self.processor:.0f} s"
        made = f"{self.layers} | {self.disks} | {self.mb:.0f} MB | {self.beside:.0%}"
        return f"| {self.sites} | {self.new} | {self.nodes} | {seconds} | {made} |\n"


def files(
    workers: int, by_nodes: Sequence[Row], by_sites: Sequence[Row]
) -> Iterator[tuple[Path, str]]:
    """The pictures and the page, by their paths; `by_sites` has at least two rows."""
    every = [row.nodes for row in by_nodes]
    nodes = _picture(
        f"A bake of one site of {every[0]} to {every[-1]} nodes", "nodes", every, by_nodes
    )
    counts, sums = [row.sites for row in by_sites], list(itertools.accumulate(by_sites, _added))
    sites = _picture(f"Baking {counts[0]} to {counts[-1]} sites", "sites", counts, sums)
    yield DOCUMENT.with_name("farm-nodes.svg"), nodes
    yield DOCUMENT.with_name("farm-sites.svg"), sites
    yield DOCUMENT, page(workers, by_nodes, by_sites)


def page(workers: int, by_nodes: Sequence[Row], by_sites: Sequence[Row]) -> str:
    """The page."""
    first, later = by_sites[0], by_sites[1:]
    total, apart = sum(row.bake for row in by_sites), first.bake * by_sites[-1].sites / first.sites
    more, work = sum(row.new for row in later), sum(row.processor for row in by_sites)
    alone = first.processor * by_sites[-1].sites / first.sites
    # A kind's topmost layer, below its disk, is the site's own.
    shared = first.layers - first.disks
    return PAGE.read_text().format(
        **{"cores": os.cpu_count(), "workers": workers, "sites": by_sites[-1].sites},
        by_nodes="".join(row.line() for row in by_nodes),
        by_sites="".join(row.line() for row in by_sites),
        **{"shared": shared, "kinds": first.disks // first.sites},
        **{"total": total, "apart": apart, "ratio": total / apart, "work": work / alone},
        each=sum(row.bake for row in later) / more,
        processor=sum(row.processor for row in later) / more,
    )


def _picture(title: str, across: str, xs: Sequence[int], rows: Sequence[Row]) -> str:
    series = [
        Series(name, color, tuple(zip(xs, values, strict=True)))
        for name, color, values in (
            ("the bake", "bar", [row.bake for row in rows]),
            ("its seconds of a processor", "wait", [row.processor for row in rows]),
        )
    ]
    words = ", ".join(f"{x}: {row.bake:.0f} s" for x, row in zip(xs, rows, strict=True))
    return curve.picture(f"{title}: {words}", across, "s", series, RECORDER)


def _added(one: Row, other: Row) -> Row:
    """What both took together, the last and all before."""
    both = (one.bake + other.bake, one.processor + other.processor)
    return Row(other.sites, other.new, other.nodes, other.plan, *both, 0, 0, 0.0, 0.0)
