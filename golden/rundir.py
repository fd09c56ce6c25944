"""What a running node leaves on this host: .cache/run/<site>/<node>/ and the state file in it.

A state is believed only when its process is still the one that was started: same pid, same start
time, same boot of the host. Anything else is a dead node's leftover.
"""

from __future__ import annotations

import json
import random
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from golden import atomic
from golden.paths import CACHE


@dataclass(frozen=True)
class State:
    """One power-on of a node.

    `started` is the process's start in clock ticks since boot, `power_on` is in seconds since the
    epoch, `artifact` the image and `stamp` how its file was then, `address` and `port` where ssh
    answers, `target` where it boots, `jump` the ssh command of the machine from which that address
    is reached, if it is another.
    """

    pid: int
    started: int
    boot_id: str
    power_on: float
    port: int
    accelerator: str
    factor: float
    artifact: str
    stamp: list[int]
    address: str = "127.0.0.1"
    target: str = "qemu"
    jump: str = ""


class NodeDir:
    """The files of one node's machine. Making the object makes no folder."""

    def __init__(self, site: str, node: str) -> None:
        self.site, self.node = site, node
        self.path = site_dir(site) / node
        self.overlay = self.path / "overlay.qcow2"
        self.data = self.path / "data.qcow2"
        self.seed = self.path / "seed.iso"
        self.console = self.path / "console.log"
        self.console_socket = self.path / "console.sock"
        self.qmp = self.path / "qmp.sock"
        self.log = self.path / "qemu.log"
        self.marks = self.path / "marks.json"
        self.base = self.path / "artifact.json"
        self._state = self.path / "state.json"
        self._target = self.path / "target"
        self._connect = self.path / "connect"

    def state(self) -> State | None:
        """The last power-on, whether it still runs or not."""
        try:
            return State(**json.loads(self._state.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def running(self) -> State | None:
        """The state of a machine that runs now."""
        state = self.state()
        return state if state and is_alive(state) else None

    def remember(self, state: State) -> None:
        """Write the state, atomically."""
        self.claim(state.target)
        write(self._state, asdict(state))

    def claim(self, target: str, connect: str = "") -> None:
        """Remember where the node is about to boot, so that `down` finds what a failure leaves."""
        atomic.write(self._target, target)
        if connect:
            atomic.write(self._connect, connect)

    def connect(self) -> str:
        """The libvirt at which the node was booted last, or is kept; empty when there is none."""
        return self._connect.read_text() if self._connect.exists() else ""

    def target(self) -> str:
        """Where the node was booted last, or is kept; empty when nothing of it is left."""
        return self._target.read_text() if self._target.exists() else ""

    def forget(self) -> None:
        """The machine is off: its state and sockets go, its disks stay."""
        for file in (self._state, self.console_socket, self.qmp):
            file.unlink(missing_ok=True)

    def remove(self) -> None:
        """Throw the machine away."""
        shutil.rmtree(self.path, ignore_errors=True)


def site_dir(site: str) -> Path:
    """The folder of a site's running nodes."""
    return CACHE / "run" / site


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

    Random per site folder: two sites, or two clones of the project, never hear each other.
    """
    file = site_dir(site) / "lan.json"
    if not file.exists():
        octets = [random.randint(1, 254) for _ in range(3)]
        group = "239." + ".".join(map(str, octets))
        write(file, {"group": group, "port": random.randint(20000, 60000)})
    data = json.loads(file.read_text())
    return f"{data['group']}:{data['port']}"


def boot_id() -> str:
    """Names this boot of the host."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_ticks(pid: int) -> int | None:
    """When the process `pid` started (proc(5), field 22), or nothing when it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    # A zombie has ended; only its parent has not looked yet.
    return None if fields[0] == "Z" else int(fields[19])


def is_alive(state: State) -> bool:
    """Whether the process of `state` is the one that was started then."""
    return state.boot_id == boot_id() and start_ticks(state.pid) == state.started


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
