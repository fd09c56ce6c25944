"""A small valid site, built without YAML, for tests that need one."""

from __future__ import annotations

from pathlib import Path

from golden.definition.files import Cluster, Network, Source, VolumeGroup
from golden.definition.models import Bridge, Kind, Node, Release, Role, Site


def small_site() -> Site:
    """Two nodes of one kind on 198.51.100.0/24; n1 resolves names for both."""
    master, member = _kind("master", ("dns",)), _kind("member", ("nfs-client",))
    return Site(
        name="small",
        release=_release(),
        domain="small.example",
        network=Network(subnet="198.51.100.0/24", time_servers=("time.small.example",)),
        bridges=(
            Bridge(name="br1", port="eth0.1", vlan=1),
            Bridge(name="br2", port="eth1", vlan=None),
        ),
        cluster=Cluster(name="ganeti.n1.small.example", address="198.51.100.100"),
        volume_group=VolumeGroup(name="ganeti", device="/dev/vdb"),
        nodes=(_node("n1", master, 1), _node("n2", member, 2)),
        variables={"disk_templates": ("drbd", "plain"), "debug": False},
        kinds=(master, member),
    )


def _node(name: str, kind: Kind, number: int) -> Node:
    return Node(
        name=name,
        fqdn=f"{name}.small.example",
        kind=kind,
        address=f"198.51.100.{number}",
        mac=f"02:00:00:00:00:{number:02x}",
    )


def _kind(name: str, roles: tuple[str, ...]) -> Kind:
    return Kind(
        name=name,
        summary="",
        roles=tuple(_role(role) for role in roles),
        image_size_mib=2048,
        memory_mib=1024,
        data_disk_mib=25600,
        first_boot=("hostname",),
    )


def _role(name: str) -> Role:
    return Role(
        name=name,
        summary="",
        layer="platform",
        packages=(),
        services=(),
        ports=(),
        files={},
        directories={},
        state=(),
        users=(),
        bake=(),
        downloads=(),
        variables={},
        guide=(),
        source=Path(f"images/roles/{name}/role.yaml"),
    )


def _release() -> Release:
    return Release(
        name="bookworm",
        debian=12,
        suite="bookworm",
        mirror="host",
        sources=(Source(suite="bookworm"),),
        synnefo="0.16.2",
        keyring="/usr/share/keyrings/debian-archive-keyring.gpg",
        builder="tree",
        kernel="linux-image-amd64",
        python="/usr/bin/python3",
    )
