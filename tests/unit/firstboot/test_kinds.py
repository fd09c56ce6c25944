"""The definitions and the steps fit together."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest

from golden import definition
from golden.definition import Kind, Site
from golden.paths import SCRIPTS

STEPS = sorted(
    path for path in (SCRIPTS / "firstboot/steps").glob("*.py") if path.stem != "__init__"
)
KINDS = [(site, kind) for site in map(definition.load, definition.sites()) for kind in site.kinds]


def constants(step: Path) -> dict[str, Any]:
    """The literal values at the top of a step file."""
    found = {}
    for node in ast.parse(step.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.stem)
def test_a_step_has_all_its_parts(step: Path) -> None:
    tree = ast.parse(step.read_text())
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert ast.get_docstring(tree)
    assert {"done", "run"} <= functions.keys()
    assert [argument.arg for argument in functions["done"].args.args] == ["ctx"]
    assert [argument.arg for argument in functions["run"].args.args] == ["ctx"]
    parts = constants(step)
    assert all(re.fullmatch(r"G\d{3}", id) for id in parts["GUIDE"])
    assert isinstance(parts["SERVICES"], tuple)
    # What is put off until the rest is done must not hold the rest up by trying again.
    assert not (parts.get("OPTIONAL") and parts.get("PEER"))


@pytest.mark.parametrize("site,kind", KINDS, ids=lambda thing: thing.name)
def test_every_service_of_a_kind_is_released_by_one_of_its_steps(site: Site, kind: Kind) -> None:
    released = {
        name
        for step in kind.first_boot
        for name in constants(SCRIPTS / f"firstboot/steps/{step}.py")["SERVICES"]
    }
    services = {name for role in kind.roles for name in role.services}
    assert services <= released, f"{site.name}: no step of {kind.name} starts these"


@pytest.mark.parametrize("site,kind", KINDS, ids=lambda thing: thing.name)
def test_a_step_starts_only_services_that_its_kind_has(site: Site, kind: Kind) -> None:
    services = {name for role in kind.roles for name in role.services}
    for step in kind.first_boot:
        started = set(constants(SCRIPTS / f"firstboot/steps/{step}.py")["SERVICES"])
        assert started <= services, f"{site.name}: {step} on {kind.name}"


@pytest.mark.parametrize("site,kind", KINDS, ids=lambda thing: thing.name)
def test_a_peer_is_a_role_of_the_site(site: Site, kind: Kind) -> None:
    roles = {role.name for each in site.kinds for role in each.roles}
    for step in kind.first_boot:
        peer = constants(SCRIPTS / f"firstboot/steps/{step}.py").get("PEER", "")
        assert not peer or peer in roles, f"{site.name}: {step} on {kind.name}"


@pytest.mark.parametrize("site,kind", KINDS, ids=lambda thing: thing.name)
def test_services_are_enabled_last(site: Site, kind: Kind) -> None:
    assert kind.first_boot[-1] == "services", site.name
