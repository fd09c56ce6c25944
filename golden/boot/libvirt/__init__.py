"""The target libvirt: each node a machine of a libvirt daemon, here or behind ssh.

Read in this order: `target` (a node's life), `uri` (which daemon), `virsh` (the client),
`golden.render.machines` (domains and networks), `ownership` (which of them are ours), `volumes`,
`console`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from golden.boot import state_disk
from golden.boot.target import Declaration, Option, Target

if TYPE_CHECKING:
    from golden.definition.models import Site
    from golden.host import Finding, Host


def _load() -> type[Target]:
    from golden.boot.libvirt.target import Libvirt

    return Libvirt


def _examine(host: Host, site: Site) -> list[Finding]:
    from golden.boot.libvirt.examine import libvirt

    return libvirt(host, site.libvirt.pool, len(site.nodes))


CONNECT = Option(
    "connect",
    "the libvirt's URI, such as qemu:///system or qemu+ssh://USER@HOST/system",
    tasks=("boot", "rehearse", "down"),
)
DECLARED = Declaration(_load, (CONNECT, state_disk.OPTION), _examine)
