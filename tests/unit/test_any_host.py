"""tests/any_host.md names tests that exist."""

from __future__ import annotations

import ast
import re

import pytest

from golden.paths import ROOT

TABLE = ROOT / "tests" / "any_host.md"
_ROW = re.compile(
    r"^\| (?P<kind>[^|]+) \| (?P<input>.+) "
    r"\| `(?P<file>[^`]+)::(?P<test>\w+)(\[(?P<case>.+)\])?` \|$"
)

ROWS = [
    line
    for line in TABLE.read_text().splitlines()
    if line.startswith("| ") and not line.startswith("| kind ")
]


@pytest.mark.parametrize("row", ROWS)
def test_input_names_a_test_that_exists(row: str) -> None:
    match = _ROW.match(row)
    assert match, "write it as: | kind | input | `tests/…/test_x.py::test_y` |"
    nodes = list(ast.walk(ast.parse((ROOT / match["file"]).read_text())))
    assert match["test"] in {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
    case = match["case"]
    assert case is None or case in {node.value for node in nodes if isinstance(node, ast.Constant)}
