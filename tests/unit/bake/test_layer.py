"""Layers made for real, by Packer and in namespaces, of a tree that is a few megabytes large."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from golden import paths, run
from golden.bake import machine
from golden.bake.layer import Builder
from golden.errors import StageError
from golden.layers import Layer, Stored, enter
from golden.packages import Resolution
from golden.recipe import Recipe
from tests.unit.bake.conftest import builder_at, nothing

NONE = Resolution((), ())


def recipe(
    builder: Builder,
    name: str,
    script: str,
    parent: Layer | None = None,
    payload: Mapping[str, bytes] | None = None,
) -> Recipe:
    (builder.scripts / f"{name}.sh").write_text(f"set -eu\n{script}\n")
    layer = Layer(name, parent, {"scripts": {f"{name}.sh": script}})
    return Recipe(layer, (f"{name}.sh",), payload or {}, NONE, ())


def bake(builder: Builder, made: Recipe) -> Stored:
    builder.make(made, nothing)
    return builder.stored([made.layer])[0]


def with_base(builder: Builder, tiny: Path) -> Layer:
    """A base that is the tiny tree."""
    layer = Layer("base", None, {})
    folder = builder.workspace.scratch("ready")
    shutil.copytree(tiny, folder / "tree", symlinks=True)
    builder.store.publish("small", layer, folder, 1.0, {})
    return layer


@pytest.fixture
def base(builder: Builder, tiny: Path) -> Layer:
    return with_base(builder, tiny)


ODD = ["my images", "x#y", "it's", "a%20b", 'a"b', "a:b", "a,b", "über", "${x}", "$HOME"]


@pytest.mark.parametrize("name", [*ODD, "a\\b", "a?b", "a;b", "-a"])
def test_a_layer_is_made_in_a_folder_of_any_name(
    name: str, home: Path, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = home / name
    monkeypatch.setattr(paths, "CACHE", place / ".cache")
    with builder_at(place) as builder:
        base = with_base(builder, tiny)
        one = recipe(builder, "one", "cat /run/bake/input/text >/file", base, {"text": b"hi"})
        two = recipe(builder, "two", "cat /file >/copy; rm /file", one.layer)
        bake(builder, one)
        assert (bake(builder, two).tree / "copy").read_bytes() == b"hi"


def test_a_layer_holds_what_its_script_wrote(builder: Builder, base: Layer) -> None:
    made = recipe(builder, "top", "cat /run/bake/input/greeting >/file", base, {"greeting": b"hi"})
    stored = bake(builder, made)
    assert (stored.tree / "file").read_bytes() == b"hi"
    assert list(stored.record["scripts"]) == ["top.sh"]
    assert builder.store.get(made.layer) is not None
    assert (last := builder.store.last("small", "top")) and last.seconds == stored.seconds


def test_a_layer_sees_those_below_it_and_leaves_them_alone(builder: Builder, base: Layer) -> None:
    one = recipe(builder, "one", "echo 1 >/file", base)
    two = recipe(builder, "two", "cat /file >/copy; rm /file", one.layer)
    lower, upper = bake(builder, one), bake(builder, two)
    assert (upper.tree / "copy").read_text() == "1\n"
    assert (lower.tree / "file").read_text() == "1\n"


def test_a_failing_script_is_named_and_nothing_is_published(builder: Builder, base: Layer) -> None:
    made = recipe(builder, "top", "echo half >/file\ncat /absent", base)
    with pytest.raises(StageError) as caught:
        builder.make(made, nothing)
    text = str(caught.value)
    assert "bake top: script top.sh failed" in text
    assert "command: cat /absent" in text
    assert "No such file" in text
    log = caught.value.log
    assert log is not None and log.name == "top.log"
    assert str(log) in text and "cat /absent" in log.read_text()
    assert builder.store.get(made.layer) is None


def test_after_a_failure_the_layer_is_made_from_the_beginning(
    builder: Builder, base: Layer
) -> None:
    with pytest.raises(StageError):
        builder.make(recipe(builder, "top", "echo old >/old; exit 3", base), nothing)
    enter.remove([builder.workspace.folder / "top"])
    stored = bake(builder, recipe(builder, "top", "echo new >/new", base))
    assert (stored.tree / "new").exists() and not (stored.tree / "old").exists()


def test_a_script_that_writes_a_secret_fails_the_bake(builder: Builder, base: Layer) -> None:
    folder = paths.SECRETS / "small"
    folder.mkdir(parents=True)
    stored = {"values": {"rapi_password": "c4naryc4nary"}}
    (folder / "secrets.json").write_text(json.dumps(stored))
    made = recipe(builder, "top", "mkdir /etc; echo synnefo c4naryc4nary >/etc/rapi", base)
    with pytest.raises(StageError, match=r"holds the secret rapi_password \(2 such files\)"):
        builder.make(made, nothing)
    assert builder.store.get(made.layer) is None


def test_the_exit_code_of_the_script_is_told(builder: Builder, base: Layer) -> None:
    with pytest.raises(StageError) as caught:
        builder.make(recipe(builder, "top", "exit 42", base), nothing)
    assert caught.value.code == 42


def test_a_layer_below_that_vanished_is_named(builder: Builder, base: Layer) -> None:
    made = recipe(builder, "top", "echo >/file", Layer("gone", base, {"settings": {"a": "b"}}))
    with pytest.raises(StageError, match="layer gone vanished"):
        builder.make(made, nothing)


def test_the_script_runs_without_the_hosts_environment(
    builder: Builder, base: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST_SECRET", "leak")
    script = 'echo "${HOST_SECRET-none} $RANDFILE" >/env'
    stored = bake(builder, recipe(builder, "top", script, base))
    # openssl of wheezy would leave its random state in /root (docs/wheezy.md W12.15).
    assert (stored.tree / "env").read_text() == "none /dev/null\n"


def test_no_file_is_newer_than_the_newest_package(builder: Builder, base: Layer) -> None:
    fresh = ("find", "-newermt", "@1000000000")
    stored = bake(builder, recipe(builder, "one", "echo >/file; rm /bin/sh", base))
    assert stored.epoch == 0
    assert run.run([*fresh], cwd=stored.tree).out == ""


@pytest.mark.parametrize("runs", [True, False])
def test_a_layer_is_made_where_the_releases_programs_run(
    runs: bool, builder: Builder, base: Layer, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_machines: list[str] = []
    monkeypatch.setattr(
        machine, "build", lambda _, made, *rest: in_machines.append(made.name) or {"top.sh": 1.0}
    )
    if runs:
        (builder.stored([base])[0].tree / "bin/bash").symlink_to("sh")
    auto = replace(builder.site, release=replace(builder.site.release, builder="auto"))
    bake(replace(builder, site=auto), recipe(builder, "top", ":", base))
    assert in_machines == ([] if runs else ["top"])
