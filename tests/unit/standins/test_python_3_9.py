"""The stand-ins run on bullseye's Python 3.9 as well as on bookworm's 3.11."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from golden.packages.standins import STANDINS

VERMIN = [sys.executable, "-c", "import vermin; vermin.main()", "-q", "-t=3.9-", "--violations"]


def _is_python(path: Path) -> bool:
    if path.suffix == ".py" or not path.is_file():
        return path.suffix == ".py"
    return path.open("rb").readline().startswith(b"#!/usr/bin/python3")


FILES = sorted(path for path in STANDINS.glob("*/files/**/*") if _is_python(path))


def test_vermin_finds_no_later_library() -> None:
    found = subprocess.run([*VERMIN, *map(str, FILES)], capture_output=True, text=True)
    assert len(FILES) > 40 and found.returncode == 0, found.stdout


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_union_in_a_signature_is_not_evaluated(path: Path) -> None:
    """`str | None` is an expression that 3.9 cannot evaluate; vermin does not tell."""
    tree = ast.parse(path.read_text())
    hints = [
        node.annotation for node in ast.walk(tree) if isinstance(node, ast.arg | ast.AnnAssign)
    ]
    hints += [node.returns for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    unions = [one for hint in hints if hint for one in ast.walk(hint) if isinstance(one, ast.BitOr)]
    assert not unions or "from __future__ import annotations" in path.read_text()
