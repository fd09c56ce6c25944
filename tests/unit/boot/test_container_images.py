"""Layers become images: each is imported once, on top of those that are there."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from golden import manifest
from golden.boot.container import images
from golden.boot.container.images import Layer
from golden.errors import StageError, UserError
from golden.layers import View, Workspace
from tests.unit import baked_disk
from tests.unit.boot.fake_docker import Engine
from tests.unit.small_site import small_site

SITE = small_site()
KIND = SITE.kinds[0]
BASE, TOP = Layer("base", "aaaa"), Layer("Master.site", "bbbb")


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, own_home: Path) -> Path:
    """Two baked layers, and a workspace without namespaces."""
    for layer in (BASE, TOP):
        (layer.tree / "etc").mkdir(parents=True)
        (layer.tree / "etc/name").write_text(layer.name)
        publish(layer)
    baked(BASE, TOP)

    @contextmanager
    def working(folder: Path) -> Iterator[Workspace]:
        bench = tmp_path / "bench"
        bench.mkdir(exist_ok=True)
        with (bench / "alive").open("wb") as alive:
            yield Workspace(bench, alive)

    monkeypatch.setattr(images, "working", working)
    monkeypatch.setattr(View, "prefix", lambda view, name: ["packed", view.lower[0]])
    monkeypatch.setattr(Workspace, "scratch", lambda self, name: self.folder)
    monkeypatch.setattr(images.run, "run", run)
    monkeypatch.setattr(images.run, "start", start)
    return tmp_path / "cache"


def publish(layer: Layer) -> None:
    """Record the layer as the bake does."""
    record = {"name": layer.name, "boot": "", "settled": True}
    (layer.tree.parent / "layer.json").write_text(json.dumps(record))


def baked(*stack: Layer) -> None:
    layers = [{"name": layer.name, "key": layer.key} for layer in stack]
    baked_disk.record(SITE.name, KIND.name, "tree", layers=layers)


def run(argv: list[Any], **options: Any) -> None:
    """Packs as layertar does, in this process."""
    assert argv[0] == "packed"
    Path(argv[-1]).write_bytes(b"layer of " + argv[1].parent.name.encode())


class Child:
    def __init__(self, code: int) -> None:
        self.code = code

    def wait(self) -> int:
        return self.code


def start(argv: list[Any], pass_fds: tuple[int, ...], **options: Any) -> Child:
    os.write(pass_fds[0], b"layer of " + argv[1].parent.name.encode())
    return Child(0)


def ensure(engine: Any, told: list[str] | None = None) -> str:
    return images.ensure(engine, SITE, KIND, "home", (told if told is not None else []).append)


def test_all_layers_are_imported_once_lowest_first() -> None:
    engine, told = Engine(), list[str]()
    assert ensure(engine, told) == "golden/master.site:bbbb"
    assert told == ["importing layer base", "importing layer Master.site"]
    content, changes = engine.streamed[0]
    assert content == b"layer of aaaa" and 'CMD ["/sbin/init"]' in changes
    assert 'LABEL golden.home="home"' in changes


def test_what_the_engine_has_is_not_imported_again() -> None:
    engine, told = Engine(), list[str]()
    engine.images.add(BASE.tag, attrs={"RootFS": {"Layers": ["sha256:lowest"]}})
    ensure(engine, told)
    assert told == ["importing layer Master.site"] and engine.streamed == []
    engine.images.add(TOP.tag)
    told.clear()
    assert ensure(engine, told) == TOP.tag and told == []


def test_an_upper_layer_names_those_below_and_holds_only_itself() -> None:
    engine = Engine()
    engine.images.add(BASE.tag, attrs={"RootFS": {"Layers": ["sha256:lowest"]}})
    ensure(engine)
    with tarfile.open(fileobj=io.BytesIO(engine.loaded[0])) as tar:
        content = {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]
    assert list(content) == ["config.json", "manifest.json", "1/layer.tar"]
    assert content["1/layer.tar"] == b"layer of bbbb"
    config = json.loads(content["config.json"])
    own = "sha256:" + hashlib.sha256(b"layer of bbbb").hexdigest()
    assert config["rootfs"]["diff_ids"] == ["sha256:lowest", own]
    assert config["config"] == {"Cmd": ["/sbin/init"], "Labels": {"golden.home": "home"}}
    listing = json.loads(content["manifest.json"])[0]
    assert listing["RepoTags"] == [TOP.tag]
    assert listing["Layers"] == ["0/layer.tar", "1/layer.tar"]


def test_a_packer_that_fails_leaves_no_image(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(argv: list[Any], pass_fds: tuple[int, ...], **options: Any) -> Child:
        os.write(pass_fds[0], b"half")
        return Child(1)

    monkeypatch.setattr(images.run, "start", failing)
    engine = Engine()
    with pytest.raises(StageError, match="layer base could not be packed"):
        ensure(engine)
    assert engine.images.things == {}


def test_without_a_bake_it_says_how_to_make_one(tmp_path: Path) -> None:
    (manifest.folder(SITE.name, KIND.name) / "manifest.json").unlink()
    with pytest.raises(UserError, match="inv bake --site small"):
        images.layers(SITE, KIND)
    baked(Layer("base", "gone"), TOP)
    with pytest.raises(UserError, match=r"layer base \(gone\) is gone from .cache"):
        ensure(Engine())


def test_the_uppermost_layer_that_has_a_file_counts() -> None:
    assert images.baked(SITE, KIND, "etc/name") == "Master.site"
    (TOP.tree / "etc/name").unlink()
    assert images.baked(SITE, KIND, "etc/name") == "base"
    with pytest.raises(UserError, match="/etc/other is in no layer of master"):
        images.baked(SITE, KIND, "etc/other")


def test_only_our_images_of_layers_that_are_gone_are_removed() -> None:
    engine = Engine()
    for tag, home in ((BASE.tag, "home"), ("golden/base:old", "home"), ("golden/base:x", "other")):
        engine.images.add(tag, {"golden.home": home}, tags=[tag])
    assert images.prune(engine, "home") == ["golden/base:old"]  # type: ignore[arg-type]
    assert sorted(engine.images.things) == [BASE.tag, "golden/base:x"]
