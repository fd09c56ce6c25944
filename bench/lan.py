"""Machines on a switch of their own, as network namespaces whose links have a rate.

A namespace has no name and belongs to a process of ours: this host's network sees none of it, and
it ends with this process, however that ends.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from golden import run
from golden.errors import StageError

SWITCH, CARD = "switch", "eth0"
# More than a tick's worth of bytes at once, and a queue of a tenth of a second.
BUFFERS = "burst 64kb latency 100ms"
SECONDS = 20.0


@dataclass(frozen=True)
class Host:
    """A machine with the IPv4 `address` at its card CARD; `pid` holds its namespace."""

    pid: int
    address: str

    def words(self, *words: str | Path) -> list[str | Path]:
        """The command line that runs `words` there."""
        return ["nsenter", f"--target={self.pid}", "--net", *words]

    def sent(self) -> int:
        """How many bytes have left it."""
        words = self.words("ip", "-json", "-stats", "link", "show", "dev", CARD)
        return int(json.loads(run.run(words, apart=True).out)[0]["stats64"]["tx"]["bytes"])


class Lan:
    """A switch; each link to it carries `rate` (tc(8), such as 32mbit) in each direction."""

    def __init__(self, rate: str) -> None:
        self._rate = rate
        self._held: list[run.Process] = []
        self._switch = Host(0, "")

    def __enter__(self) -> Self:
        self._switch = Host(self._hold(), "")
        self._at(self._switch, f"ip link add {SWITCH} type bridge")
        self._at(self._switch, f"ip link set {SWITCH} up")
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        for process in self._held:
            run.end(process)

    def join(self, address: str) -> Host:
        """A new machine with `address` (its prefix is /24), and a route for multicast."""
        host, port = Host(self._hold(), address), f"port{len(self._held)}"
        peer = f"peer name {CARD} netns {host.pid}"
        self._at(self._switch, f"ip link add {port} type veth {peer}")
        self._at(self._switch, f"ip link set {port} master {SWITCH} up")
        for words in (
            "ip link set lo up",
            f"ip address add {address}/24 dev {CARD}",
            f"ip link set {CARD} up",
            # As of the router that dnsmasq gives (golden.boot.metal.dhcp).
            f"ip route add default via {address.rpartition('.')[0]}.254",
        ):
            self._at(host, words)
        for where, card in ((host, CARD), (self._switch, port)):
            self._at(where, f"tc qdisc add dev {card} root tbf rate {self._rate} {BUFFERS}")
        return host

    def _at(self, host: Host, words: str) -> None:
        run.run(host.words(*words.split()), stage="lan")

    def _hold(self) -> int:
        """A process that does nothing, in a namespace of its own."""
        words = ["setpriv", "--pdeathsig=KILL", "unshare", "--net", "sleep", "infinity"]
        process = run.start(words, stage="lan")
        self._held.append(process)
        theirs, deadline = Path(f"/proc/{process.pid}/ns/net"), time.monotonic() + SECONDS
        while theirs.readlink() == Path("/proc/self/ns/net").readlink():
            if process.poll() is not None or time.monotonic() > deadline:
                raise StageError("lan", "no network namespace can be made here; run it as root")
            time.sleep(0.01)
        return process.pid
