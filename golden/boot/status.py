"""What a node's console tells about its boot: how far it is, how long each step took, what broke.

Pure functions over the console's text and what a probe of the node found, so that a boot that
failed once can be kept as a test. The text is that of `golden.boot`'s console log; first boot
writes one line per change, `@firstboot {json}` (scripts/firstboot/engine/console.py).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from golden.boot.events import ESCAPES, INSTALLER, Event, events, printable, readable

Phase = Literal[
    "power",
    "installing",
    "firmware",
    "boot loader",
    "kernel",
    "init",
    "first boot",
    "ready",
    "failed",
]
# What shows that a phase was reached, in the order of a boot.
SIGNS: tuple[tuple[Phase, str], ...] = (
    ("boot loader", "GRUB"),
    ("kernel", "Linux version "),
    ("init", "INIT: version "),
)
TAIL_LINES = 12

_FOR_MACHINES = re.compile(r"@(firstboot|installer) \{")
POWER = "power"  # the step of a machine that nobody has switched on yet
_FIRMWARE = "SeaBIOS (version"

# Words on the console after which a boot does not go on by itself: part, words, what it means.
_TROUBLE: tuple[tuple[str, re.Pattern[str], str], ...] = (
    ("boot loader", re.compile(r"Boot failed: ([^\n]*)"), "the firmware cannot start the disk: {}"),
    ("boot loader", re.compile(r"\berror: ([^\n]*?)\.(?:GNU|\n)"), "GRUB says: {}"),
    (
        "boot loader",
        re.compile(r"\bgrub(?: rescue)?> ()"),
        "GRUB found no file system with a menu and waits at its prompt",
    ),
    ("kernel", re.compile(r"Kernel panic - not syncing: ([^\n]*)"), "kernel panic: {}"),
    (
        "kernel",
        re.compile(r"ALERT! +(\S+) does not exist"),
        "the root file system {} was not found",
    ),
    (
        "file systems",
        re.compile(r"Press Enter for maintenance()"),
        "a file system check failed, and init waits in its maintenance shell",
    ),
    (
        "first boot",
        re.compile(r"firstboot: (?:\d+: )?exec: (\S+): not found"),
        "it needs {}, which is not in the image",
    ),
)


@dataclass(frozen=True)
class NodeStatus:
    """How far a boot is. `event` is the last of first boot; `trouble` the part and reason."""

    phase: Phase
    event: Event | None = None
    trouble: tuple[str, str] | None = None

    def __str__(self) -> str:
        if self.trouble:
            return f"{self.trouble[0]}: {self.trouble[1]}"
        if not self.event or self.phase == "ready":
            return self.phase
        event = self.event
        if self.phase == "power":
            return event.detail
        said = f": {event.detail}" if event.detail else ""
        waits = "waits, " if event.state == "waiting" else ""
        if self.phase == "installing":
            return f"installing, {event.step}{said}"
        return f"{waits}step {event.n} of {event.of}, {event.step}{said}"


@dataclass(frozen=True)
class Probe:
    """What was found out besides the console.

    `machine` is the machine's state (`running`, `off`, `io-error`, …); `ssh` is `answers`, `closed`
    (the node refused), `silent` (nothing came back) or `unasked`.
    """

    machine: str = "running"
    ssh: str = "unasked"


@dataclass(frozen=True)
class StepTime:
    """A stretch of a boot: when it `began` in seconds after power-on, and how long it took."""

    name: str
    began: float
    seconds: float
    state: str


def last_boot(text: str) -> str:
    """The part of a console since the last power-on or reset."""
    return text[max(0, text.rfind(_FIRMWARE)) :].replace("\r", "")


def status(text: str) -> NodeStatus:
    """How far the last boot in the console `text` is."""
    text = last_boot(text)
    trouble = _trouble(text)
    if trouble:
        return NodeStatus("failed", trouble=trouble)
    said = events(text)
    if said:
        return _first_boot(said[-1])
    installer = events(text, INSTALLER)
    if installer and passed(text) == ("firmware",):
        return _installing(installer[-1])
    return NodeStatus(passed(text)[-1])


def passed(text: str) -> tuple[Phase, ...]:
    """The phases before first boot that the last boot in the console `text` came to, in order."""
    text = last_boot(text)
    return ("firmware", *(phase for phase, sign in SIGNS if sign in text))


def _trouble(text: str) -> tuple[str, str] | None:
    loaded = SIGNS[1][1] in text
    text = ESCAPES.sub("", text)
    for part, words, meaning in _TROUBLE:
        match = words.search(text)
        # A kernel that runs was loaded; any later "error: ..." is some program's.
        if match and not (loaded and part == "boot loader"):
            return part, meaning.format(printable(match.group(1).strip()))
    return None


def _installing(event: Event) -> NodeStatus:
    if event.state == "refused":
        return NodeStatus("failed", event, ("installer", event.detail))
    return NodeStatus("power" if event.step == POWER else "installing", event)


def _first_boot(event: Event) -> NodeStatus:
    if event.state == "failed":
        part = "first boot" if event.step == "ready" else f"first-boot step {event.step}"
        return NodeStatus("failed", event, (part, event.detail or "no reason given"))
    if event.step == "ready" and event.state == "done":
        return NodeStatus("ready", event)
    return NodeStatus("first boot", event)


def diagnose(
    text: str, probe: Probe, *, silent: float = 0, log: str = ""
) -> tuple[str, str] | None:
    """The part that broke and why, or nothing while the boot may still succeed.

    `silent` is given when the node has said nothing new for that many seconds, more than it may.
    `log` is the machine's own last words.
    """
    found = status(text)
    if probe.machine == "off":
        return "machine", f"its process ended{': ' + log if log else ''}"
    if probe.machine in _STOPPED:
        return "machine", _STOPPED[probe.machine]
    if found.trouble or not silent:
        return found.trouble
    return _stuck(found, probe, silent)


_STOPPED = {
    "io-error": "it is paused because this host's disk is full: free some, then ./inv down",
    "internal-error": "QEMU stopped it with an internal error",
    "guest-panicked": "its kernel panicked",
}


def _stuck(found: NodeStatus, probe: Probe, silent: float) -> tuple[str, str]:
    since = f"for {silent:.0f} s"
    if found.phase in ("firmware", "boot loader"):
        return "kernel", f"no kernel output {since} (reached: {found.phase})"
    if found.phase == "kernel":
        return "kernel", f"it says nothing {since} and has not started init"
    if found.phase == "init":
        return "init", f"no word of first boot {since} after init started"
    if found.phase == "ready":
        return _no_login(probe, since)
    if found.phase == "installing":
        return "installer", f"no word of it, nor of first boot, {since}"
    step = found.event.step if found.event else "?"
    return f"first-boot step {step}", f"no progress {since}"


def _no_login(probe: Probe, since: str) -> tuple[str, str]:
    if probe.ssh == "closed":
        return "sshd", f"first boot is done, but nothing listens on port 22 {since}"
    return "network", f"first boot is done, but port 22 does not answer {since}"


def tail(text: str, lines: int = TAIL_LINES) -> list[str]:
    """The last readable lines of a console, without the lines meant for machines."""
    return [line for line in readable(text[-20000:]) if not _FOR_MACHINES.search(line)][-lines:]


def timeline(text: str, marks: Mapping[str, float] | None = None) -> tuple[StepTime, ...]:
    """Every phase and first-boot step of the last boot, in order.

    `marks` are the seconds after power-on at which a phase was first seen; without them time begins
    with the kernel. The mark `uptime` is that of a container's kernel at power-on.
    """
    marks = marks or {}
    said = [event for event in events(last_boot(text)) if event.step != "ready"]
    # The kernel's own clock starts a moment before its first line is seen; that of a container is
    # its host's, and stood at the mark `uptime` at power-on.
    kernel = -marks["uptime"] if "uptime" in marks else marks.get("kernel", 0.0)
    phases = _phases(marks, kernel + (said[0].uptime if said else 0.0))
    ends = [event for event in said if event.state in ("done", "skipped", "failed")]
    steps = [
        StepTime(
            event.step,
            round(kernel + event.uptime - event.seconds, 1),
            event.seconds,
            event.state,
        )
        for event in ends
    ]
    return (*phases, *steps)


def _phases(marks: Mapping[str, float], end: float) -> tuple[StepTime, ...]:
    if not marks:
        return ()
    names = ["installing", "boot loader", "kernel", "init"]
    seen = [(name, marks[name]) for name in names if name in marks]
    first = "engine" if "uptime" in marks else "firmware"
    starts = [("power" if "power" in marks else first, 0.0), *seen]
    ends = [*(began for _, began in seen), end]
    return tuple(
        StepTime(name, began, round(max(0.0, stop - began), 1), "done")
        for (name, began), stop in zip(starts, ends, strict=True)
    )
