"""Real machines: the installer on a stick."""

from __future__ import annotations

from invoke.context import Context

from tasks.words import DEFAULT_SITE, Nodes, task


@task("site", "node", iterable=["node"], help={"out": "the file to write, such as stick.img"})
def usb(_: Context, out: str, site: str = DEFAULT_SITE, node: Nodes = None) -> None:
    """Make a stick that installs the nodes on real machines without a network (holds secrets)."""
    from golden.metal.stick import usb

    usb(site, tuple(node or ()), out)


@task(
    "site",
    "node",
    iterable=["node", "device"],
    help={"device": "the stick, such as /dev/sdb; twice where it is not removable or not empty"},
)
def flash(_: Context, device: Nodes = None, site: str = DEFAULT_SITE, node: Nodes = None) -> None:
    """Write that stick to a device, after showing what is on it, and read it back."""
    from golden.metal.flash import flash

    flash(site, tuple(node or ()), tuple(device or ()))
