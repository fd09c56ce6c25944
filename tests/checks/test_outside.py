"""What is optional, and what the guide has people try and no check can: each says why it is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from golden.check.facts import Facts
from golden.definition import Node
from tests.checks.subjects import SITE, each_node


@pytest.mark.guide("G149")
@each_node(role="pithos")
def test_desktop_clients_synchronise(node: Node) -> None:
    pytest.skip(
        "the desktop clients are optional programs for a person's computer, fetched from a web "
        "page; the upload over the same API is checked (test_pithos)"
    )


@pytest.mark.guide("G214")
@each_node(role="nat")
def test_machine_pings_the_outside_world(node: Node) -> None:
    pytest.skip(
        "www.synnefo.org is not reached from here, and a ping is typed at a machine's console; "
        "gateway, address translation and lease of the machine are checked (test_machines, nat)"
    )


@pytest.mark.guide("G003", "G004")
@each_node(role="synnefo-packages")
def test_repository_of_synnefo_is_configured(facts: Facts, node: Node) -> None:
    if not SITE.variables.get("synnefo_repository"):
        pytest.skip("this site names no repository of Synnefo to upgrade from")
    assert facts.path("/etc/apt/sources.list.d/synnefo.list") is not None
    # Without its key apt takes nothing from it.
    key, keys = str(SITE.variables["synnefo_repository_key"]), facts.system["archive_keys"]
    assert any(key.lower() in one.lower() for one in keys), f"no key of {key}, only of {keys}"


@pytest.mark.guide("G268")
def test_statistics_are_collected(facts_of: Callable[[Node], Facts]) -> None:
    nodes = [node for node in SITE.nodes if node.kind.has("stats-agent")]
    if not nodes:
        pytest.skip("no node of this site lists the optional roles stats-agent and stats-server")
    for node in nodes:
        assert facts_of(node).service(SITE.release.services.get("collectd", "collectd")).code == 0
