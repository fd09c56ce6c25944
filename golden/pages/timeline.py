"""A rehearsal's time line as the geometry of a Gantt picture: a lane for the site and each node."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from golden.report import Moment

WIDTH = 1000  # units of the picture, without the names on its left
LANE = 34
INSET = 4  # of a bar in its lane
NAMES = 110  # the names' width
TICKS = 8


@dataclass(frozen=True)
class Bar:
    """A stretch of a lane: `x` and `width` in units of the picture."""

    moment: Moment
    x: float
    width: float


@dataclass(frozen=True)
class Gantt:
    """`lanes` are (name, y, bars); `ticks` are (x, seconds)."""

    lanes: tuple[tuple[str, int, tuple[Bar, ...]], ...]
    ticks: tuple[tuple[float, int], ...]
    seconds: float
    names: int = NAMES
    inset: int = INSET
    bar: int = LANE - 10  # a bar's height

    @property
    def width(self) -> int:
        """With the names, and half of the last tick's text."""
        return NAMES + WIDTH + 20

    @property
    def height(self) -> int:
        """Of all lanes, in units of the picture."""
        return LANE * len(self.lanes)


def draw(moments: Sequence[Moment], nodes: Sequence[str]) -> Gantt | None:
    """The picture of `moments`; None without any."""
    if not moments:
        return None
    end = max(one.start + one.seconds for one in moments) or 1.0
    scale = WIDTH / end
    lanes = tuple(
        (
            lane,
            number * LANE,
            tuple(
                Bar(one, one.start * scale, max(one.seconds * scale, 1.0))
                for one in moments
                if one.where == lane
            ),
        )
        for number, lane in enumerate(("site", *nodes))
    )
    return Gantt(lanes, tuple(_ticks(end, scale)), end)


def _ticks(end: float, scale: float) -> Iterator[tuple[float, int]]:
    """Round distances, about TICKS of them."""
    step = next(
        (each for each in (1, 5, 10, 30, 60, 120, 300, 600, 1800) if end / each <= TICKS), 3600
    )
    yield from ((second * scale, second) for second in range(0, int(end) + 1, step))
