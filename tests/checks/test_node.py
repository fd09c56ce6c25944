"""The node answers, and its first boot ended well."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from golden.check.facts import Facts
from golden.definition import Node
from tests.checks.subjects import each, each_node


@each_node()
def test_node_answers(outcome_of: Callable[[Node], Facts | str], node: Node) -> None:
    found = outcome_of(node)
    if isinstance(found, str):
        pytest.fail(found, pytrace=False)


@each_node()
def test_first_boot_is_ready(facts: Facts, node: Node) -> None:
    result = facts.first_boot()
    told = {key: result.get(key) for key in ("state", "step", "detail", "error")}
    assert result.get("state") == "ready", f"first boot ended with {told}"


@each("step", lambda node: node.kind.first_boot)
def test_step_did_not_fail(facts: Facts, node: Node, step: str) -> None:
    if reason := facts.skipped(step):
        pytest.skip(reason)
    states = {one["name"]: one["state"] for one in facts.first_boot().get("steps", [])}
    assert states.get(step) == "done", f"{step}: {states.get(step, 'never ran')}"


@each("step", lambda node: node.kind.first_boot)
def test_step_left_its_marker(facts: Facts, node: Node, step: str) -> None:
    assert step in facts.system["first_boot"]["markers"]
