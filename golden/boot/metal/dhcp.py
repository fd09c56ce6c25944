"""Configure dnsmasq: addresses and a boot file for the site's own machines only.

A machine whose MAC address is not in the site's file gets no answer, and boots from its disk as
always. One of ours loads iPXE (`undionly.kpxe`, by TFTP) unless its card has it, then the script
that `server` generates for its MAC address. One that starts by UEFI gets another script, which says
what to do about that. Source: dnsmasq(8).
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from golden import run
from golden.definition.models import Node
from golden.errors import StageError, UserError

# Debian's package ipxe.
ROM = Path("/usr/lib/ipxe/undionly.kpxe")
UEFI_ROM = ROM.with_name("ipxe.efi")
# RFC 4578, 2.1: which firmware asks. x86-64's is seen under both numbers.
UEFI = (7, 9)
LEASE = "1h"
CONFIG = "dnsmasq.conf"
LEASES = "leases"
IPXE_OPTION = 175  # what iPXE puts into its requests: https://ipxe.org/howto/dhcpd


@dataclass(frozen=True)
class Interface:
    """An interface of this host with its IPv4 address of the site's network."""

    name: str
    address: ipaddress.IPv4Interface


def interface(name: str, nodes: Iterable[Node], subnet: str, *, shared: bool = False) -> Interface:
    """The interface `name`, to serve `nodes` of `subnet`.

    Raises UserError when it does not exist, has no address in the subnet or, unless `shared`, has
    the host's default route.
    """
    try:
        found = _ip("address", "show", "dev", name)
    except StageError:
        raise UserError(
            f"--interface {name}: this host has no such interface; see: ip link"
        ) from None
    known = [one for link in found for one in link.get("addr_info", ())]
    if not known:
        raise UserError(
            f"--interface {name}: it has no IPv4 address; give it one of {subnet} that no node has"
        )
    has = [ipaddress.IPv4Interface(f"{one['local']}/{one['prefixlen']}") for one in known]
    wanted = ipaddress.IPv4Network(subnet)
    address = next((one for one in has if one.ip in wanted), has[0])
    for node in nodes:
        _must_reach(name, address, node, subnet)
    routes = _ip("route", "show", "default")
    if not shared and any(route.get("dev") == name for route in routes):
        raise UserError(
            f"--interface {name}: the default route of this host goes there, so it is probably a "
            "network with a DHCP server of its own; if it has none, add --shared"
        )
    return Interface(name, address)


def _ip(*words: str) -> list[dict[str, Any]]:
    """The output of ip(8); an empty list if there is none."""
    printed = run.run(["ip", "-json", "-4", *words], apart=True).out
    found: list[dict[str, Any]] = json.loads(printed or "[]")
    return found


def _must_reach(name: str, address: ipaddress.IPv4Interface, node: Node, subnet: str) -> None:
    wanted = ipaddress.IPv4Address(node.address)
    if wanted not in address.network:
        raise UserError(
            f"--interface {name}: its address {address} does not reach {node.name} ({wanted}); "
            f"give it one of {subnet} that no node has"
        )
    if wanted == address.ip:
        raise UserError(
            f"--interface {name}: {wanted} is the address of {node.name}, not of a host"
        )


def config(served: Interface, nodes: Iterable[Node], url: str) -> str:
    """The text of dnsmasq.conf; `url` is our HTTP server's.

    Files are named without their folder, whose name may be anything: dnsmasq starts in it.
    """
    network = served.address.network
    lines = [
        "port=0",  # no DNS
        f"interface={served.name}",
        "except-interface=lo",
        "bind-interfaces",
        f"dhcp-range={network.network_address},static,{network.netmask},{LEASE}",
        # Nothing lies behind it, but multicast, by which installers find each other, takes a route.
        f"dhcp-option=3,{served.address.ip}",
        *(f"dhcp-host={node.mac},{node.address},{node.name},{LEASE}" for node in nodes),
        "dhcp-ignore=tag:!known",  # also one that has an address and asks for the rest (DHCPINFORM)
        f"dhcp-match=set:ipxe,{IPXE_OPTION}",
        *(f"dhcp-match=set:uefi,option:client-arch,{number}" for number in UEFI),
        f"dhcp-boot=tag:!ipxe,tag:!uefi,{ROM.name}",
        f"dhcp-boot=tag:!ipxe,tag:uefi,{UEFI_ROM.name}",
        f"dhcp-boot=tag:ipxe,tag:!uefi,{url}/boot/${{mac:hexhyp}}.ipxe",
        f"dhcp-boot=tag:ipxe,tag:uefi,{url}/uefi/${{mac:hexhyp}}.ipxe",
        "enable-tftp",
        f"tftp-root={ROM.parent}",
        # It reads what anybody may read, and opens its own files before it becomes that user.
        "user=nobody",
        f"dhcp-leasefile={LEASES}",
        "pid-file",  # none: the process is found by golden.daemon's record
        "keep-in-foreground",
        "log-facility=-",
        "log-dhcp",
    ]
    return "".join(f"{line}\n" for line in lines)


def prepare(served: Interface, nodes: Iterable[Node], url: str, folder: Path) -> list[str]:
    """Write dnsmasq's files into `folder`; return the command line that starts it there."""
    dnsmasq = program()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / CONFIG
    file.write_text(config(served, nodes, url))
    return [str(dnsmasq), f"--conf-file={CONFIG}"]


def program() -> Path:
    """The path of dnsmasq. Raises UserError unless it and the iPXE that it serves are installed."""
    found = run.which("dnsmasq")
    if found is None or not ROM.is_file() or not UEFI_ROM.is_file():
        raise UserError(
            "dnsmasq or iPXE, by which machines start from the network, is not installed: "
            "apt-get install dnsmasq-base ipxe"
        )
    return found
