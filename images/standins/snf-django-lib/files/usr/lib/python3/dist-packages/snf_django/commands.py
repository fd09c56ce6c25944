"""Management commands: declared by a decorator, parsed by optparse with upstream's exit codes.

An unknown option exits 2, a CommandError 1, an unknown command 1 (contracts 4, observed).
Options are words: --name is a flag, --name= takes a value, --name=* may be repeated, --name=bool
is True or False, --name=int a number; -f/--force has a short form.
"""

import operator
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from optparse import OptionParser, Values
from typing import Any

from snf_django import output


class CommandError(Exception):
    """Shown as `Error: …`, exit 1."""


@dataclass(frozen=True)
class Command:
    """`arguments`: NAME is required, [NAME] may be left out, NAME+ may be repeated."""

    name: str
    run: Callable[..., Any]
    arguments: str
    options: str
    kind: str = "plain"
    fields: tuple[str, ...] = ()
    database: bool = True


COMMANDS: dict[str, Command] = {}
COMPARE = {"=": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le}
LISTING = (
    "-o/--output= --list-fields --filter-by= --list-filters --no-headers -d/--deleted -u/--user= "
)


def command(name: str, arguments: str = "", options: str = "", **more: Any) -> Callable[..., Any]:
    """Register a function called with (context, arguments, options)."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        COMMANDS[name] = Command(name, function, arguments, options, **more)
        return function

    return register


def show(name: str, arguments: str, options: str = "") -> Callable[..., Any]:
    """Register a command whose function returns one object, label -> value."""
    return command(name, arguments, options, kind="show")


def declare(
    name: str, fields: str = "", arguments: str = "", options: str = "", **query: Any
) -> None:
    """Register a command that is one SQL query: of a control.yaml's `queries`.

    With `fields` it lists rows, else it acts on or shows the one that `arguments` name; `missing`
    is the error when there is none, `say` what to print afterwards.
    """
    sql, missing, selects = query["sql"], query.get("missing"), query["sql"].startswith("select")

    def run(context: Any, words: list[str], _: Any) -> Any:
        if fields:
            return context.db.rows(sql)
        found = context.db.one(sql, *words) if selects else context.db.run(sql, *words)
        if missing and not found:
            raise CommandError(missing)
        if "say" in query:
            print(query["say"])
        return found

    kind = "list" if fields else "show" if selects else "plain"
    listing = LISTING if fields else ""
    shown = tuple(fields.split())
    COMMANDS[name] = Command(name, run, arguments, f"{listing} {options}", kind, shown)


def truth(text: str) -> bool:
    """True or False, in upstream's spelling. Raises CommandError."""
    if text.lower() not in ("true", "false"):
        raise CommandError(f"Invalid boolean value '{text}': use True or False.")
    return text.lower() == "true"


def _add(parser: OptionParser, word: str) -> None:
    names, _, kind = word.partition("=")
    flags = names.split("/")
    dest = flags[-1].lstrip("-").replace("-", "_")
    if "=" not in word:
        parser.add_option(*flags, dest=dest, action="store_true", default=False)
    elif kind == "*":
        parser.add_option(*flags, dest=dest, action="append", default=[])
    else:
        parser.add_option(*flags, dest=dest, type="int" if kind == "int" else "string")


def parse(spec: Command, words: list[str]) -> tuple[list[str], Values]:
    """Split the words into arguments and options. Exits 2 on a bad option."""
    parser = OptionParser(f"snf-manage {spec.name} [options] {spec.arguments}", prog="snf-manage")
    more = "" if spec.kind == "bare" else " --output-format="
    common = "-v/--verbosity= --settings= --pythonpath= --traceback"
    for word in f"{spec.options}{more} {common}".split():
        _add(parser, word)
    options, arguments = parser.parse_args(words)
    names = spec.arguments.split()
    least = sum(not name.startswith("[") for name in names)
    most = 99 if spec.arguments.endswith("+") else len(names)
    if not least <= len(arguments) <= most:
        raise CommandError(f"Usage: snf-manage {spec.name} [options] {spec.arguments}")
    for dest in re.findall(r"--([\w-]+)=bool", spec.options):
        key = dest.replace("-", "_")
        if (text := getattr(options, key)) is not None:
            setattr(options, key, truth(text))
    if (getattr(options, "output_format", None) or "pretty") not in output.FORMATS:
        raise CommandError("Unknown output format: use pretty, csv or json.")
    return arguments, options


def _filtered(rows: list[dict[str, Any]], text: str | None) -> list[dict[str, Any]]:
    for part in (text or "").split(",") if text else []:
        match = re.fullmatch(r"([\w.]+)(!=|>=|<=|=)(.*)", part)
        if not match:
            raise CommandError(f"Invalid filter '{part}'.")
        key, sign, value = match.groups()
        if rows and key not in rows[0]:
            raise CommandError(f"Invalid filter field '{key}'.")
        rows = [row for row in rows if COMPARE[sign](str(row[key]), value)]
    return rows


def _chosen(rows: list[dict[str, Any]], options: Values) -> list[dict[str, Any]]:
    """The rows for which the options named like a column hold: --active, --groups=admin."""
    for name, wanted in vars(options).items():
        if wanted and rows and name in rows[0]:
            rows = [row for row in rows if row[name] is True or wanted in (row[name] or ())]
    return rows


def _print_list(spec: Command, rows: list[dict[str, Any]], options: Values) -> None:
    fields = options.output.split(",") if options.output else list(spec.fields)
    if options.list_fields or options.list_filters:
        print("\n".join(sorted(rows[0]) if rows else spec.fields))
        return
    known = set(rows[0]) if rows else set(fields)
    for name in fields:
        if name not in known:
            hint = "'Use --list-fields option to find out available fields."
            raise CommandError(f"Unknown field '{name}'. {hint}")
    rows = _filtered(_chosen(rows, options), options.filter_by)
    output.table(fields, rows, options.output_format or "pretty", not options.no_headers)


def execute(spec: Command, words: list[str], context: Any) -> None:
    """Parse, run and print. Raises CommandError."""
    arguments, options = parse(spec, words)
    result = spec.run(context, arguments, options)
    if spec.kind == "list":
        _print_list(spec, result, options)
    elif spec.kind == "show":
        output.record(result, options.output_format or "pretty")


def say(text: str) -> None:
    """A word of progress: upstream prints them on stderr."""
    print(text, file=sys.stderr)
