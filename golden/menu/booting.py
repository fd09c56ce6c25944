"""Boot nodes, look inside, check them, shut them down."""

from __future__ import annotations

from invoke.context import Context
from invoke.exceptions import Exit

from golden.errors import UserError
from golden.menu.task import DEFAULT_SITE, Nodes, task


@task(
    "site",
    "node",
    "target",
    "connect",
    iterable=["node", "force"],
    help={
        "interface": "for --target metal: the interface of this host on the machines' network",
        "shared": "for --target metal: also on the interface with the host's default route",
        "reinstall": "for --target metal: write over disks that hold a finished image of ours",
        "force": "for --target metal: write over the disk of this serial or WWN, whatever it holds",
    },
)
def boot(
    _: Context,
    site: str = DEFAULT_SITE,
    node: Nodes = None,
    target: str = "qemu",
    connect: str = "",
    interface: str = "",
    shared: bool = False,
    reinstall: bool = False,
    force: Nodes = None,
) -> None:
    """Boot the baked nodes and follow their first boot."""
    from golden.boot import boot, show_times
    from golden.boot.metal.target import Metal

    disks, metal = tuple(force or ()), None
    if target == Metal.name:
        metal = Metal(interface, shared=shared, reinstall=reinstall, force=disks)
    elif interface or shared or reinstall or disks:
        raise UserError("--interface, --shared, --reinstall and --force are for --target metal")
    boot(site, tuple(node or ()), target, connect, metal)
    show_times(site, tuple(node or ()))


@task("site")
def status(_: Context, site: str = DEFAULT_SITE) -> None:
    """Show each booted node: its state and its first-boot step."""
    from golden.boot import show_status

    show_status(site)


@task("site", positional=["node"])
def console(_: Context, node: str, site: str = DEFAULT_SITE) -> None:
    """Open a node's serial console."""
    from golden.boot import console

    console(site, node)


@task("site", positional=["node"], help={"command": "run this command instead of a login shell"})
def ssh(_: Context, node: str, command: str = "", site: str = DEFAULT_SITE) -> None:
    """Log in to a booted node as root with the operator's key."""
    from golden.boot import ssh

    raise Exit(code=ssh(site, node, command))


@task(
    "site",
    "node",
    iterable=["node"],
    help={
        "keep": "keep the nodes' disks for the next boot",
        "connect": "libvirt URI of nodes whose local record was lost",
    },
)
def down(
    _: Context,
    site: str = DEFAULT_SITE,
    node: Nodes = None,
    keep: bool = False,
    connect: str = "",
) -> None:
    """Shut the nodes down and delete their disks; artifacts stay."""
    from golden.boot import down

    down(site, tuple(node or ()), keep=keep, connect=connect)


@task("site", "node", iterable=["node"])
def check(_: Context, site: str = DEFAULT_SITE, node: Nodes = None) -> None:
    """Check the booted nodes; results also as JUnit XML."""
    from golden.check import check

    check(site, tuple(node or ()))


@task("site", "target", "connect", help={"keep": "leave the nodes running afterwards"})
def rehearse(
    _: Context,
    site: str = DEFAULT_SITE,
    target: str = "qemu",
    connect: str = "",
    keep: bool = False,
) -> None:
    """Bake, boot and check a site, then delete its nodes."""
    from golden.rehearse import rehearse

    rehearse(site, target, keep=keep, connect=connect)
