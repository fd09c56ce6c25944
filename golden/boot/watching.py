"""Watching nodes boot: live progress, and which part it was when one fails."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from golden import log, rundir
from golden.boot import login, resuming, status
from golden.boot.events import Event
from golden.boot.status import NodeStatus, Probe
from golden.boot.target import Target
from golden.errors import StageError, UserError
from golden.paths import CACHE
from golden.rundir import NodeDir, State

POLL_SECONDS = 1.0
PROBE_EVERY_SECONDS = 5.0
# What breaks before sshd runs.
WITHOUT_LOGIN = ("machine", "boot loader", "kernel", "init", "network")
# How long a phase may say nothing new, in seconds on a host with KVM; emulation has its factor.
SILENCE_SECONDS = {
    # A person walks there. Then: writing says every percent, first boot's sshd is not up at once.
    "power": 8 * 3600.0,
    "installing": 600.0,
    "firmware": 20.0,
    "boot loader": 20.0,
    "kernel": 40.0,
    "init": 90.0,
    "first boot": 150.0,
    "ready": 40.0,
}


@dataclass
class Watch:
    """What is known of one node while it boots."""

    node: str
    files: NodeDir
    state: State
    marks: dict[str, float] = field(default_factory=dict)
    size: int = -1
    changed: float = field(default_factory=time.monotonic)
    text: str = ""
    machine: str = "running"
    sshd: str = "unasked"
    probed: float = 0.0
    # What its first boot had failed with before anybody watched.
    old: Event | None = None

    def look(self, target: Target) -> NodeStatus:
        """Read the console again and, now and then, ask machine and sshd."""
        try:
            data = self.files.console.read_bytes()
        except FileNotFoundError:
            data = b""
        if len(data) != self.size:
            self.size, self.changed = len(data), time.monotonic()
            self.text = data.decode("utf-8", "replace")
        found = status.status(self.text)
        self._mark(found)
        if time.monotonic() - self.probed >= PROBE_EVERY_SECONDS:
            self.probed = time.monotonic()
            self.machine = target.machine_state(self.files.site, self.node)
            if found.phase == "ready":
                where = self.state
                self.sshd = login.probe(where.port, address=where.address, jump=where.jump)
        return found

    def failed_before(self) -> bool:
        """Whether its first boot failed before anybody watched, and was not resumed since."""
        return self.old is not None and status.status(self.text).event == self.old

    def _mark(self, found: NodeStatus) -> None:
        # A phase shorter than the time between two looks was passed all the same.
        new = {*status.passed(self.text), found.phase} - self.marks.keys()
        if new:
            self.marks |= dict.fromkeys(new, round(time.time() - self.state.power_on, 1))
            rundir.write(self.files.marks, self.marks)

    def trouble(self, found: NodeStatus) -> tuple[str, str] | None:
        """The part that broke and why, when the boot will not succeed any more."""
        silent = time.monotonic() - self.changed
        allowed = SILENCE_SECONDS.get(found.phase, 0.0) * self.state.factor
        probe = Probe(self.machine, self.sshd)
        too_long = silent if silent > allowed else 0
        return status.diagnose(self.text, probe, silent=too_long, log=self._last_words())

    def _last_words(self) -> str:
        try:
            return (self.files.log.read_text(errors="replace").strip().splitlines() or [""])[-1]
        except OSError:
            return ""

    def seconds(self) -> float:
        """Since power-on."""
        return time.time() - self.state.power_on


def follow(site: str, nodes: Sequence[str], target: Target) -> dict[str, float]:
    """Show the boot of `nodes` until all are ready; seconds from power-on to ready for each.

    Raises StageError naming the part that broke, with the last console lines; UserError for a node
    that was never booted. A failed node keeps running, so that one can look at it.
    """
    watches = [_watch(site, node) for node in nodes]
    took: dict[str, float] = {}
    again = " again" if all(watch.files.was_on_before() for watch in watches) else ""
    where = f"{site} as {target.name}{again}"
    expected = _expected(where)
    with log.progress() as shown:
        tasks = {watch.node: shown.task(watch.node, expected.get(watch.node)) for watch in watches}
        while waiting := [watch for watch in watches if watch.node not in took]:
            looks = [(watch, _look(watch, target, tasks[watch.node], took)) for watch in waiting]
            broken = [(watch, trouble) for watch, trouble in looks if trouble]
            for watch, trouble in broken:
                # An old failure ends nothing while another node goes on, which may be its cure.
                if not watch.failed_before() or len(broken) == len(waiting):
                    tasks[watch.node].fail(f"{trouble[0]}: {trouble[1]}")
                    raise _failure(watch, trouble)
            time.sleep(POLL_SECONDS)
    _learn(where, took)
    return took


def _look(
    watch: Watch, target: Target, task: log.Task, took: dict[str, float]
) -> tuple[str, str] | None:
    """Show how far the node is, and note it in `took` when it is ready; what broke, if anything."""
    found = watch.look(target)
    task.say(str(found))
    if found.phase != "ready" or watch.sshd != "answers":
        return watch.trouble(found)
    took[watch.node] = watch.seconds()
    task.done(f"ready {watch.seconds():.0f} s after power-on")
    return None


def _watch(site: str, node: str) -> Watch:
    files = NodeDir(site, node)
    state = files.state()
    if state is None:
        raise UserError(f"{node} of site {site} was not booted; boot it: ./inv boot --site {site}")
    known = rundir.read(files.marks)
    text = files.console.read_text(errors="replace") if files.console.exists() else ""
    before = status.status(text)
    marks = dict(known) if isinstance(known, dict) else {}
    old = before.event if before.phase == "failed" else None
    return Watch(node, files, state, marks=marks, old=old)


def _failure(watch: Watch, trouble: tuple[str, str]) -> StageError:
    part, reason = trouble
    site, node = watch.files.site, watch.node
    if part == "installer":
        return StageError(
            "boot",
            f"{node}: {part}: {reason}",
            log=watch.files.console,
            hint="mend that, say ./inv boot again, and switch the machine off and on; or end the "
            f"serving: ./inv down --site {site}",
        )
    event = status.status(watch.text).event
    unknown = event is not None and not event.of
    look = "console" if unknown or part in WITHOUT_LOGIN else "ssh"
    resume = f", then {resuming.way_on(site, node, event)}" if part.startswith("first") else ""
    return StageError(
        "boot",
        f"{node}: {part}: {reason}",
        tail=status.tail(watch.text),
        log=watch.files.console,
        hint=f"./inv {look} {node} --site {site}{resume}, or ./inv down --site {site}",
    )


def _history() -> Path:
    return CACHE / "boot-seconds.json"


def _expected(where: str) -> dict[str, float]:
    known = rundir.read(_history())
    return dict(known.get(where, {})) if isinstance(known, dict) else {}


def _learn(where: str, took: dict[str, float]) -> None:
    known = rundir.read(_history())
    every = dict(known) if isinstance(known, dict) else {}
    every[where] = _expected(where) | {node: round(seconds) for node, seconds in took.items()}
    rundir.write(_history(), every)
