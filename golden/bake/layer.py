"""Makes one layer: an empty upper folder on the layers below, its scripts, and into the store."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from golden import paths
from golden.bake import epoch, packer
from golden.bake.bootstrap import Ground, bootstrap
from golden.definition import Site
from golden.errors import StageError
from golden.layers import Store, Stored, View, Workshop
from golden.layers.store import TREE
from golden.packages import Resolver, fetch
from golden.recipe import SCRIPTS, Recipe, payload, tools

ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C",
    "DEBIAN_FRONTEND": "noninteractive",
    "DEBCONF_NONINTERACTIVE_SEEN": "true",
}

DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Kitchen:
    """What every layer of one bake is made with."""

    site: Site
    store: Store
    workshop: Workshop
    resolver: Resolver
    scripts: Path = SCRIPTS

    def log(self, name: str) -> Path:
        """The full log of the layer or disk `name`: of its last bake only."""
        return paths.CACHE / "log" / "bake" / self.site.name / f"{name}.log"

    def fetch(self, recipe: Recipe, say: Callable[[str], None]) -> None:
        """Have the packages of `recipe` in the cache. Raises UserError, StageError."""
        if recipe.essential:
            fetch(self.resolver, recipe.essential, (), say)
        fetch(self.resolver, recipe.packages, recipe.below, say)

    def make(self, recipe: Recipe, say: Callable[[str], None]) -> Stored:
        """Make and publish the layer of `recipe`; the layers below are in the store.

        Raises StageError, with the log's path, when a script fails.
        """
        log = self.log(recipe.name)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.unlink(missing_ok=True)
        began = time.monotonic()
        bench = self.workshop.bench(recipe.name)
        self._prepare(recipe, bench, log, say)
        scripts = packer.build(
            recipe.name,
            "null.tree",
            {
                "scripts": [str(self.scripts / name) for name in recipe.scripts],
                "enter": shlex.join(self._view(recipe, bench, chroot=True).prefix("chroot")),
            },
            bench,
            log,
            say,
            len(recipe.packages.packages),
        )
        newest = self._epoch(recipe)
        epoch.clamp(bench / "out" / TREE, newest, log)
        seconds = time.monotonic() - began
        packages = {package.name: package.version for package in recipe.all_packages()}
        return self.store.publish(
            self.site.name,
            recipe.layer,
            bench / "out",
            seconds,
            {"packages": packages, "scripts": scripts, "epoch": newest},
            recipe.texts,
        )

    def below(self, recipe: Recipe) -> tuple[Path, ...]:
        """The trees under the layer of `recipe`, top first."""
        _, *lower = recipe.layer.chain()
        found = [(layer, self.store.get(layer)) for layer in lower]
        lost = [layer.name for layer, stored in found if stored is None]
        if lost:
            raise StageError(f"bake {recipe.name}", f"layer {lost[0]} vanished from the cache")
        return tuple(stored.tree for _, stored in found if stored)

    def _prepare(self, recipe: Recipe, bench: Path, log: Path, say: Callable[[str], None]) -> None:
        for name in (f"out/{TREE}", "overlay", "input"):
            (bench / name).mkdir(parents=True)
        # The top folder of an upper layer is the root of the image.
        (bench / "out" / TREE).chmod(0o755)
        for name, content in recipe.payload.items():
            (bench / "input" / name).write_bytes(content)
        # What useradd notes is a day.
        (bench / "input" / "day").write_text(f"{self._epoch(recipe) // DAY}\n")
        (bench / "input" / "release.json").write_bytes(self._release_record(recipe))
        if recipe.essential:
            say("unpacking the essential packages")
            view = self._view(recipe, bench, chroot=False)
            state, enter = self.resolver.state, view.prefix("bootstrap")
            bootstrap(Ground(self.site.release, state, recipe.essential, view.at, enter, log))

    def _epoch(self, recipe: Recipe) -> int:
        below = self.store.get(recipe.layer.parent) if recipe.layer.parent else None
        new = (recipe.essential, recipe.packages)
        debs = [self.resolver.state.debs / p.file for each in new if each for p in each.packages]
        return epoch.of(debs, below.epoch if below else 0)

    def _release_record(self, recipe: Recipe) -> bytes:
        revision, dirty = tools.git_revision()
        layers = {layer.name: layer.key for layer in reversed(list(recipe.layer.chain()))}
        mark = "+uncommitted" if dirty and revision else ""
        return payload.release_record(self.site.name, layers, f"{revision}{mark}")

    def _view(self, recipe: Recipe, bench: Path, *, chroot: bool) -> View:
        return View(
            at=bench / "root",
            lower=self.below(recipe),
            upper=bench / "out" / TREE,
            work=bench / "overlay",
            alive=self.workshop.alive,
            busy=self.workshop.busy,
            chroot=chroot,
            binds=(
                (self.scripts, "/run/bake/scripts"),
                (bench / "input", "/run/bake/input"),
                (self.resolver.state.debs, "/run/bake/debs"),
            ),
            environment=ENVIRONMENT if chroot else {},
        )
