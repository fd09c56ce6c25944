"""The installation guide's 291 actions, and where this project carries out each.

docs/guide-steps.json holds the actions. A role does what its `guide` list says, a first-boot step
what its GUIDE says, a check proves what its `guide` marker says: each such place is a home.
"""

from __future__ import annotations

import ast
import functools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from golden import paths
from golden.definition.document import read
from golden.definition.problems import Problems, nearest
from golden.definition.tree import GUIDE

Phase = Literal["bake", "firstboot", "check"]


@dataclass(frozen=True)
class Action:
    """One action of the guide; `line` is where its text is in the guide, `chapter` its heading."""

    id: str
    key: str
    chapter: str
    phase: Phase
    node: Literal["node1", "node2", "both"]
    line: int
    what: str


@dataclass(frozen=True)
class Home:
    """Where the action `id` is done or proven: by a role, step or check called `name`.

    A check's name is that of its function, or of the class or module that is marked as a whole.
    """

    id: str
    part: Literal["role", "step", "check"]
    name: str
    file: str
    line: int


@dataclass(frozen=True)
class Covered:
    """An action with its homes; without any, nothing does it yet."""

    action: Action
    homes: tuple[Home, ...]


@functools.cache
def actions() -> tuple[Action, ...]:
    """All actions, in the order of the guide."""
    return tuple(Action(**each) for each in json.loads(GUIDE.read_text("utf-8")))


def covered(root: Path = paths.ROOT) -> tuple[Covered, ...]:
    """Every action of the guide with its homes in the checkout at `root`.

    Raises UserError when a home names an id that the guide does not have.
    """
    problems = Problems(root)
    homes = sorted(_homes(root, problems), key=lambda home: (home.part, home.file, home.line))
    valid = {action.id for action in actions()}
    for home in homes:
        if home.id not in valid:
            message = f"unknown guide id '{home.id}'; {nearest(home.id, valid)}"
            problems.add(root / home.file, home.line, "", message)
    problems.raise_any()
    return tuple(
        Covered(action, tuple(home for home in homes if home.id == action.id))
        for action in actions()
    )


def step_ids(file: Path) -> tuple[str, ...]:
    """The ids in the GUIDE of the first-boot step `file`."""
    problems = Problems(file.parent)
    ids = tuple(home.id for home in _homes_in_step(file, problems))
    problems.raise_any()
    return ids


def _homes(root: Path, problems: Problems) -> Iterator[Home]:
    for file in sorted((root / "images" / "roles").glob("*/role.yaml")):
        yield from _homes_in_role(file, problems)
    for file in sorted((root / "scripts" / "firstboot" / "steps").glob("[!_]*.py")):
        yield from _homes_in_step(file, problems)
    for file in sorted((root / "tests" / "checks").rglob("test_*.py")):
        yield from _homes_in_checks(file, problems)


def _homes_in_role(file: Path, problems: Problems) -> Iterator[Home]:
    document = read(file, problems)
    for keys, id in document.each("guide", "*"):
        line = document.line(keys)
        yield Home(str(id), "role", file.parent.name, problems.shown(file), line)


def _homes_in_step(file: Path, problems: Problems) -> Iterator[Home]:
    for node in _parse(file, problems).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="GUIDE")], value=ast.Tuple(elts=values)):
                for id, line in _literals(values, file, problems):
                    yield Home(id, "step", file.stem, problems.shown(file), line)


def _homes_in_checks(file: Path, problems: Problems) -> Iterator[Home]:
    """The homes of each marker; one on a class or `pytestmark` stands for all checks in it."""
    for name, call in _marked(_parse(file, problems), file.stem):
        for id, line in _literals(call.args, file, problems):
            yield Home(id, "check", name, problems.shown(file), line)


def _marked(tree: ast.AST, name: str) -> Iterator[tuple[str, ast.Call]]:
    """Each `guide(...)` marker in `tree` with what it is on; `name` where that has no name."""
    for node in ast.iter_child_nodes(tree):
        match tree, node:
            case ((ast.FunctionDef(name=marked) | ast.ClassDef(name=marked)), ast.Call()) if (
                node in tree.decorator_list
            ):
                inner = marked
            case _:
                inner = name
        match node:
            case ast.Call(func=ast.Attribute(attr="guide")):
                yield inner, node
        yield from _marked(node, inner)


def _literals(values: list[ast.expr], file: Path, problems: Problems) -> Iterator[tuple[str, int]]:
    """The texts of `values` and their lines; anything but a literal text is a problem."""
    for value in values:
        match value:
            case ast.Constant(value=str(id)):
                yield id, value.lineno
            case _:
                message = f"write guide ids as literal texts, not {ast.unparse(value)}"
                problems.add(file, value.lineno, "", message)


def _parse(file: Path, problems: Problems) -> ast.Module:
    try:
        return ast.parse(file.read_bytes(), str(file))
    except SyntaxError as error:
        problems.add(file, error.lineno or 1, "", f"not Python: {error.msg}")
        return ast.Module([], [])
