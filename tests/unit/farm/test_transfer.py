"""Layers and disks between two stores: whole, and to members of the farm alone."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import ssl
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from distributed import Security

from golden import manifest, paths, run
from golden.bake.layer import Builder
from golden.farm import security, transfer
from golden.farm.model import Made
from golden.layers import Layer, Store
from golden.layers.overlay import is_opaque, is_whiteout
from golden.layers.workspace import working
from golden.packages import Resolution, Resolver
from golden.recipe import Recipe
from tests.unit.small_site import small_site

RECIPE = Recipe(Layer("base", None, {}), (), {}, Resolution((), ()), ())
LAYER = RECIPE.layer
ROOT = os.geteuid() == 0


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Those of a farm, made once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "SECRETS", tmp_path_factory.mktemp("keys"))
        security.own()
        return paths.SECRETS


@pytest.fixture
def own(own_home: Path, keys: Path) -> Security:
    """A farm's certificate."""
    shutil.copytree(keys, paths.SECRETS, dirs_exist_ok=True)
    return security.own()


@pytest.fixture
def server(own: Security) -> Iterator[transfer.Server]:
    """A host that serves what is in `paths`."""
    found = transfer.Server("127.0.0.1", security.contexts(own, "worker")[0])
    yield found
    found.shutdown()
    found.server_close()


@pytest.fixture
def asking(own: Security) -> ssl.SSLContext:
    """What a member asks with."""
    return security.contexts(own, "client")[1]


@pytest.fixture
def source(server: transfer.Server, own_home: Path) -> Made:
    """A store with one layer, of what is not only files."""
    folder = own_home / "work"
    tree = folder / "tree"
    (tree / "opaque").mkdir(parents=True)
    (tree / "file").write_text("text")
    (tree / "other").hardlink_to(tree / "file")
    (tree / "link").symlink_to("/nowhere")
    if ROOT:
        os.chown(tree / "file", 12, 34)
        os.mknod(tree / "gone", 0o20000 | 0o600, 0)
        os.setxattr(tree / "opaque", "trusted.overlay.opaque", b"y")
    (tree / "file").chmod(0o4755)
    stored = Store(paths.CACHE).publish("small", LAYER, folder, 3.0, {"epoch": 7})
    return Made(server.address, {LAYER.key: stored.content})


@contextlib.contextmanager
def elsewhere(home: Path) -> Iterator[Builder]:
    """A builder with a store of its own."""
    cache = home / "elsewhere"
    with working(cache) as workspace:
        yield Builder(small_site(), Store(cache), workspace, cast(Resolver, None))


def test_a_layer_arrives_with_owners_and_all(
    source: Made, asking: ssl.SSLContext, own_home: Path
) -> None:
    said: list[str] = []
    with elsewhere(own_home) as builder:
        assert transfer.take_layer(builder, RECIPE, source, asking, said.append), said
        stored = builder.stored([LAYER])[0]
        builder.store.verify(stored, every_byte=True)
        assert [path for path in builder.workspace.folder.iterdir() if path.suffix == ".tar"] == []
    assert (stored.content, stored.epoch, stored.seconds) == (source.layers[LAYER.key], 7, 3.0)
    status = (stored.tree / "file").lstat()
    assert (status.st_mode, status.st_nlink) == (0o104755, 2)
    if ROOT:
        assert (status.st_uid, status.st_gid) == (12, 34)
        assert is_whiteout((stored.tree / "gone").lstat()) and is_opaque(stored.tree / "opaque")


def test_other_bytes_are_no_layer(source: Made, asking: ssl.SSLContext, own_home: Path) -> None:
    (paths.CACHE / "layers" / LAYER.key / "tree" / "file").write_text("tex!")
    said: list[str] = []
    with elsewhere(own_home) as builder:
        assert not transfer.take_layer(builder, RECIPE, source, asking, said.append)
        assert builder.store.get(LAYER) is None
    assert "arrived with other bytes" in said[-1]


def test_a_host_that_has_it_no_more_is_told(
    server: transfer.Server, asking: ssl.SSLContext, own_home: Path
) -> None:
    said: list[str] = []
    gone = Made("127.0.0.1:1", {LAYER.key: "a"})
    with elsewhere(own_home) as builder:
        for made in (Made(server.address, {LAYER.key: "a"}), gone):
            assert not transfer.take_layer(builder, RECIPE, made, asking, said.append)
    assert "it answers 404" in said[1] and "Connection refused" in said[3]


def stranger(own_home: Path) -> Security:
    """Of another farm."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(paths, "SECRETS", own_home / "stranger")
        return security.own()


def test_a_stranger_neither_asks_nor_serves(
    source: Made, asking: ssl.SSLContext, own_home: Path
) -> None:
    other = stranger(own_home)
    serving, theirs = security.contexts(other, "worker")
    evil = transfer.Server("127.0.0.1", serving)
    said: list[str] = []
    try:
        with elsewhere(own_home) as builder:
            assert not transfer.take_layer(builder, RECIPE, source, theirs, said.append)
            served = Made(evil.address, source.layers)
            assert not transfer.take_layer(builder, RECIPE, served, asking, said.append)
    finally:
        evil.shutdown()
        evil.server_close()
    assert "certificate verify failed" in said[3]


TAKE = """
import sys
from types import SimpleNamespace
from golden import manifest
from golden.farm import security, transfer
from golden.farm.model import MadeDisk
from tests.unit.small_site import small_site
site = small_site()
target = SimpleNamespace(site=site, kind=site.kinds[0], format="raw", key=sys.argv[3])
asking = security.contexts(security.own(), "client")[1]
transfer.take_disk(target, MadeDisk(*sys.argv[1:3]), asking)
manifest.compare("small", "master", "raw")
"""


def taken(server: transfer.Server, home: Path, key: str = "k", sha256: str = "") -> run.Result:
    """Let another host take the disk that this one has, and has recorded with `sha256`."""
    place = manifest.folder("small", "master")
    place.mkdir(parents=True)
    for name in ("disk.raw", manifest.SBOM):
        (place / name).write_text(f"of {name}")
    sums = {name: manifest.sha256(place / name) for name in ("disk.raw", manifest.SBOM)}
    record = {"file": "disk.raw", "key": "k", "length": 11, "bytes": 1, "sha256": sums["disk.raw"]}
    record |= {"sha256": sha256} if sha256 else {}
    facts = {
        "tree": "t",
        "layers": [],
        "packages": {},
        "beside": {manifest.SBOM: sums[manifest.SBOM]},
    }
    manifest.write("small", "master", "raw", record, facts)
    shutil.copytree(paths.SECRETS / "farm.tls", home / "there/.secrets/farm.tls")
    words = [
        sys.executable,
        "-c",
        TAKE,
        server.address,
        manifest.sha256(place / manifest.NAME),
        key,
    ]
    return run.run(words, cwd=paths.ROOT, env={"GOLDEN_HOME": str(home / "there")}, check=False)


def test_a_disk_arrives_with_what_is_beside_it_and_is_signed_anew(
    server: transfer.Server, own_home: Path
) -> None:
    said = taken(server, own_home)
    assert said.code == 0, said.out
    there = own_home / "there/.artifacts/small/master"
    names = {path.name for path in there.iterdir()}
    assert names == {"disk.raw", "manifest.json", "manifest.json.sig", manifest.SBOM}
    assert json.loads((there / "manifest.json").read_text())["tree"] == "t"


@pytest.mark.parametrize(
    ("key", "sha256", "what"), [("other", "", "its key"), ("k", "a" * 64, r"disk\.raw")]
)
def test_another_disk_than_was_asked_for_is_none(
    server: transfer.Server, own_home: Path, key: str, sha256: str, what: str
) -> None:
    said = taken(server, own_home, key, sha256)
    assert said.code == 1
    assert re.search(rf"a disk arrived from {server.address} with another {what}", said.out)
    there = own_home / "there/.artifacts/small/master"
    assert [path.name for path in there.glob("*")] == []
