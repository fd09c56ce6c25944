"""What becomes of baked images: releases of a site, which one counts, what can go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

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


@task("site")
def lock(_: Context, site: str = DEFAULT_SITE) -> None:
    """Lock a release anew: every package of its sites, in the version the sources have now."""
    from golden.definition import load
    from golden.lock.making import renew

    renew(load(site))


@task("site")
def pool(_: Context, site: str = DEFAULT_SITE) -> None:
    """Fetch every locked file of a release into the pool, for ./inv bake --offline."""
    from golden.definition import load
    from golden.pool.fill import fill

    fill(load(site))


@task("site")
def pool_status(_: Context, site: str = DEFAULT_SITE) -> None:
    """Tell how much of the lock the pool has."""
    from golden.definition import load
    from golden.pool.fill import status

    status(load(site))


@task("site", positional=["file"], help={"file": "where to write it, such as pool.tar"})
def pool_export(_: Context, file: str, site: str = DEFAULT_SITE) -> None:
    """Write the pool of a release to one signed file, for a host without a mirror."""
    from golden.definition import load
    from golden.pool.bundle import pack

    pack(load(site), Path(file))


@task(
    positional=["file"],
    help={
        "file": "what ./inv pool-export wrote",
        "key": "the public key (PEM) of the checkout that wrote it; this one's without",
    },
)
def pool_import(_: Context, file: str, key: str = "") -> None:
    """Take an exported pool in, after its signature and every hash were checked."""
    from golden.pool.bundle import unpack

    unpack(Path(file), Path(key) if key else None)
