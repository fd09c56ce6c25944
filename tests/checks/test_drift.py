"""Nothing on the node is otherwise than its image and its first boot made it, nor will be at the
next boot, and nothing that must last lies where it would be lost with the system disk.

What must last is `state` of images/roles/*/role.yaml; what first boot writes, and what may be lost,
is in golden/check/state.py."""

from __future__ import annotations

import pytest

from golden.check.facts import Facts
from golden.definition import Node
from tests.checks.subjects import each, each_node


def found(facts: Facts, what: str) -> str:
    """The findings, a line each; fails for an image that does not list its files."""
    assert facts.drift, "the image does not list its files: bake it anew"
    return "\n".join(facts.drift[what])


@each_node()
def test_no_file_was_changed(facts: Facts, node: Node) -> None:
    assert found(facts, "changed") == ""


@each_node()
def test_no_file_is_missing(facts: Facts, node: Node) -> None:
    assert found(facts, "missing") == ""


@each_node()
def test_no_file_was_added(facts: Facts, node: Node) -> None:
    assert found(facts, "added") == ""


@each_node()
def test_nothing_is_open_to_everybody(facts: Facts, node: Node) -> None:
    # Set-uid files, devices and what all may write, where files may come and go.
    assert found(facts, "opened") == ""


@each_node()
def test_nothing_that_must_last_is_on_the_system_disk(facts: Facts, node: Node) -> None:
    if facts.drift and facts.drift["perishable"] is None:
        pytest.skip(f"{node.name} has no state volume: all is on its system disk")
    # Files that were written since first boot, without declared state and what may be lost.
    assert found(facts, "perishable") == ""


@each_node()
def test_next_boot_starts_the_same(facts: Facts, node: Node) -> None:
    assert found(facts, "boot") == ""


@each("step", lambda node: node.kind.first_boot)
def test_step_is_still_done(facts: Facts, node: Node, step: str) -> None:
    if reason := facts.skipped(step):
        pytest.skip(reason)
    said = facts.done[step]
    if said.startswith("no seed"):
        pytest.skip(f"{node.name} cannot be held against its seed: {said}")
    assert said == ""
