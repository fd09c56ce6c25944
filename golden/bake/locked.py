"""The lock of a release at work: its versions are resolved, and nothing else is baked."""

from __future__ import annotations

from golden import lock
from golden.definition import Site
from golden.errors import UserError
from golden.lock import Lock
from golden.packages import AptState, Resolver
from golden.recipe import Recipes


def resolver(site: Site, *, offline: bool) -> tuple[Resolver, Lock | None]:
    """What resolves packages as the lock of the release says, and that lock.

    Raises UserError for a lock that is no good, and when there is no index.
    """
    release = site.release
    if offline and release.bootstrap == "debootstrap":
        raise UserError(
            f"--offline: images/releases/{release.name}.yaml: bootstrap: debootstrap asks a "
            "mirror; bake where there is one"
        )
    held = lock.load(release)
    if held is None:
        lock.tell_none(release)
    state = AptState(release, locked=lock.pins(held), offline=offline)
    state.refresh()
    return Resolver(state), held


def require(site: Site, held: Lock | None, recipes: Recipes, *, offline: bool) -> None:
    """Hold the packages of `recipes` against the lock, if there is one. Raises UserError."""
    if held:
        packages = (package for recipe in recipes.all() for package in recipe.all_packages())
        lock.require(site.release, held, packages, offline=offline)
