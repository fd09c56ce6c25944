"""What a machine that is no node reaches of the nodes by TCP: what the roles open, and no more.

One stands on the nodes' network, one on that of the virtual machines. What they saw is written to
.artifacts/SITE/exposure.md. Of UDP a silent port tells nothing: see test_networks for its rules.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from golden import atomic
from golden.check.connection import Connection
from golden.check.facts import LOOPBACK, Facts
from golden.definition import Node
from golden.definition.files import Port
from golden.paths import ARTIFACTS
from tests.checks.subjects import SITE, each_node, hosts

FILTERING = bool(SITE.variables.get("packet_filter"))
pytestmark = [
    pytest.mark.destructive,
    pytest.mark.skipif(not FILTERING, reason="this site's nodes filter nothing (packet_filter)"),
]
# Whom the packet filter lets in of those that are no nodes and no machines (Port.open_to).
STRANGERS = ("site", "operators", "users")
LAN, MACHINES = "the nodes' network", "the machines' network"
# An emulated machine asks a thousand ports in a second, all of three nodes in minutes.
SECONDS = 900
# What is seen of an address: {"open": ports, "closed": ports}.
Sight = Mapping[str, list[int]]
Sights = Mapping[tuple[str, str], Sight]


def spare(network: str, taken: Iterable[str | None], number: int = 1) -> str:
    """An address for the stranger `number`, with the network's length, from the end of what is
    free: the last may be that of the host with the nodes (golden/host/network.py)."""
    whole = ipaddress.IPv4Network(network)
    used = {*taken}
    free = [str(one) for one in whole.hosts() if str(one) not in used]
    return f"{free[-1 - number]}/{whole.prefixlen}"


def ask(link: Connection, node: Node, request: Mapping[str, Any]) -> dict[str, Sight]:
    python = SITE.release.python
    said = link.ask(node.name, python, ("stranger",), request, SECONDS)["stranger"]
    if "error" in said:
        pytest.fail(f"{node.name}: {said['error']}", pytrace=False)
    answer: dict[str, Sight] = said["answer"]
    return answer


def on_the_lan(
    link: Connection, number: int, node: Node, targets: Iterable[Node]
) -> dict[str, Sight]:
    """What the stranger `number` beside `node`, which it cannot see, reaches of `targets`."""
    network = SITE.network
    taken = [*(one.address for one in SITE.nodes), SITE.cluster.address, network.gateway]
    targets = list(targets)
    request = {
        "link": network.interface,
        "address": spare(network.subnet, [*taken, SITE.libvirt.host_address], number),
        "gateway": "",
        "targets": [one.address for one in targets],
        "ports": [],
        "surely": [(one.address, port) for one in targets for port in announced(one)],
    }
    return ask(link, node, request)


def among_machines(link: Connection, ports: Iterable[int]) -> dict[str, Sight]:
    """What a machine reaches of its gateway and, beyond it, of all nodes; only `ports` are asked,
    for those that nothing listens on were asked on the LAN."""
    gateway = str(SITE.variables["vm_gateway"])
    request = {
        "link": SITE.bridges[0].name,
        "address": spare(str(SITE.variables["vm_network"]), [gateway]),
        "gateway": gateway,
        "targets": [gateway, *(one.address for one in SITE.nodes)],
        "ports": sorted(ports),
        "surely": [],
    }
    return ask(link, hosts("nat")[0], request)


@pytest.fixture(scope="module")
def heard(facts_of: Callable[[Node], Facts]) -> dict[str, set[int]]:
    """{node: the TCP ports on which it listens, not to itself alone}."""
    return {
        node.name: {
            port
            for protocol, at, port in facts_of(node).system["ports"]
            if protocol == "tcp" and not at.startswith(LOOPBACK)
        }
        for node in SITE.nodes
    }


@pytest.fixture(scope="module")
def seen(connection: Connection, heard: dict[str, set[int]]) -> Sights:
    """{(where from, address): what was seen}; the table is written."""
    first, *others = SITE.nodes
    # Beside the first all others are seen, and beside the last the first.
    places = [(1, first, others), (2, others[-1], [first])] if others else []
    with ThreadPoolExecutor() as pool:
        sights = list(pool.map(lambda place: on_the_lan(connection, *place), places))
    found = {(LAN, at): sight for each in sights for at, sight in each.items()}
    if hosts("nat"):
        among = among_machines(connection, set.union(*heard.values()))
        found |= {(MACHINES, at): sight for at, sight in among.items()}
    atomic.write(ARTIFACTS / SITE.name / "exposure.md", table(found, heard))
    return found


def opened(node: Node, *groups: str) -> set[int]:
    """The TCP ports that the roles of `node` open to one of `groups`."""
    return {
        number
        for port in node.kind.ports
        if port.protocol == "tcp" and port.open_to in groups
        for number in range(port.port, (port.last or port.port) + 1)
    }


def announced(node: Node) -> set[int]:
    """Those on which something always listens for who is on the site's network."""
    ranged = {port.port for port in node.kind.ports if port.last}
    always = {port.port for port in node.kind.ports} - ranged
    return opened(node, *STRANGERS) & always


def table(sights: Sights, heard: Mapping[str, set[int]]) -> str:
    """Each port that a node hears or opens, and how strangers find it."""
    lines = ["| node | port | role | open to | from LAN | from machines |", "|---" * 6 + "|"]
    for node in SITE.nodes:
        known = {
            port.port: (numbers(port), role.name, port.open_to)
            for role in node.kind.roles
            for port in role.ports
            if port.protocol == "tcp" and port.listen != "loopback"
        }
        for number in sorted({*known, *heard[node.name]}):
            span, role, whom = known.get(number, (str(number), "", "nodes"))
            states = [state(sights.get((place, node.address)), number) for place in (LAN, MACHINES)]
            lines.append(f"| {' | '.join([node.name, span, role, whom, *states])} |")
    return "\n".join(lines) + "\n"


def numbers(port: Port) -> str:
    return f"{port.port}-{port.last}" if port.last else f"{port.port}"


def state(sight: Sight | None, port: int) -> str:
    if sight is None:
        return "not asked"
    return next((name for name, ports in sight.items() if port in ports), "filtered")


@each_node(role="packet-filter")
def test_third_machine_reaches_what_is_opened_to_it(seen: Sights, node: Node) -> None:
    if (LAN, node.address) not in seen:
        pytest.skip("this site has no other node beside which a stranger could be")
    found = set(seen[LAN, node.address]["open"])
    assert sorted(found - opened(node, *STRANGERS)) == []
    assert sorted(announced(node) - found) == []


@each_node(role="packet-filter", where="nat")
def test_machines_reach_what_is_for_users(seen: Sights, node: Node) -> None:
    found = set(seen[MACHINES, node.address]["open"])
    assert sorted(found - opened(node, "users")) == []


@each_node(role="nat")
def test_machines_reach_nothing_of_their_gateway(seen: Sights, node: Node) -> None:
    assert seen[MACHINES, str(SITE.variables["vm_gateway"])]["open"] == []
