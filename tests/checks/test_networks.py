"""The packet filter; the gateway of machines with its address translation, the queue of DHCP."""

from __future__ import annotations

import pytest

from golden.check import expected
from golden.check.facts import Facts
from golden.definition import Node
from tests.checks.subjects import SITE, each_node

QUEUE = 42  # dhcp_queue of nfdhcpd.conf, G198


@pytest.mark.parametrize("family", ["ipv4", "ipv6"])
@each_node(role="packet-filter")
def test_packet_filter_is_as_rendered(facts: Facts, node: Node, family: str) -> None:
    found = facts.packets[family]
    if found is None:
        pytest.skip(f"{node.name}: its kernel has no IPv6")
    wanted = expected.packet_filter(SITE, node.kind, family)
    mend = "run: /etc/init.d/packet-filter restart"
    assert [rule for rule in wanted if rule not in found] == [], f"missing; {mend}"
    assert [rule for rule in found if rule not in wanted] == [], f"added; {mend}"
    assert found == wanted, f"in another order; {mend}"


@pytest.mark.guide("G203", "G204")
@each_node(role="nat")
def test_gateway_is_on_the_first_bridge(facts: Facts, node: Node) -> None:
    bridge, network = SITE.bridges[0].name, str(SITE.variables["vm_network"])
    wanted = f"{SITE.variables['vm_gateway']}/{network.partition('/')[2]}"
    found = facts.interface(bridge)
    assert found is not None, f"{node.name} has no {bridge}"
    assert wanted in found.addresses, f"{bridge} has only {found.addresses}"


@pytest.mark.guide("G206")
@each_node(role="nat")
def test_packets_are_forwarded(facts: Facts, node: Node) -> None:
    if reason := facts.lacks("forwarding"):
        pytest.skip(reason)
    assert facts.packets["forwarding"] == "1"


@pytest.mark.guide("G205")
@each_node(role="nat")
def test_addresses_are_translated_on_the_way_out(facts: Facts, node: Node) -> None:
    out = f"-o {SITE.network.interface}"
    found = [line for line in facts.packets["nat"] if "MASQUERADE" in line]
    assert [line for line in found if out in line], f"in the nat table: {facts.packets['nat']}"


@pytest.mark.guide("G200")
@each_node(role="nfdhcpd")
def test_dhcp_goes_to_nfdhcpd_s_queue(facts: Facts, node: Node) -> None:
    if reason := facts.skipped("nfdhcpd"):
        pytest.skip(reason)
    queue = f"--queue-num {QUEUE}"
    rules = [line for line in facts.packets["mangle"] if "NFQUEUE" in line and queue in line]
    assert [line for line in rules if "--dport 67" in line], f"mangle: {facts.packets['mangle']}"
