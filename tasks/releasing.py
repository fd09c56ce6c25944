"""What becomes of baked images: releases of a site, which one counts, what can go."""

from __future__ import annotations

from collections.abc import Sequence

from invoke.context import Context

from tasks.words import DEFAULT_SITE, task


@task("site", "json", help={"verify": "check every signature and every byte"})
def releases(
    _: Context, site: str = DEFAULT_SITE, json: bool = False, verify: bool = False
) -> None:
    """List the image releases of a site: stage, when baked, Synnefo version, disks."""
    from golden.releases.listing import show

    show(site, as_json=json, verify=verify)


@task("site", word="id", help={"id": "what ./inv releases shows; its beginning is enough"})
def promote(_: Context, id: str = "", site: str = DEFAULT_SITE) -> None:
    """Make a release the current one: the candidate that was baked last, or the one of an id."""
    from golden.releases.switch import promote

    promote(site, id)


@task("site")
def rollback(_: Context, site: str = DEFAULT_SITE) -> None:
    """Change the current and the previous release: all disks of the site, or none."""
    from golden.releases.switch import rollback

    rollback(site)


@task(
    help={
        "limit": "remove only until .cache and .artifacts take less than this, such as 20G",
        "dry_run": "only tell what would go, and what that would free",
    }
)
def gc(_: Context, limit: str = "", dry_run: bool = False) -> None:
    """Remove what nothing needs: layers, packages, logs, releases that were never promoted."""
    from golden.releases.collect import collect

    collect(limit, dry_run=dry_run)


@task(
    "site",
    help={
        "synnefo": "move Synnefo's whole set to this version",
        "package": "NAME=VERSION: pin a package; may be given more than once",
        "debian-security": "take the newest of everything that is not pinned",
        "downgrade": "an older version is meant",
        "undo": "put the files back as they were before the last bump",
    },
    iterable=["package"],
)
def bump(
    _: Context,
    site: str = DEFAULT_SITE,
    synnefo: str = "",
    package: Sequence[str] | None = None,
    debian_security: bool = False,
    downgrade: bool = False,
    undo: bool = False,
) -> None:
    """Move Synnefo, packages or Debian to new versions in the definition; show what that means."""
    from golden import bump

    if undo:
        bump.undo(site)
        return
    wanted = bump.wanted(
        synnefo, tuple(package or ()), debian_security=debian_security, downgrade=downgrade
    )
    bump.bump(site, wanted)
