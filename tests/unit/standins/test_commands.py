"""Options, arguments and output of management commands, with upstream's exit codes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from golden import run
from tests.unit.standins.conftest import PACKAGES

PROGRAM = """
import sys
from snf_django import commands
class Db:
    def rows(self, sql, **named):
        if "missing" in sql:
            return []
        first = {"id": 1, "name": "one", "active": True}
        return [first, {"id": 10, "name": "two", "active": False}]
class Context:
    db = Db()
commands.declare("thing-list", fields="id name", options="--active", sql="select *")
commands.declare("thing-find", arguments="THING", missing="No such thing.", sql="select missing")
@commands.command("thing-show", "THING", commands.SHOWING)
def thing(context, arguments, options):
    return {"id": arguments[0], "base url": None}
@commands.command("thing-add", "NAME [MORE]", "--url=* --size=int --dhcp=bool -f/--force")
def add(context, arguments, options):
    print(arguments, options.url, options.size, options.dhcp, options.force)
try:
    spec = commands.COMMANDS[sys.argv[1]]
    commands.execute(spec, *commands.parse(spec, sys.argv[2:]), Context())
except commands.CommandError as error:
    sys.exit(f"Error: {error}")
"""


@pytest.fixture
def manage(root: Path):  # type: ignore[no-untyped-def]
    def act(*words: str) -> run.Result:
        env = {"PYTHONPATH": str(root / PACKAGES)}
        return run.run([sys.executable, "-c", PROGRAM, *words], env=env, check=False)

    return act


@pytest.mark.parametrize(
    ("words", "code", "text"),
    [
        (["thing-add", "a", "--nosuch"], 2, "error: no such option: --nosuch"),
        (["thing-add", "a", "--size", "x"], 2, "invalid integer value"),
        (["thing-add", "a", "--dhcp", "maybe"], 2, "invalid boolean value"),
        (["thing-add"], 1, "Error: Invalid number of arguments"),
        (["thing-add", "a", "b", "c"], 1, "Error: Invalid number of arguments"),
        (["thing-list", "extra"], 1, "Error: List commands do not accept any argument"),
        (["thing-list", "-o", "nosuch"], 1, "Error: Unknown field 'nosuch'. 'Use --list-fields"),
        (["thing-list", "--filter-by", "x=1"], 2, "error: no such option: --filter-by"),
        (["thing-find", "x"], 1, "Error: No such thing."),
        (["thing-list", "--output-format", "xml"], 2, "invalid choice: 'xml'"),
    ],
)
def test_wrong_use_has_upstreams_exit_code(manage, words: list[str], code: int, text: str) -> None:  # type: ignore[no-untyped-def]
    result = manage(*words)
    assert (result.code, text in result.out) == (code, True), result.out


def test_options_are_parsed_and_may_be_abbreviated(manage) -> None:  # type: ignore[no-untyped-def]
    result = manage("thing-add", "a", "--ur", "x", "--url=y", "--size=3", "--dhcp=False", "-f")
    assert result.out == "['a'] ['x', 'y'] 3 False True\n"


def test_tables_look_like_upstreams(manage) -> None:  # type: ignore[no-untyped-def]
    assert manage("thing-list").out == "id  name\n--------\n 1   one\n10   two\n"
    assert manage("thing-list", "--active").out == "id  name\n--------\n 1   one\n"
    assert manage("thing-show", "7").out == "id      : 7\nbase url: None\n"


def test_json_holds_strings(manage) -> None:  # type: ignore[no-untyped-def]
    out = manage("thing-list", "-o", "id,active", "--output-format", "json").out
    assert '"id": "1"' in out
    assert '"active": "False"' in out
