"""A layer made in a virtual machine is the layer that a tree on this host gives, byte by byte."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from golden import lock, paths
from golden.bake import bake
from golden.bake.layer import Builder
from golden.definition import load
from golden.layers import Layer, Store, working
from golden.layers.overlay import CAPABILITY, OPAQUE, attribute, walk
from golden.recipe import Recipe, resolve
from golden.render import render

pytestmark = pytest.mark.nightly
SITE = "rehearsal"
# What a bake in a place of its own must not touch: notes about the last layers of the site.
OWN_NAME = "machine-test"


@pytest.fixture(scope="module")
def builder() -> Iterator[Builder]:
    """A builder for the layers of the rehearsal, which are all in the store, in machines."""
    site = load(SITE)
    bake(site, ["node2"], fmt="tree")
    _, resolver = lock.resolver(site.release, offline=False)
    inside = replace(site, name=OWN_NAME, release=replace(site.release, builder="machine"))
    with working(paths.CACHE) as workspace:
        yield Builder(inside, Store(paths.CACHE), workspace, resolver)


def again(recipe: Recipe) -> Recipe:
    """The same layer with a key of its own."""
    inputs = {**recipe.layer.inputs, "settings": {"made": "in a machine"}}
    return replace(recipe, layer=Layer(recipe.name, recipe.layer.parent, inputs))


def described(tree: Path) -> dict[str, tuple[object, ...]]:
    """All that a disk takes of each path of a layer."""
    found: dict[str, tuple[object, ...]] = {}
    for path, name, status in walk(str(tree), "/"):
        kind = stat.S_IFMT(status.st_mode)
        content: object = status.st_rdev
        if kind == stat.S_IFREG:
            content = Path(path).read_bytes()
        if kind == stat.S_IFLNK:
            content = str(Path(path).readlink())
        notes = tuple(attribute(path, key) for key in (CAPABILITY, *OPAQUE))
        owner = (status.st_uid, status.st_gid)
        time = status.st_mtime_ns if kind != stat.S_IFDIR else 0
        found[name] = (status.st_mode, owner, time, content, notes)
    return found


def test_a_machine_gives_the_bytes_of_a_tree(builder: Builder) -> None:
    site = load(SITE)
    recipe = resolve(site, render(site), builder.resolver, site.kinds).kinds["node2"][-1]
    made = again(recipe)
    builder.make(made, lambda _: None)
    theirs, ours = (
        described(builder.stored([layer])[0].tree) for layer in (made.layer, recipe.layer)
    )
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if ours[name] != theirs[name]] == []
    scripts = builder.stored([made.layer])[0].record["scripts"]
    assert tuple(scripts) == recipe.scripts
