"""Parse the machine-readable lines on a node's console, `@firstboot {json}`; sanitize its text.

A broken or hostile node may send any bytes.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, fields, replace

from golden.errors import MALFORMED

FIRST_BOOT = "@firstboot "
# The same lines, said by the installer before the node's own system runs (golden.metal).
INSTALLER = "@installer "
ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|c|[()][A-Z0-9])")


@dataclass(frozen=True)
class Event:
    """One line of first boot: `n` of `of` steps, `seconds` in this step, `uptime` of the kernel."""

    node: str
    step: str
    n: int
    of: int
    state: str
    detail: str
    seconds: float
    uptime: float


def readable(text: str) -> list[str]:
    """The console's lines without terminal escapes; empty lines are dropped."""
    lines = (printable(line) for line in ESCAPES.sub("", text.replace("\r", "")).splitlines())
    return [line for line in lines if line.strip()]


def printable(text: str) -> str:
    """`text` without control characters: the node may be broken, or hostile."""
    return "".join(each if each.isprintable() else " " for each in text).rstrip()


def events(text: str, prefix: str = FIRST_BOOT) -> tuple[Event, ...]:
    """The events in `text` after `prefix`; a line cut by a kernel message is left out."""
    lines = (line for line in text.replace("\r", "").split("\n") if prefix in line)
    # The rest of another line may come before it, and the words themselves be in its detail.
    found = (
        _event(line[place + len(prefix) :])
        for line in lines
        for place in sorted({line.find(prefix), line.rfind(prefix)})
    )
    return tuple(event for event in found if event)


def _event(text: str) -> Event | None:
    """The event of one line; None for anything else."""
    try:
        data = json.loads(text)
        event = Event(**{field.name: data[field.name] for field in fields(Event)})
        counts, times = (event.n, event.of), (event.seconds, event.uptime)
        if not all(type(each) is int for each in counts) or not all(map(math.isfinite, times)):
            return None
        node, step, state, detail = map(
            printable, (event.node, event.step, event.state, event.detail)
        )
    # RecursionError: nested deeper than the parser goes; OverflowError: no float is that large.
    except MALFORMED:
        return None
    return replace(event, node=node, step=step, state=state, detail=detail)
