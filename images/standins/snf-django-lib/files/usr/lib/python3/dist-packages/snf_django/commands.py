"""Management commands: declared by a decorator, parsed by optparse with upstream's exit codes.

An unknown option exits 2, a CommandError 1, an unknown command 1 (contracts 4, observed).
Options are words: --name is a flag, --name= takes a value, --name=* may be repeated, --name=bool
is True or False, --name=int a number; -f/--force has a short form.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from optparse import Option, OptionParser, Values
from typing import Any

from snf_django import output


class CommandError(Exception):
    """Shown as `Error: …`, exit 1."""


@dataclass(frozen=True)
class Command:
    """`arguments`: NAME is required, [NAME] may be left out, NAME+ may be repeated.

    `run` prints by itself, or returns a dict to show, or a list of rows to show `fields` of.
    """

    name: str
    run: Callable[..., Any]
    arguments: str
    options: str
    fields: tuple[str, ...] = ()


COMMANDS: dict[str, Command] = {}
# What every command takes, and what those take that show something.
COMMON = "-v/--verbosity= --settings= --pythonpath= --traceback"
SHOWING = "-o/--output= --output-format="


def command(name: str, arguments: str = "", options: str = "") -> Callable[..., Any]:
    """Register a function called with (context, arguments, options)."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        COMMANDS[name] = Command(name, function, arguments, options)
        return function

    return register


def declare(
    name: str, fields: str = "", arguments: str = "", options: str = "", **query: Any
) -> None:
    """Register a command that is one SQL query: of a control.yaml's `queries`.

    With `fields` it lists rows, else it acts on or shows the one that `arguments` name; `missing`
    is the error when there is none, `say` what to print afterwards.
    """
    sql, missing = query["sql"], query.get("missing")
    selects = sql.startswith("select")

    def run(context: Any, words: list[str], _: Any) -> Any:
        if fields:
            return context.db.rows(sql)
        found = context.db.one(sql, *words) if selects else context.db.run(sql, *words)
        if missing and not found:
            raise CommandError(missing)
        if "say" in query:
            print(query["say"])
        return found

    options = f"{options} {SHOWING}" if selects else options
    COMMANDS[name] = Command(name, run, arguments, options, tuple(fields.split()))


def truth(text: str) -> bool:
    """True or False, in upstream's spelling. Raises CommandError."""
    if text.lower() not in ("true", "false"):
        raise CommandError(f"Invalid boolean value '{text}': use True or False.")
    return text.lower() == "true"


class _Option(Option):
    TYPES = (*Option.TYPES, "bool")
    TYPE_CHECKER = Option.TYPE_CHECKER | {"bool": lambda _option, _name, text: truth(text)}


def _option(word: str) -> _Option:
    names, _, kind = word.partition("=")
    how: dict[str, Any] = {"type": kind or "string"}
    if "=" not in word:
        how = {"action": "store_true", "default": False}
    elif kind == "*":
        how = {"action": "append", "default": []}
    return _Option(*names.split("/"), **how)


def parse(spec: Command, words: list[str]) -> tuple[list[str], Values]:
    """Split the words into arguments and options. Exits 2 on a bad option."""
    usage = f"snf-manage {spec.name} [options] {spec.arguments}"
    parser = OptionParser(usage, prog="snf-manage")
    parser.add_options(map(_option, f"{spec.options} {COMMON}".split()))
    options, arguments = parser.parse_args(words)
    names = spec.arguments.split()
    least = sum(not name.startswith("[") for name in names)
    most = 99 if spec.arguments.endswith("+") else len(names)
    if not least <= len(arguments) <= most:
        raise CommandError(f"Usage: {usage}")
    if getattr(options, "output_format", None) not in (None, *output.FORMATS):
        raise CommandError("Unknown output format: use pretty or json.")
    return arguments, options


def _print_list(spec: Command, rows: list[dict[str, Any]], options: Values, form: str) -> None:
    fields = options.output.split(",") if options.output else spec.fields
    known = set(rows[0]) if rows else set(fields)
    for name in fields:
        if name not in known:
            hint = "'Use --list-fields option to find out available fields."
            raise CommandError(f"Unknown field '{name}'. {hint}")
    # A flag that is called like a column, --active, asks for the rows where that is true.
    flags = [name for name, value in vars(options).items() if value is True and name in known]
    output.table([row for row in rows if all(row[name] for name in flags)], fields, form)


def execute(spec: Command, words: list[str], context: Any) -> None:
    """Parse, run and print. Raises CommandError."""
    arguments, options = parse(spec, words)
    result = spec.run(context, arguments, options)
    form = getattr(options, "output_format", None) or "pretty"
    if isinstance(result, list):
        _print_list(spec, result, options, form)
    elif isinstance(result, dict):
        output.record(result, form)


def say(text: str) -> None:
    """A word of progress: upstream prints them on stderr."""
    print(text, file=sys.stderr)
