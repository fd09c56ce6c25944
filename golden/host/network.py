"""The site's subnet against the networks that this host is part of.

On some hosts the package mirror lies in the documentation network that the guide's example nodes
use: one on-link address of that subnet, and apt is cut off (docs/wheezy.md W15.1).
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from golden.definition.models import Site
from golden.errors import UserError
from golden.host import Finding, Host

Network = ipaddress.IPv4Network


def routes(host: Host) -> list[tuple[str, Network]]:
    """The host's IPv4 routes but the default one, as (interface, network)."""
    found = []
    for line in host.text(Path("/proc/net/route")).splitlines()[1:]:
        fields = line.split()
        # Hexadecimal words in the machine's byte order: proc(5), net/route.
        words = [struct.pack("=L", int(fields[at], 16)) for at in (1, 7)]
        address, mask = (ipaddress.IPv4Address(word) for word in words)
        network = Network(f"{address}/{mask}", strict=False)
        if network.prefixlen:
            found.append((fields[0], network))
    return found


def subnet_and_routes(
    host: Host, subnet: Network, definition: str, own: Sequence[str] = ()
) -> Finding:
    """No route of this host leads into the site's subnet but those of its `own` interfaces."""
    others = [(name, network) for name, network in routes(host) if name not in own]
    clash = [f"{network} on {name}" for name, network in others if network.overlaps(subnet)]
    if not clash:
        return Finding("subnet and routes", True, False, f"{subnet} is on no route of this host")
    detail = f"{subnet} overlaps {', '.join(clash)}: a node could take a neighbour's address"
    return Finding("subnet and routes", False, False, detail, f"sensible-editor {definition}")


def subnet_and_mirrors(
    host: Host, subnet: Network, urls: Iterable[str], definition: str
) -> Finding:
    """The addresses of the mirrors, the release's and this host's own, are outside the subnet."""
    names = dict.fromkeys(name for url in urls if (name := urlsplit(url).hostname))
    inside = [
        f"{name} ({address})"
        for name in names
        for address in host.addresses(name)
        if _inside(address, subnet)
    ]
    if not inside:
        detail = f"no mirror ({', '.join(names)}) is in {subnet}"
        return Finding("subnet and mirrors", True, False, detail)
    detail = (
        f"{', '.join(inside)} lies in {subnet}: never give this host an address of that subnet, "
        "or apt is cut off; the qemu target does not"
    )
    return Finding("subnet and mirrors", False, False, detail, f"sensible-editor {definition}")


def free_address(site: Site) -> str:
    """The highest address of the subnet that the site does not use, for this host.

    Raises UserError when there is none.
    """
    subnet = Network(str(site.network.subnet))
    taken = {str(node.address) for node in site.nodes}
    taken |= {str(site.cluster.address), str(site.network.gateway)}
    for number in range(subnet.num_addresses - 2, 0, -1):
        if str(subnet[number]) not in taken:
            return str(subnet[number])
    raise UserError(
        f"images/sites/{site.name}.yaml: {subnet} has no address left for this host: take a larger "
        "subnet"
    )


def _inside(address: str, subnet: Network) -> bool:
    parsed = ipaddress.ip_address(address)
    return isinstance(parsed, ipaddress.IPv4Address) and parsed in subnet
