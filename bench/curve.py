"""Measured numbers over what they depend on, as an SVG file in the colors of the report's pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from golden import html

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 56, 24, 30, 56  # around the plot
LEGEND = 18  # from one line of the legend to the next
TICKS = 6  # at most so many on the axis that goes up


@dataclass(frozen=True)
class Series:
    """`points` (x, y), joined or apart; `color` is a variable of the pages' style."""

    name: str
    color: str
    points: tuple[tuple[float, float], ...]
    joined: bool = True


@dataclass(frozen=True)
class Mark:
    """A point of a series, or a tick, at `x`, `y` of the picture; `words` say its values."""

    x: float
    y: float
    words: str


@dataclass(frozen=True)
class Plot:
    """The axes: what they count, how far they go, and where their ticks are."""

    across: str
    up: str
    xs: tuple[float, ...]
    most: float
    step: float

    @classmethod
    def of(cls, across: str, up: str, series: Sequence[Series]) -> Plot:
        """The axes of `series`: ticks at each x, and from 0 to the first above every y."""
        points = [point for each in series for point in each.points]
        xs, most = tuple(sorted({x for x, _ in points})), max(y for _, y in points)
        step = _step(most)
        return cls(across, up, xs, math.ceil(most / step) * step, step)

    @property
    def right(self) -> int:
        """Where it ends on the right."""
        return WIDTH - RIGHT

    @property
    def bottom(self) -> int:
        """Where its 0 is."""
        return HEIGHT - BOTTOM

    def at(self, x: float, y: float) -> Mark:
        """The point in the picture."""
        left = LEFT + x / self.xs[-1] * (self.right - LEFT)
        return Mark(
            round(left, 1), round(self.height(y), 1), f"{x:g} {self.across}: {y:g} {self.up}"
        )

    def height(self, y: float) -> float:
        """How far down `y` is."""
        return self.bottom - y / self.most * (self.bottom - TOP)

    @property
    def ticks(self) -> tuple[list[Mark], list[Mark]]:
        """Those of the axis across, and of the one that goes up."""
        across = [Mark(self.at(x, 0).x, self.bottom, f"{x:g}") for x in self.xs]
        values = [self.step * number for number in range(round(self.most / self.step) + 1)]
        return across, [Mark(LEFT, round(self.height(y), 1), f"{y:g}") for y in values]


def picture(title: str, across: str, up: str, series: Sequence[Series], made_by: str) -> str:
    """The SVG file of `series`, at least one with a point; every x is above 0, and some y. `across`
    and `up` are the units, `made_by` is the command that writes the file."""
    plot = Plot.of(across, up, series)
    drawn = [(one, [plot.at(*point) for point in one.points]) for one in series]
    environment = html.environment(Path(__file__).parent)
    return environment.get_template("curve.svg.j2").render(
        title=title,
        made_by=made_by,
        width=WIDTH,
        height=HEIGHT,
        left=LEFT,
        top=TOP,
        legend=LEGEND,
        plot=plot,
        series=drawn,
    )


def _step(most: float) -> float:
    """From one tick to the next, 1, 2 or 5 of a power of ten, so that TICKS reach `most`."""
    power = 10.0 ** math.floor(math.log10(most / TICKS))
    return next(power * digit for digit in (1, 2, 5, 10) if power * digit * TICKS >= most)
