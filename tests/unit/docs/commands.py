"""A command line of the project, parsed as `invoke` parses it, and its values judged."""

from __future__ import annotations

import functools
import itertools
import shlex
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from invoke.exceptions import Exit
from invoke.parser.parser import Parser
from invoke.program import Program

from golden import menu
from golden.bake.disk import FORMATS
from golden.boot import target
from golden.definition import load, sites

# What stands for a value of the reader's own, as the pages write it.
PLACEHOLDERS = {
    *("ADDRESS", "DIR", "FILE", "FOLDER", "HOST", "ID", "IF", "KEY", "NAME", "NAME=VERSION"),
    *("PEM", "RELEASE", "RELEASE/node1", "SERIAL", "SITE", "UPLOADED"),
}


@dataclass(frozen=True)
class Command:
    """A task and the options that were given, by name."""

    task: str
    options: Mapping[str, object]

    def elsewhere(self) -> tuple[str, frozenset[str]]:
        """It without the name of its site: what it does with any."""
        kept = {f"{name}={value}" for name, value in self.options.items() if name != "site"}
        return self.task, frozenset(kept)


@functools.cache
def parsed(line: str) -> Command:
    """The command of `line`, which begins with ./inv or invoke. Raises ValueError for a mistake."""
    _, *words = shlex.split(line.replace("[", "").replace("]", ""), comments=True)
    words = list(itertools.takewhile(lambda word: not word.startswith(">"), words))
    tasks = menu.namespace()
    parser = Parser(tasks.to_contexts(), initial=Program(namespace=tasks).initial_context)
    try:
        core, *found = parser.parse_argv(words)
    except Exit as error:
        raise ValueError(f"{line}: the menu does not take it") from error
    if not found:
        given = {name for name, arg in core.args.items() if arg.raw_value is not None}
        return Command(tasks.default or "", dict.fromkeys(given, True))
    (task,) = found
    options = {
        str(arg.name): arg.value for arg in task.args.values() if arg.got_value or arg.value is True
    }
    return Command(str(task.name), options)


def unknown(command: Command, described: Collection[str] = ()) -> list[str]:
    """Those values of `command` that name nothing; `described` are sites that a page describes."""
    given = command.options.get("site", "rehearsal")
    site = str(given[0] if isinstance(given, list) else given)
    known = {*sites(), *described}
    nodes = {"node1", "node2"} if site not in sites() else {n.name for n in load(site).nodes}
    valid: dict[str, Collection[str]] = {
        "site": known,
        "target": target.NAMES,
        "format": FORMATS,
        "node": nodes,
        "name": tasks(),
    }
    found = []
    for option, value in command.options.items():
        for each in value if isinstance(value, list) else [value]:
            ours = option in valid and each not in valid[option]
            if ours and each not in PLACEHOLDERS:
                found.append(f"--{option} {each}")
    return found


def tasks() -> Collection[str]:
    """The names of all tasks."""
    return menu.namespace().task_names
