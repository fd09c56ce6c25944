"""The nodes' LAN: an internal network of the engine, on which the host has one address."""

from __future__ import annotations

import ipaddress

import docker
from docker.errors import NotFound
from docker.types import IPAMConfig, IPAMPool

from golden.boot.container import engine
from golden.definition.models import Site
from golden.errors import UserError
from golden.host import Host
from golden.host import network as surroundings


def check(client: docker.DockerClient, site: Site, name: str) -> None:
    """Raise UserError when the subnet would hide something that this host needs.

    The engine gives the host an address in it and a route to it, which hides a mirror or a
    neighbour in the same subnet (docs/wheezy.md W15.1).
    """
    if _exists(client, name):
        return  # Our own, with the route that belongs to it.
    subnet = ipaddress.IPv4Network(str(site.network.subnet))
    definition, host = f"images/sites/{site.name}.yaml", Host()
    # Imported here: python-debian costs 100 ms, which the unit tests and qemu do not need.
    from golden.packages import sources

    mirrors = [source.uri for source in sources.host_sources()]
    for found in (
        surroundings.subnet_and_routes(host, subnet, definition),
        surroundings.subnet_and_mirrors(host, subnet, mirrors, definition),
    ):
        if not found.ok:
            raise UserError(
                f"{definition}: subnet {subnet} cannot be a network of this host: {found.detail}; "
                "end nodes that another clone of this project has booted, or boot with: "
                f"./inv boot --site {site.name} --target qemu"
            )


def ensure(client: docker.DockerClient, site: Site, name: str, labels: dict[str, str]) -> None:
    """Create the network unless it exists."""
    if _exists(client, name):
        return
    pool = IPAMPool(subnet=str(site.network.subnet), gateway=surroundings.free_address(site))
    with engine.refusals(f"make the network {site.network.subnet}"):
        client.networks.create(
            name,
            driver="bridge",
            internal=True,
            ipam=IPAMConfig(pool_configs=[pool]),
            labels=labels,
        )


def bridge(client: docker.DockerClient, name: str) -> str:
    """This host's interface to the network, as the engine's bridge driver calls it; "" without one.

    libnetwork, drivers/bridge: br- and the first twelve digits of the network's id.
    """
    try:
        return f"br-{str(client.networks.get(name).id)[:12]}"
    except NotFound:
        return ""


def _exists(client: docker.DockerClient, name: str) -> bool:
    try:
        client.networks.get(name)
    except NotFound:
        return False
    return True
