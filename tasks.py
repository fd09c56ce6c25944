"""The menu: what an operator can ask for. Each task is thin and calls one function of golden/.

The imports stand inside the tasks so that `inv --list` and a bake with nothing to do stay quick.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence

from invoke.collection import Collection
from invoke.context import Context
from invoke.exceptions import Exit

from golden import log, menu

DEFAULT_SITE = "rehearsal"
# invoke gives a list; it would take another default's type, and a tuple cuts "node1" in letters.
Nodes = Sequence[str] | None
HELP = {
    "site": "a file of images/sites/ without its .yaml",
    "node": "only this node; may be given more than once",
    "target": "where the nodes boot: qemu or container",
    "verbose": "print every line of the work, not only what it does now",
    "json": "print JSON for another program",
}


task = functools.partial(menu.task, texts=HELP)


@task(
    "site",
    "node",
    "verbose",
    help={"format": "qcow2, raw, or tree: layers only"},
    iterable=["node"],
)
def bake(
    _: Context,
    site: str = DEFAULT_SITE,
    node: Nodes = None,
    format: str = "qcow2",
    verbose: bool = False,
) -> None:
    """Bake the nodes' images into bootable disks: only the layers whose inputs changed."""
    from golden.bake import bake

    log.set_verbose(verbose)
    bake(site, tuple(node or ()) or None, format)


@task("site", "node", iterable=["node"])
def plan(_: Context, site: str = DEFAULT_SITE, node: Nodes = None) -> None:
    """Tell what a bake would do now: each stale layer, why, and about how long it takes."""
    from golden.bake import plan

    plan(site, tuple(node or ()) or None)


@task("site", "node", "target", iterable=["node"])
def boot(_: Context, site: str = DEFAULT_SITE, node: Nodes = None, target: str = "qemu") -> None:
    """Boot the baked nodes and follow their first boot until every one is ready."""
    from golden.boot import boot, show_times

    boot(site, tuple(node or ()), target)
    show_times(site, tuple(node or ()))


@task("site")
def status(_: Context, site: str = DEFAULT_SITE) -> None:
    """Show each booted node: running or not, its first-boot step, what it waits for."""
    from golden.boot import show_status

    show_status(site)


@task("site", positional=["node"])
def console(_: Context, node: str, site: str = DEFAULT_SITE) -> None:
    """Open a node's serial console."""
    from golden.boot import console

    console(site, node)


@task("site", positional=["node"], help={"command": "run this instead of a login shell"})
def ssh(_: Context, node: str, command: str = "", site: str = DEFAULT_SITE) -> None:
    """Log in to a booted node as root with the operator's key."""
    from golden.boot import ssh

    raise Exit(code=ssh(site, node, command))


@task("site", "node", iterable=["node"], help={"keep": "keep the nodes' disks for the next boot"})
def down(_: Context, site: str = DEFAULT_SITE, node: Nodes = None, keep: bool = False) -> None:
    """Shut the booted nodes down and throw their disks away; the artifacts stay as they are."""
    from golden.boot import down

    down(site, tuple(node or ()), keep=keep)


@task("site", "node", iterable=["node"])
def check(_: Context, site: str = DEFAULT_SITE, node: Nodes = None) -> None:
    """Check the booted nodes, one property per line; JUnit and a table in .artifacts."""
    from golden.check import check

    check(site, tuple(node or ()))


@task("site", "target", help={"keep": "leave the nodes running afterwards"})
def rehearse(
    _: Context, site: str = DEFAULT_SITE, target: str = "qemu", keep: bool = False
) -> None:
    """Bake, boot and check a whole site, print its time line, throw the nodes away."""
    from golden.rehearse import rehearse

    rehearse(site, target, keep=keep)


@task("site", "json")
def doctor(_: Context, site: str = DEFAULT_SITE, json: bool = False) -> None:
    """Tell what this host needs for the site, found or not, each with the command that mends it."""
    from golden.doctor import doctor

    doctor(site, as_json=json)


@task(help={"site": "only this site; without it all of them"})
def render(_: Context, site: str = "") -> None:
    """Write every file that differs by site to rendered/, for review and for the bake."""
    from golden.render import render_all

    render_all((site,) if site else ())


@task("site")
def secrets(_: Context, site: str = DEFAULT_SITE) -> None:
    """Make a site's passwords, keys and certificates once; never printed, never committed."""
    from golden.secrets import make

    make(site)


@task("site", "node", iterable=["node"])
def seed(_: Context, site: str = DEFAULT_SITE, node: Nodes = None) -> None:
    """Write each node's seed disk (NoCloud, CIDATA): name, addresses, keys, passwords."""
    from golden.seed import write_all

    write_all(site, tuple(node or ()))


@task("site", "json", help={"write": "record it in docs/guide-coverage.md"})
def coverage(_: Context, site: str = DEFAULT_SITE, json: bool = False, write: bool = False) -> None:
    """Show where each action of the installation guide lives, what proves it, and how it went."""
    from golden import coverage

    if write:
        coverage.write(site)
    else:
        coverage.show(site, as_json=json)


@task(help={"slow": "the tests that bake and boot small things, instead of the unit tests"})
def test(_: Context, slow: bool = False) -> None:
    """Run the unit tests, linters and type checks of this project."""
    from golden.selftest import self_test

    self_test(slow=slow)


@task()
def bench(_: Context) -> None:
    """Measure bakes against mmdebstrap on this host and print the README's table."""
    from bench.bake import measure

    measure()


if __name__ == "__main__":
    menu.Menu(namespace=Collection.from_module(sys.modules[__name__]), binary="./inv").run()
