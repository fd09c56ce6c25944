"""A bake that obeys a lock: its versions are resolved, and nothing else is baked."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

from golden import log
from golden.definition import Release
from golden.errors import UserError
from golden.lock.model import GIVEN, STANDIN, Lock, load, pins
from golden.packages import AptState, Package, Resolver
from golden.packages.downloads import Download, Downloads

# Names in one sentence; more are counted.
NAMED = 12


@dataclass(frozen=True)
class Change:
    """A package that two locks have in different versions; empty where one has none."""

    name: str
    before: str
    after: str


def changes(old: Lock | None, new: Lock) -> tuple[Change, ...]:
    """The differences of `new`, by name; also of packages that differ in their bytes alone."""
    before = old.by_name() if old else {}
    after = new.by_name()
    return tuple(
        Change(
            name,
            before[name].version if name in before else "",
            after[name].version if name in after else "",
        )
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )


def resolver(release: Release, *, offline: bool) -> tuple[Lock | None, Resolver]:
    """The lock of `release`, and a resolver that takes its versions.

    Raises UserError for an invalid lock, and when there is no index.
    """
    held = load(release)
    if held is None:
        _warn(
            f"release '{release.lock_name}' has no lock, so its packages are resolved anew; make "
            "one with: ./inv lock"
        )
    state = AptState(release, locked=pins(held), offline=offline)
    state.refresh()
    if held and release.folder and not offline:
        _require_given(release, held, state)
    downloads = Downloads(state.pool, held.downloads if held else (), offline=offline)
    return held, Resolver(state, downloads, held.versions if held else ())


def require(
    release: Release,
    lock: Lock,
    packages: Iterable[Package],
    downloads: Iterable[Download] = (),
    *,
    offline: bool,
) -> None:
    """Compare the packages and downloads of a bake with the lock.

    Raises UserError, naming those that differ, when the release's lock is strict; a lock that
    follows the mirror causes a warning. `offline` is always strict.
    """
    moved, new = _differences(lock, set(packages))
    new += sorted({each.source for each in downloads if each not in lock.downloads})
    if not moved and not new:
        return
    parts = [f"the sources do not have what is locked: {_some(moved)}"] if moved else []
    parts += [f"not in the lock: {_some(new)}"] if new else []
    where = f"images/releases/{release.lock_name}.lock.json: {'; '.join(parts)}"
    if offline:
        raise UserError(
            f"{where}; --offline takes nothing else: fill the pool where there is a mirror with "
            "./inv pool.fill, or bring one with ./inv pool.import FILE"
        )
    if release.lock == "strict":
        raise UserError(
            f"{where}; lock what there is with ./inv lock, or take the locked files from a pool "
            "with ./inv pool.import FILE"
        )
    _warn(f"{where}; the bake takes what the mirror has (lock it with: ./inv lock)")


def _require_given(release: Release, held: Lock, state: AptState) -> None:
    """Raise UserError when the folder of packages has not what the lock has of it."""
    there = {deb.field("Package"): deb for deb in state.debs_given.values()}
    lost, other = [], []
    for each in held.packages:
        deb = there.get(each.name)
        if each.source == GIVEN and (deb is None or deb.sha256 != each.sha256):
            lost += [] if deb else [f"{each.name} {each.version}"]
            other += [f"{deb.named} (locked: {each.version})"] if deb else []
    parts = [f"has no longer {_some(lost)}"] if lost else []
    parts += [f"has other bytes than are locked: {_some(other)}"] if other else []
    if parts:
        raise UserError(
            f"{release.folder}: {'; '.join(parts)}; put them back, or lock what is there now with "
            f"./inv lock --site {release.owner} --packages {release.folder}"
        )


def origins(held: Lock | None, state: AptState, packages: Iterable[Package]) -> dict[str, str]:
    """{name: `STANDIN` or `GIVEN`} of the packages that are no release's own."""
    given = {each.name for each in held.packages if each.source == GIVEN} if held else set[str]()
    found = {}
    for each in sorted(packages, key=lambda package: package.name):
        if state.is_standin(each):
            found[each.name] = STANDIN
        elif each.sha256 in state.debs_given or each.name in given:
            found[each.name] = GIVEN
    return found


@functools.cache
def _warn(text: str) -> None:
    """Once, also where a command resolves several times."""
    log.warn(text)


def _differences(lock: Lock, packages: set[Package]) -> tuple[list[str], list[str]]:
    locked = lock.by_name()
    moved, new = [], []
    for package in sorted(packages, key=lambda each: each.name):
        known = locked.get(package.name)
        if known is None:
            new.append(f"{package.name} {package.version}")
        elif known.version != package.version:
            moved.append(f"{package.name} {known.version} (but {package.version})")
        elif known.sha256 and known.sha256 != package.sha256:
            moved.append(f"{package.name} {known.version} (but other bytes of that version)")
    return moved, new


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
