"""Management commands: declared by a decorator, parsed by optparse with upstream's exit codes.

An unknown option exits 2, a CommandError 1, an unknown command 1 (docs/synnefo.md S4.1).
Options are words: --name is a flag, --name= takes a value, --name=* may be repeated, --name=bool
is True or False, --name=int a number, --name=limit one with a unit, --name=json a file of JSON or -
(standard input), --name=one|other a word of these; -f/--force has a short form. Not:
--list-fields, --filter-by and what else lists take besides -o and --output-format.
"""

import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from optparse import Option, OptionParser, OptionValueError, Values
from pathlib import Path
from typing import Any

from snf_django import output


class CommandError(Exception):
    """Shown as `Error: …`, exit 1."""


@dataclass(frozen=True)
class Command:
    """`arguments`: NAME is required, [NAME] may be left out, NAME+ may be repeated.

    `run` prints by itself, or returns a dict to show, or a list of rows to show `fields` of;
    `wanting` is told when the arguments are not as many.
    """

    name: str
    run: Callable[..., Any]
    arguments: str
    options: str
    fields: tuple[str, ...] = ()
    wanting: str = "Invalid number of arguments"


COMMANDS: dict[str, Command] = {}
# What every command takes, and what those take that show something.
COMMON = "-v/--verbosity= --settings= --pythonpath= --traceback"
SHOWING = "-o/--output= --output-format=pretty|csv|json"
ENDLESS = 2**63 - 1  # a limit that is none


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

    Arguments and options are its parameters, by name. With `fields` it lists rows, else it shows
    the one it selects. `checks` are conditions by the error that tells of them, `missing` is the
    error when there is no row, `say` and `tell` are printed on stdout and stderr, for each row.
    """
    shows = query["sql"].startswith("select") and not {"say", "tell"} & set(query)

    def run(context: Any, words: list[str], given: Values) -> Any:
        values = vars(given) | dict(zip(arguments.lower().split(), words))
        for message, condition in query.get("checks", {}).items():
            if not context.db.one(f"select {condition} holds", **values)["holds"]:
                raise CommandError(message.format(**values))
        rows = context.db.rows(query["sql"], **values)
        if "missing" in query and not rows:
            raise CommandError(query["missing"].format(**values))
        for key, out in (("say", sys.stdout), ("tell", sys.stderr)):
            text = query.get(key, "")
            for row in rows or ([] if not text or "{said}" in text else [values]):
                print(text.format(**row), end="\n" if text else "", file=out)
        return (rows if fields else rows[0]) if shows else None

    options = f"{options} {SHOWING}" if shows else options
    wanting = "List commands do not accept any argument" if fields else Command.wanting
    wanting = query.get("wanting", wanting)
    COMMANDS[name] = Command(name, run, arguments, options, tuple(fields.split()), wanting)


def truth(text: str) -> bool:
    """True or False, in upstream's spelling. Raises OptionValueError."""
    if text.lower() not in ("true", "false"):
        raise OptionValueError(f"invalid boolean value: {text!r}, use True or False")
    return text.lower() == "true"


def limit(text: str) -> int:
    """A number with or without a unit, or inf. Raises CommandError."""
    match = re.fullmatch(r"(\d+)\s*([kmgt]?)(i?b|bytes)?", text.strip().lower())
    if not match and text != "inf":
        told = "Quota limit should be an integer, optionally followed by a unit, or 'inf'."
        raise CommandError(told)
    return int(match[1]) * 1024 ** " kmgt".index(match[2] or " ") if match else ENDLESS


def document(name: str) -> str:
    """The JSON in the file of this name, or on standard input for -. Raises CommandError."""
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text()
        json.loads(text)
    except OSError as error:
        raise CommandError(f"[Errno {error.errno}] {error.strerror}: u'{name}'") from error
    except ValueError as error:
        told = "Input should be a JSON dict mapping service names to definitions."
        raise CommandError(told) from error
    return text


KINDS: dict[str, Callable[[str], Any]] = {"bool": truth, "limit": limit, "json": document}


class _Option(Option):
    TYPES = (*Option.TYPES, *KINDS)
    TYPE_CHECKER = Option.TYPE_CHECKER | dict.fromkeys(
        KINDS, lambda option, _name, text: KINDS[option.type](text)
    )


def _option(word: str) -> _Option:
    names, _, kind = word.partition("=")
    how: dict[str, Any] = {"type": kind or "string"}
    if "=" not in word:
        how = {"action": "store_true", "default": False}
    elif "|" in kind:
        how = {"type": "choice", "choices": kind.split("|")}
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
        raise CommandError(spec.wanting)
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


def execute(spec: Command, arguments: list[str], options: Values, context: Any) -> None:
    """Run and print. Raises CommandError."""
    result = spec.run(context, arguments, options)
    form = getattr(options, "output_format", None) or "pretty"
    if isinstance(result, list):
        _print_list(spec, result, options, form)
    elif isinstance(result, dict):
        output.record(result, form)


def say(text: str) -> None:
    """A word of progress: upstream prints them on stderr."""
    print(text, file=sys.stderr)
