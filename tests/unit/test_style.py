"""The house rules of style, as tests: one command runs everything."""

from __future__ import annotations

import ast
import functools
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden import run
from golden.paths import ROOT

MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
DRAWERS = {"util", "utils", "common", "helpers", "misc"}


@functools.cache
def committed() -> tuple[Path, ...]:
    """The files git knows or would add, also of a worktree or an unpacked archive."""
    words = ("ls-files", "--others", "--exclude-standard", "-z")
    with tempfile.TemporaryDirectory() as folder:
        run.run(["git", "init", "--quiet", folder])
        # To an empty repository every file is new.
        git = ["git", f"--git-dir={folder}/.git", f"--work-tree={ROOT}"]
        listing = run.run([*git, *words], cwd=ROOT, apart=True)
    paths = (ROOT / name for name in sorted(listing.out.split("\0")))
    return tuple(path for path in paths if path.is_file())


def below(*folders: str) -> list[Path]:
    """Those in folders of the checkout."""
    return [path for path in committed() if path.relative_to(ROOT).parts[0] in folders]


PYTHON = [
    path
    for path in committed()
    if path.suffix == ".py" and not path.is_relative_to(ROOT / "rendered")
]
SHELL = [
    path
    for path in committed()
    if not path.is_relative_to(ROOT / "rendered")
    and path.suffix not in {".py", ".j2"}
    and path.read_bytes()[:2] == b"#!"
    and re.match(rb"#! ?/bin/sh|#!/usr/bin/env (ba)?sh|#!/bin/bash", path.read_bytes())
]


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", PYTHON + SHELL, ids=relative)
def test_file_is_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_FILE_LINES


@pytest.mark.parametrize("path", PYTHON, ids=relative)
def test_functions_are_short(path: Path) -> None:
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in functions(path)
        if node.end_lineno and node.end_lineno - node.lineno + 1 > MAX_FUNCTION_LINES
    }
    assert long == {}


def test_nothing_is_called_a_drawer() -> None:
    assert [relative(path) for path in PYTHON + SHELL if path.stem in DRAWERS] == []


@pytest.mark.parametrize(
    "path", [p for p in PYTHON if p.is_relative_to(ROOT / "golden")], ids=relative
)
def test_one_module_starts_processes_and_one_prints(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imported = {
        alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {
        (node.module or "").split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
    }
    called = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    if path.name != "run.py" or path.parent.name != "golden":
        assert "subprocess" not in imported
    assert "print" not in called


@pytest.mark.parametrize("path", PYTHON + SHELL, ids=relative)
def test_no_failure_is_swallowed(path: Path) -> None:
    if path == Path(__file__):
        return
    text = path.read_text()
    assert "|| true" not in text
    assert not re.search(r"^\s*except:\s*$", text, re.MULTILINE)


@pytest.mark.parametrize("path", PYTHON, ids=relative)
def test_releases_differ_in_data_not_in_code(path: Path) -> None:
    if path.is_relative_to(ROOT / "tests"):
        return
    assert not re.search(r"""==\s*["'](wheezy|bookworm)["']""", path.read_text())


def test_no_path_of_this_machine_is_committed() -> None:
    # The checkout's own place, as a whole path: a folder below another may have the same name.
    # One folder deep it is a path of every machine, such as /root/ or /home/.
    place = str(ROOT.parent if len(ROOT.parent.parts) > 2 else ROOT) + "/"
    whole = re.compile(r"(?<![\w.])" + re.escape(place))
    found = [
        relative(path) for path in committed() if whole.search(path.read_text(errors="replace"))
    ]
    assert found == []


@pytest.mark.parametrize("tool", [["mypy"], ["ruff", "check", "."], ["ruff", "format", "--check"]])
def test_linter_is_content(tool: list[str]) -> None:
    result = run.run([sys.executable, "-m", *tool], cwd=ROOT, check=False)
    assert result.code == 0, result.out


def test_no_room_of_golden_uses_one_above_it() -> None:
    """The contracts of import-linter in pyproject.toml."""
    lint = Path(sys.executable).with_name("lint-imports")
    result = run.run([lint, "--no-cache"], cwd=ROOT, check=False)
    assert result.code == 0, result.out


def test_each_test_is_found_without_a_booted_site() -> None:
    """The slow and nightly ones too, which the unit tests' own collection does not see."""
    words = [sys.executable, "-m", "pytest", "-q", "--collect-only", ROOT / "tests" / "integration"]
    environment = {key: value for key, value in os.environ.items() if key[:6] != "GOLDEN"}
    result = run.run(words, cwd=ROOT, check=False, env=environment)
    assert result.code == 0, result.out


# What runs in a node, or on a machine that installs one: there is no golden.
GUEST = [
    path
    for path in below("scripts", "images")
    if path.suffix == ".py" or re.match(rb"#!.*python", path.read_bytes()[:40])
    if not path.is_relative_to(ROOT / "scripts" / "host")
]


@pytest.mark.parametrize("path", GUEST, ids=relative)
def test_guest_code_imports_nothing_of_golden(path: Path) -> None:
    """What import-linter cannot see: no package of Python, and programs without a suffix."""
    nodes = list(ast.walk(ast.parse(path.read_text())))
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)]
    assert not {name.partition(".")[0] for name in names} & {"golden", "scripts", "tests", "bench"}


@pytest.mark.parametrize("path", SHELL, ids=relative)
def test_shellcheck_is_content(path: Path) -> None:
    result = run.run(["shellcheck", path], check=False)
    assert result.code == 0, result.out
