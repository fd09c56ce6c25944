"""A node's disks and the uploaded images, which the nodes of a kind share."""

from __future__ import annotations

from pathlib import Path

from golden import log, manifest, seed
from golden.boot import data_disk, state_disk
from golden.boot.disks import artifact, management
from golden.boot.libvirt import ownership, volumes
from golden.boot.libvirt.virsh import Virsh
from golden.boot.libvirt.volumes import Pool
from golden.definition.models import Node, Site
from golden.errors import UserError
from golden.paths import shown
from golden.rundir import NodeDir

ROOT, DATA, SEED, STATE = ".root", ".data", ".seed", ".state"
BASE = ".base"


def base(site: Site, node: Node) -> str:
    """The volume of the newest disk baked for the node's kind; each bake has a name of its own."""
    made = volumes.mark(artifact(site, node))
    return ownership.named(site.name, f"{node.kind.name}.{made}{BASE}")


def make(virsh: Virsh, site: Site, node: Node) -> None:
    """Make the disks of a node without a machine; remnants of an earlier attempt are removed.

    Beside a state disk the data disk is no remnant: both were kept.
    """
    pool, image, below = Pool(virsh, site.libvirt.pool), artifact(site, node), base(site, node)
    size, form = volumes.virtual_size(image), image.suffix[1:]
    root, data, seed_disk, state = names(site.name, node.name)
    keeps_data = pool.has(state) and pool.has(data)
    for left in (root, seed_disk, *(() if keeps_data else (data,))):
        pool.remove(left)
    if not pool.is_filled(below, image):
        pool.remove(below)
        # It holds nothing secret, and the machines of all nodes read it.
        pool.create(below, size, form=form, mode="0644")
        with log.progress() as shown:
            task = shown.task(f"upload of {node.kind.name}'s disk")
            pool.fill(below, image, task.say)
            task.done(f"{image.stat().st_size // volumes.MIB} MiB")
    pool.create_over(root, below, size, form)
    if not keeps_data:
        blank = NodeDir(site.name, node.name).data
        data_disk.make(site, node, blank)
        pool.create(data, node.kind.data_disk_mib * volumes.MIB)
        pool.fill(data, blank, log.detail)
        blank.unlink()
    file = seed.write(site, node, NodeDir(site.name, node.name).seed, [management(node)])
    pool.create(seed_disk, file.stat().st_size, form="raw")
    pool.fill(seed_disk, file, log.detail)


def make_state(virsh: Virsh, site: Site, node: Node) -> None:
    """Make the node's state disk, blank, unless it has one."""
    pool, name = Pool(virsh, site.libvirt.pool), ownership.named(site.name, node.name + STATE)
    if not pool.has(name):
        pool.create(name, state_disk.mib(node) * volumes.MIB)


def state_pool(virsh: Virsh, site: str, node: str) -> str:
    """The pool that holds the node's state disk; empty without one."""
    return pool_of(virsh, ownership.named(site, node + STATE)).name


def pool_of(virsh: Virsh, volume: str) -> Pool:
    """The pool that holds `volume`; without a name when none does."""
    found = (Pool(virsh, name) for name in virsh.pools())
    return next((pool for pool in found if pool.has(volume)), Pool(virsh, ""))


def system_files(site: str, node: str) -> dict[str, str]:
    """{name of the file that an upgrade keeps of the former machine: volume}."""
    kept = {"root.qcow2": ROOT, "seed.iso": SEED}
    return {name: ownership.named(site, node + disk) for name, disk in kept.items()}


def images(pool: Pool, site: str) -> set[str]:
    """The uploaded images of the site in `pool`."""
    return {name for name in _of_site(pool, site) if name.endswith(BASE)}


def state_files(site: str, node: str) -> dict[str, str]:
    """{name of the file that the state is saved as: volume}; those of the target qemu's disks."""
    files = NodeDir(site, node)
    volumes_of = {files.data.name: DATA, files.kept.name: STATE}
    return {name: ownership.named(site, node + disk) for name, disk in volumes_of.items()}


def restore_state(pool: Pool, site: str, node: str, folder: Path) -> None:
    """Make the volumes of the node's state what was saved into `folder`."""
    for name, volume in state_files(site, node).items():
        pool.remove(volume)
        if (folder / name).exists():
            pool.create(volume, volumes.virtual_size(folder / name))
            pool.fill(volume, folder / name, log.detail)


def verify(virsh: Virsh, site: Site, node: Node) -> None:
    """Raise UserError unless the uploaded image of the node has the bytes that were baked."""
    image, name = artifact(site, node), base(site, node)
    if Pool(virsh, site.libvirt.pool).sha256(name) != manifest.sha256(image):
        raise UserError(
            f"volume {name} at {virsh.uri}: not the bytes of {shown(image)}; throw it away, with "
            f"the site's machines there: ./inv down --site {site.name}"
        )


def remove(virsh: Virsh, site: str, node: str, *, keep_state: bool = False) -> bool:
    """Remove the disks of a node, in whichever pool: the definition may name another one by now.

    With `keep_state` those of its state and of the machines stay. Returns whether no node of the
    site has a system disk any more; the images are then removed too.
    """
    pools = [Pool(virsh, name) for name in virsh.pools()]
    ours = {pool: _of_site(pool, site) for pool in pools}
    gone = {name for name in names(site, node) if not (keep_state and name.endswith((DATA, STATE)))}
    left = any(name.endswith(ROOT) for found in ours.values() for name in found - gone)
    for pool, found in ours.items():
        unused = set() if left else images(pool, site)
        for name in sorted(found & (gone | unused), key=_overlays_first):
            pool.remove(name)
    return not left


def names(site: str, node: str) -> list[str]:
    """The names of a node's volumes: system, data, seed and state, which not every node has."""
    return [ownership.named(site, node + disk) for disk in (ROOT, DATA, SEED, STATE)]


def _of_site(pool: Pool, site: str) -> set[str]:
    return {name for name in pool.names() if name.startswith(ownership.named(site) + "-")}


def _overlays_first(name: str) -> bool:
    return name.endswith(BASE)
