"""A shell in a throw-away copy of a layer."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from golden import run
from golden.bake import shell
from golden.bake.layer import Builder
from golden.definition import Site
from golden.errors import UserError
from golden.layers import Layer
from golden.recipe import Recipe
from tests.unit.bake.test_layer import NONE, bake, base, recipe
from tests.unit.recipe.test_recipe import recipes, site

__all__ = ["base", "site"]  # fixtures


def run_in(builder: Builder, below: Layer, command: str, bind: Path) -> str:
    """What `command` prints in a copy of `below`."""
    view = shell._open(builder, Recipe(Layer("shell", below, {}), (), {}, NONE, ()))
    view = replace(view, shared=shell._folder(str(bind)))
    return run.run([*view.prefix("shell"), *shell._command(command)], stage="shell").out


def test_what_it_writes_is_gone_and_what_it_puts_into_the_bound_folder_stays(
    builder: Builder, base: Layer, tmp_path: Path
) -> None:
    one = recipe(builder, "one", "echo below >/file", base)
    bake(builder, one)
    before = set(builder.store.get(one.layer).tree.iterdir())  # type: ignore[union-attr]
    work = "cat /file; echo own >/file; cat /file >/run/bind/out; echo more >/other"
    assert run_in(builder, one.layer, work, tmp_path) == "below\n"
    assert (tmp_path / "out").read_text() == "own\n"
    stored = builder.store.get(one.layer)
    assert stored is not None and (stored.tree / "file").read_text() == "below\n"
    assert set(stored.tree.iterdir()) == before
    assert builder.store.last("small", "shell") is None


def test_the_cache_it_reads_from_cannot_be_written(
    builder: Builder, base: Layer, tmp_path: Path
) -> None:
    told = run_in(builder, base, "echo x 2>&1 >/run/bake/input/x || echo no", tmp_path)
    assert told.endswith("no\n")


def test_a_layer_that_is_unknown_or_not_baked_is_one_sentence(site: Site, home: Path) -> None:
    made = recipes(site)
    with pytest.raises(UserError, match=r"--layer bas: no such layer; .*base"):
        shell._baked(site, made, "bas")
    with pytest.raises(UserError, match=r"kernel, base of today's .* \./inv bake"):
        shell._baked(site, made, "base")


def test_a_folder_to_bind_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"--bind .*gone: no such folder"):
        shell._folder(str(tmp_path / "gone"))
