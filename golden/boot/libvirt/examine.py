"""What the target libvirt needs of this host: client, daemon, driver and storage pool."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

from golden.host import Finding, Host
from golden.host.packages import install_line
from golden.host.programs import SYSTEMD
from golden.host.resources import GIB

# Where scripts/host/libvirtd puts its socket, and what golden.boot.libvirt.uri looks for.
OWN_DAEMON = Path(".cache/libvirtd/run/libvirt-sock")
# An image of the rehearsal is half a GiB, what its first boot writes not quite one.
POOL_PER_NODE = 2 * GIB


def libvirt(host: Host, pool: str, nodes: int) -> list[Finding]:
    """Examine client and daemon and, when those answer, the driver and the storage pool `pool`."""
    if not host.which("virsh"):
        packages = ["libvirt-daemon-system", "libvirt-clients"]
        fix = install_line(packages)
        return [Finding("libvirt", False, False, "missing", fix, packages[0])]
    virsh = ("virsh", "--connect", _uri(host))
    said = host.says(*virsh, "version", "--daemon")
    if not said:
        detail = f"virsh is installed, {virsh[-1]} does not answer"
        by_hand = f"scripts/host/libvirtd start {OWN_DAEMON.parent.parent}"
        fix = "service libvirtd start" if host.exists(SYSTEMD) else by_hand
        return [Finding("libvirt", False, False, detail, fix)]
    daemon = Finding("libvirt", True, False, f"{said.strip().splitlines()[-1]} at {virsh[-1]}")
    return [daemon, _driver(host, virsh), _pool(host, virsh, pool, nodes)]


def _uri(host: Host) -> str:
    own = host.home / OWN_DAEMON
    here = f"qemu+unix:///system?socket={quote(str(own))}" if host.exists(own) else "qemu:///system"
    return host.environment.get("LIBVIRT_DEFAULT_URI") or here


def _driver(host: Host, virsh: tuple[str, ...]) -> Finding:
    machine = ("--arch", "x86_64", "--machine", "pc")
    said = host.says(*virsh, "domcapabilities", "--virttype", "qemu", *machine)
    found = re.search(r"<machine>([^<]+)</machine>", said or "")
    if found:
        return Finding("libvirt driver", True, False, f"qemu, machine {found.group(1)}")
    detail = "libvirt offers no x86_64 machine of type pc"
    packages = ["libvirt-daemon-driver-qemu", "qemu-system-x86"]
    return Finding("libvirt driver", False, False, detail, install_line(packages), packages[0])


def _pool(host: Host, virsh: tuple[str, ...], pool: str, nodes: int) -> Finding:
    name = f"libvirt pool {pool}"
    answer = host.says(*virsh, "pool-info", "--bytes", pool) or ""
    found = re.search(r"^State: +running$.*^Available: +(\d+)$", answer, re.MULTILINE | re.DOTALL)
    if not found:
        make = (
            f"virsh pool-define-as {pool} dir --target /var/lib/libvirt/images && "
            f"virsh pool-build {pool} && virsh pool-start {pool} && virsh pool-autostart {pool}"
        )
        return Finding(name, False, False, "there is no active storage pool of that name", make)
    free = int(found.group(1))
    shown = f"{free / GIB:.1f} GiB free"
    wanted = nodes * POOL_PER_NODE
    if free >= wanted:
        return Finding(name, True, False, shown)
    detail = f"{shown}, the nodes' disks may take {wanted / GIB:.0f} GiB"
    return Finding(name, False, False, detail, f"virsh vol-list {pool} --details")
