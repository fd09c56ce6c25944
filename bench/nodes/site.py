"""A site of as many nodes as wanted: the rehearsal, and Ganeti nodes that share one image.

The nodes after the second are of kind `ganeti-node`, as in site rehearsal-four: they are small, and
a site has one Pithos.
"""

from __future__ import annotations

from pathlib import Path

import yaml

PREFIX = "nodes-"
# Of 198.18.0.0/15, for tests between devices (RFC 2544). The cluster's address follows the nodes'.
NETWORK, CLUSTER = "198.18.16", 100
LEAST, MOST = 2, CLUSTER - 1
FIRST_KINDS, OTHER_KIND = ("node1", "node2"), "ganeti-node"


def name(count: int) -> str:
    """What the site of `count` nodes is called."""
    return f"{PREFIX}{count}"


def define(root: Path, count: int) -> None:
    """Write the definition of the site of `count` nodes, LEAST to MOST, into the checkout at
    `root`."""
    domain = f"{name(count)}.test"
    definition = {
        "site": name(count),
        "like": "rehearsal",
        "domain": domain,
        "network": {"subnet": f"{NETWORK}.0/24"},
        "cluster": {"name": f"ganeti.node1.{domain}", "address": f"{NETWORK}.{CLUSTER}"},
        "nodes": [_node(number) for number in range(1, count + 1)],
    }
    file = root / "images" / "sites" / f"{name(count)}.yaml"
    file.write_text(yaml.safe_dump(definition, sort_keys=False))


def _node(number: int) -> dict[str, str]:
    kinds = dict(enumerate(FIRST_KINDS, 1))
    return {
        "name": f"node{number}",
        "kind": kinds.get(number, OTHER_KIND),
        "address": f"{NETWORK}.{number}",
        "mac": f"02:00:00:00:10:{number:02x}",
    }
