"""Nothing of the bake is left, no secret lies open, and what must be unique is unique."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import pytest

from golden.check.facts import Facts
from golden.definition import Node
from golden.keys import marks
from golden.paths import CACHE
from tests.checks.subjects import NODES, SITE, each_node

PAIRS = list(combinations(NODES, 2))


@each_node()
def test_no_file_of_the_bake_is_left(facts: Facts, node: Node) -> None:
    assert facts.hygiene["leftovers"] == []


@each_node()
def test_nothing_is_diverted_by_hand(facts: Facts, node: Node) -> None:
    assert facts.hygiene["diversions"] == []


@each_node()
def test_dpkg_syncs_to_disk(facts: Facts, node: Node) -> None:
    assert facts.hygiene["unsafe_io"] == []


@each_node()
def test_every_placeholder_was_completed(facts: Facts, node: Node) -> None:
    assert facts.hygiene["secrets"]["placeholders"] == []


@each_node()
def test_no_secret_is_readable_by_all(facts: Facts, node: Node) -> None:
    assert facts.hygiene["secrets"]["readable"] == []


@each_node()
def test_no_private_key_is_readable_by_all(facts: Facts, node: Node) -> None:
    assert facts.hygiene["secrets"]["keys"] == []


@each_node()
def test_no_secret_is_in_a_log(facts: Facts, node: Node) -> None:
    assert facts.hygiene["secrets"]["logged"] == []


@each_node()
def test_no_process_has_a_secret_among_its_words(facts: Facts, node: Node) -> None:
    assert facts.hygiene["shown"] == []


@each_node()
def test_no_secret_was_shown_on_the_console(node: Node) -> None:
    console = CACHE / "run" / SITE.name / node.name / "console.log"
    if not console.exists():
        pytest.skip(f"this host keeps no console log of {node.name}")
    assert marks.held_in(console.read_bytes(), marks.of_site(SITE.name)) == ""


@each_node()
@pytest.mark.parametrize("what", ["machine-id", "random seed", "host key rsa", "host key ecdsa"])
def test_node_has_its_own(facts: Facts, node: Node, what: str) -> None:
    if what == "random seed" and "random seed" not in facts.hygiene["identity"]:
        pytest.skip("the seed is written when a node shuts down, this one never did")
    assert facts.hygiene["identity"].get(what), f"{node.name} has no {what}"


@pytest.mark.parametrize(
    ("node", "other"), PAIRS, ids=[f"{one.name}-{other.name}" for one, other in PAIRS]
)
def test_no_identity_is_shared(facts_of: Callable[[Node], Facts], node: Node, other: Node) -> None:
    mine, theirs = (facts_of(one).hygiene["identity"] for one in (node, other))
    shared = [what for what in mine if mine[what] and mine[what] == theirs.get(what)]
    assert shared == [], f"{node.name} and {other.name} have the same {', '.join(shared)}"
