"""Boot a site's nodes and follow them, show their state, log in, shut them down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from golden import log, run, rundir
from golden.boot import former, login, status, times
from golden.boot.target import DEFAULT, Target, target
from golden.boot.watching import follow
from golden.definition.models import Node, Site
from golden.errors import UserError
from golden.paths import shown
from golden.releases import stages
from golden.rundir import NodeDir


@dataclass(frozen=True)
class Look:
    """How a node is: its machine in words, and if that is on, its boot and ssh's address."""

    machine: str
    boot: status.NodeStatus | None = None
    ssh: str = ""


def boot(site: Site, nodes: Iterable[str], place: Target) -> dict[str, float]:
    """Power on `nodes` (default: all) at `place` and follow them until ready.

    Returns the seconds from power-on to ready for each. Raises UserError before anything is started
    when a node cannot start, StageError naming the part of a boot that failed.
    """
    chosen = _chosen(site, nodes)
    started = power_on(site, chosen, place)
    for node in chosen:
        if node.name not in started:
            log.info(f"{node.name} is running already")
    try:
        return follow(site.name, [node.name for node in chosen], place)
    finally:
        # Of a boot that failed too: it shows how far that came.
        times.keep(site, chosen)


def show_times(site: Site, nodes: Iterable[str] = ()) -> None:
    """Print the time line of the nodes' last boot."""
    times.show(site, _chosen(site, nodes))


def power_on(site: Site, nodes: Iterable[Node], place: Target) -> list[str]:
    """Start the machines that do not run; return their nodes' names."""
    chosen = tuple(nodes)
    with rundir.lock(site.name):
        for node in chosen:
            _must_not_be_elsewhere(site, node, place)
        _must_have_whole_state(site, place)
        place.check(site, chosen)
        started = [node.name for node in chosen if place.up(site, node)]
        release = stages.in_place(site.name) if started else None
        for name in started:
            NodeDir(site.name, name).is_of(release.id if release else "")
        login.write_config(site)
    return started


def down(
    site: Site,
    nodes: Iterable[str] = (),
    *,
    keep: bool = False,
    cut: bool = False,
    keep_state: bool = False,
    place: Target | None = None,
) -> None:
    """Power off `nodes` (default: all); without `keep` their disks are deleted, with `keep_state`
    all but what must outlive them, and the next boot goes on with that.

    The artifacts stay as they were baked. With `cut` their power is cut, as when a plug is pulled,
    and their disks stay. A node that is off already is no error. `place` is the target of nodes
    whose local record was lost. The first node goes last: the others mount its NFS export hard, and
    would wait for it while they shut down.
    """
    with rundir.lock(site.name):
        chosen = _chosen(site, nodes)
        for node in chosen if keep_state else ():
            _must_have_state_apart(site, node, place or _place(site.name, node.name))
        for node in reversed(chosen):
            at = place or _place(site.name, node.name)
            if cut:
                was_on, done = at.cut(site.name, node.name), "power cut"
            else:
                was_on = at.down(site.name, node.name, keep=keep, keep_state=keep_state)
                done = "powered off"
            disks = shown(NodeDir(site.name, node.name).path)
            kept = f"; its disks are kept in {disks}" if keep or cut else ""
            kept = "; its state is kept for the next boot" if keep_state else kept
            log.info(f"{node.name}: {done if was_on else 'was off'}{kept}")
        if any(NodeDir(site.name, node.name).running() for node in site.nodes):
            login.write_config(site)
        else:
            login.remove_config(site.name)
        if not (keep or cut):
            former.forget(site.name)


def show_status(site: Site) -> None:
    """Print a table of the nodes: machine, progress of the boot, address of ssh."""
    rows = [
        (name, seen.machine, str(seen.boot or ""), seen.ssh) for name, seen in looks(site).items()
    ]
    log.table(["node", "machine", "boot", "ssh"], rows, title=f"site {site.name}")


def looks(site: Site) -> dict[str, Look]:
    """{node: how it is} of every node of `site`."""
    return {node.name: _look(site.name, node.name) for node in site.nodes}


def console(site: Site, node: str) -> None:
    """Open the serial console of `node`; leave with Ctrl-]. Raises UserError when it is off."""
    name = site.node(node).name
    files = NodeDir(site.name, name)
    if files.running() is None:
        last = f"; its last console is in {shown(files.console)}" if files.console.exists() else ""
        raise UserError(
            f"{name} of site {site.name} is not running{last}; boot it with: "
            f"./inv boot --site {site.name}"
        )
    _place(site.name, name).attach(site.name, name)


def ssh(site: Site, node: str, command: str = "") -> int:
    """Log in to `node` as root, or run `command` there; returns ssh's exit code."""
    return run.interactive(login.command(site.name, site.node(node).name, command))


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


def _must_have_whole_state(site: Site, place: Target) -> None:
    half = rundir.restoring(site.name)
    if not half.exists():
        return
    if place.state_parts(site):
        raise UserError(
            f"the state {half.read_text()} of site {site.name} is only half restored: ./inv "
            f"state.restore {half.read_text()} --site {site.name} goes on, and ./inv down --site "
            f"{site.name} throws it away"
        )
    half.unlink()


def _must_have_state_apart(site: Site, node: Node, place: Target) -> None:
    if not place.has_state_apart(site.name, node.name):
        raise UserError(
            f"--keep-state: at target {place.name}, {node.name} has no state apart from its system "
            "disk; --keep keeps that disk"
        )


def _place(site: str, node: str) -> Target:
    """The target on which the node was booted last; any if nothing of it is left."""
    return target(NodeDir(site, node).target() or DEFAULT)


def _without_process(site: str, node: str) -> str:
    """The state of a node without a machine, or console server, on this host."""
    if NodeDir(site, node).state() is None:
        return "off"
    machine = _place(site, node).machine_state(site, node)
    if machine == "off":
        return "off; ended without ./inv down"
    return f"{machine}; its console is not followed: ./inv boot --site {site} does that again"


def _look(site: str, node: str) -> Look:
    files = NodeDir(site, node)
    state = files.running()
    if state is None:
        return Look(_without_process(site, node))
    place = _place(site, node)
    machine = f"{place.machine_state(site, node)} ({state.accelerator}, pid {state.pid})"
    return Look(machine, status.status(files.console_text()), f"{state.address}:{state.port}")
