"""Boot nodes, look inside, check them, shut them down."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from invoke.context import Context
from invoke.exceptions import Exit

from golden.boot.target import DEFAULT as DEFAULT_TARGET
from golden.menu.task import DEFAULT_SITE, Nodes, one_of, task

if TYPE_CHECKING:
    from golden.definition import Site


def _load(site: str, packages: str = "") -> Site:
    from golden.definition import load

    return load(site, packages=packages)


@task(
    "site",
    "node",
    "target",
    iterable=["node"],
    of_targets="boot",
    help={
        "as_baked": "boot the images also where the definitions have changed since",
        "web": "also show it as a page that updates, for a browser on this host",
    },
)
def boot(
    _: Context,
    site: str = DEFAULT_SITE,
    node: Nodes = None,
    target: str = DEFAULT_TARGET,
    as_baked: bool = False,
    web: bool = False,
    **options: Any,
) -> None:
    """Boot the baked nodes and follow their first boot."""
    from golden import live
    from golden.bake.current import require_current
    from golden.boot import former, running
    from golden.boot.target import target as target_of

    loaded, place = _load(site), target_of(target, options)
    former.must_not_be_under_way(site)
    if not as_baked:
        require_current(loaded, tuple(node or ()))
    with live.served(f"Boot of site {site}") if web else contextlib.nullcontext():
        running.boot(loaded, tuple(node or ()), place)
    running.show_times(loaded, tuple(node or ()))


@task("site")
def status(_: Context, site: str = DEFAULT_SITE) -> None:
    """Show each booted node: its state and its first-boot step."""
    from golden.boot import running

    running.show_status(_load(site))


@task("site", positional=["node"])
def console(_: Context, node: str, site: str = DEFAULT_SITE) -> None:
    """Open a node's serial console."""
    from golden.boot import running

    running.console(_load(site), node)


@task("site", positional=["node"], help={"command": "run this command instead of a login shell"})
def ssh(_: Context, node: str, command: str = "", site: str = DEFAULT_SITE) -> None:
    """Log in to a booted node as root with the operator's key."""
    from golden.boot import running

    raise Exit(code=running.ssh(_load(site), node, command))


@task(
    "site",
    "node",
    iterable=["node"],
    of_targets="down",
    help={
        "keep": "keep the nodes' disks for the next boot",
        "keep_state": "keep the nodes' data alone (containers; machines booted with --state)",
        "cut": "cut their power, as if a plug were pulled; their disks stay",
    },
)
def down(
    _: Context,
    site: str = DEFAULT_SITE,
    node: Nodes = None,
    keep: bool = False,
    cut: bool = False,
    keep_state: bool = False,
    **options: Any,
) -> None:
    """Shut the nodes down and delete their disks; artifacts stay."""
    from golden.boot import running
    from golden.boot.target import taker

    kept = {"keep": keep, "cut": cut, "keep_state": keep_state}
    one_of(**kept)
    running.down(_load(site), tuple(node or ()), **kept, place=taker(options))


@task("site", word="node", help={"node": "this node, whatever it says; else all that failed"})
def resume(_: Context, node: str = "", site: str = DEFAULT_SITE) -> None:
    """Resume the first boot of nodes on which it failed."""
    from golden.boot import resuming

    resuming.resume(_load(site), (node,) if node else ())


@task(
    "site",
    help={
        "to": "this release, or the start of its id (default: the images baked last)",
        "rehearse": "come back at once when all is green: nothing has changed then",
        "undo": "go back to before the last upgrade; what was written since is lost",
        "commit": "remove what the last upgrade kept to go back to",
        "as_baked": "take the images also where the definitions have changed since",
        "web": "also show it as a page that updates, for a browser on this host",
    },
)
def upgrade(
    _: Context,
    site: str = DEFAULT_SITE,
    to: str = "",
    rehearse: bool = False,
    undo: bool = False,
    commit: bool = False,
    as_baked: bool = False,
    web: bool = False,
) -> None:
    """Bring a running site to another image release, its data kept; it goes back by itself."""
    from golden import live, upgrade

    one_of(undo=undo, commit=commit, to=to, as_baked=as_baked)
    one_of(undo=undo, commit=commit, rehearse=rehearse)
    with live.served(f"Upgrade of site {site}") if web else contextlib.nullcontext():
        if undo:
            upgrade.undo(site)
        elif commit:
            upgrade.commit(site)
        else:
            upgrade.upgrade(site, to, as_baked=as_baked, rehearsal=rehearse)


@task("site", "node", iterable=["node"])
def check(_: Context, site: str = DEFAULT_SITE, node: Nodes = None) -> None:
    """Check the booted nodes; results also as JUnit XML."""
    from golden.check import check

    check(site, tuple(node or ()))


@task(
    "site",
    "target",
    "packages",
    of_targets="rehearse",
    help={
        "keep": "leave the nodes running afterwards",
        "once": "do not restart the nodes and check them a second time",
    },
)
def rehearse(
    _: Context,
    site: str = DEFAULT_SITE,
    target: str = DEFAULT_TARGET,
    packages: str = "",
    keep: bool = False,
    once: bool = False,
    **options: Any,
) -> None:
    """Bake, boot, check, restart and check a site, then delete its nodes."""
    from golden.boot.target import target as target_of
    from golden.rehearse import rehearse

    rehearse(_load(site, packages), target_of(target, options), keep=keep, once=once)
