"""docs/farm.md and docs/farm.svg: what was measured."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from golden import html

PAGE = Path(__file__).with_name("page.md")
WIDTH, HEIGHT, APART = 240, 150, 90


@dataclass(frozen=True)
class Row:
    """The cold bake of so many `sites` of so many `nodes` each: `plan` and `bake` in seconds, how
    many `layers` and `disks` it made (0 layers where no farm counted them), and the disks' MB."""

    sites: int
    nodes: int
    plan: float
    bake: float
    layers: int
    disks: int
    mb: float

    def line(self) -> str:
        """Its line of a table."""
        made = f"{self.layers or ''} | {self.disks} | {self.mb:.0f} MB"
        return f"| {self.sites} | {self.nodes} | {self.plan:.1f} s | {self.bake:.0f} s | {made} |\n"


@dataclass(frozen=True)
class Curve:
    """A picture of seconds over the numbers of something: points are (x, y, number, seconds)."""

    title: str
    left: int
    points: tuple[tuple[float, float, int, str], ...]

    @property
    def line(self) -> str:
        """The points as SVG has them."""
        return " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in self.points)


def page(workers: int, plain: Row, by_nodes: Sequence[Row], by_sites: Sequence[Row]) -> str:
    """The page."""
    first, last = by_sites[0], by_sites[-1]
    return PAGE.read_text().format(
        **{"cores": os.cpu_count(), "workers": workers, "plain": plain.line()},
        by_nodes="".join(row.line() for row in by_nodes),
        by_sites="".join(row.line() for row in by_sites),
        **{"sites": last.sites, "spent": last.bake, "apart": last.sites * plain.bake},
        **{"ratio": last.bake / (last.sites * plain.bake), "layers": last.layers},
        each=(last.bake - first.bake) / (last.sites - first.sites),
        kinds=last.disks // last.sites,
    )


def picture(by_nodes: Sequence[Row], by_sites: Sequence[Row]) -> str:
    """Both curves as SVG."""
    most = max(row.bake for row in (*by_nodes, *by_sites))
    curves = (
        _curve("nodes of one site", 0, by_nodes, lambda row: row.nodes, most),
        _curve("sites of three kinds", WIDTH + APART, by_sites, lambda row: row.sites, most),
    )
    template = html.environment(Path(__file__).parent).get_template("picture.svg.j2")
    return template.render(curves=curves, width=WIDTH, height=HEIGHT, apart=APART) + "\n"


def _curve(
    title: str, left: int, rows: Sequence[Row], number: Callable[[Row], int], most: float
) -> Curve:
    scale = WIDTH / max(map(number, rows))
    points = [
        (
            left + number(row) * scale,
            HEIGHT * (1 - row.bake / most),
            number(row),
            f"{row.bake:.0f} s",
        )
        for row in rows
    ]
    return Curve(title, left, tuple(points))
