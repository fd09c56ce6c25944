"""The pool: every locked file under its hash, so that a bake needs no mirror.

    .cache/pool/sha256/ab/HASH.deb    a package; one file on disk with that of .cache/debs
    .cache/pool/RELEASE/              a flat repository of a release's packages, for apt

`fill` fetches what is missing. `bundle` is a pool as one signed file.
"""

from __future__ import annotations

import re
from pathlib import Path

from golden import atomic, lock, log, paths
from golden.definition import Site
from golden.errors import StageError, UserError
from golden.lock import Lock, Locked
from golden.lock.making import recipes
from golden.packages import AptState, Package, Resolver, fetch, store
from golden.packages.downloads import Download, Downloads

PACKAGES, RELEASE = "Packages", "Release"
# The fields that say which file it is: the pool has its own.
_PLACE = re.compile(r"(?m)^(Filename|Size|SHA256|SHA1|SHA512|MD5sum):.*\n?")


def held(site: Site) -> Lock:
    """The lock of the site's release. Raises UserError when there is none."""
    found = lock.load(site.release)
    if found is None:
        raise UserError(
            f"release '{site.release.lock_name}' has no lock, which says what a pool holds; make "
            "one with: ./inv lock"
        )
    return found


def fill(site: Site) -> None:
    """Put every locked file of the site's release into the pool, and index them.

    Asks no source when the pool is complete, and resumes partial downloads. Nothing enters the pool
    whose hash is not the locked one. Raises UserError when the mirror does not deliver a file,
    StageError when one arrives damaged, or the disk is full.
    """
    wanted = held(site)
    if lacking(paths.CACHE / "pool", wanted):
        state = AptState(site.release, locked=wanted.versions)
        state.refresh()
        _fetch(site, wanted, Resolver(state))
    status(site)


def _fetch(site: Site, wanted: Lock, resolver: Resolver) -> None:
    state = resolver.state
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
            for each in wanted.debs:
                deb, target = state.debs / packages[each.name].file, _place(state.pool, each)
                if not _there(target, each) and not store.copy(deb, target, each.size, each.sha256):
                    raise StageError("pool", f"{paths.shown(deb)} changed while it was read")
            write_index(state.pool, site.release.lock_name, _index(state, wanted))
        task.done()


def status(site: Site) -> None:
    """Print how much of the lock the pool has."""
    files = held(site).files
    absent = missing(paths.CACHE / "pool", held(site))
    there = sum(each.size for each in files) - sum(each.size for each in absent)
    log.info(
        f"pool of release '{site.release.lock_name}': {len(files) - len(absent)} of {len(files)} "
        f"locked files, {there / 1e6:.0f} MB; "
        f"missing: {sum(each.size for each in absent) / 1e6:.0f} MB"
    )


def missing(pool: Path, wanted: Lock) -> list[Locked | Download]:
    """What is locked and missing in the pool, judged by size."""
    return [each for each in wanted.files if not _there(_place(pool, each), each)]


def _there(path: Path, each: Locked | Download) -> bool:
    return path.is_file() and path.stat().st_size == each.size


def _place(pool: Path, each: Locked | Download) -> Path:
    return store.pooled(pool, each.sha256)


def lacking(pool: Path, wanted: Lock) -> list[str]:
    """The names of what is locked and not whole in the pool, or, a package, not in its index.

    Reads all files.
    """
    listed = read_index(pool, wanted.release)
    return [
        each.name if isinstance(each, Locked) else each.source
        for each in wanted.files
        if (isinstance(each, Locked) and each.sha256 not in listed)
        or not store.is_whole(_place(pool, each), each.size, each.sha256)
    ]


def _require_locked(site: Site, wanted: Lock, packages: dict[str, Package]) -> None:
    """What the sources no longer have cannot be fetched."""
    gone = [
        f"{each.name} {each.version}"
        for each in wanted.debs
        if each.name not in packages or packages[each.name].sha256 != each.sha256
    ]
    if gone:
        raise UserError(
            f"images/releases/{site.release.lock_name}.lock.json: locked, but not in the sources "
            f"or needed by no site: {', '.join(gone)}; lock the current versions with: ./inv lock"
        )


def read_index(pool: Path, release: str) -> str:
    """The pool's Packages file for `release`; empty when there is none."""
    path = pool / release / PACKAGES
    return path.read_text() if path.is_file() else ""


def write_index(pool: Path, release: str, packages: str) -> None:
    """Put the Packages file in its place; Release, which apt reads first, last."""
    folder = pool / release
    head = store.release_file("pool", f"{release}/", {PACKAGES: packages.encode()})
    atomic.write(folder / PACKAGES, packages)
    atomic.write(folder / RELEASE, head)


def _index(state: AptState, wanted: Lock) -> str:
    """The Packages file for a lock, from the index that `state` has. Raises StageError."""
    files = {(each.name, each.version): each for each in wanted.debs}
    found: dict[tuple[str, str], str] = {}
    shown = state.cache("show", sorted(f"{name}={version}" for name, version in files))
    for text in shown.strip().split("\n\n"):
        key = _field(text, "Package"), _field(text, "Version")
        if key in files and _field(text, "SHA256") == files[key].sha256:
            each = files[key]
            place = f"Filename: {_place(Path(), each)}\nSize: {each.size}\nSHA256: {each.sha256}\n"
            found[key] = f"{_PLACE.sub('', text).rstrip()}\n{place}"
    if lost := sorted(name for name, version in files.keys() - found.keys()):
        raise StageError("pool", f"apt's index no longer has {', '.join(lost)} as locked")
    return "\n".join(found[key] for key in sorted(found))


def _field(text: str, name: str) -> str:
    match = re.search(rf"(?m)^{name}: (.*)$", text)
    return match.group(1) if match else ""
