"""snf-image: an operating system for Ganeti, whose images come out of Pithos's storage."""

from __future__ import annotations

import re

import pytest

from golden.check import synnefo
from golden.check.facts import Facts
from golden.definition import Node
from tests.checks.answers import said
from tests.checks.subjects import each, each_node, hosts
from tests.checks.test_storage import SHARED

ROLE = "snf-image"


@pytest.mark.guide("G183")
@each_node(role="ganeti-master")
def test_snf_image_is_valid_on_every_node(facts: Facts, node: Node) -> None:
    if not hosts(ROLE):
        pytest.skip("no node makes machines of images")
    out = said(facts, "gnt-os diagnose")
    part = out.partition("OS: snf-image")[2].partition("\nOS: ")[0]
    assert part.startswith(" [global status: valid]"), out.strip()[-900:]
    # Ganeti 3.0 calls the nodes by their UUIDs here, so they are only counted.
    valid = re.findall(r"Node: \S+, status: valid", part, re.IGNORECASE)
    assert len(valid) == len(hosts(ROLE)), out.strip()[-900:]


@pytest.mark.guide("G181")
@each_node(role=ROLE)
def test_shared_folder_is_visible(facts: Facts, node: Node) -> None:
    assert SHARED in facts.system["storage"]["free_mib"], f"{node.name} has no {SHARED}"


@pytest.mark.guide("G181")
@each("peer", lambda _: synnefo.PEERS, role=ROLE)
def test_archipelago_runs_beside_it(facts: Facts, node: Node, peer: str) -> None:
    # Its own `status` always ends with 0 (docs/synnefo.md S10.1), so the processes are looked at.
    assert facts.daemons["processes"][f"archipelago {peer}"], f"no process of {peer}"
