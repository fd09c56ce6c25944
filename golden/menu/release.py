"""What becomes of baked images: the releases of a site, and which one counts."""

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
    """List the image releases of a site: stage, when baked, Synnefo version, disks."""
    from golden.releases.listing import show

    show(site, as_json=json, verify=verify)


@task("site", word="id", help={"id": "what inv release.list shows; its beginning is enough"})
def promote(_: Context, id: str = "", site: str = DEFAULT_SITE) -> None:
    """Make a release the current one: the candidate that was baked last, or the one of an id."""
    from golden.releases.switch import promote

    promote(site, id)


@task("site")
def rollback(_: Context, site: str = DEFAULT_SITE) -> None:
    """Change the current and the previous release: all disks of the site, or none."""
    from golden.releases.switch import rollback

    rollback(site)
