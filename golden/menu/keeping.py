"""The host, rendered files, secrets, seeds, versions, coverage, tests."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from invoke.context import Context
from invoke.exceptions import Exit

from golden import log, run
from golden.errors import StageError, UserError
from golden.menu.task import DEFAULT_SITE, Nodes, one_of, task
from golden.paths import ROOT, TESTS


@task("site", default=True)
def overview(_: Context, site: str = DEFAULT_SITE) -> None:
    """Show how the site is, and the next command; inv alone does that."""
    from golden.overview import show

    show(site)


@task("site", "packages", "json", help={"all": "also show what is as it should be"})
def doctor(
    _: Context,
    site: str = DEFAULT_SITE,
    packages: str = "",
    json: bool = False,
    all: bool = False,
) -> None:
    """Check that this host has what the site needs; show what is wrong, and what mends it."""
    from golden.doctor import doctor

    doctor(site, as_json=json, packages=packages, every=all)


@task(help={"site": "only this site (default: all)"})
def render(_: Context, site: str = "") -> None:
    """Render the sites' files into rendered/, for review."""
    from golden.menu import reference
    from golden.render import render_all

    render_all((site,) if site else ())
    for path in () if site else reference.write():
        log.info(str(path))


@task(
    "site",
    help={
        "rotate": "make this secret anew, such as vnc_password, on nodes that run too; check them",
        "search": "search logs, reports, manifests, rendered files and processes for them",
        "lock": "encrypt them with age, and remove the plain ones",
        "unlock": "decrypt them again",
        "key": "file of age's recipients to lock for, or of the identity that unlocks (default: "
        "age asks for a passphrase)",
    },
)
def secrets(
    _: Context,
    site: str = DEFAULT_SITE,
    rotate: str = "",
    search: bool = False,
    lock: bool = False,
    unlock: bool = False,
    key: str = "",
) -> None:
    """Create the site's missing passwords and keys."""
    from golden import rotation
    from golden.bake import leaks
    from golden.keys import locking, secrets

    one_of(rotate=rotate, search=search, lock=lock, unlock=unlock)
    if key and not (lock or unlock):
        raise UserError("--key: only --lock and --unlock take it")
    if lock:
        locking.lock(site, key)
    elif unlock:
        locking.unlock(site, key)
    elif search:
        leaks.show(site)
    elif rotate:
        rotation.rotate(site, rotate)
    else:
        secrets.make(site)


@task(
    "site",
    positional=["release"],
    help={
        "release": "an id of inv release.list, a folder with a release, or a stick's image file",
        "key": "public key (PEM) of the checkout that made it (default: this one's)",
        "volume": "a file that must be one of the release's disks, such as an uploaded volume",
    },
)
def verify(
    _: Context, release: str, site: str = DEFAULT_SITE, key: str = "", volume: str = ""
) -> None:
    """Prove offline that a release or stick is what was signed."""
    from golden.releases.verify import verify

    verify(release, site, key, volume)


@task("site", "node", iterable=["node"])
def seed(_: Context, site: str = DEFAULT_SITE, node: Nodes = None) -> None:
    """Write each node's seed disk (NoCloud): name, keys, passwords."""
    from golden.seed import write_all

    write_all(site, tuple(node or ()))


@task(
    "site",
    help={
        "synnefo": "the version for all of Synnefo's own packages",
        "package": "NAME=VERSION: pin a package (repeatable)",
        "debian-security": "take the newest version of everything not pinned",
        "downgrade": "allow an older version",
        "undo": "restore the files as they were before the last bump",
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
    """Move Synnefo, packages or Debian to other versions."""
    from golden import bump

    if undo:
        bump.undo(site)
        return
    wanted = bump.wanted(
        synnefo, tuple(package or ()), debian_security=debian_security, downgrade=downgrade
    )
    bump.bump(site, wanted)


@task("site", "packages")
def lock(_: Context, site: str = DEFAULT_SITE, packages: str = "") -> None:
    """Lock a release to the package versions its sources have now."""
    from golden.definition import load
    from golden.lock.making import renew

    renew(load(site, packages=packages))


@task(
    help={
        "limit": "stop once .cache and .artifacts take less than this, such as 20G",
        "dry_run": "only show what would be removed and freed",
    }
)
def gc(_: Context, limit: str = "", dry_run: bool = False) -> None:
    """Remove layers, packages, logs and releases that nothing needs."""
    from golden.gc import collect

    collect(limit, dry_run=dry_run)


@task(
    "site",
    "json",
    help={"write": "record it in .artifacts/SITE/coverage.md, its sums in docs/guide-coverage.md"},
)
def coverage(_: Context, site: str = DEFAULT_SITE, json: bool = False, write: bool = False) -> None:
    """Show where each action of the installation guide is done."""
    from golden.guide import coverage

    if write:
        coverage.write(site)
    else:
        coverage.show(site, as_json=json)


@task("site", help={"open": "open it in the browser"})
def report(_: Context, site: str = DEFAULT_SITE, open: bool = False) -> None:
    """Write .artifacts/SITE/report/: checks, time line, guide, images, site as pages to look at."""
    from golden.definition import load
    from golden.pages import write

    write(load(site), open_it=open)


@task(
    "site",
    positional=["what"],
    help={"what": "rendered/SITE/KIND/rootfs/PATH:LINE, NODE:/PATH:LINE, or a guide id like G157"},
)
def explain(_: Context, what: str, site: str = DEFAULT_SITE) -> None:
    """Show why a file of an image has a line, or who does and proves an action of the guide."""
    from golden.explain import explain as tell

    tell(what, site)


@task(
    help={
        "slow": "run the tests that bake and boot instead of the unit tests",
        "nightly": "the tests that boot for minutes, instead of the unit tests",
        "wheezy_tree": "run the programs of a root file system of Wheezy, of any architecture, on "
        "what an image gets",
    }
)
def test(_: Context, slow: bool = False, nightly: bool = False, wheezy_tree: str = "") -> None:
    """Run the project's unit tests, linters and type checks."""
    # A file's tests stay together: some share a database, and go on where the one before ended.
    folders, options = ["unit", "contract"], ["-n", "auto", "--dist", "loadfile"]
    if wheezy_tree and not (Path(wheezy_tree) / "bin/bash").is_file():
        raise UserError(
            f"--wheezy-tree {wheezy_tree}: there is no bin/bash in it; name a root folder"
        )
    if wheezy_tree:
        os.environ["GOLDEN_WHEEZY_TREE"] = str(Path(wheezy_tree).resolve())
    if slow or nightly or wheezy_tree:
        # They start VMs and bakes that fill both cores by themselves: one at a time.
        marks = {"slow": slow, "nightly": nightly, "wheezy": slow or bool(wheezy_tree)}
        chosen = [name for name, on in marks.items() if on]
        folders, options = ["integration"], ["-v", "-m", " or ".join(chosen)]
    argv = [sys.executable, "-m", "pytest", *[str(TESTS / one) for one in folders], *options]
    code = run.interactive(argv, cwd=ROOT)
    if code != 0:
        raise StageError("test", "tests failed; pytest's output above says which", code=code)


@task(name="help", positional=["name"], help={"name": "a task, as inv --list shows it"})
def help_(_: Context, name: str) -> None:
    """Show a task's options."""
    raise Exit(code=run.interactive([sys.executable, "-m", "invoke", "--help", name], cwd=ROOT))


@task()
def bench(_: Context) -> None:
    """Measure bakes against mmdebstrap; print the README's table."""
    from bench.bake import measure

    measure()
