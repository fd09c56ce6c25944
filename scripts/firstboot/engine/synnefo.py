"""Synnefo's commands and addresses (docs/synnefo.md sections 4 and 5).

A start of snf-manage takes seconds under emulation, so what `done` was told is kept for `run`.
"""

import re

from engine import files
from engine.failures import StepError

SECONDS = 600
COMPONENTS = ("astakos", "cyclades", "pithos")
# A list begins on a line of its own; warnings, which may begin with "[" too, come before it.
LIST = re.compile(r"^\[(\s*$|\])", re.MULTILINE)


def url(ctx, component, path=""):
    """The address of `component` (astakos, cyclades or pithos), with `path` below it."""
    return "https://{0}/{1}{2}".format(ctx.host_of(component)["fqdn"], component, path)


def manage(ctx, words, stdin="", quiet=False):
    """Run snf-manage; what it said. Raises CommandError when it exits non-zero.

    With `quiet` its standard output, which has a secret, is thrown away.
    """
    ctx.memory.clear()
    argv = ["snf-manage"] + words
    if quiet:
        argv = ["sh", "-c", 'exec "$@" > /dev/null', "sh"] + argv
    return ctx.run(argv, SECONDS, stdin).text


def listing(ctx, command, fields, options=(), anew=True):
    """The rows of a list command, each a dict of `fields`; all values are texts.

    Without `anew` the rows are those of the last time, if nothing was changed since.
    """
    words = [command, "-o", ",".join(fields), "--output-format", "json"] + list(options)
    if anew or command not in ctx.memory:
        ctx.memory[command] = _parsed(command, ctx.run(["snf-manage"] + words, SECONDS).text)
    return ctx.memory[command]


def by_name(rows, name, key="name"):
    """The one of `rows` whose `key` is `name`, else None."""
    return next((row for row in rows if row[key] == name), None)


def refuse_difference(what, found, wanted, remedy):
    """Raise StepError naming each value of `wanted` that `found` has otherwise."""
    other = [
        "{0} {1} and not {2}".format(key, found[key], wanted[key])
        for key in sorted(wanted)
        if found[key] != wanted[key]
    ]
    if other:
        raise StepError(
            "{0} is there already, but with {1}; {2}".format(what, ", ".join(other), remedy)
        )


def _parsed(command, text):
    start = LIST.search(text)
    if not start:
        raise StepError("snf-manage {0} printed no list: {1}".format(command, text.strip()[-200:]))
    if start.group(1) == "]":
        return []
    # What follows the list is not part of it.
    return files.from_json(text[start.start() : text.index("\n]", start.start()) + 2])
