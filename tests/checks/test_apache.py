"""Apache: the two sites of Synnefo and no other, the modules they need, and no listings."""

from __future__ import annotations

import pytest

from golden.check.facts import Facts
from golden.definition import Node
from tests.checks.subjects import SITE, each_node

MODULES = {"ssl", "rewrite", "headers", "proxy_http"}


@pytest.mark.guide("G033", "G034")
@each_node(role="apache")
def test_only_the_sites_of_synnefo_are_enabled(facts: Facts, node: Node) -> None:
    suffix = SITE.release.facts["apache_site_suffix"]
    wanted = {f"synnefo{suffix}", f"synnefo-ssl{suffix}"}
    assert set(facts.system["apache"]["sites"]) == wanted


@pytest.mark.guide("G032", "G035")
@each_node(role="apache")
def test_apache_has_its_modules_and_lists_no_folders(facts: Facts, node: Node) -> None:
    modules = set(facts.system["apache"]["modules"])
    assert modules >= MODULES, f"missing: {MODULES - modules}"
    assert "autoindex" not in modules
