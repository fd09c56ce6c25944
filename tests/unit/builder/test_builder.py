"""The image in which other systems bake: what is in it, its archive, and where that goes."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from golden import builder, paths
from golden.bake.layer import Builder
from golden.packages import wheels
from golden.recipe import Recipe, builder_image
from tests.unit.boot.fake_docker import Engine
from tests.unit.recipe import test_recipe
from tests.unit.small_site import small_site

SMALL = small_site()
SITE = replace(SMALL, release=replace(SMALL.release, mirror="http://m.example/debian"))


@pytest.fixture
def lock(monkeypatch: pytest.MonkeyPatch, own_home: Path) -> Path:
    """A requirements.lock of its own."""
    monkeypatch.setattr(wheels, "LOCK", own_home / "requirements.lock")
    wheels.LOCK.write_text("one==1\n")
    return wheels.LOCK


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch, lock: Path) -> Any:
    """Stands for a Resolver; a venv needs Python 3.11."""
    monkeypatch.setitem(test_recipe.DEPENDS, "python3-venv", ("python3",))
    made: Any = test_recipe.World()
    made.versions["python3"] = "3.11.2-1+b1"
    return made


def test_it_has_what_a_bake_needs_of_its_host_and_no_more(world: Any, lock: Path) -> None:
    debian, tool = builder_image.recipes(SITE, world)
    there = {each.name for each in tool.all_packages()}
    assert {"apt", "packer", "e2fsprogs", "python3", "debian-archive-keyring"} <= there
    assert not {"qemu-system-x86", "linux-image-amd64"} & there
    lock.write_text("one==2\n")
    again = builder_image.recipes(SITE, world)
    assert again[0].layer.key == debian.layer.key and again[1].layer.key != tool.layer.key


def test_it_is_made_once_and_loaded_where_an_engine_answers(
    world: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    done: list[tuple[str, bool]] = []

    def make(self: Builder, recipe: Recipe, say: Callable[[str], None]) -> None:
        done.append((recipe.name, "a.whl for 3.11" in recipe.payload))
        folder = self.workspace.scratch(recipe.name)
        (folder / "tree").mkdir()
        self.store.publish(self.site.name, recipe.layer, folder, 1.0, {"epoch": 86400})

    pack = 'printf "layer of {}" >"$0"'
    for place, name, stand_in in (
        (Builder, "make", make),
        (Builder, "fetch", lambda *_: None),
        (builder, "load", lambda _: SITE),
        (builder, "require", lambda _: None),
        (builder.lock, "resolver", lambda *_, offline: (None, world)),
        (wheels, "fetch", lambda python: {f"a.whl for {python}": b""}),
        (builder, "pack_command", lambda _, name, __: ["sh", "-c", pack.format(name)]),
    ):
        monkeypatch.setattr(place, name, stand_in)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{paths.CACHE}/none.sock")
    first = builder.make().read_bytes()
    assert done == [("builder", False), ("builder.tool", True)]
    assert "docker load --input" in capsys.readouterr().out
    engine = Engine()
    monkeypatch.setattr(builder.engine, "connect", lambda: engine)
    # Equal layers, equal bytes.
    assert builder.make().read_bytes() == first and engine.loaded == [first] and len(done) == 2
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(first))) as tar:
        held = {each.name: tar.extractfile(each).read() for each in tar}  # type: ignore[union-attr]
    assert [held[f"{number}/layer.tar"][-5:] for number in (0, 1)] == [b"0.tar", b"1.tar"]
    assert json.loads(held["manifest.json"])[0]["RepoTags"] == ["golden-builder:latest"]
    image = json.loads(held["config.json"])
    assert image["config"]["Entrypoint"] == [builder_image.ENTRY]
    assert image["created"] == "1970-01-02T00:00:00Z" and len(image["rootfs"]["diff_ids"]) == 2


def test_wheels_are_those_of_the_lock_for_the_image(
    monkeypatch: pytest.MonkeyPatch, lock: Path
) -> None:
    asked: list[str] = []

    def pip(argv: list[str], **_: Any) -> None:
        asked.extend(argv)
        Path(argv[argv.index("--dest") + 1], "one-1.whl").write_bytes(b"wheel")

    monkeypatch.setattr(wheels.run, "run", pip)
    assert wheels.fetch("3.11") == {"one-1.whl": b"wheel"}
    assert {"--require-hashes", "--python-version=3.11", "--only-binary=:all:"} <= {*asked}
    assert asked[-1] == lock
