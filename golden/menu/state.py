"""Saved states: what a site's nodes must keep, copied, signed and restored."""

from __future__ import annotations

from invoke.context import Context

from golden.menu.task import DEFAULT_SITE, task


@task(
    "site",
    help={
        "name": "call it that (default: the time in UTC)",
        "stop": "shut nodes that run down for the copy, and start them again",
    },
)
def save(_: Context, site: str = DEFAULT_SITE, name: str = "", stop: bool = False) -> None:
    """Save the state of a site's nodes: packed, signed, restorable."""
    from golden.backup.save import save
    from golden.definition import load

    save(load(site), name, stop=stop)


@task(
    "site",
    positional=["named"],
    help={
        "named": "a name of inv state.list",
        "overwrite": "also where the nodes have a state, which is lost then",
    },
)
def restore(_: Context, named: str, site: str = DEFAULT_SITE, overwrite: bool = False) -> None:
    """Restore a saved state onto nodes that are off, or not there."""
    from golden.backup.restore import restore
    from golden.definition import load

    restore(load(site), named, overwrite=overwrite)


@task(
    "site",
    "json",
    name="list",
    default=True,
    help={"verify": "check every signature and every byte"},
)
def listing(_: Context, site: str = DEFAULT_SITE, json: bool = False, verify: bool = False) -> None:
    """List the site's saved states."""
    from golden.backup.listing import show

    show(site, as_json=json, verify=verify)
