"""Names and clocks: every node knows who it is, where the others are, and what time it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from golden.check import expected
from golden.check.facts import Facts
from golden.definition import Node
from tests.checks.subjects import SITE, each, each_node, each_pair, hosts

# Ganeti complains from 150 s on (constants.NODE_MAX_CLOCK_SKEW); TLS and log reading want far less.
CLOCK_SECONDS = 2.0


@pytest.mark.guide("G154")
@each_node()
def test_own_name_is_the_fqdn(facts: Facts, node: Node) -> None:
    assert facts.system["names"]["fqdn"] == node.fqdn


@pytest.mark.guide("G002")
@each("name", lambda _: expected.names(SITE))
def test_name_resolves_to_its_address_only(facts: Facts, node: Node, name: str) -> None:
    assert facts.system["names"]["addresses"][name] == [expected.names(SITE)[name]]


@pytest.mark.guide("G002")
@each_node()
def test_name_is_in_the_site_s_domain(facts: Facts, node: Node) -> None:
    assert facts.system["names"]["fqdn"].partition(".")[2] == SITE.domain


@pytest.mark.guide("G059", "G086")
@each_node()
def test_the_dns_host_is_the_only_nameserver(facts: Facts, node: Node) -> None:
    # On its own host too: it does not listen on the loopback.
    wanted = [str(one.address) for one in hosts("dns")]
    assert facts.system["names"]["nameservers"] == wanted


@each_node()
def test_the_site_s_interface_has_its_address(facts: Facts, node: Node) -> None:
    interface = facts.interface(SITE.network.interface)
    assert interface is not None and interface.up
    prefix = SITE.network.subnet.partition("/")[2]
    assert f"{node.address}/{prefix}" in interface.addresses


@pytest.mark.guide("G007")
@each_pair()
def test_clocks_agree(facts_of: Callable[[Node], Facts], node: Node, other: Node) -> None:
    mine, theirs = facts_of(node), facts_of(other)
    apart = abs(mine.clock_offset - theirs.clock_offset)
    unsure = mine.clock_uncertainty + theirs.clock_uncertainty
    assert apart <= CLOCK_SECONDS + unsure, f"{apart:.1f} s apart, measured to {unsure:.1f} s"


@pytest.mark.guide("G007")
@each_node()
def test_clock_follows_the_time_server(facts: Facts, node: Node) -> None:
    server = hosts("dns")[0]
    if node == server:
        pytest.skip(f"{node.name} is the site's time server")
    if reason := facts.lacks("clock"):
        pytest.skip(reason)
    assert facts.time_source() == str(server.address)
