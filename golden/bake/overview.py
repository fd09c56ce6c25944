"""Every layer and disk of a site: up to date or stale, why, and what a bake of it would take."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from golden import log, manifest, paths
from golden.bake import disk
from golden.bake.planning import Plan
from golden.definition import Kind, Site
from golden.definition.problems import nearest
from golden.errors import UserError
from golden.layers import Store
from golden.packages import to_fetch
from golden.recipe import Recipe, Recipes

State = Literal["up to date", "stale", "kept", "not needed"]


@dataclass(frozen=True)
class Item:
    """A layer, or the disk of a kind (`node1.disk`). A `kept` disk was baked before and is taken
    back from a release; a layer is `not needed` when it is gone and every disk is there.

    `seconds` (of the last time) and `disk_bytes` (what it took then) are None where never baked.
    `key` and `inputs` are what it is made from, `needs` the stale ones that must be made before.
    """

    name: str
    state: State
    reasons: tuple[str, ...]
    seconds: float | None
    fetch_bytes: int
    disk_bytes: int | None
    needs: tuple[str, ...]
    key: str
    inputs: Mapping[str, Any]


@dataclass(frozen=True)
class Overview:
    """The items in the order of the bake, for images of `nodes` as disks of `format`."""

    site: str
    release: str
    nodes: tuple[str, ...]
    format: str
    items: tuple[Item, ...]

    @property
    def stale(self) -> tuple[Item, ...]:
        """What a bake would make."""
        return tuple(item for item in self.items if item.state == "stale")

    @property
    def seconds(self) -> float | None:
        """How long a bake takes: the longest chain of what waits for each other, by the seconds of
        past runs. None when one in it was never baked."""
        ends: dict[str, float | None] = {}
        for item in self.stale:
            before = [ends[name] for name in item.needs]
            known = [end for end in before if end is not None]
            whole = item.seconds is not None and len(known) == len(before)
            ends[item.name] = max(known, default=0.0) + (item.seconds or 0.0) if whole else None
        all_known = [end for end in ends.values() if end is not None]
        return max(all_known, default=0.0) if len(all_known) == len(ends) else None

    @property
    def fetch_bytes(self) -> int:
        """What packages are still to be fetched, in bytes."""
        return sum(item.fetch_bytes for item in self.stale)

    @property
    def disk_bytes(self) -> int | None:
        """What the new layers and disks take, as the last ones did; None where one is unknown."""
        known = [item.disk_bytes for item in self.stale if item.disk_bytes is not None]
        return sum(known) if len(known) == len(self.stale) else None

    def item(self, name: str) -> Item:
        """The layer or disk called `name`. Raises UserError when there is none."""
        names = {item.name: item for item in self.items}
        if name not in names:
            raise UserError(
                f"site {self.site} has no layer or disk '{name}'; {nearest(name, names)}"
            )
        return names[name]

    def to_json(self) -> dict[str, Any]:
        """The overview as plain data; durations in seconds, sizes in bytes."""
        totals = {name: getattr(self, name) for name in ("seconds", "fetch_bytes", "disk_bytes")}
        return {**asdict(self), **totals}


def make(
    site: Site, kinds: Sequence[Kind], fmt: str, recipes: Recipes, store: Store, plan: Plan
) -> Overview:
    """What `plan` says, and all that it leaves out."""
    view = _View(site, fmt, recipes, store, plan)
    layers = [view.layer(recipe) for recipe in recipes.all()]
    disks = [view.disk(kind) for kind in kinds]
    chosen = {kind.name for kind in kinds}
    nodes = tuple(node.name for node in site.nodes if node.kind.name in chosen)
    return Overview(site.name, site.release.name, nodes, fmt, (*layers, *disks))


class _View:
    """One plan, by item."""

    def __init__(self, site: Site, fmt: str, recipes: Recipes, store: Store, plan: Plan) -> None:
        self.site, self.format, self.recipes, self.store = site, fmt, recipes, store
        self.stale = {each.name: each for each in plan.stale}
        self.kept = {
            f"{kept.image.kind}.disk": f"baked before, taken back from release {kept.release.id}"
            for kept in plan.kept
        }

    def layer(self, recipe: Recipe) -> Item:
        site, stale = self.site.name, self.stale.get(recipe.name)
        state: State = "up to date" if self.store.get(recipe.layer) else "not needed"
        parent = recipe.layer.parent
        return Item(
            name=recipe.name,
            state="stale" if stale else state,
            reasons=stale.reasons if stale else (),
            seconds=self.store.last_seconds(site, recipe.name),
            fetch_bytes=_to_fetch(recipe) if stale else 0,
            disk_bytes=self.store.last_bytes(site, recipe.name),
            needs=self._stale([parent.name] if parent else []),
            key=recipe.layer.key,
            inputs=recipe.layer.inputs,
        )

    def disk(self, kind: Kind) -> Item:
        name, site = f"{kind.name}.disk", self.site
        stale = self.stale.get(name)
        state: State = "stale" if stale else "kept" if name in self.kept else "up to date"
        last = ((manifest.read(site.name, kind.name) or {}).get("artifacts") or {}).get(self.format)
        return Item(
            name=name,
            state=state,
            reasons=stale.reasons if stale else (self.kept[name],) if name in self.kept else (),
            seconds=disk.last_seconds(site.name, kind.name, self.format),
            fetch_bytes=0,
            disk_bytes=last["bytes"] if last else None,
            needs=self._stale(recipe.name for recipe in self.recipes.stack(kind.name)),
            key=disk.identity(site, kind, self.format, self.recipes),
            inputs={"settings": disk.inputs(site, kind, self.format)},
        )

    def _stale(self, names: Iterable[str]) -> tuple[str, ...]:
        return tuple(name for name in names if name in self.stale)


def _to_fetch(recipe: Recipe) -> int:
    essential = recipe.essential.packages if recipe.essential else ()
    return to_fetch(paths.CACHE / "debs", (*essential, *recipe.packages.packages))


def show(overview: Overview) -> None:
    """Print a line for each item, and one for all that a bake would do."""
    width = max(len(item.name) for item in overview.items)
    for item in overview.items:
        about = f"about {item.seconds:.0f} s" if item.seconds and item.state == "stale" else ""
        line = f"{item.name:<{width}}  {item.state:<10}  {about:<11}  {'; '.join(item.reasons)}"
        log.info(line.rstrip())
    log.info(_summary(overview))


def _summary(overview: Overview) -> str:
    stale = overview.stale
    if not stale:
        kept = any(item.state == "kept" for item in overview.items)
        return f"site {overview.site}: nothing to {'bake' if kept else 'do'}"
    seconds = overview.seconds
    about = f"about {seconds:.0f} s" if seconds is not None else "for how long is not known yet"
    needed = overview.disk_bytes
    room = f"about {needed / 1e6:.0f} MB" if needed is not None else "not known yet how much"
    free = shutil.disk_usage(next(p for p in (paths.HOME, *paths.HOME.parents) if p.exists())).free
    return (
        f"site {overview.site}: {len(stale)} to bake, {about}; {overview.fetch_bytes / 1e6:.0f} MB "
        f"to fetch; {room} of disk ({free / 1e6:.0f} MB are free)"
    )
