"""What one first boot of many nodes has left, read: consoles, the master's log, Ganeti's jobs.

All moments are seconds of `uptime`: containers have the kernel, and so the clock, of their host.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.nodes import meter
from bench.nodes.meter import Sample
from golden.boot.events import events
from golden.errors import MALFORMED, StageError

ADD = "ganeti_node_add"
# Ganeti's name for what `gnt-node add` has it do.
JOB = "OP_NODE_ADD"

Span = tuple[float, float]

_LINE = re.compile(r"\[ *(\d+\.\d+)\] (.*)")
_COMMAND_END = re.compile(r"= (?:exit -?\d+|no end) after (\d+\.\d+) s$")
_STEP = re.compile(r"(\w+) (done|skipped|failed|waiting): ?(.*)")


@dataclass(frozen=True)
class Command:
    """A program that a step ran, by its words."""

    words: str
    span: Span


@dataclass(frozen=True)
class Adding:
    """The step ADD, in seconds: it took so long; `gnt-node add` ran in it for `setting_up` while
    Ganeti did none of its `jobs`, and those took so long each; nodes were asked over SSH for what
    Ganeti copies to them (`asking`). All processors were `busy` for the step together; all `nodes`,
    and the `master` among them, had those of that."""

    seconds: float
    setting_up: float
    jobs: tuple[float, ...]
    asking: float
    busy: float
    nodes: float
    master: float

    @property
    def waiting(self) -> float:
        """What is left: for SSH servers to come up, and for Ganeti to list its new nodes."""
        return max(0.0, self.seconds - self.setting_up - sum(self.jobs) - self.asking)


@dataclass(frozen=True)
class Reading:
    """A first boot of `nodes` nodes on a host with so many `cores`: seconds from the first power-on
    until each node was READY, and until the master's step ADD began; the seconds of each of the
    master's steps; the processor seconds that each node had, and the `mib` that all held, when all
    were READY; the share of all cores that other work had until then (`beside`). `master` is the
    node that adds the others."""

    nodes: int
    cores: int
    master: str
    ready: Mapping[str, float]
    began: float
    steps: Mapping[str, float]
    adding: Adding
    processor: Mapping[str, float]
    mib: float
    beside: float

    @property
    def others(self) -> list[float]:
        """When each node but the master was READY, in that order."""
        return sorted(seconds for node, seconds in self.ready.items() if node != self.master)


def from_json(found: Any) -> Reading | None:
    """The reading that `dataclasses.asdict` was asked for; None for anything else."""
    try:
        adding = Adding(**{**found["adding"], "jobs": tuple(found["adding"]["jobs"])})
        return Reading(**{**found, "adding": adding})
    except MALFORMED:
        return None


def ready(consoles: Mapping[str, str]) -> dict[str, float]:
    """When each node said on its console that it is READY. Raises StageError when one did not."""
    found = {
        node: event.uptime
        for node, text in consoles.items()
        for event in events(text)
        if (event.node, event.step, event.state) == (node, "ready", "done")
    }
    if missing := sorted(consoles.keys() - found.keys()):
        raise StageError("bench", f"{', '.join(missing)}: never said to be READY")
    return found


def commands(journal: str, steps: Iterable[str]) -> dict[str, list[Command]]:
    """{step: what it ran and saw the end of}, by the log of first boot
    (scripts/firstboot/engine/command.py). No program may print a line that begins with a plus."""
    known, found = set(steps), dict[str, list[Command]]()
    begun, ended = deque[tuple[str, float]](), list[Command]()
    for line in filter(None, map(_LINE.fullmatch, journal.splitlines())):
        moment, said = float(line[1]), line[2]
        if said.startswith("+ ") and not said.endswith(" &"):
            begun.append((said[2:], moment))
        elif (end := _COMMAND_END.fullmatch(said)) and begun:
            # Those that run at the same time are told in the order in which they began.
            words, at = begun.popleft()
            ended.append(Command(words, (at, at + float(end[1]))))
        elif (step := _STEP.fullmatch(said)) and step[1] in known:
            if step[2] == "waiting" and not step[3].startswith("tried again"):
                continue
            # What was left alone, as the others had failed, has no end.
            begun.clear()
            found[step[1]] = found.get(step[1], []) + ended
            ended = []
    return found


def jobs(files: str, epoch: float) -> list[Span]:
    """When Ganeti executed each job that added a node, by the files of its queue, one a line;
    `epoch` is when the kernel started, in seconds since the Unix epoch."""
    found = []
    for line in files.splitlines():
        try:
            (op,) = json.loads(line)["ops"]
            # Since it had its locks: `start_timestamp` is from before (ganeti: lib/jqueue).
            began, ended = (_seconds(op[f"{which}_timestamp"]) for which in ("exec", "end"))
            if op["input"]["OP_ID"] == JOB:
                found.append((began - epoch, ended - epoch))
        except MALFORMED:
            continue  # not executed, or of several parts, and so none of these
    return sorted(found)


def _seconds(timestamp: Sequence[int]) -> float:
    seconds, micro = timestamp
    return seconds + micro / 1e6


def adding(
    step: Span, run: Sequence[Command], executed: Sequence[Span], samples: Sequence[Sample]
) -> Adding:
    """The step of ADD that was at `step`, in which the master `run` those commands."""
    adds = [one.span for one in run if one.words.startswith("gnt-node add ")]
    asks = [one.span for one in run if one.words.startswith("ssh ")]
    lengths = tuple(round(end - began, 2) for began, end in executed)
    spent = meter.spent(samples, *step)
    return Adding(
        seconds=round(step[1] - step[0], 1),
        setting_up=round(max(0.0, covered(adds) - covered(executed)), 1),
        jobs=lengths,
        asking=round(covered(asks), 1),
        busy=round(spent.busy, 1),
        nodes=round(spent.nodes, 1),
        master=round(spent.master, 1),
    )


def covered(spans: Iterable[Span]) -> float:
    """The seconds that `spans` cover together, those of several once."""
    total, until = 0.0, float("-inf")
    for began, ended in sorted(spans):
        total += max(0.0, ended - max(began, until))
        until = max(until, ended)
    return total
