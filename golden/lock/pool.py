"""The pool: every locked file under its hash, so that a bake needs no mirror.

    .cache/pool/sha256/ab/HASH.deb    a package; one file on disk with that of .cache/debs
    .cache/pool/RELEASE/              an index of a release's, for apt

`fill` fetches what is not here yet. The files are kept by golden/packages/store.py, what apt reads
is in `index`, and `bundle` is a pool as one signed file.
"""

from __future__ import annotations

from pathlib import Path

from golden import lock, log, paths
from golden.definition import Site
from golden.errors import StageError, UserError
from golden.lock import Lock, Locked, index
from golden.lock.making import recipes
from golden.packages import AptState, Package, Resolver, fetch, store
from golden.packages.downloads import Download, Downloads


def held(site: Site) -> Lock:
    """The lock of the site's release. Raises UserError when there is none."""
    found = lock.load(site.release)
    if found is None:
        raise UserError(
            f"release '{site.release.name}' has no lock, which says what a pool holds; make one "
            "with: ./inv lock"
        )
    return found


def fill(site: Site) -> None:
    """Have every locked file of the site's release in the pool, and the index of them.

    Where it has them all, no source is asked. What apt fetched in part it goes on with; nothing
    comes into the pool whose hash is not the locked one. Raises UserError when the mirror does not
    have or deliver it, StageError when it arrives damaged, or the disk is full.
    """
    wanted = held(site)
    if not lacking(paths.CACHE / "pool", wanted):
        status(site)
        return
    state = AptState(site.release, locked=wanted.versions)
    state.refresh()
    resolver = Resolver(state)
    layers = list(recipes(site, resolver))
    packages = {each.name: each for layer in layers for each in layer.all_packages()}
    _require_locked(site, wanted, packages)
    with log.progress() as progress:
        task = progress.task("pool")
        downloads = Downloads(state.pool, wanted.downloads)
        for download in wanted.downloads:
            downloads.fetch(download, task.say)
        for layer in layers:
            if layer.essential:
                fetch(resolver, layer.essential, (), task.say)
            fetch(resolver, layer.packages, layer.below, task.say)
        with store.explain_full_disk(state.pool):
            _keep(state, wanted, packages)
            index.write(state.pool, site.release.name, index.of(state, wanted))
        task.done()
    status(site)


def status(site: Site) -> None:
    """Tell how much of the lock the pool has."""
    absent = missing(paths.CACHE / "pool", held(site))
    files = held(site).files
    there = [each for each in files if each not in absent]
    log.info(
        f"pool of release '{site.release.name}': {len(there)} of {len(files)} locked files, "
        f"{sum(each.size for each in there) / 1e6:.0f} MB; missing: "
        f"{sum(each.size for each in absent) / 1e6:.0f} MB"
    )


def missing(pool: Path, wanted: Lock) -> list[Locked | Download]:
    """What is locked and whose file the pool does not have, by size."""
    return [each for each in wanted.files if not _there(pool, each)]


def lacking(pool: Path, wanted: Lock) -> list[str]:
    """The names of what is locked and the pool does not have whole, a package's in its index, too.

    Reads all files.
    """
    listed = index.text(pool, wanted.release)
    return [
        each.name if isinstance(each, Locked) else each.source
        for each in wanted.files
        if (isinstance(each, Locked) and each.sha256 not in listed)
        or not store.is_whole(store.file(pool, each.sha256), each.size, each.sha256)
    ]


def _there(pool: Path, each: Locked | Download) -> bool:
    path = store.file(pool, each.sha256)
    return path.is_file() and path.stat().st_size == each.size


def _require_locked(site: Site, wanted: Lock, packages: dict[str, Package]) -> None:
    """A pool is of a lock: what its sources no longer have cannot be fetched."""
    gone = [
        f"{each.name} {each.version}"
        for each in index.locked_files(wanted)
        if each.name not in packages or packages[each.name].sha256 != each.sha256
    ]
    if gone:
        raise UserError(
            f"images/releases/{site.release.name}.lock.json: the sources do not have, or no site "
            f"needs, what is locked: {', '.join(gone)}; lock what there is with: ./inv lock"
        )


def _keep(state: AptState, wanted: Lock, packages: dict[str, Package]) -> None:
    for each in index.locked_files(wanted):
        deb = state.debs / packages[each.name].file
        if _there(state.pool, each):
            continue
        if not store.is_whole(deb, each.size, each.sha256):
            raise StageError("pool", f"{paths.shown(deb)} went or changed while it was read")
        store.put(state.pool, deb, each.sha256)
