"""Image releases: the disks of a site baked as one, and which set is current."""

from __future__ import annotations

from invoke.context import Context

from golden.menu.task import DEFAULT_SITE, task


@task(
    "site",
    "json",
    name="list",
    default=True,
    help={"verify": "check every signature and every byte"},
)
def listing(_: Context, site: str = DEFAULT_SITE, json: bool = False, verify: bool = False) -> None:
    """List the site's image releases and their stages."""
    from golden.releases.listing import show

    show(site, as_json=json, verify=verify)


@task(
    "site", word="id", help={"id": "an image release of inv release.list, or the start of its id"}
)
def promote(_: Context, id: str = "", site: str = DEFAULT_SITE) -> None:
    """Make an image release current; by default the newest candidate."""
    from golden.releases.switch import promote

    promote(site, id)


@task(help={"out": "write it to this file"})
def key(_: Context, out: str = "") -> None:
    """Print the public key (PEM) that proves this checkout's releases."""
    from golden.keys.signing import export

    export(out)


@task("site")
def rollback(_: Context, site: str = DEFAULT_SITE) -> None:
    """Swap the current and the previous image release."""
    from golden.releases.switch import rollback

    rollback(site)
