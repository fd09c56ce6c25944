"""The bake: from a definition to bootable disks, making only what changed.

Read in this order: `recipe` (what the layers are made of), `planning` (which are stale, and why),
`overview` and `planfile` (the plan for people, and as a file), `layer` with `bootstrap`, `packer`
and `epoch` (making one), `disk` (the artifact), `schedule` (several at once). `bake` below is the
whole of it.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from golden import log, manifest, paths, releases
from golden.bake import disk, locked, overview, planfile, planning, tree
from golden.bake.layer import Kitchen
from golden.bake.overview import Overview
from golden.bake.planfile import Planned
from golden.bake.planning import Plan
from golden.bake.schedule import Job, run_jobs
from golden.definition import Kind, Site, load
from golden.disk.build import FORMATS as DISK_FORMATS
from golden.errors import UserError, full_disk_in_words
from golden.host.require import require
from golden.layers import Store, working
from golden.layers.reasons import ALL, NAMED
from golden.log import Progress
from golden.manifest import Artifact
from golden.packages import Resolver
from golden.recipe import Cook, Recipe, Recipes
from golden.releases import stages
from golden.render import render

__all__ = ["Artifact", "Needed", "Overview", "bake", "bake_planned", "needed", "plan", "why"]

FORMATS = (*DISK_FORMATS, tree.FORMAT)

# More threads of work than processors: while one layer waits for the disk, another computes.
AT_ONCE = (os.cpu_count() or 2) + 1
MAKE_ROOM = "make room and run the bake again: the layers that were finished are kept"


def bake(
    site_name: str,
    kinds: Sequence[str] | None = None,
    fmt: str = "qcow2",
    planned: Planned | None = None,
    *,
    offline: bool = False,
) -> list[Artifact]:
    """Bake the images of `kinds` (all of the site's by default) as disks of format `fmt`.

    `offline`: with packages of the pool alone, and no mirror.
    Returns one artifact for each, new or as it was. Raises UserError before anything is written,
    also when what goes in is not as `planned`, and StageError when a stage fails; what was finished
    by then is kept.
    """
    site = load(site_name)
    _require_tree(site)
    require(site)
    with full_disk_in_words("bake", paths.shown(paths.HOME), MAKE_ROOM):
        order = _order(site_name, kinds, fmt, offline=offline)
        _require_planned(order, planned)
        if not order.plan.stale and not order.plan.kept:
            return _finished(order)
        with working(paths.CACHE) as workshop:
            # Another bake may have done it all while this one waited for it.
            order = _order(site_name, kinds, fmt, offline=offline)
            _require_planned(order, planned)
            planning.show(order.plan)
            kitchen = Kitchen(order.site, order.store, workshop, order.resolver)
            for kept in order.plan.kept:
                releases.take_back(kept)
            if order.plan.stale:
                with log.progress() as progress:
                    jobs = _jobs(order, kitchen, progress)
                    run_jobs(jobs, AT_ONCE, workshop.abandon)
            _tidy(order)
    return _finished(order)


def bake_planned(path: Path, *, offline: bool = False) -> list[Artifact]:
    """Bake what the plan in the file `path` says. Raises UserError, naming it, when something that
    goes in has moved since; else as `bake`."""
    planned = planfile.read(path)
    return bake(planned.site, planned.nodes, planned.format, planned, offline=offline)


def plan(
    site_name: str, kinds: Sequence[str] | None = None, fmt: str = "qcow2", named: int = NAMED
) -> Overview:
    """Every layer and disk: whether `bake` would make it now, and why, with `named` reasons of each
    sort. Raises as `bake` does."""
    return _overview(_order(site_name, kinds, fmt, named))


def why(site_name: str, name: str, fmt: str = "qcow2") -> None:
    """Print every reason for which `bake` would make the layer or disk `name`.

    Raises UserError when there is no such layer, and as `bake` does.
    """
    item = plan(site_name, None, fmt, ALL).item(name)
    log.info(f"{item.name}: {item.state}")
    for reason in item.reasons:
        log.info(f"  {reason}")


def _overview(order: _Order) -> Overview:
    return overview.make(
        order.site, order.kinds, order.format, order.recipes, order.store, order.plan
    )


def _require_planned(order: _Order, planned: Planned | None) -> None:
    if planned:
        planned.require(_overview(order))


@dataclass(frozen=True)
class _Order:
    """Everything that is known before the work begins."""

    site: Site
    kinds: tuple[Kind, ...]
    format: str
    recipes: Recipes
    plan: Plan
    store: Store
    resolver: Resolver


def _order(
    site_name: str,
    names: Sequence[str] | None,
    fmt: str,
    named: int = NAMED,
    *,
    offline: bool = False,
) -> _Order:
    if fmt not in FORMATS:
        raise UserError(f"--format {fmt}: there is no such format; valid are {', '.join(FORMATS)}")
    site = load(site_name)
    kinds = _kinds(site, names)
    rendering = render(site)
    resolver, held = locked.resolver(site, offline=offline)
    recipes = Cook(site, rendering, resolver).recipes(kinds)
    locked.require(site, held, recipes, offline=offline)
    store = Store(paths.CACHE)
    plan = planning.make(site, kinds, fmt, recipes, store, named)
    return _Order(site, kinds, fmt, recipes, plan, store, resolver)


def _require_tree(site: Site) -> None:
    """Raise UserError for a release to be baked in a machine: `machine` does single layers only."""
    release = site.release
    if release.builder != "tree":
        raise UserError(
            f"images/releases/{release.name}.yaml: builder: {release.builder}: images are baked "
            "whole in trees only; where the kernel of this host runs the release's programs "
            "(./inv doctor tells: vsyscall), write 'builder: tree'"
        )


def _kinds(site: Site, names: Sequence[str] | None) -> tuple[Kind, ...]:
    """The kinds of the nodes called `names`, each once, in the order of the site."""
    if not names:
        return site.kinds
    wanted = {site.node(name).kind.name for name in names}
    return tuple(kind for kind in site.kinds if kind.name in wanted)


def _jobs(order: _Order, kitchen: Kitchen, progress: Progress) -> dict[str, Job]:
    """A job for everything stale: layers on their parents, disks on all layers of their kind."""
    stale = {each.name: each for each in order.plan.stale}
    recipes = [recipe for recipe in order.recipes.all() if recipe.name in stale]
    jobs = {"packages": _job("packages", (), None, progress, _fetching(kitchen, recipes))}
    for recipe in recipes:
        parent = recipe.layer.parent
        needs = ("packages", *([parent.name] if parent and parent.name in stale else []))
        make = functools.partial(kitchen.make, recipe)
        jobs[recipe.name] = _job(recipe.name, needs, stale[recipe.name].seconds, progress, make)
    for kind in order.kinds:
        name = f"{kind.name}.disk"
        if name in stale:
            below = (recipe.name for recipe in order.recipes.stack(kind.name))
            work = functools.partial(disk.make, kitchen, kind, order.format, order.recipes)
            needs = ("packages", *(layer for layer in below if layer in stale))
            jobs[name] = _job(name, needs, stale[name].seconds, progress, work)
    return jobs


def _fetching(
    kitchen: Kitchen, recipes: Sequence[Recipe]
) -> Callable[[Callable[[str], None]], object]:
    def fetch(say: Callable[[str], None]) -> None:
        for recipe in recipes:
            kitchen.fetch(recipe, say)

    return fetch


def _job(
    name: str,
    needs: tuple[str, ...],
    expected: float | None,
    progress: Progress,
    work: Callable[[Callable[[str], None]], object],
) -> Job:
    def told() -> None:
        task = progress.task(name, expected)
        try:
            work(task.say)
        except BaseException:
            task.fail()
            raise
        task.done()

    return Job(name, needs, told)


def _tidy(order: _Order) -> None:
    for recipe in order.recipes.all():
        order.store.keep(order.site.name, recipe.layer, recipe.texts)
    order.store.settle([recipe.layer for recipe in order.recipes.all()])
    order.store.prune(stages.layers())


def _finished(order: _Order) -> list[Artifact]:
    taken = {kept.image.kind: kept.release.id for kept in order.plan.kept}
    found = []
    for kind in order.kinds:
        artifact = manifest.artifact(order.site.name, kind.name, order.format)
        if f"{kind.name}.disk" in order.plan.names():
            artifact = replace(artifact, fresh=True)
        word = "baked" if artifact.fresh else "nothing to do"
        if kind.name in taken:
            word = f"taken back from release {taken[kind.name]}"
        where = f"{paths.shown(artifact.path)}, {artifact.bytes / 1e6:.0f} MB"
        log.info(f"{kind.name}: {word} ({where})")
        found.append(artifact)
    if order.kinds == order.site.kinds:
        settings = {kind.name: disk.settings(order.site, kind) for kind in order.kinds}
        release = releases.record(order.site.name, settings)
        log.info(f"release {release.id}: {', '.join(release.images)}")
    return found


@dataclass(frozen=True)
class Needed:
    """What the definition of a site needs of what was baked: keys of layers, ids of the releases
    that its disks are taken back from, file names and hashes of packages."""

    layers: frozenset[str]
    releases: frozenset[str]
    packages: frozenset[str]


def needed(site_name: str) -> Needed:
    """What a bake of all kinds would use now. Raises UserError as `plan` does."""
    order = _order(site_name, None, "qcow2")
    recipes = order.recipes.all()
    packages = {package for recipe in recipes for package in recipe.all_packages()}
    return Needed(
        frozenset(recipe.layer.key for recipe in recipes),
        frozenset(kept.release.id for kept in order.plan.kept),
        frozenset(word for package in packages for word in (package.file, package.sha256)),
    )
