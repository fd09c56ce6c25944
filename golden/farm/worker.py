"""What a worker does: a layer or a disk by its brief, with the code that a bake on one host has.

A worker on the same folders as the process that asks works in that one's; any other has folders of
its own, which several workers of a host may share.
"""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from distributed import Worker, get_worker
from filelock import FileLock

from golden import lock, manifest, paths
from golden.bake import disk
from golden.bake.layer import Builder
from golden.errors import StageError, UserError
from golden.farm import security, transfer
from golden.farm.facts import Facts, facts, require_same
from golden.farm.graph import Resources
from golden.farm.model import Brief, Made, MadeDisk
from golden.host.require import require
from golden.layers import Store, Workspace
from golden.layers.workspace import guest, joined
from golden.recipe import Recipe

_running: dict[str, set[Workspace]] = defaultdict(set)
_starting = threading.Lock()


def describe(dask_worker: Worker) -> tuple[Facts, Resources]:
    """The facts of this host, and what the worker offers; dask hands itself over."""
    return facts(), dict(dask_worker.state.total_resources)


def serve(dask_worker: Worker) -> str:
    """The address of this worker's layers and disks."""
    with _starting:
        return _server(dask_worker).address


@functools.cache
def _server(worker: Worker) -> transfer.Server:
    serving, _ = security.contexts(worker.security, "worker")
    return transfer.Server(worker.ip, serving)


def abandon(bake: str) -> None:
    """Make what this worker runs for `bake` end within about a second."""
    for workspace in list(_running[bake]):
        workspace.abandon()


def layer(brief: Brief, label: str, name: str, *below: Made) -> Made:
    """Have the layer called `name`; `below` are stores with layers that it stands on.

    Raises UserError and StageError as a bake does.
    """
    with _working(brief, label) as (builder, say):
        recipes = brief.chain(name)
        _have(builder, recipes, (*below, brief.held), say)
        stored = builder.stored(recipe.layer for recipe in recipes)
    layers = {each.layer.key: one.content for each, one in zip(recipes, stored, strict=True)}
    return Made(serve(get_worker()), layers, sum(one.record["bytes"] for one in stored))


def make_disk(brief: Brief, label: str, name: str, *below: Made) -> MadeDisk:
    """Have the disk called `name`. Raises as `layer` does."""
    target = brief.disk(name)
    site, kind = target.site.name, target.kind.name
    with _working(brief, label) as (builder, say):
        _have(builder, target.stack[::-1], (*below, brief.held), say)
        with _alone(f"{site}-{kind}"):
            if manifest.find(site, kind, target.format, target.key) is None:
                disk.make(builder, target, say)
        made = manifest.sha256(manifest.folder(site, kind) / manifest.NAME)
    return MadeDisk(serve(get_worker()), made)


@contextlib.contextmanager
def _working(brief: Brief, label: str) -> Iterator[tuple[Builder, Callable[[str], None]]]:
    """A builder for `brief`, and what the bake is told with."""
    worker = get_worker()
    # What goes into an image does not depend on who started the worker (tasks.py).
    os.umask(0o022)
    require_same(brief.facts, {worker.address: facts()})

    def say(text: str) -> None:
        told = {"label": label, "worker": worker.address, "text": text}
        worker.log_event(brief.bake, told)

    say("")
    shared = brief.workspace.is_relative_to(paths.CACHE) and brief.workspace.is_dir()
    place = guest(brief.workspace) if shared else joined(paths.CACHE)
    with _named(worker.address), place as workspace:
        require(brief.site)
        _running[brief.bake].add(workspace)
        try:
            with _alone("index"):
                _, resolver = lock.resolver(brief.site.release, offline=brief.offline)
            builder = Builder(brief.site, Store(paths.CACHE), workspace, resolver)
            yield builder, say
        finally:
            _running[brief.bake].discard(workspace)
        if not shared:
            # Else the process that asks does it, once.
            builder.store.settle(recipe.layer for recipe in brief.recipes.all())


@contextlib.contextmanager
def _named(address: str) -> Iterator[None]:
    """Say in an error that it is one of this worker."""
    try:
        yield
    except UserError as error:
        raise UserError(f"worker {address}: {error}") from error
    except StageError as error:
        error.message += f" (on worker {address})"
        raise


def _have(
    builder: Builder,
    recipes: Sequence[Recipe],
    sources: Sequence[Made],
    say: Callable[[str], None],
) -> None:
    """Have the layers of `recipes`, the lowest first: in the store, of a source, or made."""
    _, asking = security.contexts(get_worker().security, "worker")
    for recipe in recipes:
        key = recipe.layer.key
        with _alone(key):
            if builder.store.get(recipe.layer) or any(
                transfer.take_layer(builder, recipe, source, asking, say)
                for source in sources
                if key in source.layers
            ):
                continue
            with _alone("packages"):
                builder.fetch(recipe, say)
            builder.make(recipe, say)


@contextlib.contextmanager
def _alone(what: str) -> Iterator[None]:
    """Let no other worker on these folders do the same meanwhile."""
    folder = paths.CACHE / "farm"
    folder.mkdir(exist_ok=True)
    with FileLock(folder / f"{what}.lock"):
        yield
