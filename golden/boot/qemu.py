"""The target qemu: each node a process of this user, without root, bridge or daemon."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import time
from dataclasses import replace
from pathlib import Path

from golden import log, run, rundir, seed
from golden.boot import data_disk, sockets
from golden.boot.accelerator import Accelerator, choose
from golden.boot.machine import Machine, argv
from golden.definition.models import Node, Site
from golden.errors import StageError, UserError
from golden.paths import ARTIFACTS, shown
from golden.render.machines import management_mac
from golden.rundir import NodeDir, State

FORMATS = ("qcow2", "raw")
PORT_ATTEMPTS = 3
START_SECONDS = 60.0
POWERDOWN_SECONDS = 30.0
QUIT_SECONDS = 10.0
# Room that a first boot writes into the overlays, more or less.
FREE_MIB = 1024


class Qemu:
    """Nodes as QEMU processes on this host; see `golden.boot.target.Target`."""

    name = "qemu"
    format = "qcow2"

    def check(self, site: Site, nodes: tuple[Node, ...]) -> None:
        """Raise UserError for what would keep any node from starting, before one is started."""
        data_disk.check(site)
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
        accelerator = replace(choose(), cpu=site.release.cpu)
        for attempt in range(1, PORT_ATTEMPTS + 1):
            try:
                state = _start(site, node, files, image, accelerator)
                break
            except StageError as error:
                # Between choosing the port and QEMU taking it another program may have it.
                taken = any("host forwarding" in line for line in error.tail)
                if not taken or attempt == PORT_ATTEMPTS:
                    raise
        files.remember(state)
        return True

    def down(self, site: str, node: str, *, keep: bool) -> bool:
        """Power the node off; False when it was off. Without `keep` its disks go too."""
        files = NodeDir(site, node)
        state = files.running()
        if state:
            _stop(files, state, clean=keep)
            _warn_of_damage(node, state)
        files.forget()
        if not keep:
            files.remove()
        return state is not None

    def is_on(self, site: str, node: str) -> bool:
        """Whether the node's machine runs."""
        return NodeDir(site, node).running() is not None

    def machine_state(self, site: str, node: str) -> str:
        """QEMU's word for it (`running`, `io-error`, …), or `off`."""
        files = NodeDir(site, node)
        if not files.running():
            return "off"
        try:
            return str(sockets.command(files.qmp, "query-status")["status"])
        except (OSError, StageError, ValueError):
            return "running" if files.running() else "off"


def artifact(site: Site, node: Node) -> Path:
    """The newest disk baked for the node's kind. Raises UserError when there is none."""
    folder = ARTIFACTS / site.name / node.kind.name
    found = [path for name in FORMATS if (path := folder / f"disk.{name}").is_file()]
    if not found:
        raise UserError(
            f"{shown(folder)}: no disk is baked for {node.name} (kind {node.kind.name}); "
            f"bake it with: ./inv bake --site {site.name}"
        )
    return max(found, key=lambda path: path.stat().st_mtime_ns)


def stamp(path: Path) -> list[int]:
    """What changes when a file is written or replaced: inode, size, time. Empty without a file."""
    try:
        found = path.stat()
    except OSError:
        return []
    return [found.st_ino, found.st_size, found.st_mtime_ns]


def _warn_of_damage(node: str, state: State) -> None:
    """An artifact is only ever replaced by a new file, never written to."""
    now = stamp(Path(state.artifact))
    if now[:1] == state.stamp[:1] and now != state.stamp:
        log.warn(f"{state.artifact} was written to while {node} ran; bake it again")


def management(node: Node) -> seed.Interface:
    """The second NIC: QEMU's user network, which gives its guest 10.0.2.15; leads nowhere else."""
    return seed.Interface("eth1", "10.0.2.15/24", mac=management_mac(node))


def _check_kept_disk(files: NodeDir, image: Path) -> None:
    if files.overlay.exists() and rundir.read(files.base) != [str(image), *stamp(image)]:
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
    """Overlay, data disk and seed, unless a kept machine has them."""
    files.path.mkdir(parents=True, exist_ok=True)
    for file in (files.console, files.marks):
        # Those of the last power-on tell nothing of this one.
        if file.exists():
            file.replace(file.with_name(f"{file.name}.old"))
    if not files.overlay.exists():
        _create_over(files.overlay, image)
        rundir.write(files.base, [str(image), *stamp(image)])
    if not files.data.exists():
        data_disk.make(site, node, files.data)
    if not files.seed.exists():
        seed.write(site, node, files.seed, [management(node)])


def _create_over(path: Path, image: Path) -> None:
    temporary = path.with_suffix(".new")
    words = ["-b", str(image), "-F", image.suffix[1:], str(temporary)]
    run.run(["qemu-img", "create", "-q", "-f", "qcow2", *words], stage="boot")
    temporary.replace(path)


def _start(site: Site, node: Node, files: NodeDir, image: Path, accelerator: Accelerator) -> State:
    machine = Machine(
        name=f"{site.name}-{node.name}",
        memory_mib=node.kind.memory_mib,
        files=files,
        lan=rundir.lan(site.name),
        mac=node.mac,
        management_mac=str(management(node).mac),
        port=free_port(),
    )
    files.log.unlink(missing_ok=True)
    words = argv(machine, accelerator)
    power_on = time.time()
    child = run.start(words, cwd=files.path, log=files.log, stage="boot")
    _wait_until_it_runs(child, words, files)
    return State(
        pid=child.pid,
        started=rundir.start_ticks(child.pid) or 0,
        boot_id=rundir.boot_id(),
        power_on=power_on,
        port=machine.port,
        accelerator=accelerator.name,
        factor=accelerator.factor,
        artifact=str(image),
        stamp=stamp(image),
    )


def _wait_until_it_runs(child: run.Process, words: list[str], files: NodeDir) -> None:
    """QEMU is up when its control socket answers; a wrong option ends it before that."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            said = files.log.read_text(errors="replace").splitlines()[-12:]
            raise StageError(
                "boot",
                f"the machine of {files.node} ended as soon as it was started",
                command=words,
                code=child.returncode,
                tail=said,
                log=files.log,
            )
        with contextlib.suppress(OSError, ValueError):
            sockets.command(files.qmp, "query-status")
            return
        time.sleep(0.05)
    run.end(child)
    raise StageError(
        "boot", f"the machine of {files.node} does not answer", command=words, log=files.log
    )


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _stop(files: NodeDir, state: State, *, clean: bool) -> None:
    """End the machine's process, gently first: power button, QEMU's quit, SIGTERM, SIGKILL."""
    if clean and _ask(files, "system_powerdown"):
        _wait_for_end(state, POWERDOWN_SECONDS * state.factor)
    if rundir.is_alive(state) and _ask(files, "quit"):
        _wait_for_end(state, QUIT_SECONDS)
    for number in (signal.SIGTERM, signal.SIGKILL):
        # Asked again each time: the pid must still be the process that we started.
        if rundir.is_alive(state):
            with contextlib.suppress(ProcessLookupError):
                os.kill(state.pid, number)
            _wait_for_end(state, QUIT_SECONDS)


def _ask(files: NodeDir, name: str) -> bool:
    """False when the machine takes no commands; then the next, rougher step ends it."""
    try:
        sockets.command(files.qmp, name)
    except ConnectionResetError:
        # QEMU may be gone before it has answered `quit`.
        return True
    except (OSError, ValueError, StageError):
        return False
    return True


def _wait_for_end(state: State, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while rundir.is_alive(state) and time.monotonic() < deadline:
        time.sleep(0.1)
