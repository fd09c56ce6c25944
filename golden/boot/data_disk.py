"""The second disk of a virtual machine: the volume group's, whole or with one partition."""

from __future__ import annotations

import uuid
from pathlib import Path

from golden import run
from golden.definition.models import Node, Site
from golden.disk import layout
from golden.errors import UserError

# A libvirt's machines have it, too (libvirt/domain.xml.j2).
DISK = "/dev/vdb"
PARTITION = f"{DISK}1"
IDENTITY = uuid.UUID("6b1f5a0e-6c0b-5d0e-9a43-0d1c5d7f2a11")


def check(site: Site) -> None:
    """Raise UserError if the site puts the volume group on a disk that no virtual machine has."""
    device = site.volume_group.device
    if device not in (None, DISK, PARTITION):
        raise UserError(
            f"images/sites/{site.name}.yaml: volume_group: device: {device} is that of a real "
            f"machine, and virtual ones have an empty disk at {DISK}; say that or {PARTITION} in a "
            f"site of their own (like: {site.name}), or give a file and its size"
        )


def make(site: Site, node: Node, path: Path) -> None:
    """Make the disk as the qcow2 file `path`, atomically: empty, or with the empty partition that
    the site's volume group needs, as the installer of a real machine leaves it.
    """
    mib, new = node.kind.data_disk_mib, path.with_suffix(".new")
    if site.volume_group.device != PARTITION:
        run.run(["qemu-img", "create", "-q", "-f", "qcow2", new, f"{mib}M"], stage="boot")
    else:
        raw = path.with_suffix(".raw")
        layout.partition(raw, mib, IDENTITY)
        argv = ["qemu-img", "convert", "-q", "-f", "raw", "-O", "qcow2", str(raw), str(new)]
        run.run(argv, stage="boot")
        raw.unlink()
    new.replace(path)
