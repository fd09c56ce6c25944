"""Synnefo's own packages, which depend on each other in exactly the same version."""

from __future__ import annotations

from collections.abc import Mapping

from golden.definition import Release
from golden.errors import UserError
from golden.packages import standins


def upstream(version: str) -> str:
    """Synnefo's version in that of a package: 0.16.2 of 0.16.2-1~wheezy or 0.16.2+standin."""
    whole = version.rpartition(":")[2].removesuffix(standins.SUFFIX)
    return whole.rpartition("-")[0] or whole


def members(release: Release) -> frozenset[str]:
    """The packages of `release` that have Synnefo's version, pinned or built here: they move
    together."""
    pinned = {
        name for name, version in release.pins.items() if upstream(version) == release.synnefo
    }
    built = standins.load(release.synnefo, chosen=release.standins) if release.standins else ()
    own = f"{release.synnefo}{standins.SUFFIX}"
    return frozenset(pinned | {each.name for each in built if each.version == own})


def choose(synnefo: str, offers: Mapping[str, list[str]], release: str) -> str:
    """The newest package version of Synnefo `synnefo` that every package of `offers` has.

    `offers` maps a package to its versions in the sources, the newest first. Raises UserError when
    there is none.
    """
    fitting = {
        name: [version for version in versions if upstream(version) == synnefo]
        for name, versions in offers.items()
    }
    without = sorted(name for name, versions in fitting.items() if not versions)
    if without:
        have = {upstream(version) for name in without for version in offers[name]}
        raise UserError(
            f"--synnefo {synnefo}: no source of release {release} has it of {', '.join(without)}; "
            f"they have: {', '.join(sorted(have)) or 'nothing'}"
        )
    first, *others = fitting.values()
    for version in first:
        if all(version in versions for versions in others):
            return version
    each = "; ".join(f"{name} {', '.join(versions)}" for name, versions in sorted(fitting.items()))
    raise UserError(
        f"--synnefo {synnefo}: the sources of release {release} have no version that all of its "
        f"packages share: {each}"
    )


def require_one(versions: Mapping[str, str], members: frozenset[str]) -> None:
    """Raise UserError when the packages of the set among `versions` are not all of one version."""
    own = {name: version for name, version in versions.items() if name in members}
    if len(set(own.values())) > 1:
        each = ", ".join(f"{name} {version}" for name, version in sorted(own.items()))
        raise UserError(
            f"Synnefo's packages must have one version, and these have several: {each}; "
            "move them all with --synnefo VERSION"
        )
