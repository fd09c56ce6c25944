"""The pool: every locked package by its hash, for bakes without a mirror."""

from __future__ import annotations

from pathlib import Path

from invoke.context import Context

from golden.menu.task import DEFAULT_SITE, task


@task("site", "packages", default=True)
def fill(_: Context, site: str = DEFAULT_SITE, packages: str = "") -> None:
    """Fetch every locked package into the pool, for inv bake --offline."""
    from golden.definition import load
    from golden.lock import pool

    pool.fill(load(site, packages=packages))


@task("site", "packages")
def status(_: Context, site: str = DEFAULT_SITE, packages: str = "") -> None:
    """Show how much of the lock the pool holds."""
    from golden.definition import load
    from golden.lock import pool

    pool.status(load(site, packages=packages))


@task("site", "packages", positional=["file"], help={"file": "the file to write, such as pool.tar"})
def export(_: Context, file: str, site: str = DEFAULT_SITE, packages: str = "") -> None:
    """Write the pool to one signed file, for a host without a mirror."""
    from golden.definition import load
    from golden.lock.bundle import pack

    pack(load(site, packages=packages), Path(file))


@task(
    name="import",
    positional=["file"],
    help={
        "file": "the file that inv pool.export wrote",
        "key": "public key (PEM) of the checkout that wrote it (default: this one's)",
    },
)
def import_(_: Context, file: str, key: str = "") -> None:
    """Import an exported pool after checking signature and hashes."""
    from golden.lock.bundle import unpack

    unpack(Path(file), Path(key) if key else None)
