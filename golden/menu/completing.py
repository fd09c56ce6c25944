"""What a shell offers while a command is typed: tasks, options, and the names of this checkout.

invoke's own offers no values, and parses the half of a command as if it were whole.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Sequence
from typing import Any

from invoke.collection import Collection
from invoke.exceptions import Exit
from invoke.parser.context import ParserContext

from golden import log
from golden.boot import target
from golden.errors import UserError
from golden.menu.parsing import Word
from golden.menu.task import DEFAULT_SITE

# Options and words by what they name; those that are both a task's word and another's option agree.
NODES = {"node", "of"}
RELEASES = {"id", "release"}
IMAGES = {"a", "b"}
STATES = {"named"}


def complete(
    names: Sequence[str],
    core: Any,
    initial_context: ParserContext,
    collection: Collection,
    parser: object,
) -> None:
    """Print what may come next, a word per line; called as invoke's function of that name.

    The shell tells neither where its words end nor whether the last one is whole, and takes of
    these what begins like it. Raises Exit.
    """
    del names, parser
    words = core.remainder.split()[1:]  # a quote may be open still
    contexts = {name: context for context in collection.to_contexts() for name in _names(context)}
    task = next((contexts[word] for word in words if word in contexts), None)
    log.raw("\n".join(_candidates(words, task, initial_context, contexts)))
    raise Exit


def _candidates(
    words: Sequence[str], task: ParserContext | None, initial: ParserContext, tasks: Iterable[str]
) -> Iterable[str]:
    last = words[-1] if words else ""
    if task is None:
        return initial.flag_names() if last.startswith("-") else sorted(tasks)
    default = task.args["site"].value if "site" in task.args else ""
    # One that may be repeated has no value yet.
    site = _after(words, task, "site") or str(default or DEFAULT_SITE)
    for word in words[-2:]:
        if word in task.flags and task.flags[word].takes_value:
            return _values(str(task.flags[word].name), site, tasks)
    if last.startswith("-"):
        return task.flag_names()
    free = [arg for arg in task.args.values() if arg.positional or isinstance(arg, Word)]
    return [value for arg in free for value in _values(str(arg.name), site, tasks)]


def _values(name: str, site: str, tasks: Iterable[str]) -> list[str]:
    """The names that an option or word called `name` may have; none where any text will do."""
    from golden import releases
    from golden.backup import model
    from golden.definition import load, sites

    with contextlib.suppress(UserError):
        if name == "site":
            return list(sites())
        if name == "target":
            return list(target.NAMES)
        if name == "name":
            return sorted(tasks)
        if name in NODES:
            return [node.name for node in load(site).nodes]
        if name in RELEASES:
            return [each.id for each in releases.every(site)]
        if name in STATES:
            return model.names(site)
        if name in IMAGES:
            kinds = [kind.name for kind in load(site).kinds]
            kept = [f"{each.id}/{kind}" for each in releases.every(site) for kind in each.images]
            return [*kinds, *kept]
    return []


def _after(words: Sequence[str], task: ParserContext, name: str) -> str:
    """The value that the option `name` was given."""
    for flag, value in itertools.pairwise(words):
        if flag in task.flags and task.flags[flag].name == name:
            return value
    return ""


def _names(context: ParserContext) -> list[str]:
    return [str(context.name), *map(str, context.aliases)]
