"""Booting baked nodes: `boot` (and follow), `show_status`, `console`, `ssh`, `down`.

Read in this order: `target` (what a place to boot must do), `qemu` (the one that needs nothing),
`machine` (its command line), `accelerator`, `rundir` (what is remembered), `watching`, `login`,
`terminal`, `times`.
"""

from __future__ import annotations

from collections.abc import Iterable

from golden import definition, log, run, rundir
from golden.boot import login, status, terminal, times
from golden.boot.status import StepTime
from golden.boot.target import Target, target
from golden.boot.watching import follow
from golden.definition.models import Node, Site
from golden.errors import UserError
from golden.paths import shown
from golden.rundir import NodeDir

__all__ = ["boot", "console", "down", "power_on", "show_status", "show_times", "ssh", "timeline"]


def boot(
    site: str,
    nodes: Iterable[str] = (),
    where: str = "qemu",
    connect: str = "",
    place: Target | None = None,
) -> dict[str, float]:
    """Power the nodes on (all without `nodes`) and follow them until ready.

    `place` is the target itself, for one that takes more than a name.
    Returns the seconds from power-on to ready for each. Raises UserError before anything is started
    when a node cannot start, StageError naming the part of a boot that failed.
    """
    place = place or target(where, connect)
    loaded = definition.load(site)
    chosen = _chosen(loaded, nodes)
    started = power_on(loaded, chosen, place)
    for node in chosen:
        if node.name not in started:
            log.info(f"{node.name} is running already")
    try:
        return follow(site, [node.name for node in chosen], place)
    finally:
        # Of a boot that failed too: it shows how far that came.
        times.keep(loaded, chosen)


def show_times(site: str, nodes: Iterable[str] = ()) -> None:
    """Print what the nodes' last boot spent its seconds on."""
    loaded = definition.load(site)
    times.show(loaded, _chosen(loaded, nodes))


def power_on(site: Site, nodes: Iterable[Node], place: Target) -> list[str]:
    """Start the machines that do not run yet; returns their nodes' names."""
    chosen = tuple(nodes)
    with rundir.lock(site.name):
        for node in chosen:
            _must_not_be_elsewhere(site, node, place)
        place.check(site, chosen)
        started = [node.name for node in chosen if place.up(site, node)]
        login.write_config(site)
    return started


def down(site: str, nodes: Iterable[str] = (), *, keep: bool = False, connect: str = "") -> None:
    """Power nodes off (all without `nodes`); without `keep` their disks are thrown away.

    The artifacts stay as they were baked. A node that is off already is no error. `connect` is a
    libvirt where nodes of this clone run of which it has lost the record. The first node goes
    last: the others mount its NFS export hard, and would wait for it while they shut down.
    """
    loaded = definition.load(site)
    with rundir.lock(site):
        for node in reversed(_chosen(loaded, nodes)):
            place = target("libvirt", connect) if connect else _place(site, node.name)
            was_on = place.down(site, node.name, keep=keep)
            kept = f"; its disks are kept in {shown(NodeDir(site, node.name).path)}" if keep else ""
            log.info(f"{node.name}: {'powered off' if was_on else 'was off'}{kept}")
        if any(NodeDir(site, node.name).running() for node in loaded.nodes):
            login.write_config(loaded)
        else:
            login.remove_config(site)


def show_status(site: str) -> None:
    """Print a table: each node, its machine, how far its boot is, where ssh answers."""
    loaded = definition.load(site)
    rows = [_status_row(site, node.name) for node in loaded.nodes]
    log.table(["node", "machine", "boot", "ssh"], rows, title=f"site {site}")


def console(site: str, node: str) -> None:
    """Open the serial console of `node`; leave with Ctrl-]."""
    terminal.attach(site, definition.load(site).node(node).name)


def ssh(site: str, node: str, command: str = "") -> int:
    """Log in to `node` as root, or run `command` there; returns ssh's exit code."""
    name = definition.load(site).node(node).name
    return run.interactive(login.command(site, name, command))


def timeline(site: str, node: str) -> tuple[StepTime, ...]:
    """Every phase and first-boot step of the node's last boot, with its seconds."""
    return times.steps(site, node)


def _chosen(site: Site, names: Iterable[str]) -> tuple[Node, ...]:
    wanted = tuple(names)
    return tuple(site.node(name) for name in wanted) if wanted else site.nodes


def _must_not_be_elsewhere(site: Site, node: Node, place: Target) -> None:
    other = NodeDir(site.name, node.name).target()
    if other not in ("", place.name):
        raise UserError(
            f"{node.name} runs or is kept at target {other}; end it there first: "
            f"./inv down --site {site.name} --node {node.name}"
        )


def _place(site: str, node: str) -> Target:
    """Where the node was booted last; anywhere when nothing of it is left."""
    return target(NodeDir(site, node).target() or "qemu")


def _without_process(site: str, node: str) -> str:
    """The state of a node whose machine, or whose console's server, does not run on this host."""
    if NodeDir(site, node).state() is None:
        return "off"
    machine = _place(site, node).machine_state(site, node)
    if machine == "off":
        return "off; ended without ./inv down"
    return f"{machine}; its console is not followed: ./inv boot --site {site} does that again"


def _status_row(site: str, node: str) -> tuple[str, str, str, str]:
    files = NodeDir(site, node)
    state = files.running()
    if state is None:
        return node, _without_process(site, node), "", ""
    text = files.console.read_text(errors="replace") if files.console.exists() else ""
    place = _place(site, node)
    machine = f"{place.machine_state(site, node)} ({state.accelerator}, pid {state.pid})"
    return node, machine, str(status.status(text)), f"{state.address}:{state.port}"
