"""What in a libvirt belongs to this clone: by name, and by a mark in the metadata."""

from __future__ import annotations

import hashlib
import socket
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path

from golden.boot.libvirt.virsh import Virsh
from golden.errors import UserError
from golden.paths import home
from golden.render.machines import NAMESPACE

MACHINE_ID = Path("/etc/machine-id")


def checkout() -> str:
    """The identity of this clone among others that use the same libvirt.

    It includes the host's machine-id(5): two hosts may each have a clone at the same path.
    """
    host = MACHINE_ID.read_text().strip() if MACHINE_ID.is_file() else ""
    return hashlib.sha256(f"{host or socket.gethostname()} {home()}".encode()).hexdigest()[:12]


def named(site: str, thing: str = "") -> str:
    """The network's name, or that of the machine or volume `thing`."""
    name = f"golden-{site}-{checkout()[:6]}"
    return f"{name}-{thing}" if thing else name


def identity(site: str, thing: str = "") -> str:
    """A stable UUID, so that defining a thing again modifies it."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{NAMESPACE}:{checkout()}:{site}:{thing}"))


def mark(site: str, node: str = "") -> dict[str, str]:
    """The attributes of the metadata element that marks a thing as ours."""
    own = {"site": site, "checkout": checkout()}
    return own | ({"node": node} if node else {})


def find(virsh: Virsh, site: str, node: str) -> ET.Element | None:
    """The machine of `node`. Raises UserError when another one has its name."""
    name = named(site, node)
    if name not in virsh.domains():
        return None
    found = virsh.domain(name)
    if not _bears(found, "node", mark(site, node)):
        raise UserError(_taken(virsh, "machine", name))
    return found


def find_network(virsh: Virsh, site: str) -> bool:
    """Whether the site's network is defined. Raises UserError when another one has its name."""
    name = named(site)
    if name not in virsh.networks():
        return False
    found = ET.fromstring(virsh.say("net-dumpxml", "--inactive", name))
    if not _bears(found, "network", mark(site)):
        raise UserError(_taken(virsh, "network", name))
    return True


def image(domain: ET.Element) -> str:
    """The volume that a machine of ours was booted from."""
    element = domain.find(f"metadata/{{{NAMESPACE}}}node")
    return element.get("image", "") if element is not None else ""


def _bears(thing: ET.Element, tag: str, wanted: Mapping[str, str]) -> bool:
    element = thing.find(f"metadata/{{{NAMESPACE}}}{tag}")
    return element is not None and wanted.items() <= element.attrib.items()


def _taken(virsh: Virsh, what: str, name: str) -> str:
    return (
        f"the {what} {name} at {virsh.uri} was not defined by this clone of the project, so it "
        "stays as it is; rename it or remove it there with virsh"
    )
