"""The pool: every locked package by its hash, for bakes without a mirror."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context

from golden.menu.task import DEFAULT_SITE, task


@task("site", default=True)
def fill(_: Context, site: str = DEFAULT_SITE) -> None:
    """Fetch every locked file of a release into the pool, for inv bake --offline."""
    from golden.definition import load
    from golden.lock import pool

    pool.fill(load(site))


@task("site")
def status(_: Context, site: str = DEFAULT_SITE) -> None:
    """Tell how much of the lock the pool has."""
    from golden.definition import load
    from golden.lock import pool

    pool.status(load(site))


@task("site", positional=["file"], help={"file": "where to write it, such as pool.tar"})
def export(_: Context, file: str, site: str = DEFAULT_SITE) -> None:
    """Write the pool of a release to one signed file, for a host without a mirror."""
    from golden.definition import load
    from golden.lock.bundle import pack

    pack(load(site), Path(file))


@task(
    name="import",
    positional=["file"],
    help={
        "file": "what inv pool.export wrote",
        "key": "the public key (PEM) of the checkout that wrote it; this one's without",
    },
)
def import_(_: Context, file: str, key: str = "") -> None:
    """Take an exported pool in, after its signature and every hash were checked."""
    from golden.lock.bundle import unpack

    unpack(Path(file), Path(key) if key else None)
