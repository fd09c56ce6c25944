"""The bake: from a definition to bootable disks, making only what changed.

From `inv bake` to dpkg, read nine files in this order:

1. golden/menu/baking.py       the task
2. golden/bake/__init__.py     this one: resolve, plan, make what is stale, several steps at once
3. golden/recipe/__init__.py   the layers of a site, and what goes into each
4. golden/packages/resolve.py  from package names to versions and dpkg's order of work
5. golden/bake/planning.py     which layers and disks are stale, why, and what they cost
6. golden/bake/layer.py        one layer: an empty folder over the layers below, its scripts
7. golden/bake/packer.py       the scripts, driven by Packer
8. golden/layers/enter.py      the command that enters a layer's tree
9. golden/layers/inside.py     its namespaces and mounts; there scripts/bake/packages.sh calls dpkg

Beside the path: `disk` (the artifact), `planfile` (a plan in a file), `bootstrap` and `epoch`
(parts of `layer`), `machine` (a layer where this host cannot run the programs).
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter

from golden import lock, log, manifest, paths, recipe, releases
from golden.bake import disk, planning
from golden.bake.disk import FORMATS, Disk
from golden.bake.layer import Builder
from golden.bake.planfile import PlanFile
from golden.bake.planning import Plan
from golden.definition import Site
from golden.errors import UserError, explain_full_disk
from golden.host.require import require
from golden.layers import Store, Workspace, working
from golden.layers.workspace import one_bake
from golden.log import Progress, Task
from golden.manifest import Artifact
from golden.packages import Resolver
from golden.recipe import Recipes, builder_image
from golden.releases import stages
from golden.render import render

__all__ = ["Artifact", "Make", "Needed", "Order", "Plan", "bake", "bake_all", "needed", "plan"]

# More threads of work than processors: while one layer waits for the disk, another computes.
AT_ONCE = (os.cpu_count() or 2) + 1
MAKE_ROOM = "make room and run the bake again: finished layers are kept"

Work = Callable[[Callable[[str], None]], None]


def bake(
    site: Site,
    nodes: Sequence[str] = (),
    fmt: str = "qcow2",
    planned: PlanFile | None = None,
    *,
    offline: bool = False,
    paranoid: bool = False,
) -> list[Artifact]:
    """Bake the images of `nodes` (default: all) as disks of format `fmt`.

    `offline` takes packages from the pool alone; `paranoid` compares every byte of the layers and
    disks that are there, and makes changed ones again. Returns one artifact for each kind of node,
    new or unchanged. Raises UserError before anything is written, also when the inputs differ from
    those of `planned`, and StageError when a stage fails; what was finished by then is kept.
    """
    return bake_all((site,), nodes, fmt, planned, offline=offline, paranoid=paranoid)


def bake_all(
    sites: Sequence[Site],
    nodes: Sequence[str] = (),
    fmt: str = "qcow2",
    planned: PlanFile | None = None,
    *,
    offline: bool = False,
    paranoid: bool = False,
    make: Make | None = None,
) -> list[Artifact]:
    """Bake several sites as `bake` does one, what they share once. `make` makes what is stale in
    all of them; without it this host does. `nodes` and `planned` are those of a single site."""
    for site in sites:
        require(site)
    with explain_full_disk("bake", paths.shown(paths.HOME), MAKE_ROOM):
        orders = [_order(site, nodes, fmt, offline=offline) for site in sites]
        for order in orders if paranoid else ():
            order.discard_what_changed()
        plans = [order.plan() for order in orders]
        if planned:
            planned.require(plans[0])
        if any(plan.stale or plan.kept for plan in plans):
            with working(paths.CACHE) as workspace:
                # Another bake may have made all of it while this one waited.
                plans = [order.plan() for order in orders]
                _begin(plans)
                (make or _make_here)(orders, plans, workspace)
                for order in orders:
                    _tidy(order)
    pairs = zip(orders, plans, strict=True)
    return [artifact for order, plan in pairs for artifact in _finished(order, plan)]


def _begin(plans: Sequence[Plan]) -> None:
    for plan in plans:
        planning.show(plan)
        for kept in plan.kept:
            releases.take_back(kept)


def plan(
    site: Site, nodes: Sequence[str] = (), fmt: str = "qcow2", *, offline: bool = False
) -> Plan:
    """Every layer and disk: whether `bake` would make it now, and why. Raises as `bake` does."""
    with explain_full_disk("plan", paths.shown(paths.HOME), "make room"):
        return _order(site, nodes, fmt, offline=offline).plan()


@dataclass(frozen=True)
class Needed:
    """What the definition of a site needs of what was baked: keys of layers, ids of the releases
    that its disks come back from, file names and hashes of packages and downloads."""

    layers: frozenset[str]
    releases: frozenset[str]
    packages: frozenset[str]


def needed(site: Site) -> Needed:
    """What a bake of all kinds would use now, and golden-builder if it is of this site. Raises
    UserError as `plan` does."""
    order = _order(site)
    recipes = order.recipes.all()
    if site.name == builder_image.SITE:
        recipes += builder_image.recipes(site, order.resolver)
    packages = {package for recipe in recipes for package in recipe.all_packages()}
    files = {download.sha256 for recipe in recipes for download in recipe.downloads}
    return Needed(
        frozenset(recipe.layer.key for recipe in recipes),
        frozenset(kept.release.id for kept in order.plan().kept),
        frozenset(word for package in packages for word in (package.file, package.sha256)) | files,
    )


@dataclass(frozen=True)
class Order:
    """Everything known of the bake of a site before the work begins."""

    site: Site
    disks: tuple[Disk, ...]
    recipes: Recipes
    store: Store
    resolver: Resolver

    def discard_what_changed(self) -> None:
        """Compare every byte of what is there with what was baked."""
        with one_bake(paths.CACHE):
            for stored in filter(None, (self.store.get(each.layer) for each in self.recipes.all())):
                try:
                    self.store.verify(stored, every_byte=True)
                except UserError as error:
                    log.warn(str(error))
                    self.store.discard(stored)
            for each in self.disks:
                each.discard_if_changed()

    def plan(self) -> Plan:
        return planning.make(self.site, self.disks, self.recipes, self.store)


def _order(
    site: Site, nodes: Sequence[str] = (), fmt: str = "qcow2", *, offline: bool = False
) -> Order:
    if fmt not in FORMATS:
        raise UserError(f"--format {fmt}: no such format; valid are {', '.join(FORMATS)}")
    wanted = {site.node(name).kind.name for name in nodes}
    kinds = [kind for kind in site.kinds if not nodes or kind.name in wanted]
    rendering = render(site)
    held, resolver = lock.resolver(site.release, offline=offline)
    recipes = recipe.resolve(site, rendering, resolver, kinds)
    packages = {package for each in recipes.all() for package in each.all_packages()}
    if held:
        files = [file for each in recipes.all() for file in each.downloads]
        lock.require(site.release, held, packages, files, offline=offline)
    origins = lock.origins(held, resolver.state, packages)
    disks = tuple(Disk(site, kind, fmt, recipes, origins) for kind in kinds)
    return Order(site, disks, recipes, Store(paths.CACHE), resolver)


# Makes everything that is stale in the plans: layers on their parents, disks on their layers.
Make = Callable[[Sequence[Order], Sequence[Plan], Workspace], None]


def _make_here(orders: Sequence[Order], plans: Sequence[Plan], workspace: Workspace) -> None:
    for order, plan in zip(orders, plans, strict=True):
        inner = workspace.inner(order.site.name)
        builder = Builder(order.site, order.store, inner, order.resolver)
        with log.progress() as progress:
            # What an earlier site shares with this one is there by now.
            _make(order, plan if order is orders[0] else order.plan(), builder, progress)


def _make(order: Order, plan: Plan, builder: Builder, progress: Progress) -> None:
    stale = {step.name: step for step in plan.stale}
    recipes = [each for each in order.recipes.all() if each.name in stale]

    def fetch(say: Callable[[str], None]) -> None:
        for each in recipes:
            builder.fetch(each, say)

    works: dict[str, Work] = {each.name: functools.partial(builder.make, each) for each in recipes}
    for each in order.disks:
        if each.name in stale:
            works[each.name] = functools.partial(disk.make, builder, each)
    needs = {name: ("packages", *stale[name].needs) for name in works}
    if works:
        works = {"packages": fetch, **works}
        tasks = {
            name: progress.task(name, stale[name].seconds if name in stale else None, needs=of)
            for name, of in {"packages": (), **needs}.items()
        }
        jobs = {name: _shown(tasks[name], work) for name, work in works.items()}
        run_jobs(jobs, needs, AT_ONCE, builder.workspace.abandon)


def _shown(task: Task, work: Work) -> Callable[[], None]:
    """`work` as what `task` shows."""

    def run() -> None:
        task.begin()
        try:
            work(task.say)
        except BaseException:
            task.fail()
            raise
        task.done()

    return run


def run_jobs(
    jobs: Mapping[str, Callable[[], None]],
    needs: Mapping[str, Sequence[str]],
    at_once: int,
    abandon: Callable[[], None],
) -> None:
    """Run each job after those that it `needs`, at most `at_once` together.

    When one fails, no other starts, the running ones finish, so that their results are kept, and
    the first error is raised. Ctrl-C calls `abandon`, which makes the running ones end.
    """
    order = TopologicalSorter({name: needs.get(name, ()) for name in jobs})
    order.prepare()
    running: dict[Future[None], str] = {}
    with ThreadPoolExecutor(at_once) as pool:
        try:
            while order.is_active():
                running |= {pool.submit(jobs[name]): name for name in order.get_ready()}
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    future.result()
                    order.done(running.pop(future))
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            if not isinstance(error, Exception):
                abandon()
            raise


def _tidy(order: Order) -> None:
    recipes = order.recipes.all()
    for each in recipes:
        order.store.keep(order.site.name, each.layer, each.texts)
    order.store.settle([each.layer for each in recipes])
    order.store.prune(stages.layers())


def _finished(order: Order, plan: Plan) -> list[Artifact]:
    """Report each artifact; record them as a release when they are the whole site's."""
    site = order.site
    taken = {kept.image.kind: kept.release.id for kept in plan.kept}
    stale = {step.name for step in plan.stale}
    found = []
    for each in order.disks:
        name = each.kind.name
        artifact = manifest.artifact(site.name, name, each.format)
        artifact = replace(artifact, fresh=each.name in stale)
        word = "baked" if artifact.fresh else "nothing to do"
        word = f"taken back from release {taken[name]}" if name in taken else word
        log.info(f"{name}: {word} ({paths.shown(artifact.path)}, {artifact.bytes / 1e6:.0f} MB)")
        found.append(artifact)
    if len(order.disks) == len(site.kinds):
        settings = {kind.name: disk.settings(site, kind) for kind in site.kinds}
        release = releases.record(site.name, settings)
        log.info(f"release {release.id}: {', '.join(release.images)}")
    return found
