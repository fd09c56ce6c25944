"""snf-manage: finds the command among the components, runs it in one transaction.

Not: Django's own commands but those in `management`, help on a command, --version.
"""

import os
import re
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import psycopg2
from snf_django import agreement, commands, database
from synnefo import settings as loader
from synnefo.settings import components

# They make the tables the comparison of nodes needs, and also run while an image is baked.
BEFORE_AGREEMENT = {"syncdb", "migrate", "loaddata", "help"}


class Context:
    """What a command gets: the settings and the applications' database."""

    def __init__(self, settings: Any, db: Any) -> None:
        self.settings, self.db = settings, db


def load_modules() -> None:
    """Import the modules of the active components: they register commands and routes."""
    for part in components.active().values():
        for module in part.get("modules", []):
            import_module(module)


def _log(settings: Any, name: str, words: list[str]) -> None:
    folder = Path(settings.LOG_DIR) / "commands"
    if re.search(settings.LOGGER_EXCLUDE_COMMANDS, name) or not os.access(
        settings.LOG_DIR, os.W_OK
    ):
        return
    folder.mkdir(exist_ok=True)
    path = folder / f"{time.strftime('%y%m%d%H%M%S')}_{name}_{os.getpid()}.log"
    # With the full command line, secrets included, as upstream: a hygiene check must find it.
    with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
        file.write(" ".join(words) + "\n")


def _run(settings: Any, spec: commands.Command, words: list[str]) -> None:
    arguments, options = commands.parse(spec, words)
    with database.apps(settings) as db:
        if spec.name not in BEFORE_AGREEMENT:
            agreement.check(settings, db)
        commands.execute(spec, arguments, options, Context(settings, db))


def main() -> None:
    """Exit 0, 1 for a CommandError, an unknown command or refused settings, 2 for a bad option."""
    words = sys.argv[1:]
    settings, name = loader.load(), words[0] if words else "help"
    for part in components.active().values():
        for query in part.get("queries", {}).items():
            commands.declare(query[0], **query[1])
    # What is no query is in a module; importing them takes seconds on a slow machine.
    if name not in commands.COMMANDS:
        load_modules()
    if name == "help":
        print("Usage: snf-manage subcommand [options] [args]\n")
        print("Available subcommands:\n  " + "\n  ".join(sorted(commands.COMMANDS)))
        sys.exit(1)  # upstream's
    if name not in commands.COMMANDS:
        sys.exit(f"Unknown command: '{name}'\nType 'snf-manage help' for usage.")
    if re.match("image-|snapshot-|file-", name):
        os.umask(0o007)
    _log(settings, name, sys.argv)
    try:
        _run(settings, commands.COMMANDS[name], words[1:])
    except (commands.CommandError, psycopg2.Error) as error:
        place = f" [DATABASES, {settings.where('DATABASES')}]"
        hint = place if isinstance(error, psycopg2.OperationalError) else ""
        sys.exit(f"Error: {str(error).strip()}{hint}")
