"""Nodes as QEMU processes of this user; they need no root, bridge or daemon."""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import asdict, replace
from pathlib import Path

from golden import atomic, daemon, log, run, rundir, seed
from golden.boot import data_disk, former, sockets, state_disk
from golden.boot.accelerator import Accelerator, choose
from golden.boot.disks import (
    FREE_MIB,
    artifact,
    management,
    stamp,
    warn_of_damage,
)
from golden.boot.qemu.machine import Machine, argv
from golden.boot.target import Target
from golden.definition.models import Node, Site
from golden.errors import StageError, UserError
from golden.host.ports import free_port
from golden.paths import shown
from golden.rundir import NodeDir, State

PORT_ATTEMPTS = 3
POWERDOWN_SECONDS = 30.0
QUIT_SECONDS = 10.0


class Qemu(Target):
    """The target qemu."""

    name = "qemu"
    format = "qcow2"
    upgrades = True

    def __init__(self, kernel: str = "", state: bool = False) -> None:
        self._given = kernel
        self._state = state

    def check(self, site: Site, nodes: tuple[Node, ...]) -> None:
        """Raise UserError for what would keep any node from starting, before one is started."""
        data_disk.check(site)
        self._kernel(site)
        for node in nodes:
            files = NodeDir(site.name, node.name)
            if not files.running():
                _check_kept_disk(files, artifact(site, node))
        _check_room(rundir.site_dir(site.name))
        log.info(f"accelerator: {choose()}")

    def up(self, site: Site, node: Node) -> bool:
        """Power the node on; False when it runs already."""
        files = NodeDir(site.name, node.name)
        if files.running():
            return False
        files.forget()
        image = artifact(site, node)
        _make_disks(site, node, files, image)
        if self._state and not files.kept.exists():
            _create(files.kept, ["-o", f"size={state_disk.mib(node)}M"])
        accelerator = replace(choose(), cpu=site.release.cpu)
        for attempt in range(1, PORT_ATTEMPTS + 1):
            try:
                files.remember(_start(site, node, files, accelerator, self._kernel(site)))
                break
            except StageError as error:
                # Between choosing the port and QEMU taking it another program may have it.
                taken = any("host forwarding" in line for line in error.tail)
                if not taken or attempt == PORT_ATTEMPTS:
                    raise
        return True

    def _kernel(self, site: Site) -> Path | None:
        """The folder of a kernel from outside the images. Raises UserError where that is wrong."""
        if site.release.own_kernel:
            if self._given:
                raise UserError(f"--kernel {self._given}: the images of {site.name} have a kernel")
            return None
        folder = Path(self._given or "/").resolve()
        for name in ("vmlinuz", "initrd.img"):
            if not os.access(folder / name, os.R_OK):
                raise UserError(
                    f"the images of {site.name} have no kernel (kernel: external), and "
                    f"{folder / name} cannot be read: name a folder of vmlinuz and initrd.img with "
                    "--kernel"
                )
        return folder

    def down(self, site: str, node: str, *, keep: bool, keep_state: bool = False) -> bool:
        """Power the node off; False when it was off. Without `keep` its disks go too, with
        `keep_state` but for that of its state and that of the machines."""
        files = NodeDir(site, node)
        state = files.running()
        if state:
            _stop(files, state, clean=keep or keep_state)
            warn_of_damage(node, state)
        files.forget()
        if not keep:
            files.remove(keep_state)
        return state is not None

    def has_state_apart(self, site: str, node: str) -> bool:
        """Whether it was booted with a disk for it."""
        return NodeDir(site, node).kept.exists()

    def state_bytes(self, site: str, node: str) -> int:
        """What the disks of its state and of its machines take now."""
        if not self.has_state_apart(site, node):
            return super().state_bytes(site, node)
        return sum(path.stat().st_blocks * 512 for path in NodeDir(site, node).state_disks())

    def _write_state(self, site: str, node: str, folder: Path) -> None:
        files = NodeDir(site, node)
        _must_be_off(files)
        for disk in files.state_disks():
            _copy(disk, folder / disk.name)

    def restore_state(self, site: str, node: str, folder: Path) -> None:
        """Put both disks back, each in one step."""
        files = NodeDir(site, node)
        _must_be_off(files)
        state_disk.require_saved(folder, files.kept.name)
        files.claim(self.name)
        for disk in (files.kept, files.data):
            saved = folder / disk.name
            if saved.exists():
                _copy(saved, disk.with_suffix(".new"))
                atomic.flush(disk.with_suffix(".new"))
                disk.with_suffix(".new").replace(disk)
            else:
                disk.unlink(missing_ok=True)

    def starts_again(self, site: Site, node: Node) -> bool:
        """Whether the image in place is the one that its overlay lies on."""
        return _fits(NodeDir(site.name, node.name), artifact(site, node))

    def set_aside(self, site: str, node: str) -> None:
        """Its disk stays an overlay of the image of then, which its release keeps."""
        files = NodeDir(site, node)
        former.put(files, [files.overlay.name, files.base.name, files.seed.name])

    def take_back(self, site: str, node: str) -> None:
        """The image of then must be in place again before it is powered on."""
        former.take(NodeDir(site, node))

    def cut(self, site: str, node: str) -> bool:
        """Kill QEMU, which then flushes nothing; False when the node was off. Its disks stay."""
        files = NodeDir(site, node)
        state = files.running()
        if state:
            state.kill()
        files.forget()
        return state is not None

    def machine_state(self, site: str, node: str) -> str:
        """The machine's state in QEMU's terms (`running`, `io-error`, …), or `off`."""
        files = NodeDir(site, node)
        if not files.running():
            return "off"
        try:
            return str(sockets.command(files.qmp, "query-status")["status"])
        except (OSError, StageError, ValueError):
            return "running" if files.running() else "off"


def _must_be_off(files: NodeDir) -> None:
    if files.running():
        raise UserError(
            f"{files.node} of site {files.site} runs, and writes to its disks: shut it down first "
            f"with: ./inv down --site {files.site} --keep"
        )


def _copy(disk: Path, to: Path) -> None:
    # Where the file system can, both are the same blocks until one is written to.
    options = ("--reflink=auto", "--sparse=always", "--preserve=mode,timestamps")
    run.run(["cp", *options, disk, to], stage="state")


def _fits(files: NodeDir, image: Path) -> bool:
    return rundir.read(files.base) == [str(image), *stamp(image)]


def _check_kept_disk(files: NodeDir, image: Path) -> None:
    if files.overlay.exists() and not _fits(files, image):
        raise UserError(
            f"{shown(files.overlay)} was kept from an older bake of {shown(image)} and does not "
            f"fit it; throw it away with: ./inv down --site {files.site} --node {files.node}"
        )


def _check_room(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free // (1024 * 1024)
    if free < FREE_MIB:
        raise UserError(
            f"{shown(folder)}: {free} MiB are free, the nodes' disks need {FREE_MIB} MiB to begin "
            "with; free some space (`./inv down` removes the disks of nodes that ran here)"
        )


def _make_disks(site: Site, node: Node, files: NodeDir, image: Path) -> None:
    """Make overlay, data disk and seed, unless they were kept."""
    files.begin()
    if not files.overlay.exists():
        _create_over(files.overlay, image)
        rundir.write(files.base, [str(image), *stamp(image)])
    if not files.data.exists():
        data_disk.make(site, node, files.data)
    if not files.seed.exists():
        seed.write(site, node, files.seed, [management(node)])


def _create_over(path: Path, image: Path) -> None:
    _create(path, ["-b", str(image), "-F", image.suffix[1:]])


def _create(path: Path, options: list[str]) -> None:
    """Make a qcow2 file, whole or not at all."""
    temporary = path.with_suffix(".new")
    run.run(["qemu-img", "create", "-q", "-f", "qcow2", *options, str(temporary)], stage="boot")
    temporary.replace(path)


def _start(
    site: Site, node: Node, files: NodeDir, accelerator: Accelerator, kernel: Path | None
) -> State:
    image = artifact(site, node)
    machine = Machine(
        name=f"{site.name}-{node.name}",
        memory_mib=node.kind.memory_mib,
        files=files,
        lan=rundir.lan(site.name),
        mac=node.mac,
        management_mac=str(management(node).mac),
        port=free_port(),
        kernel=kernel,
    )
    power_on = time.time()
    process = daemon.start(
        argv(machine, accelerator),
        name=f"the machine of {node.name}",
        cwd=files.path,
        log=files.log,
        ready=lambda: _answers(files),
    )
    return State(
        **asdict(process),
        power_on=power_on,
        port=machine.port,
        accelerator=accelerator.name,
        factor=accelerator.factor,
        artifact=str(image),
        stamp=stamp(image),
        target=Qemu.name,
    )


def _answers(files: NodeDir) -> bool:
    """Whether QEMU has started; a wrong option ends it before that."""
    try:
        sockets.command(files.qmp, "query-status")
    except (OSError, ValueError):
        return False
    return True


def _stop(files: NodeDir, state: State, *, clean: bool) -> None:
    """Stop the machine: power button first, then QEMU's quit, then signals."""
    if clean and _ask(files, "system_powerdown"):
        state.wait(POWERDOWN_SECONDS * state.factor)
    if state.is_alive() and _ask(files, "quit"):
        state.wait(QUIT_SECONDS)
    state.end(QUIT_SECONDS)


def _ask(files: NodeDir, name: str) -> bool:
    """Send a QMP command; False when the machine takes none, and the next, rougher step must do."""
    try:
        sockets.command(files.qmp, name)
    except ConnectionResetError:
        # QEMU may be gone before it has answered `quit`.
        return True
    except (OSError, ValueError, StageError):
        return False
    return True
