"""The image's files are on the node as rendered, completed with the site's secrets."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from golden.check import expected
from golden.check.expected import ExpectedFile
from golden.check.facts import Facts, Path
from golden.definition import Node
from golden.keys import secrets
from golden.render import render
from tests.checks.subjects import SITE, each


@pytest.fixture(scope="session")
def promised() -> Mapping[str, Mapping[str, ExpectedFile]]:
    known = secrets.load(SITE)
    return {kind.name: expected.files(SITE, kind, known) for kind in SITE.kinds}


PATHS = {name: sorted(kind.files) for name, kind in render(SITE).kinds.items()}


def paths(node: Node) -> list[str]:
    return PATHS[node.kind.name]


def there(facts: Facts, path: str, kind: str) -> Path:
    found = facts.path(path)
    assert found is not None, f"{path} is missing"
    assert found.kind == kind, f"{path} is a {found.kind}, not a {kind}"
    return found


@each("path", paths)
def test_file_is_as_rendered(
    facts: Facts, node: Node, path: str, promised: Mapping[str, Mapping[str, ExpectedFile]]
) -> None:
    wanted = promised[node.kind.name][path].sha256
    assert there(facts, path, "file").sha256 == wanted, f"{path} was changed on {node.name}"


@each("path", paths)
def test_file_has_its_mode_and_owner(
    facts: Facts, node: Node, path: str, promised: Mapping[str, Mapping[str, ExpectedFile]]
) -> None:
    wanted = promised[node.kind.name][path]
    found = there(facts, path, "file")
    seen = (found.mode, found.owner, found.group)
    assert seen == (wanted.mode, wanted.owner, wanted.group), f"{path} has {' '.join(seen)}"


@each("path", lambda node: expected.directories(node.kind))
def test_directory_has_its_mode_and_owner(facts: Facts, node: Node, path: str) -> None:
    found = there(facts, path, "directory")
    seen = (found.mode, found.owner, found.group)
    assert seen == expected.directories(node.kind)[path], f"{path} has {' '.join(seen)}"
