"""docs/many-nodes.md and its curve: what was measured, and where the master is the limit."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path

from bench import curve
from bench.curve import Series
from bench.nodes import readings
from bench.nodes.readings import ADD, Adding, Reading
from golden import rundir
from golden.paths import ROOT

PAGE = Path(__file__).with_name("page.md")
DOCUMENT = ROOT / "docs" / "many-nodes.md"
PICTURE = DOCUMENT.with_suffix(".svg")
RECORDER = "scripts/host/record-many-nodes"
WIDTH = 120
# Of all cores, from which on they are what a step waits for.
FULL = 0.9
# What the step ADD consists of.
PARTS: dict[str, Callable[[Adding], float]] = {
    "setting up daemons over SSH": lambda step: step.setting_up,
    "Ganeti's jobs, one after another": lambda step: sum(step.jobs),
    "asking each node over SSH": lambda step: step.asking,
    "waiting": lambda step: step.waiting,
}


def read(folder: Path) -> list[Reading]:
    """The readings that are kept in `folder`, those of few nodes first."""
    found = [readings.from_json(rundir.read(path)) for path in folder.glob("[0-9]*.json")]
    return sorted(filter(None, found), key=lambda reading: reading.nodes)


def title(every: Sequence[Reading]) -> str:
    """What the picture shows, in words."""
    few, many = every[0], every[-1]
    last = [max(each.ready.values()) for each in (few, many)]
    return (
        f"First boot of {few.nodes} to {many.nodes} nodes: all READY after {last[0]:.0f} s to "
        f"{last[1]:.0f} s"
    )


def picture(every: Sequence[Reading]) -> str:
    """The curve as an SVG file."""
    others = tuple((one.nodes, seconds) for one in every for seconds in one.others)
    series = [
        Series("each other node READY", "idle", others, joined=False),
        Series("node1 READY", "bar", tuple((one.nodes, one.ready[one.master]) for one in every)),
        Series(
            "node1 adds the others", "wait", tuple((one.nodes, one.adding.seconds) for one in every)
        ),
    ]
    return curve.picture(title(every), "nodes", "s", series, RECORDER)


def text(every: Sequence[Reading]) -> str:
    """The page; `every` has at least two numbers of nodes, in rising order."""
    few, many = every[0], every[-1]
    return PAGE.read_text().format(
        cores=many.cores,
        title=title(every),
        table="".join(map(_line, every)),
        adding="".join(map(_adding, every)),
        limit=textwrap.fill(limit(few, many), WIDTH, break_on_hyphens=False),
        steps=_steps(every),
    )


def _line(one: Reading) -> str:
    others = [seconds for node, seconds in one.processor.items() if node != one.master]
    seconds = (one.began, one.adding.seconds, one.ready[one.master], one.others[0], one.others[-1])
    mean = sum(others) / len(others)
    cells = [
        *(f"{each:.0f} s" for each in (*seconds, one.processor[one.master], mean)),
        f"{one.mib:.0f} MiB",
    ]
    return f"| {one.nodes} | {' | '.join(cells)} |\n"


def _adding(one: Reading) -> str:
    step = one.adding
    each = sum(step.jobs) / len(step.jobs) if step.jobs else 0.0
    seconds = (step.seconds, step.setting_up, sum(step.jobs), each, step.asking, step.waiting)
    cells = [
        *(f"{value:.1f}" for value in seconds),
        f"{_busy(one):.0%}",
        f"{step.own / step.busy:.0%}" if step.busy else "",
    ]
    return f"| {one.nodes} | {' | '.join(cells)} |\n"


def _busy(one: Reading) -> float:
    """The share of all cores that were busy during the step."""
    capacity = one.adding.seconds * one.cores
    return min(1.0, one.adding.busy / capacity) if capacity else 0.0


def limit(few: Reading, many: Reading) -> str:
    """Where the master is the limit, by what grew from `few` nodes to `many`."""
    more = many.nodes - few.nodes
    whole = (many.ready[many.master] - few.ready[few.master]) / more
    step = (many.adding.seconds - few.adding.seconds) / more
    growth = {name: (part(many.adding) - part(few.adding)) / more for name, part in PARTS.items()}
    most = max(growth, key=lambda name: growth[name])
    own = (many.adding.own - few.adding.own) / more
    said = (
        f"From {few.nodes} to {many.nodes} nodes, each node more made node1 READY {whole:.1f} s "
        f"later; {step:.1f} s of that are this step, and {growth[most]:.1f} s of the step are "
        f"{most}. For each, node1 itself computed {own:.1f} s. "
    )
    if _busy(many) >= FULL:
        return said + (
            f"With {many.nodes} nodes this host's {many.cores} cores had no time left in the step: "
            "they are the limit here, since all nodes share them, and on machines of their own it "
            f"would be node1's {own:.1f} s and its jobs, which took "
            f"{_mean(few.adding.jobs):.1f} s each with {few.nodes} nodes."
        )
    return said + (
        f"With {many.nodes} nodes this host's {many.cores} cores were busy for {_busy(many):.0%} "
        f"of the step, so they are not what it waits for: the limit is {most}."
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _steps(every: Sequence[Reading]) -> str:
    """The table of the other steps that grew, what grew most first."""
    few, many = every[0], every[-1]
    growth = {
        name: seconds - few.steps[name]
        for name, seconds in many.steps.items()
        if name in few.steps and name != ADD
    }
    grown = [name for name, seconds in growth.items() if seconds >= 1]
    if not grown:
        return "No other step of node1 took a second longer."
    rows = [("step", *(f"{one.nodes} nodes" for one in every)), ("---",) * (len(every) + 1)]
    for name in sorted(grown, key=lambda name: -growth[name]):
        rows.append((name, *(f"{one.steps.get(name, 0.0):.1f}" for one in every)))
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"Other steps of node1, in seconds, that took at least a second longer:\n\n{table}"
