"""What was seen on one node, as the checks read it. `collect` gets it from a live node."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

LOOPBACK = ("127.", "::1", "::ffff:127.")
ANY = ("0.0.0.0", "::")


@dataclass(frozen=True)
class Path:
    """One path: `kind` is file, directory, link or other; `sha256` is "" unless it is a file."""

    kind: str
    mode: str
    owner: str
    group: str
    sha256: str = ""
    target: str = ""


@dataclass(frozen=True)
class Service:
    """An init script: `code` is the exit code of its `status`, `says` the end of what it said."""

    exists: bool
    enabled: bool
    code: int
    says: str


@dataclass(frozen=True)
class Interface:
    """A network interface: CIDR `addresses`, and the `ports` of a bridge."""

    up: bool
    addresses: tuple[str, ...]
    ports: tuple[str, ...]


@dataclass(frozen=True)
class Certificate:
    """A web server's certificate: `verified` and `says` are openssl's verdict, `pem` the leaf."""

    verified: bool
    says: str
    pem: str


class Facts:
    """The facts of one node; `document` is what the scripts in scripts/check printed there.

    `document["clock_offset"]` is [seconds ahead of this host, uncertainty in seconds].
    """

    def __init__(self, node: str, document: Mapping[str, Any]) -> None:
        self.node = node
        self.system: Mapping[str, Any] = document["system"]
        self.hygiene: Mapping[str, Any] = document["hygiene"]
        self.reach: Mapping[str, Any] = document["reach"]
        self._files: Mapping[str, Any] = document["files"]
        offset, uncertainty = document["clock_offset"]
        self.clock_offset = float(offset)
        self.clock_uncertainty = float(uncertainty)

    def path(self, path: str) -> Path | None:
        """Facts about `path`, None when the node has no such path. KeyError: nobody asked."""
        found = self._files[path]
        return None if found is None else Path(**found)

    def version(self, package: str) -> str | None:
        """The installed version of `package`, None when it is not installed and configured."""
        found = self.system["packages"].get(package)
        return None if found is None else str(found)

    def service(self, name: str) -> Service:
        """The state of the init script `name`."""
        return Service(**self.system["services"][name])

    def listeners(self, protocol: str, port: int) -> set[str]:
        """The addresses on which something listens to `port`."""
        return {
            at for kind, at, number in self.system["ports"] if (kind, number) == (protocol, port)
        }

    def interface(self, name: str) -> Interface | None:
        """The interface `name`, None when the node has none."""
        found = self.system["network"].get(name)
        if found is None:
            return None
        return Interface(found["up"], tuple(found["addresses"]), tuple(found["ports"]))

    def certificate(self, fqdn: str) -> Certificate:
        """What this node saw when it asked `fqdn` for its certificate."""
        return Certificate(**self.reach["certificates"][fqdn])

    def time_source(self) -> str:
        """The address of the server that steers the clock; "" when it runs free.

        chronyc -c tracking: the reference's address is the second field; ntpq -pn: the line with *.
        """
        clock = self.system["clock"]
        if clock["chrony"]:
            return str(clock["chrony"].split(",")[1])
        chosen = [line[1:].split()[0] for line in clock["ntpq"] if line.startswith("*")]
        return str(chosen[0]) if chosen else ""

    def first_boot(self) -> Mapping[str, Any]:
        """The runner's result; empty when there is none."""
        return self.system["first_boot"]["result"] or {}

    def lacks(self, feature: str) -> str:
        """Why this node has no `feature` through no fault of the image; "" when it must have it.

        A seed says so, that of a container: golden/boot/container/absent.py.
        """
        reason = self.system["absent"].get(feature, "")
        return f"{self.node}: {reason}" if reason else ""

    def has_process(self, name: str) -> bool:
        """Whether a process called `name` runs; the kernel keeps 15 characters of a name."""
        return name[:15] in self.system["processes"]


def scope(listeners: set[str], subnet: str) -> str:
    """How far the listeners can be heard: any, site (`subnet`), loopback, nowhere.

    Whatever is none of these is named by its addresses.
    """
    if not listeners:
        return "nowhere"
    if listeners & set(ANY):
        return "any"
    outside = {at for at in listeners if not at.startswith(LOOPBACK)}
    if not outside:
        return "loopback"
    network = ipaddress.ip_network(subnet)
    if all(ipaddress.ip_address(at) in network for at in outside):
        return "site"
    return ", ".join(sorted(outside))
