"""A new version of Synnefo, of a package, or of Debian: apply it whole or not at all, and undo it.

Read in this order: `stage` (the bump in a scratch copy, with `edit`), `journal` (its files put in
place as one), `notes` (upstream's notes on the versions crossed), `record` (what the report shows).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from debian.debian_support import Version

from golden import definition, lock, log, paths
from golden.bake import plan, planning
from golden.bump import notes, record
from golden.bump.journal import Journal, Writes
from golden.bump.stage import (
    Wanted,
    edit_release,
    relocked,
    rendered,
    require_installed,
    resolved,
    staged,
    staying,
)
from golden.definition import Release, Site
from golden.definition.fields import Package, Rule, Upstream
from golden.definition.tree import Tree
from golden.errors import UserError
from golden.layers import working
from golden.lock import making
from golden.packages import AptState

__all__ = ["Wanted", "bump", "undo", "wanted"]


@dataclass(frozen=True)
class _Change:
    """The files that a bump writes, the packages that move, as {name: (old, new)}, and upstream's
    notes on the versions crossed, as (version, note)."""

    writes: Writes
    moved: Mapping[str, tuple[str, str]]
    notes: Sequence[tuple[str, str]]


def wanted(
    synnefo: str, packages: Sequence[str], *, debian_security: bool, downgrade: bool
) -> Wanted:
    """What the options ask for. Raises UserError when that is nothing, or invalid."""
    if not (synnefo or packages or debian_security):
        raise UserError(
            "inv bump: give --synnefo VERSION, --package NAME=VERSION or --debian-security; or "
            "--undo for the last bump"
        )
    if synnefo and not re.match(_rule(Upstream).pattern, synnefo):
        raise UserError(f"--synnefo {synnefo}: must be a version such as 0.16.3")
    pins = {}
    for word in packages:
        name, _, version = word.partition("=")
        if (
            not re.match(_rule(Package).pattern, name)
            or not version
            or version.split() != [version]
        ):
            raise UserError(f"--package {word}: must be NAME=VERSION, both as apt writes them")
        pins[name] = version
    return Wanted(synnefo, pins, debian_security, downgrade)


def _rule(kind: object) -> Rule:
    return next(note for note in get_args(kind) if isinstance(note, Rule))


def bump(site_name: str, wanted: Wanted, root: Path = paths.ROOT) -> None:
    """Apply `wanted` to the release of a site, render, show what a bake would do, and write the
    site's report.

    Raises UserError and StageError, and then leaves all files unchanged.
    """
    journal = Journal(root)
    with journal.held(), working(paths.CACHE), staged(root) as place:
        site = definition.load(site_name, root)
        _require_upwards("synnefo", site.release.synnefo, wanted.synnefo, wanted)
        change, what = _work_out(site, wanted, root, place), _describe(site.release, wanted)
        if change.writes:
            journal.apply(change.writes, what)
        for name in change.writes:
            log.info(f"changed: {name}")
    bumped = definition.load(site_name, root)
    to_bake = plan(bumped)
    planning.show(to_bake)
    if change.writes:
        record.keep(bumped, what, change.moved, change.notes, to_bake)


def undo(site_name: str, root: Path = paths.ROOT) -> None:
    """Restore the files from before the last bump, and show what a bake would do.

    Raises UserError when there is none, or when one of the files was edited since.
    """
    journal = Journal(root)
    with journal.held():
        done = journal.last()
        journal.undo(done)
        log.info(f"undone: {done.what}")
        for name in done.files:
            log.info(f"restored: {name}")
    restored = definition.load(site_name, root)
    planning.show(plan(restored))
    record.forget(restored)


def _work_out(site: Site, wanted: Wanted, root: Path, place: Path) -> _Change:
    """The bump, worked out in the scratch copy `place`; prints what moves, and upstream's notes."""
    held = lock.load(site.release, root)
    state = AptState(site.release, locked=lock.pins(held))
    state.refresh()
    before = held.versions if held else resolved(site, root, state)
    require_installed(wanted.packages, before, site.name)
    edit_release(place, site, wanted, state)
    bumped = definition.load(site.name, place)
    keep = staying(lock.pins(held), before, wanted, bumped.release)
    state = AptState(bumped.release, locked=keep)
    state.refresh(*([0.0] if wanted.debian_security else []))
    new = making.make_from(bumped, state, place) if held else None
    after = new.versions if new else resolved(bumped, place, state)
    for name in sorted(before.keys() & after.keys()):
        _require_upwards(f"package {name}", before[name], after[name], wanted)
    moved = _moved(before, after)
    crossed = notes.crossed(site.release.synnefo, bumped.release.synnefo, place)
    _show(bumped.release, moved, crossed)
    file = Tree(place).file("release", site.release.name)
    name = str(file.relative_to(place))
    changed = file.read_bytes() != (root / name).read_bytes()
    writes = {
        **({name: file.read_bytes()} if changed else {}),
        **relocked(held, new),
        **rendered(place, bumped.release),
    }
    return _Change(writes, moved, crossed)


def _require_upwards(what: str, old: str, new: str, wanted: Wanted) -> None:
    if new and not wanted.downgrade and Version(new) < Version(old):
        raise UserError(
            f"{what}: {new} is older than the current {old}; to go back, add --downgrade (or "
            "--undo for the last bump)"
        )


def _moved(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    versions = {n: (before.get(n, "new"), after.get(n, "gone")) for n in {*before, *after}}
    return {n: pair for n, pair in sorted(versions.items()) if before.get(n) != after.get(n)}


def _show(
    release: Release, moved: Mapping[str, tuple[str, str]], crossed: Sequence[tuple[str, str]]
) -> None:
    log.info(f"release {release.name}: {len(moved)} packages change")
    for name, (old, new) in moved.items():
        log.info(f"  {name}: {old} → {new}")
    for version, note in crossed:
        log.info(f"note on Synnefo {version}: {note}")


def _describe(release: Release, wanted: Wanted) -> str:
    parts = [f"Synnefo {release.synnefo} → {wanted.synnefo}"] if wanted.synnefo else []
    parts += [f"{name} = {version}" for name, version in wanted.packages.items()]
    parts += ["Debian's newest"] if wanted.debian_security else []
    return f"release {release.name}: {', '.join(parts)}"
