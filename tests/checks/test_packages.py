"""Every package that a role asks for is installed and configured."""

from __future__ import annotations

from golden.check import expected
from golden.check.facts import Facts
from golden.definition import Node
from tests.checks.subjects import SITE, each


@each("package", lambda node: expected.packages(SITE, node))
def test_package_is_installed(facts: Facts, node: Node, package: str) -> None:
    assert facts.version(package), f"{package} is not installed on {node.name}"


@each("package", lambda node: [p for p in expected.packages(SITE, node) if p in SITE.release.pins])
def test_package_has_the_pinned_version(facts: Facts, node: Node, package: str) -> None:
    assert facts.version(package) == SITE.release.pins[package]
