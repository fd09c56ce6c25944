"""What a running node leaves on this host: .cache/run/<site>/<node>/ and the state file in it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from golden import atomic, daemon
from golden.daemon import Process
from golden.paths import CACHE


@dataclass(frozen=True)
class State(Process):
    """One power-on of a node, by the process that is its machine or follows its console.

    `power_on` is in seconds since the epoch, `artifact` the image and `stamp` how its file was
    then, `address` and `port` where ssh answers, `target` where it boots, `jump` the ssh command of
    the machine from which that address is reached, if it is another.
    """

    power_on: float
    port: int
    accelerator: str
    factor: float
    artifact: str
    stamp: list[int]
    target: str
    address: str = "127.0.0.1"
    jump: str = ""


class NodeDir:
    """The files of one node's machine. Making the object makes no folder."""

    def __init__(self, site: str, node: str) -> None:
        self.site, self.node = site, node
        self.path = site_dir(site) / node
        self.overlay = self.path / "overlay.qcow2"
        self.data = self.path / "data.qcow2"
        self.kept = self.path / "state.qcow2"
        self.seed = self.path / "seed.iso"
        self.console = self.path / "console.log"
        self.console_socket = self.path / "console.sock"
        self.qmp = self.path / "qmp.sock"
        self.log = self.path / "machine.log"
        self.marks = self.path / "marks.json"
        self.base = self.path / "artifact.json"
        self._state = self.path / "state.json"
        self._target = self.path / "target"
        self._connect = self.path / "connect"
        self._release = self.path / "release"

    def state(self) -> State | None:
        """The last power-on, whether it still runs or not."""
        known = daemon.read(self._state)
        with contextlib.suppress(TypeError):
            return State(**known) if known else None
        return None

    def running(self) -> State | None:
        """The state of a machine that runs now."""
        state = self.state()
        return state if state and state.is_alive() else None

    def remember(self, state: State) -> None:
        """Write the state, atomically."""
        self.claim(state.target)
        daemon.write(self._state, asdict(state))

    def claim(self, target: str, connect: str = "") -> None:
        """Remember where the node is about to boot, so that `down` finds what a failure leaves."""
        atomic.write(self._target, target)
        if connect:
            atomic.write(self._connect, connect)

    def connect(self) -> str:
        """The connection by which the node was booted last, or is kept; empty without one."""
        return self._connect.read_text() if self._connect.exists() else ""

    def target(self) -> str:
        """Where the node was booted last, or is kept; empty when nothing of it is left."""
        return self._target.read_text() if self._target.exists() else ""

    def release(self) -> str:
        """The id of the image release of which its system disk is; empty when that is unknown."""
        return self._release.read_text() if self._release.exists() else ""

    def is_of(self, release: str) -> None:
        """Remember the release."""
        atomic.write(self._release, release)

    def begin(self) -> None:
        """A new power-on: make the folder, and set the last one's console and marks aside."""
        self.path.mkdir(parents=True, exist_ok=True)
        for file in (self.console, self.marks):
            if file.exists():
                file.replace(file.with_name(f"{file.name}.old"))

    def was_on_before(self) -> bool:
        """Whether its disks have been booted before the last power-on."""
        return self.console.with_name(f"{self.console.name}.old").exists()

    def console_text(self) -> str:
        """What the node's console has said since power-on."""
        return self.console.read_text(errors="replace") if self.console.exists() else ""

    def forget(self) -> None:
        """The machine is off: its state and sockets go, its disks stay."""
        for file in (self._state, self.console_socket, self.qmp):
            file.unlink(missing_ok=True)

    def state_disks(self) -> tuple[Path, ...]:
        """Those of its disks that outlive the system, as far as they are there."""
        return tuple(path for path in (self.kept, self.data) if path.exists())

    def remove(self, keep_state: bool = False) -> None:
        """Throw the machine away; with `keep_state` but for its disks that outlive the system, and
        where it was."""
        kept = (*self.state_disks(), self._target, self._connect) if keep_state else ()
        for path in self.path.glob("*"):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path not in kept:
                path.unlink()
        with contextlib.suppress(OSError):
            self.path.rmdir()


def site_dir(site: str) -> Path:
    """The folder of a site's running nodes."""
    return CACHE / "run" / site


def restoring(site: str) -> Path:
    """Holds the name of the saved state that is being restored, or was half restored."""
    return site_dir(site) / "restoring"


def ssh_config(site: str) -> Path:
    """The ssh configuration that reaches the site's booted nodes."""
    return site_dir(site) / "ssh_config"


def lock(site: str) -> FileLock:
    """Held while nodes of `site` are started or stopped."""
    folder = site_dir(site)
    folder.mkdir(parents=True, exist_ok=True)
    # The nodes' disks hold the site's keys and passwords as soon as they have booted.
    folder.chmod(0o700)
    return FileLock(folder.parent / f"{site}.lock")


def lan(site: str) -> str:
    """GROUP:PORT of the multicast that is the site's LAN, the same for all its nodes.

    Made of the folder's identity: two sites, or two checkouts of the project, never hear each
    other. The group is of the administratively scoped ones (RFC 2365).
    """
    folder = site_dir(site)
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{folder} {daemon.identity(folder)}"
    number = hashlib.sha256(name.encode()).digest()
    group = ".".join(str(1 + byte % 254) for byte in number[:3])
    return f"239.{group}:{20000 + int.from_bytes(number[3:5]) % 40000}"


def read(path: Path) -> object:
    """What `write` wrote, or None."""
    try:
        found: object = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return found


def write(path: Path, data: object) -> None:
    """Write JSON, complete or not at all."""
    atomic.write(path, json.dumps(data, indent=1) + "\n")
