"""Real machines: the installer on a stick, and whether a machine is one for it."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context
from invoke.exceptions import Exit

from golden.menu.task import DEFAULT_SITE, Nodes, task


@task("site", "node", iterable=["node"], help={"out": "the file to write, such as stick.img"})
def usb(_: Context, out: str, site: str = DEFAULT_SITE, node: Nodes = None) -> None:
    """Make a stick that installs the nodes on real machines without a network (holds secrets)."""
    from golden.installer.stick import usb

    usb(site, tuple(node or ()), out)


@task(
    "site",
    "node",
    iterable=["node", "device"],
    help={"device": "the stick, such as /dev/sdb; twice where it is not removable or not empty"},
)
def flash(_: Context, device: Nodes = None, site: str = DEFAULT_SITE, node: Nodes = None) -> None:
    """Write that stick to a device, after showing what is on it, and read it back."""
    from golden.installer.flash import flash

    flash(site, tuple(node or ()), tuple(device or ()))


@task(name="probe", help={"host": "USER@ADDRESS of a machine with any Linux, reached by ssh"})
def probe_host(_: Context, host: str = "") -> None:
    """Print what a machine is made of, as JSON; without --host the script to run there (sh)."""
    from golden.installer.probe import probe_host

    probe_host(host)


@task("site", "node", iterable=["node"], positional=["probe"], help={"probe": "a probe's file"})
def will_it_boot(_: Context, probe: str, site: str = DEFAULT_SITE, node: Nodes = None) -> None:
    """Tell whether the site's kernel and image fit a probed machine; exit code 1 if not."""
    from golden.installer.fitness import will_it_boot

    if not will_it_boot(Path(probe), site, tuple(node or ())):
        raise Exit(code=1)
