"""What the definition promises about a booted node, for the checks."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from golden.definition import Kind, Node, Site
from golden.keys.secrets import Secrets
from golden.render import render
from golden.render.quoting import filled


@dataclass(frozen=True)
class ExpectedFile:
    """A file of the image once first boot has completed it."""

    sha256: str
    mode: str
    owner: str
    group: str


def files(site: Site, kind: Kind, secrets: Secrets) -> Mapping[str, ExpectedFile]:
    """{path: what it must be} for every rendered file of `kind`."""
    rendered = render(site).kinds[kind.name].files
    return {
        path: ExpectedFile(
            hashlib.sha256(filled(one.content, secrets.values)).hexdigest(),
            one.mode,
            one.owner,
            one.group,
        )
        for path, one in rendered.items()
    }


def packet_filter(site: Site, kind: Kind, family: str) -> list[str]:
    """What `iptables -S` prints once the filter of `kind` is loaded; `family` is ipv4 or ipv6."""
    text = render(site).kinds[kind.name].files[f"/etc/packet-filter/{family}.rules"].content
    lines = text.decode().splitlines()
    policies = [f"-P {line[1:].rpartition(' ')[0]}" for line in lines if line.startswith(":")]
    return policies + [line for line in lines if line.startswith("-A")]


def directories(kind: Kind) -> dict[str, tuple[str, str, str]]:
    """{path: (mode, owner, group)} of the directories that the roles of `kind` make."""
    return {
        path: (one.mode, one.owner, one.group)
        for role in kind.roles
        for path, one in role.directories.items()
    }


def packages(site: Site, node: Node) -> list[str]:
    """The real names of all packages that the roles of `node` need."""
    platform = node.kind.packages(site.release, "platform")
    synnefo = node.kind.packages(site.release, "synnefo")
    return sorted({*platform, *synnefo, *site.release.own_kernel})


def names(site: Site) -> dict[str, str]:
    """{name: address} that every node must resolve."""
    nodes = {one.fqdn: str(one.address) for one in site.nodes}
    short = {one.name: str(one.address) for one in site.nodes}
    return {**nodes, **short, site.cluster.name: str(site.cluster.address)}
