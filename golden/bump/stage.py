"""A bump worked out in a scratch copy: the checkout changes only once everything fits."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from debian.debian_support import Version

from golden import definition, render
from golden.bump import edit
from golden.definition import Release, Site
from golden.definition.problems import nearest
from golden.definition.tree import Tree
from golden.errors import UserError
from golden.lock import Lock, path
from golden.packages import AptState, Resolver, synnefo
from golden.recipe import resolve


@dataclass(frozen=True)
class Wanted:
    """What to move: Synnefo to a version, packages to versions, Debian to the newest.

    `downgrade` allows older versions.
    """

    synnefo: str = ""
    packages: Mapping[str, str] = field(default_factory=dict)
    debian_security: bool = False
    downgrade: bool = False


@contextlib.contextmanager
def staged(root: Path) -> Iterator[Path]:
    """A scratch copy of the definition, to edit, load and render."""
    folder = root / ".cache" / "bump"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".stage-", dir=folder) as name:
        place = Path(name)
        for part in ("images", "rendered"):
            if (root / part).is_dir():
                shutil.copytree(root / part, place / part, symlinks=True)
        (place / "scripts").symlink_to(root / "scripts")
        yield place


def edit_release(place: Path, site: Site, wanted: Wanted, state: AptState) -> None:
    """Write what is `wanted` into the release file of the scratch copy at `place`.

    Raises UserError for a version that no source has, and for a single package of Synnefo's.
    """
    release = site.release
    file = Tree(place).file("release", release.name)
    members = synnefo.members(release)
    for name, version in wanted.packages.items():
        _require_free(name, version, members)
        _require_offered(name, version, state)
        edit.pin(file, name, version, place)
    if wanted.synnefo:
        pinned = sorted(members & release.pins.keys())
        if pinned:
            offers = {name: offered(name, state) for name in pinned}
            version = synnefo.choose(wanted.synnefo, offers, release.name)
            for name in pinned:
                edit.pin(file, name, version, place)
        elif not release.standins:
            raise UserError(
                f"images/releases/{release.name}.yaml: pins: no package is pinned at Synnefo "
                f"{release.synnefo}, so that none can be moved; pin the set first"
            )
        edit.set_key(file, "synnefo", wanted.synnefo, place)


def _require_free(name: str, version: str, members: frozenset[str]) -> None:
    if name in members:
        raise UserError(
            f"--package {name}={version}: {name} is one of Synnefo's packages, which move "
            "together: give --synnefo VERSION instead"
        )


def _require_offered(name: str, version: str, state: AptState) -> None:
    there = offered(name, state)
    if version not in there:
        have = f"they have: {', '.join(there)}" if there else "they do not have this package"
        raise UserError(
            f"--package {name}={version}: no source of release {state.release.name} has it; {have}"
        )


def offered(name: str, state: AptState) -> list[str]:
    """The versions of a package in the sources, the newest first."""
    rows = (line.split("|") for line in state.cache("madison", [name]).splitlines())
    found = {row[1].strip() for row in rows if len(row) == 3 and row[0].strip() == name}
    return sorted(found, key=Version, reverse=True)


def resolved(site: Site, root: Path, state: AptState) -> dict[str, str]:
    """{name: version} of all packages of all images of `site`.

    Raises UserError when they cannot be resolved, or mix versions of Synnefo.
    """
    recipes = resolve(site, render.render(site, root), Resolver(state), site.kinds)
    tops = [recipes.kinds[kind.name][-1] for kind in site.kinds]
    versions = {package.name: package.version for top in tops for package in top.all_packages()}
    synnefo.require_one(versions, synnefo.members(site.release))
    return versions


def staying(
    locked: Mapping[str, str], before: Mapping[str, str], wanted: Wanted, release: Release
) -> dict[str, str]:
    """The locked versions that a bump keeps: all but Synnefo's packages, the named packages and
    packages sharing their version, which come from the same source."""
    if wanted.debian_security:
        return {}
    moving = synnefo.members(release)
    versions = {before[name] for name in wanted.packages if name in before}
    return {
        name: version
        for name, version in locked.items()
        if name not in moving and name not in wanted.packages and version not in versions
    }


def relocked(old: Lock | None, new: Lock | None) -> dict[str, bytes]:
    """{path: content} of the lock `new`; empty without one, or if it equals `old`."""
    if new is None or new == old:
        return {}
    return {str(path(new.release, Path())): new.text().encode()}


def require_installed(names: Mapping[str, str], versions: Mapping[str, str], site: str) -> None:
    """Raise UserError when a package of `names` is in no image."""
    for name, version in names.items():
        if name not in versions:
            raise UserError(
                f"--package {name}={version}: no image of site {site} has the package; "
                f"{nearest(name, versions)}"
            )


def rendered(place: Path, release: Release) -> dict[str, bytes | None]:
    """Render all sites of `release` in the scratch copy; {path: content} of what changes."""
    changed: list[str] = []
    for site in definition.load_all(place):
        if site.release.name == release.name and not site.like:
            changed += render.write(render.render(site, place), place / "rendered")
    names = [f"rendered/{name}" for name in changed]
    return {name: _content(place / name) for name in names}


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
