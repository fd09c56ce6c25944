"""Real machines: the installer on a USB stick, and which machines it suits."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context
from invoke.exceptions import Exit

from golden.menu.task import DEFAULT_SITE, Nodes, task


@task("site", "node", iterable=["node"], help={"out": "the file to write, such as stick.img"})
def usb(_: Context, out: str, site: str = DEFAULT_SITE, node: Nodes = None) -> None:
    """Write a USB image that installs the nodes (holds secrets)."""
    from golden.installer.stick import usb

    usb(site, tuple(node or ()), out)


@task(
    "site",
    "node",
    iterable=["node", "device"],
    help={"device": "such as /dev/sdb; give it twice if it is not removable or not empty"},
)
def flash(_: Context, device: Nodes = None, site: str = DEFAULT_SITE, node: Nodes = None) -> None:
    """Write the USB image to a device and read it back."""
    from golden.installer.flash import flash

    flash(site, tuple(node or ()), tuple(device or ()))


@task(name="probe", help={"host": "USER@ADDRESS of a machine running any Linux, over ssh"})
def probe_host(_: Context, host: str = "") -> None:
    """Probe a machine's hardware as JSON; without --host print the script."""
    from golden.installer.probe import probe_host

    probe_host(host)


@task(
    "site",
    "node",
    iterable=["node"],
    positional=["probe"],
    help={"probe": "the file with what inv metal.probe printed"},
)
def will_it_boot(_: Context, probe: str, site: str = DEFAULT_SITE, node: Nodes = None) -> None:
    """Check a probed machine against kernel and image; exit code 1 if unfit."""
    from golden.installer.fitness import will_it_boot

    if not will_it_boot(Path(probe), site, tuple(node or ())):
        raise Exit(code=1)
