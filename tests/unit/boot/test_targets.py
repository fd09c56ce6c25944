"""Which targets there are: one folder each, and one line that names it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from invoke.program import Program

from golden import menu
from golden.boot import target as module
from golden.boot.target import NAMES, Target, declaration, options, taker, target
from golden.errors import UserError
from golden.paths import ROOT

BOOT = ROOT / "golden/boot"
# Where such a word is not the name of a target.
OTHERWISE = {
    ("golden/menu/__init__.py", "metal"): "the group of the installer's tasks",
    ("golden/installer/bundle.py", "metal"): "the folder of the installer's bundle",
    ("golden/definition/crosscheck.py", "libvirt"): "a key of a site's file",
    ("golden/render/machines.py", "libvirt"): "the folder of the templates",
    ("golden/check/synnefo.py", "container"): "a command of kamaki",
}
NAMED = re.compile(rf"^({'|'.join(NAMES)})$|--target ({'|'.join(NAMES)})\b")


def sources() -> Iterator[Path]:
    folders = [BOOT / name for name in NAMES]
    for path in (ROOT / "golden").rglob("*.py"):
        if not any(path.is_relative_to(folder) for folder in folders):
            yield path


def words(path: Path) -> Iterator[str]:
    """The strings in a module but its docstrings."""
    tree = ast.parse(path.read_text())
    documents = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    strings = (node for node in ast.walk(tree) if isinstance(node, ast.Constant))
    for node in strings:
        if isinstance(node.value, str) and id(node) not in documents:
            yield node.value


def test_a_target_is_named_in_its_folder_and_in_one_line() -> None:
    found = {
        (str(path.relative_to(ROOT)), match[0])
        for path in sources()
        for word in words(path)
        if (match := NAMED.search(word))
    }
    assert found - OTHERWISE.keys() == {("golden/boot/target.py", name) for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_holds_the_target_of_its_name(name: str) -> None:
    made = target(name)
    assert isinstance(made, Target)
    assert (made.name, made.format in ("qcow2", "tree")) == (name, True)
    assert (BOOT / name / "target.py").is_file()


def test_every_folder_of_a_target_is_named() -> None:
    folders = {path.parent.name for path in BOOT.glob("*/target.py")}
    assert folders == set(NAMES)


def test_the_menu_offers_what_targets_declare(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("boot", "rehearse", "down"):
        Program(namespace=menu.namespace()).run(f"inv --help {name}", exit=False)
        shown = " ".join(capsys.readouterr().out.split())
        for option in options(name).values():
            assert f"--{option.name.replace('_', '-')}" in shown
            takers = option.help.partition(":")[0].removeprefix("for --target ").split(" or ")
            assert takers == [
                name for name in NAMES if option.name in {o.name for o in declaration(name).options}
            ]
    of_metal = {"interface", "shared", "reinstall", "force", "wipe_state"}
    assert {"connect", "kernel", "state"} | of_metal == options("boot").keys()
    assert {"connect"} == options("down").keys()
    assert {"connect", "kernel"} == options("rehearse").keys()


def test_what_is_typed_arrives_at_the_target(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(module, "target", lambda *words: seen.append(words) or _end())
    line = "inv boot --target metal --interface eth1 --shared --force S1 --force S2"
    with pytest.raises(StopIteration):
        Program(namespace=menu.namespace()).run(line, exit=False)
    given = {name: value for name, value in seen[0][1].items() if value}
    assert seen[0][0] == "metal"
    assert given == {"interface": "eth1", "shared": True, "force": ["S1", "S2"]}


def _end() -> None:
    raise StopIteration


@pytest.mark.parametrize("name", NAMES)
def test_a_target_refuses_the_options_of_another(name: str) -> None:
    own = {option.name for option in declaration(name).options}
    for other in options("boot").keys() - own:
        shown = other.replace("_", "-")
        with pytest.raises(UserError, match=rf"--{shown}: only --target [\w ]+ takes it"):
            target(name, {other: "x"})


def test_options_say_whose_nodes_are_meant() -> None:
    assert taker({"connect": ""}) is None
    meant = taker({"connect": "qemu:///system"})
    assert meant is not None and meant.name == "libvirt"
