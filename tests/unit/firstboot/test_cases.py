"""First-boot code under the Pythons of all images: 3.11 here, and 2.7 where this host has one."""

from __future__ import annotations

import ast
import functools
import json
import subprocess
from pathlib import Path

import pytest

from tests.unit.pythons import PYTHONS

HERE = Path(__file__).parent
MODULES = sorted(path.stem for path in HERE.glob("cases_*.py"))


def names(module: str) -> list[str]:
    tree = ast.parse((HERE / f"{module}.py").read_text())
    functions = [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]
    return [name for name in functions if name.startswith("case_")]


@functools.cache
def results(interpreter: str, module: str) -> dict[str, str]:
    command = [interpreter, str(HERE / "run_cases.py"), module]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


CASES = [(module, name) for module in MODULES for name in names(module)]


@pytest.mark.parametrize("module,name", CASES)
@pytest.mark.parametrize("version", PYTHONS)
def test_case(version: str, module: str, name: str) -> None:
    failure = results(PYTHONS[version], module)[name]
    assert not failure, failure
