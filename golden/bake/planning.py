"""Which layers and disks a bake would make, why, and what that costs."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from golden import log, manifest, paths, releases, report
from golden.bake.disk import TREE, Disk
from golden.definition import Site
from golden.definition.problems import nearest
from golden.errors import UserError
from golden.layers import Store
from golden.layers.reasons import reasons, shortened
from golden.packages import to_fetch
from golden.recipe import Recipe, Recipes

State = Literal["up to date", "stale", "kept", "not needed"]


@dataclass(frozen=True)
class Step:
    """A layer, or the disk of a kind (`node1.disk`).

    A `kept` disk was baked before and comes back from a release; a missing layer is `not needed`
    when no stale disk stands on it. `seconds` (of the last bake) and `disk_bytes` (of its result)
    are None where never baked. `key` and `inputs` are what it is made from, `needs` the stale steps
    that come before it.
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
class Plan:
    """The steps in the order of the bake, for images of `nodes` as disks of `format`; `kept` are
    the disks that come back from releases, `origins` those of packages that are no release's own.
    """

    site: str
    release: str
    nodes: tuple[str, ...]
    format: str
    steps: tuple[Step, ...]
    kept: tuple[releases.Kept, ...]
    origins: Mapping[str, str]

    @property
    def stale(self) -> tuple[Step, ...]:
        """What a bake would make."""
        return tuple(step for step in self.steps if step.state == "stale")

    @property
    def seconds(self) -> float | None:
        """The expected duration: that of the longest chain of steps that wait for each other.

        None when a step was never baked.
        """
        ends: dict[str, float] = {}
        for step in self.stale:
            if step.seconds is None:
                return None
            ends[step.name] = step.seconds + max((ends[name] for name in step.needs), default=0.0)
        return max(ends.values(), default=0.0)

    @property
    def fetch_bytes(self) -> int:
        """The size of the packages to fetch, in bytes."""
        return sum(step.fetch_bytes for step in self.stale)

    @property
    def disk_bytes(self) -> int | None:
        """The size of what a bake would make, in bytes, as last time; None where unknown."""
        known = [step.disk_bytes for step in self.stale if step.disk_bytes is not None]
        return sum(known) if len(known) == len(self.stale) else None

    def step(self, name: str) -> Step:
        """The layer or disk called `name`. Raises UserError when there is none."""
        steps = {step.name: step for step in self.steps}
        if name not in steps:
            raise UserError(
                f"site {self.site} has no layer or disk '{name}'; {nearest(name, steps)}"
            )
        return steps[name]

    def to_json(self) -> dict[str, Any]:
        """The plan as plain data; durations in seconds, sizes in bytes."""
        return {
            **{name: getattr(self, name) for name in ("site", "release", "nodes", "format")},
            "origins": dict(self.origins),
            "items": [asdict(step) for step in self.steps],
            **{name: getattr(self, name) for name in ("seconds", "fetch_bytes", "disk_bytes")},
        }


def make(site: Site, disks: Sequence[Disk], recipes: Recipes, store: Store) -> Plan:
    """Compare `recipes` and `disks` with the layers in `store` and the artifacts in place."""
    missing = {recipe.name for recipe in recipes.all() if store.get(recipe.layer) is None}
    stale, kept = set[str](), dict[str, releases.Kept]()
    for disk in disks:
        names = {recipe.name for recipe in disk.stack}
        place = (site.name, disk.kind.name, disk.format, disk.key)
        # A list of layers is worth nothing without them.
        lost = disk.format == TREE and missing & names
        if not lost and manifest.find(*place):
            continue
        if not lost and (found := releases.taken_from(*place)):
            kept[disk.name] = found
        else:
            # A missing layer matters only to a stale disk.
            stale |= {disk.name} | (missing & names)
    layers = [_layer(site, recipe, store, stale) for recipe in recipes.all()]
    chosen = {disk.kind.name for disk in disks}
    return Plan(
        site.name,
        site.release.name,
        tuple(node.name for node in site.nodes if node.kind.name in chosen),
        disks[0].format,
        (*layers, *(_disk(disk, stale, kept.get(disk.name)) for disk in disks)),
        tuple(kept.values()),
        disks[0].origins,
    )


def _layer(site: Site, recipe: Recipe, store: Store, stale: set[str]) -> Step:
    parent = recipe.layer.parent
    needs = _stale([parent.name] if parent else [], stale)
    state: State = "up to date" if store.get(recipe.layer) else "not needed"
    why, fetch_bytes = list[str](), 0
    last = store.last(site.name, recipe.name)
    if recipe.name in stale:
        state = "stale"
        why = reasons(last.side if last else None, recipe.side, "".join(needs))
        essential = recipe.essential.packages if recipe.essential else ()
        fetch_bytes = to_fetch(paths.CACHE / "debs", (*essential, *recipe.packages.packages))
    return Step(
        name=recipe.name,
        state=state,
        reasons=tuple(why),
        seconds=last.seconds if last else None,
        fetch_bytes=fetch_bytes,
        disk_bytes=last.bytes if last else None,
        needs=needs,
        key=recipe.layer.key,
        inputs=recipe.layer.inputs,
    )


def _disk(disk: Disk, stale: set[str], kept: releases.Kept | None) -> Step:
    last = disk.last()
    needs = _stale((recipe.name for recipe in disk.stack), stale)
    state: State = "up to date"
    why: tuple[str, ...] = ()
    if kept:
        state, why = "kept", (f"baked before, taken back from release {kept.release.id}",)
    elif disk.name in stale:
        state = "stale"
        if not last:
            why = (f"no {disk.format} disk was baked here",)
        else:
            why = (f"layer {needs[-1]} changes",) if needs else disk.reasons()
    return Step(
        name=disk.name,
        state=state,
        reasons=why,
        seconds=float(last["seconds"]["all"]) if last else None,
        fetch_bytes=0,
        disk_bytes=last.get("bytes"),
        needs=needs,
        key=disk.key,
        inputs={"settings": disk.inputs},
    )


def _stale(names: Iterable[str], stale: set[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name in stale)


def show(plan: Plan) -> None:
    """Print a line for each step, and one with the totals."""
    width = max(len(step.name) for step in plan.steps)
    for step in plan.steps:
        about = f"about {step.seconds:.0f} s" if step.seconds and step.state == "stale" else ""
        why = "; ".join(shortened(step.reasons))
        log.info(f"{step.name:<{width}}  {step.state:<10}  {about:<11}  {why}".rstrip())
    report.show_origins(plan.origins)
    log.info(_summary(plan))


def explain(plan: Plan, name: str) -> None:
    """Print every reason to bake the layer or disk `name`. Raises UserError when there is none."""
    step = plan.step(name)
    log.info(f"{step.name}: {step.state}")
    for reason in step.reasons:
        log.info(f"  {reason}")


def _summary(plan: Plan) -> str:
    if not plan.stale:
        return f"site {plan.site}: nothing to {'bake' if plan.kept else 'do'}"
    seconds, size = plan.seconds, plan.disk_bytes
    about = "duration unknown" if seconds is None else f"about {seconds:.0f} s"
    room = "an unknown amount" if size is None else f"about {size / 1e6:.0f} MB"
    place = next(path for path in (paths.HOME, *paths.HOME.parents) if path.exists())
    return (
        f"site {plan.site}: {len(plan.stale)} to bake, {about}; {plan.fetch_bytes / 1e6:.0f} MB "
        f"to fetch; {room} of disk ({shutil.disk_usage(place).free / 1e6:.0f} MB are free)"
    )
