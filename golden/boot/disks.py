"""The disks of virtual machines: what is baked, and what a target adds to it."""

from __future__ import annotations

from pathlib import Path

from golden import log, manifest, seed
from golden.definition.models import Node, Site
from golden.render.machines import management_mac
from golden.rundir import State

FORMATS = ("qcow2", "raw")
# What a first boot writes into the disks, roughly.
FREE_MIB = 1024


def option(path: Path) -> str:
    """`path` as a value in one of QEMU's option lists, where a comma is written twice."""
    return str(path).replace(",", ",,")


def artifact(site: Site, node: Node) -> Path:
    """The newest disk baked for the node's kind. Raises UserError when there is none, or its bytes
    are not those of the bake."""
    return manifest.verified(site.name, node.kind.name, FORMATS).path


def stamp(path: Path) -> list[int]:
    """Inode, size and time of a file: they change when it is written or replaced. Empty without."""
    try:
        found = path.stat()
    except OSError:
        return []
    return [found.st_ino, found.st_size, found.st_mtime_ns]


def warn_of_damage(node: str, state: State) -> None:
    """Warn when the artifact was written to: a bake only ever replaces it by a new file."""
    now = stamp(Path(state.artifact))
    if now[:1] == state.stamp[:1] and now != state.stamp:
        log.warn(f"{state.artifact} was written to while {node} ran; bake it again")


def management(node: Node) -> seed.Interface:
    """The second NIC: QEMU's user network, which gives its guest 10.0.2.15; leads nowhere else."""
    return seed.Interface("eth1", "10.0.2.15/24", mac=management_mac(node))
