"""A shell, or one command, in a throw-away copy of a layer: to look, to debug, to build packages
with the release's own tools. Nothing of it reaches the cache."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from golden import lock, log, paths, recipe, run
from golden.bake.layer import Builder
from golden.definition import Site
from golden.definition.problems import nearest
from golden.errors import UserError
from golden.layers import Layer, Store, View, working
from golden.packages import Resolver
from golden.recipe import Recipe, Recipes, payload
from golden.render import render

BIND = "/run/bind"
# begin.sh also lets no service start; end.sh would only tidy up what is thrown away.
_SCRIPTS = ("begin.sh", "packages.sh")
_LOGIN = "/bin/bash -l"


def shell(site: Site, layer: str, names: Iterable[str], bind: str, command: str) -> int:
    """Run `command`, or a login shell, as root on top of `layer` with the packages `names`.

    `bind` is a folder of the host that appears at /run/bind, writable. Returns the exit code.
    Raises UserError when the layer is unknown or not baked, or a package cannot be had; StageError
    when one cannot be installed.
    """
    shared = _folder(bind) if bind else ()
    _, resolver = lock.resolver(site.release, offline=False)
    made = recipe.resolve(site, render(site), resolver, site.kinds)
    chosen = _baked(site, made, layer)
    with working(paths.CACHE) as workspace:
        builder = Builder(site, Store(paths.CACHE), workspace, resolver)
        above = _above(site, chosen, names, resolver)
        builder.fetch(above, log.detail)
        view = _open(builder, above)
        environment = {**view.environment, "TERM": os.environ.get("TERM", "dumb")}
        view = replace(view, shared=shared, environment=environment)
        log.detail(f"in a copy of {layer} of site {site.name}")
        return run.interactive([*view.prefix("shell"), *_command(command)])


def _folder(bind: str) -> tuple[tuple[Path, str], ...]:
    place = Path(bind).resolve()
    if not place.is_dir():
        raise UserError(f"--bind {bind}: no such folder; make it, or name another")
    return ((place, BIND),)


def _baked(site: Site, made: Recipes, name: str) -> Recipe:
    recipes = {each.name: each for each in made.all()}
    if name not in recipes:
        raise UserError(f"--layer {name}: no such layer; {nearest(name, recipes)}")
    store = Store(paths.CACHE)
    if lost := [each.name for each in recipes[name].layer.chain() if store.get(each) is None]:
        raise UserError(
            f"--layer {name}: {', '.join(reversed(lost))} of today's definitions is not baked; "
            f"bake with ./inv bake --site {site.name} --format tree"
        )
    return recipes[name]


def _above(site: Site, below: Recipe, names: Iterable[str], resolver: Resolver) -> Recipe:
    """A layer of the packages `names`, which is never published."""
    there = below.all_packages()
    packages = resolver.resolve(names, there)
    files = payload.packages(site.release.architecture, packages)
    return Recipe(Layer("shell", below.layer, {}), _SCRIPTS, files, packages, there)


def _open(builder: Builder, above: Recipe) -> View:
    scratch = builder.workspace.scratch(above.name)
    below, _ = builder.prepare(above, scratch)
    view = builder.view(scratch, below, chroot=True)
    if above.packages.packages:
        work = "; ".join(f"sh -e /run/bake/scripts/{name}" for name in above.scripts)
        argv = [*view.prefix("packages"), "/bin/sh", "-e", "-c", work]
        run.run(argv, log=builder.new_log(above.name), stage="shell")
    return view


def _command(command: str) -> list[str]:
    if command:
        return ["/bin/sh", "-c", command]
    # script(1) is essential and gives the shell a terminal of its own, which job control needs.
    own = sys.stdin.isatty()
    return ["script", "-qc", _LOGIN, "/dev/null"] if own else _LOGIN.split()
