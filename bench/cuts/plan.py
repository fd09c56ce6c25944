"""Where a sequence of cuts strikes: drawn from its seed, so that it can be had again."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Moment = Literal["before", "inside", "after"]
MOMENTS: tuple[Moment, ...] = ("before", "inside", "after")
READY = "ready"
# How long a step is thought to take of which nothing is known, in seconds.
UNKNOWN_SECONDS = 2.0


@dataclass(frozen=True)
class Strike:
    """A cut at a step of `node`: at one of its two ends, or `delay` seconds after it began."""

    node: str
    step: str
    moment: Moment
    cut: tuple[str, ...]
    delay: float
    off: float


def strikes(
    seed: int, steps: Mapping[str, Sequence[str]], seconds: dict[str, float], most: int
) -> dict[tuple[str, str], Strike]:
    """At most so many strikes at the `steps` of the nodes, by node and step.

    Each node's last, `ready`, is among them: the boot after the first is cut as well.
    """
    some = random.Random(seed)
    places = [(node, step) for node, names in steps.items() for step in [*names, READY]]
    chosen = sorted(some.sample(places, min(most, len(places))))
    return {place: _strike(some, *place, list(steps), seconds) for place in chosen}


def _strike(
    some: random.Random, node: str, step: str, nodes: Sequence[str], seconds: dict[str, float]
) -> Strike:
    others = [name for name in nodes if name != node]
    draw = some.random()
    cut = (node,) if draw < 0.55 else tuple(nodes) if draw < 0.85 or not others else (others[0],)
    length = seconds.get(f"{node}.{step}", UNKNOWN_SECONDS)
    moment = "after" if step == READY else some.choice(MOMENTS)
    delay = some.uniform(0, max(length, 0.3)) if moment == "inside" else 0.0
    return Strike(node, step, moment, cut, round(delay, 2), round(some.uniform(0, 1.5), 2))
