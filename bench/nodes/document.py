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
    processors = (one.processor[one.master], _mean(others))
    cells = [
        *(f"{each:.0f} s" for each in (*seconds, *processors)),
        f"{one.mib:.0f} MiB",
        f"{one.beside:.0%}",
    ]
    return f"| {one.nodes} | {' | '.join(cells)} |\n"


def _adding(one: Reading) -> str:
    step = one.adding
    jobs = (sum(step.jobs), _mean(step.jobs))
    seconds = (step.seconds, step.setting_up, *jobs, step.asking, step.waiting)
    cells = [
        *(f"{value:.1f}" for value in seconds),
        *(f"{_share(one, value):.0%}" for value in (step.busy, step.nodes, step.master)),
    ]
    return f"| {one.nodes} | {' | '.join(cells)} |\n"


def _share(one: Reading, seconds: float) -> float:
    """Of all cores during the step."""
    capacity = one.adding.seconds * one.cores
    return min(1.0, seconds / capacity) if capacity else 0.0


def limit(few: Reading, many: Reading) -> str:
    """Where the master is the limit, by what grew from `few` nodes to `many`."""
    more = many.nodes - few.nodes
    parts = {name: (part(many.adding) - part(few.adding)) / more for name, part in PARTS.items()}
    most = max(parts, key=lambda name: parts[name])
    whole = (many.ready[many.master] - few.ready[few.master]) / more
    before = (many.began - few.began) / more
    step = (many.adding.seconds - few.adding.seconds) / more
    own = (many.processor[many.master] - few.processor[few.master]) / more
    busy, nodes = _share(many, many.adding.busy), _share(many, many.adding.nodes)
    said = (
        f"From {few.nodes} to {many.nodes} nodes, each node more made node1 READY {whole:.1f} s "
        f"later: {before:.1f} s before this step, {step:.1f} s in it, {whole - before - step:.1f} "
        f"s after it. Of what the step grew by, the most is {most}: {parts[most]:.1f} s for each "
        f"node. node1 computed {own:.1f} s more for each, in all of its first boot. With "
        f"{many.nodes} nodes the {many.cores} cores were busy for {busy:.0%} of the step, "
        f"{nodes:.0%} of it with the nodes. "
    )
    if busy < FULL:
        return f"{said}So the cores are not what it waits for: the limit is {most}."
    return said + (
        "So the limit here are the cores, which all nodes share. On machines of their own it is "
        f"node1: {own:.1f} s of a core for each node more, and a job of Ganeti, one node after "
        f"another, of {_mean(few.adding.jobs):.1f} s with {few.nodes} nodes on these cores."
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
