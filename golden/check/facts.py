"""The facts of one node, as the checks read them; `collect` gets them from a live node."""

from __future__ import annotations

import ipaddress
import json
import re
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


@dataclass(frozen=True)
class Page:
    """What came back for a page: `url` is the last after redirections, `error` why none came.

    `found` says for each pattern looked for whether the page matches it.
    """

    status: int
    url: str
    error: str
    found: Mapping[str, bool]


@dataclass(frozen=True)
class Said:
    """What a command said; `code` is its exit code, the first that is not 0 of several runs."""

    code: int
    out: str

    def rows(self) -> list[dict[str, str]]:
        """The rows of a list in JSON, of which warnings may stand around; none without a list."""
        found = re.search(r"^\[(?:\s*$.*?^\]|\])", self.out, re.MULTILINE | re.DOTALL)
        rows: list[dict[str, str]] = json.loads(found.group(0)) if found else []
        return rows

    def fields(self) -> dict[str, str]:
        """The `name : value` lines of a show command."""
        pairs = (line.partition(":") for line in self.out.splitlines() if ":" in line)
        return {name.strip(): value.strip() for name, _, value in pairs}


def _part(script: str) -> Any:
    """What one script of scripts/check said, from a document that may ask it only now."""
    return property(lambda facts: facts._document.get(script, {}))


class Facts:
    """The facts of one node; `document` is what the scripts in scripts/check printed there.

    `document["clock_offset"]` is [seconds ahead of this host, uncertainty in seconds].
    """

    def __init__(self, node: str, document: Mapping[str, Any]) -> None:
        self.node = node
        self._document = document

    system, hygiene, reach = _part("system"), _part("hygiene"), _part("reach")
    web, cloud, daemons, packets = _part("web"), _part("cloud"), _part("daemons"), _part("packets")
    drift, done, effective = _part("drift"), _part("done"), _part("effective")
    _files, _clock = _part("files"), _part("clock_offset")

    @property
    def clock_offset(self) -> float:
        """Seconds that the node's clock is ahead of this host's."""
        return float(self._clock[0])

    @property
    def clock_uncertainty(self) -> float:
        """Seconds by which `clock_offset` may be wrong."""
        return float(self._clock[1])

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

    def page(self, label: str) -> Page:
        """What this node got for the page that `golden.check.synnefo` calls `label`."""
        return Page(**self.web[label])

    def said(self, label: str) -> Said:
        """What the command that `golden.check.synnefo` calls `label` said on this node."""
        return Said(**self.cloud[label])

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

    def skipped(self, step: str) -> str:
        """Why first boot did without `step` here; "" when it did not."""
        steps = {one["name"]: one for one in self.first_boot().get("steps", [])}
        found = steps.get(step, {})
        return str(found["detail"]) if found.get("state") == "skipped" else ""

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
