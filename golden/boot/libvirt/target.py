"""Nodes as machines of a libvirt daemon, here or behind ssh."""

from __future__ import annotations

from pathlib import Path

from golden import definition, log
from golden.boot import accelerator, data_disk, state_disk
from golden.boot.accelerator import Accelerator
from golden.boot.disks import FREE_MIB, artifact
from golden.boot.libvirt import aside, disks, ownership, power, trial, uri
from golden.boot.libvirt.virsh import RUNNING, Virsh, is_missing
from golden.boot.libvirt.volumes import MIB, Pool
from golden.boot.target import Target
from golden.definition.models import Node, Site
from golden.errors import StageError, UserError
from golden.render import machines
from golden.rundir import NodeDir

POWERDOWN_SECONDS = 30.0


class Libvirt(Target):
    """The target libvirt.

    `connect` is its URI; without it the one where a node was booted last, else `uri.default`.
    With `state` nodes get a disk for what must outlive their system.
    """

    name = power.TARGET
    format = "qcow2"
    upgrades = True

    def __init__(self, connect: str = "", state: bool = False) -> None:
        self.connect = connect
        self._state = state

    def check(self, site: Site, nodes: tuple[Node, ...]) -> None:
        """Raise UserError for what would keep any node from starting, before one is started."""
        data_disk.check(site)
        virsh = self._virsh(site.name, [node.name for node in nodes])
        uri.jump(virsh.uri)
        virsh.answers()
        ownership.find_network(virsh, site.name)
        needed = FREE_MIB * MIB
        for node in nodes:
            _check_state_pool(virsh, site, node)
            image, kept = artifact(site, node), ownership.find(virsh, site.name, node.name)
            if kept is None:
                needed += image.stat().st_size
            elif ownership.image(kept) != disks.base(site, node) and not _is_on(virsh, site, node):
                raise UserError(
                    f"the machine of {node.name} was kept from an older bake; throw it away with: "
                    f"./inv down --site {site.name} --node {node.name}"
                )
        Pool(virsh, site.libvirt.pool).check(needed)
        log.info(f"libvirt: {virsh.uri}; accelerator: {_accelerator(virsh, site)}")

    def up(self, site: Site, node: Node) -> bool:
        """Power the node on; False when it runs already, and then its console is followed again."""
        files = NodeDir(site.name, node.name)
        if files.running():
            return False
        virsh = self._virsh(site.name, [node.name])
        files.claim(self.name, virsh.uri)
        known = ownership.find(virsh, site.name, node.name) is not None
        if known and _is_on(virsh, site, node):
            power.follow_again(virsh, site, node, _accelerator(virsh, site))
            return False
        files.forget()
        files.begin()
        if not known:
            disks.make(virsh, site, node)
        if self._state:
            disks.make_state(virsh, site, node)
        disks.verify(virsh, site, node)
        _ensure_network(virsh, site)
        power.on(virsh, site, node, disks.base(site, node), _accelerator(virsh, site))
        return True

    def down(self, site: str, node: str, *, keep: bool, keep_state: bool = False) -> bool:
        """Power the node off; False when it was off. Without `keep` its machine and disks go, with
        `keep_state` but for that of its state and that of the machines, and with the site's last
        system disk its network and uploaded images."""
        files, name = NodeDir(site, node), ownership.named(site, node)
        virsh = self._virsh(site, [node])
        known, state = ownership.find(virsh, site, node) is not None, files.state()
        was_on = known and virsh.state(name) in RUNNING
        if was_on:
            clean = state if keep or keep_state else None
            patience = POWERDOWN_SECONDS * clean.factor if clean else 0
            power.off(virsh, name, patience)
        if state:
            # The process that serves the console.
            state.end()
        files.forget()
        if not keep:
            if known:
                virsh.say("undefine", "--managed-save", name)
            if disks.remove(virsh, site, node, keep_state=keep_state):
                _remove_network(virsh, site)
            files.remove(keep_state)
        return was_on

    def has_state_apart(self, site: str, node: str) -> bool:
        """Whether it was booted with a disk for it."""
        return disks.state_pool(self._virsh(site, [node]), site, node) != ""

    def state_bytes(self, site: str, node: str) -> int:
        """What the volumes of its state and of its machines take now."""
        pool = self._state_pool(site, node)
        if not pool.name:
            return super().state_bytes(site, node)
        volumes = disks.state_files(site, node).values()
        return sum(pool.allocated(volume) for volume in volumes if pool.has(volume))

    def _write_state(self, site: str, node: str, folder: Path) -> None:
        pool = self._state_pool(site, node)
        _must_be_off(pool.virsh, site, node)
        for name, volume in disks.state_files(site, node).items():
            if pool.has(volume):
                pool.read(volume, folder / name)

    def restore_state(self, site: str, node: str, folder: Path) -> None:
        """Fill both volumes anew; what a kill leaves half filled is the caller's to repeat."""
        pool, files = self._state_pool(site, node), NodeDir(site, node)
        _must_be_off(pool.virsh, site, node)
        state_disk.require_saved(folder, files.kept.name)
        files.claim(self.name, pool.virsh.uri)
        pool = pool if pool.name else Pool(pool.virsh, definition.load(site).libvirt.pool)
        disks.restore_state(pool, site, node, folder)

    def starts_again(self, site: Site, node: Node) -> bool:
        """Whether the image in place is the one that its system disk lies on."""
        known = ownership.find(self._virsh(site.name, [node.name]), site.name, node.name)
        return known is not None and ownership.image(known) == disks.base(site, node)

    def set_aside(self, site: str, node: str) -> None:
        """Its system disk and definition become files; the image below stays in the pool."""
        aside.put(self._virsh(site, [node]), site, node)

    def take_back(self, site: str, node: str) -> None:
        """The image of then must be in place again before it is powered on."""
        aside.take(self._virsh(site, [node]), site, node)

    def forget_aside(self, site: str, node: str) -> None:
        """Throw images away that no machine needs now."""
        aside.forget(self._virsh(site, [node]), site)

    def _state_pool(self, site: str, node: str) -> Pool:
        """The pool of its state; without a name when it has none."""
        virsh = self._virsh(site, [node])
        return disks.pool_of(virsh, ownership.named(site, node + disks.STATE))

    def cut(self, site: str, node: str) -> bool:
        """Destroy the machine, which stays defined; False when it was off."""
        files, name = NodeDir(site, node), ownership.named(site, node)
        virsh, state = self._virsh(site, [node]), files.state()
        known = ownership.find(virsh, site, node) is not None
        was_on = known and virsh.state(name) in RUNNING
        if was_on:
            virsh.say("destroy", name)
        if state:
            # The process that serves the console.
            state.end()
        files.forget()
        return was_on

    def machine_state(self, site: str, node: str) -> str:
        """`running`, `io-error`, …, or `off`: libvirt's state, in QEMU's terms where they differ.

        `unknown` when libvirt does not answer: a node goes on booting while a connection is broken.
        """
        try:
            name = ownership.named(site, node)
            answer = self._virsh(site, [node]).say("domstate", "--reason", name)
        except StageError as error:
            return "off" if is_missing(error) else "unknown"
        state, _, reason = answer.partition(" (")
        if state not in RUNNING:
            return "off"
        return "io-error" if reason.startswith("I/O error") else state

    def _virsh(self, site: str, nodes: list[str]) -> Virsh:
        """The client. Raises UserError when a node is kept or runs in another libvirt."""
        places = {known: node for node in nodes if (known := NodeDir(site, node).connect())}
        wanted = self.connect or next(iter(places), "") or uri.default()
        for known, node in places.items():
            if known != wanted:
                raise UserError(
                    f"{node} runs or is kept at {known}; end it there first: "
                    f"./inv down --site {site} --node {node}"
                )
        return Virsh(wanted)


def _accelerator(virsh: Virsh, site: Site) -> Accelerator:
    """The accelerator, tried on the host where libvirt runs."""
    if not uri.jump(virsh.uri):
        return accelerator.choose()
    return trial.choose(virsh, site.name, site.libvirt.pool)


def _must_be_off(virsh: Virsh, site: str, node: str) -> None:
    known = ownership.find(virsh, site, node) is not None
    if known and virsh.state(ownership.named(site, node)) in RUNNING:
        raise UserError(
            f"{node} of site {site} runs, and writes to its disks: shut it down first with: "
            f"./inv down --site {site} --keep"
        )


def _check_state_pool(virsh: Virsh, site: Site, node: Node) -> None:
    """Raise UserError if the node would come up empty, beside the state that was kept."""
    pool = disks.state_pool(virsh, site.name, node.name)
    if pool not in ("", site.libvirt.pool):
        raise UserError(
            f"images/sites/{site.name}.yaml: libvirt: pool: {site.libvirt.pool}, but the state of "
            f"{node.name} is kept in {pool}; name that one, or throw the state away with: "
            f"./inv down --site {site.name} --node {node.name}"
        )


def _is_on(virsh: Virsh, site: Site, node: Node) -> bool:
    return virsh.state(ownership.named(site.name, node.name)) in RUNNING


def _ensure_network(virsh: Virsh, site: Site) -> None:
    """Define and start the site's LAN."""
    name = ownership.named(site.name)
    if not ownership.find_network(virsh, site.name):
        host = machines.Machine(name, ownership.checkout(), ownership.identity(site.name))
        virsh.say("net-define", "--validate", "/dev/stdin", stdin=machines.network(site, host))
    if name not in virsh.say("net-list", "--name").split():
        virsh.say("net-start", name)


def _remove_network(virsh: Virsh, site: str) -> None:
    """Remove the LAN of a site that has no machine left."""
    name = ownership.named(site)
    if ownership.find_network(virsh, site):
        if name in virsh.say("net-list", "--name").split():
            virsh.say("net-destroy", name)
        virsh.say("net-undefine", name)
