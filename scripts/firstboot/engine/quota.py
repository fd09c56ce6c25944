"""Commands that compare what is used with what Astakos counts, and say so in words."""

from engine import synnefo

IN_SYNC = "Everything in sync."


def in_sync(ctx, commands):
    """Whether each of `commands` finds nothing to mend; they exit with 0 in any case."""
    return all(IN_SYNC in synnefo.manage(ctx, [command]) for command in commands)


def mend(ctx, commands):
    """Have each of `commands` mend what it finds."""
    for command in commands:
        synnefo.manage(ctx, [command, "--fix"])
