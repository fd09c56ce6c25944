"""The stand-ins stay small: they prove the pipeline and are no second Synnefo."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from golden.packages.standins import STANDINS

LINES = 3131  # of code; 2,600 are wanted
ALL_LINES = 4407  # with blank lines, comments and docstrings
DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> Iterator[tuple[str, str]]:
    """("python" or "sh", text) of each program and library, a link's target once."""
    for path in sorted(STANDINS.rglob("*")):
        if path.is_file() and not path.is_symlink():
            text = path.read_text()
            first = text.partition("\n")[0]
            if path.suffix == ".py" or (first.startswith("#!") and "python" in first):
                yield "python", text
            elif first.startswith("#!"):
                yield "sh", text


def docstrings(text: str) -> set[int]:
    """The numbers of the lines of all docstrings."""
    found: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            found |= set(range(node.body[0].lineno, (node.body[0].end_lineno or 0) + 1))
    return found


def code(kind: str, text: str) -> int:
    """How many lines are neither blank, comment nor docstring."""
    documentation = docstrings(text) if kind == "python" else set()
    return sum(
        bool(line.strip()) and not line.lstrip().startswith("#") and number not in documentation
        for number, line in enumerate(text.splitlines(), 1)
    )


def declared(text: str) -> str:
    """A module's docstring, or nothing."""
    return ast.get_docstring(ast.parse(text)) or ""


PYTHON = '''"""One.

Two."""

X = 1  # a
# b
def f():
    """D."""
    return X
'''


@pytest.mark.parametrize(
    ("kind", "text", "lines"),
    [("python", PYTHON, 3), ("sh", "#!/bin/sh\n# comment\n\nset -eu\n    echo '#'\n", 2)],
)
def test_code_is_counted_without_documentation(kind: str, text: str, lines: int) -> None:
    assert code(kind, text) == lines


def test_the_stand_ins_are_small() -> None:
    found = list(sources())
    assert sum(code(kind, text) for kind, text in found) < LINES
    assert sum(text.count("\n") for _, text in found) <= ALL_LINES


def test_each_says_what_it_does_not_play() -> None:
    """A stand-in that is silent about what it leaves out is taken for the real one."""
    silent = [
        text.partition("\n")[2][:60]
        for kind, text in sources()
        if kind == "python" and code(kind, text) >= 40 and "Not:" not in declared(text)
    ]
    assert silent == []
