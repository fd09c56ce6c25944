"""A node's machine that an upgrade has set aside: its definition, system disk and seed as files of
golden.boot.former's. libvirt renames no volume; the image below the disk stays in the pool."""

from __future__ import annotations

from golden import atomic, definition, log
from golden.boot import former
from golden.boot.libvirt import disks, ownership, volumes
from golden.boot.libvirt.virsh import Virsh
from golden.boot.libvirt.volumes import Pool
from golden.host.resources import must_have_room
from golden.rundir import NodeDir

# Written last: without it nothing was set aside.
DEFINITION = "domain.xml"


def put(virsh: Virsh, site: str, node: str) -> None:
    """Set the node's machine aside, if it was not yet; its volumes are then remnants."""
    if ownership.find(virsh, site, node) is None:
        return
    folder, name = former.machine(NodeDir(site, node)), ownership.named(site, node)
    folder.mkdir(parents=True, exist_ok=True)
    found = disks.system_files(site, node)
    pool = disks.pool_of(virsh, found["root.qcow2"])
    needed = sum(map(pool.allocated, found.values()))
    must_have_room(folder, needed, f"the system disk of {node} needs")
    for file, volume in found.items():
        pool.read(volume, folder / file)
    atomic.flush(*folder.iterdir())
    atomic.write(folder / DEFINITION, virsh.say("dumpxml", "--inactive", name))
    virsh.say("undefine", "--managed-save", name)


def take(virsh: Virsh, site: str, node: str) -> None:
    """Have it back in place of a newer one, if there is one that was set aside."""
    folder = former.machine(NodeDir(site, node))
    if not (folder / DEFINITION).exists():
        return
    if ownership.find(virsh, site, node) is not None:
        virsh.say("undefine", "--managed-save", ownership.named(site, node))
    for file, volume in disks.system_files(site, node).items():
        pool = disks.pool_of(virsh, volume)
        if pool.name:
            pool.remove(volume)
        else:
            pool = Pool(virsh, definition.load(site).libvirt.pool)
        form = "qcow2" if file.endswith(".qcow2") else "raw"
        pool.create(volume, volumes.virtual_size(folder / file), form=form)
        pool.fill(volume, folder / file, log.detail)
    virsh.say("define", "/dev/stdin", stdin=(folder / DEFINITION).read_bytes())


def forget(virsh: Virsh, site: str) -> None:
    """Remove the images that no machine of the site lies on any more."""
    ours = [name for name in virsh.domains() if name.startswith(ownership.named(site) + "-")]
    used = {ownership.image(virsh.domain(name)) for name in ours}
    for name in virsh.pools():
        pool = Pool(virsh, name)
        for base in disks.images(pool, site) - used:
            pool.remove(base)
