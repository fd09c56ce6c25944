"""What a bake would do, and why: asked by `golden.bake.plan`, and by the bake itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from golden import log, manifest, releases
from golden.bake import disk, tree
from golden.definition import Kind, Site
from golden.layers import Store
from golden.layers.reasons import NAMED, reasons
from golden.recipe import Recipe, Recipes


@dataclass(frozen=True)
class Stale:
    """Something to be made: a layer, or the disk of a kind (`node1.disk`). `seconds` is how long it
    took the last time, where known."""

    name: str
    reasons: tuple[str, ...]
    seconds: float | None


@dataclass(frozen=True)
class Plan:
    """What is stale, in the order of the bake; the disks that are there already; those that were
    baked before and are taken back from a kept release."""

    stale: tuple[Stale, ...]
    current: tuple[manifest.Artifact, ...]
    kept: tuple[releases.Kept, ...] = ()

    def names(self) -> frozenset[str]:
        """The names of what is stale."""
        return frozenset(stale.name for stale in self.stale)


def make(
    site: Site,
    kinds: Sequence[Kind],
    fmt: str,
    recipes: Recipes,
    store: Store,
    named: int = NAMED,
) -> Plan:
    """Compare the recipes of `site` with what is in the store and among the artifacts.

    The reasons name `named` entries of each section; the others are counted.
    """
    stale: list[Stale] = []
    current: list[manifest.Artifact] = []
    kept: list[releases.Kept] = []
    missing = {recipe.name for recipe in recipes.all() if store.get(recipe.layer) is None}
    for kind in kinds:
        identity = disk.identity(site, kind, fmt, recipes)
        # A list of layers is worth nothing without them.
        lost = fmt == tree.FORMAT and any(each.name in missing for each in recipes.stack(kind.name))
        if lost:
            stale.append(_disk(site, kind, fmt, recipes, missing))
        elif found := manifest.of_key(site.name, kind.name, fmt, identity):
            current.append(found)
        elif back := releases.taken_from(site.name, kind.name, fmt, identity):
            kept.append(back)
        else:
            stale.append(_disk(site, kind, fmt, recipes, missing))
    wanted = _wanted(recipes, {name.name.partition(".")[0] for name in stale})
    stack = [recipe for recipe in wanted if recipe.name in missing]
    layers = [_layer(site, recipe, store, missing, named) for recipe in stack]
    return Plan((*layers, *stale), tuple(current), tuple(kept))


def _wanted(recipes: Recipes, kinds: set[str]) -> list[Recipe]:
    """The layers that the disks of `kinds` need. A layer that no stale disk needs is not missed."""
    needed = {recipe.name for kind in kinds for recipe in recipes.stack(kind)}
    return [recipe for recipe in recipes.all() if recipe.name in needed]


def _layer(site: Site, recipe: Recipe, store: Store, missing: set[str], named: int) -> Stale:
    parent = recipe.layer.parent
    below = parent.name if parent and parent.name in missing else ""
    why = reasons(store.last(site.name, recipe.name), recipe.side, below, named)
    return Stale(recipe.name, tuple(why), store.last_seconds(site.name, recipe.name))


def _disk(site: Site, kind: Kind, fmt: str, recipes: Recipes, missing: set[str]) -> Stale:
    changed = [recipe.name for recipe in recipes.stack(kind.name) if recipe.name in missing]
    seconds = disk.last_seconds(site.name, kind.name, fmt)
    name = f"{kind.name}.disk"
    if seconds is None:
        return Stale(name, (f"no {fmt} disk was baked here",), None)
    if changed:
        return Stale(name, (f"layer {changed[-1]} changes",), seconds)
    return Stale(name, disk.reasons(site, kind, fmt, recipes), seconds)


def show(plan: Plan) -> None:
    """Tell what is stale and why, and what is taken back."""
    for kept in plan.kept:
        log.info(f"{kept.image.kind}.disk: baked before, taken back from release {kept.release.id}")
    for stale in plan.stale:
        about = f" (about {stale.seconds:.0f} s)" if stale.seconds else ""
        log.info(f"{stale.name}{about}: {'; '.join(stale.reasons)}")
