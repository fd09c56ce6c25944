"""One layer: an empty folder over the layers below, written by scripts, moved into the store."""

from __future__ import annotations

import functools
import shlex
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from golden import paths, run
from golden.bake import epoch, leaks, machine, packer
from golden.bake.bootstrap import Ground, bootstrap
from golden.definition import Site
from golden.errors import StageError
from golden.layers import Layer, Store, Stored, View, Workspace, content
from golden.layers.content import TREE
from golden.packages import Resolver, fetch
from golden.recipe import SCRIPTS, Recipe, payload, tools

ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME": "/root",
    "LC_ALL": "C",
    "DEBIAN_FRONTEND": "noninteractive",
    "DEBCONF_NONINTERACTIVE_SEEN": "true",
    # openssl of wheezy would leave the state of its random numbers in /root/.rnd (W12.15).
    "RANDFILE": "/dev/null",
}

DAY = 24 * 60 * 60


@dataclass(frozen=True)
class Builder:
    """What every layer of one bake is made with."""

    site: Site
    store: Store
    workspace: Workspace
    resolver: Resolver
    scripts: Path = SCRIPTS

    @functools.cached_property
    def secrets(self) -> leaks.Marks:
        """What no layer, log or manifest of this bake may hold."""
        return leaks.of_bake(self.site.name, self.resolver.state.config)

    def new_log(self, name: str) -> Path:
        """Where to log the layer or disk `name`; the log of its last bake is removed."""
        log = paths.CACHE / "log" / "bake" / self.site.name / f"{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        log.unlink(missing_ok=True)
        return log

    def stored(self, layers: Iterable[Layer]) -> list[Stored]:
        """`layers` in the store. Raises StageError when one is missing, UserError when one is not
        what was baked."""
        found = [(layer, self.store.get(layer)) for layer in layers]
        if lost := [layer.name for layer, stored in found if stored is None]:
            raise StageError("bake", f"layer {lost[0]} vanished from the cache")
        return [self.store.verify(stored) for _, stored in found if stored]

    def fetch(self, recipe: Recipe, say: Callable[[str], None]) -> None:
        """Put the packages of `recipe` into the cache, and its downloads into the pool.

        Raises UserError, StageError.
        """
        for download in recipe.downloads:
            self.resolver.downloads.fetch(download, say)
        if recipe.essential:
            fetch(self.resolver, recipe.essential, (), say)
        fetch(self.resolver, recipe.packages, recipe.below, say)

    def make(self, recipe: Recipe, say: Callable[[str], None]) -> None:
        """Make and publish the layer of `recipe`; the layers below are in the store.

        Raises StageError, with the log's path, when a script fails.
        """
        began = time.monotonic()
        log = self.new_log(recipe.name)
        scratch = self.workspace.scratch(recipe.name)
        below, newest = self.prepare(recipe, scratch)
        if recipe.essential:
            say("unpacking the essential packages")
            view = self.view(scratch, below)
            state, enter = self.resolver.state, view.prefix("bootstrap")
            bootstrap(Ground(state, recipe.essential, view.at, enter, log))
        view = self.view(scratch, below, chroot=True)
        if self._runs_here(view, log):
            scripts = self._build(recipe, view, log, say)
        else:
            scripts = machine.build(self, recipe, view, log, say)
        if recipe.last:
            say("listing the image")
            content.call("write_list", scratch / "out", *(layer.folder for layer in below))
        say("searching for secrets")
        tree = scratch / "out" / TREE
        # A site's own layer is small, and what a secret would be rendered into.
        searched = leaks.parts(tree) if recipe.packages.packages else [tree]
        leaks.require_none([*searched, log], self.secrets)
        epoch.clamp(scratch / "out" / TREE, newest, log)
        record = {
            "packages": {package.name: package.version for package in recipe.all_packages()},
            "scripts": scripts,
            "epoch": newest,
        }
        seconds = time.monotonic() - began
        finished = scratch / "out"
        self.store.publish(self.site.name, recipe.layer, finished, seconds, record, recipe.texts)

    def _runs_here(self, view: View, log: Path) -> bool:
        """Whether the release's programs run on this host: one is tried, unless it is said.

        bash, because it is the first to die of a missing vsyscall page (docs/wheezy.md W3.1).
        """
        if self.site.release.builder != "auto":
            return self.site.release.builder == "tree"
        argv = [*view.prefix("try"), "/bin/bash", "-c", ":"]
        return run.run(argv, log=log, check=False, stage="bake").code == 0

    def _build(
        self, recipe: Recipe, view: View, log: Path, say: Callable[[str], None]
    ) -> Mapping[str, float]:
        enter = view.prefix("chroot")
        # -x, because its lines tell which command of a script failed; `packer` reads them.
        run_script = f'exec {shlex.join(enter)} /bin/sh -x "/run/bake/scripts/${{1##*/}}"\n'
        scratch = view.at.parent
        (scratch / "enter").write_text(run_script)
        variables = {"scripts": [str(self.scripts / name) for name in recipe.scripts]}
        return packer.build(
            recipe.name, "null.tree", variables, scratch, log, say, recipe.package_count
        )

    def prepare(self, recipe: Recipe, scratch: Path) -> tuple[list[Stored], int]:
        """Make the folders of the layer, and write what its scripts read.

        Returns the layers below, top first, and when the newest package was built (since 1970).
        """
        _, *lower = recipe.layer.chain()
        below = self.stored(lower)
        newest = self._newest(recipe, below)
        for name in (f"out/{TREE}", "overlay", "input"):
            (scratch / name).mkdir(parents=True)
        # The top folder of an upper layer is the root of the image.
        (scratch / "out" / TREE).chmod(0o755)
        given = {
            **recipe.payload,
            # useradd records a day.
            "day": f"{newest // DAY}\n".encode(),
            "release.json": self._release_record(recipe),
        }
        for name, data in given.items():
            (scratch / "input" / name).write_bytes(data)
        return below, newest

    def _newest(self, recipe: Recipe, below: list[Stored]) -> int:
        """When the newest package up to this layer was built, in seconds since 1970."""
        added = (recipe.essential, recipe.packages)
        debs = [self.resolver.state.debs / p.file for each in added if each for p in each.packages]
        return epoch.newest(debs, below[0].epoch if below else 0)

    def _release_record(self, recipe: Recipe) -> bytes:
        revision = tools.git_revision()
        layers = {layer.name: layer.key for layer in reversed(list(recipe.layer.chain()))}
        mark = "+uncommitted" if revision.dirty and revision.commit else ""
        return payload.release_record(self.site.name, layers, f"{revision.commit}{mark}")

    def view(self, scratch: Path, below: list[Stored], *, chroot: bool = False) -> View:
        """The layer in `scratch` on top of those `below`; what its scripts read is in /run/bake."""
        pool = self.resolver.state.pool
        return View(
            at=scratch / "root",
            lower=tuple(layer.tree for layer in below),
            upper=scratch / "out" / TREE,
            work=scratch / "overlay",
            alive=self.workspace.alive,
            busy=self.workspace.busy,
            chroot=chroot,
            binds=(
                (self.scripts, "/run/bake/scripts"),
                (scratch / "input", "/run/bake/input"),
                (self.resolver.state.debs, "/run/bake/debs"),
                *([(pool, "/run/bake/pool")] if pool.is_dir() else ()),
            ),
            environment=ENVIRONMENT,
        )
