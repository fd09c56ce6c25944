"""A site of as many nodes as wanted: the rehearsal, and Ganeti nodes that share one image.

The nodes after the second are of kind `ganeti-node`, as in site rehearsal-four: they are small, and
a site has one Pithos.
"""

from __future__ import annotations

from pathlib import Path

import yaml

PREFIX = "nodes-"
# Of 198.18.0.0/15, for tests between devices (RFC 2544). The cluster's address follows the nodes'.
NETWORK, CLUSTER = 16, 100
LEAST, MOST = 2, CLUSTER - 1
FIRST_KINDS, OTHER_KIND = ("node1", "node2"), "ganeti-node"


def name(count: int) -> str:
    """What the site of `count` nodes is called."""
    return f"{PREFIX}{count}"


def define(root: Path, count: int, called: str = "", network: int = NETWORK) -> None:
    """Write the definition of a site of `count` nodes, LEAST to MOST, into the checkout at `root`;
    `called` is its name instead of `name(count)`, `network` the third number of its addresses."""
    site = called or name(count)
    subnet = f"198.18.{network}"
    definition = {
        "site": site,
        "like": "rehearsal",
        "domain": f"{site}.test",
        "network": {"subnet": f"{subnet}.0/24"},
        "cluster": {"name": f"ganeti.node1.{site}.test", "address": f"{subnet}.{CLUSTER}"},
        "nodes": [_node(network, number) for number in range(1, count + 1)],
    }
    file = root / "images" / "sites" / f"{site}.yaml"
    file.write_text(yaml.safe_dump(definition, sort_keys=False))


def _node(network: int, number: int) -> dict[str, str]:
    kinds = dict(enumerate(FIRST_KINDS, 1))
    return {
        "name": f"node{number}",
        "kind": kinds.get(number, OTHER_KIND),
        "address": f"198.18.{network}.{number}",
        "mac": f"02:00:00:00:{network:02x}:{number:02x}",
    }
