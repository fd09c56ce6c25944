"""What `inv gc` takes away, and what it never does."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from golden import gc, manifest, paths, releases, rundir
from golden.bake import Needed
from golden.errors import UserError
from golden.gc import weigh
from golden.releases import model, switch
from golden.rundir import NodeDir, State
from tests.unit.releases import baked
from tests.unit.releases.baked import SITE

HASH = "ab" * 32


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host on which the site was baked; its definition needs nothing yet."""
    needs(monkeypatch)
    monkeypatch.setattr(rundir, "CACHE", paths.CACHE)
    monkeypatch.setattr(gc.definition, "sites", lambda: (SITE,))
    monkeypatch.setattr(gc.definition, "load", lambda name: name)
    (paths.CACHE / "latest" / SITE).mkdir(parents=True)


def needs(
    monkeypatch: pytest.MonkeyPatch,
    layers: Iterable[str] = (),
    ids: Iterable[str] = (),
    packages: Iterable[str] = (),
) -> None:
    found = Needed(frozenset(layers), frozenset(ids), frozenset(packages))
    monkeypatch.setattr(gc, "needed", lambda site: found)


def layer(key: str, parent: str | None = None, days: float = 0) -> Path:
    folder = paths.CACHE / "layers" / key
    (folder / "tree").mkdir(parents=True)
    (folder / "tree" / "file").write_bytes(bytes(100_000))
    (folder / "layer.json").write_text(json.dumps({"name": "base", "parent": parent}))
    return aged(folder, days)


def aged(path: Path, days: float) -> Path:
    when = time.time() - days * gc.DAY
    os.utime(path, (when, when))
    return path


def left(top: str) -> set[str]:
    return {path.name for path in (paths.CACHE / top).glob("*")}


def ids() -> set[str]:
    return {each.id for each in releases.every(SITE)}


def test_promoted_releases_and_what_is_in_place_stay() -> None:
    made = []
    for version in "1234":
        made.append(baked.bake(version))
        if version in "12":
            switch.promote(SITE)
    current, previous, old, there = made[1], made[0], made[2], made[3]
    gc.collect()
    assert ids() == {current.id, previous.id, there.id}
    assert not old.folder.exists() and baked.in_place() == baked.all_of("4")


def test_what_the_definitions_are_baked_from_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    for key, parent in (("low", None), ("top", "low"), ("other", None)):
        layer(key, parent)
    for name in ("kept_1_all.deb", "gone_1_all.deb", "lock"):
        (paths.CACHE / "debs").mkdir(exist_ok=True)
        (paths.CACHE / "debs" / name).write_bytes(b"x")
    for name in (HASH, HASH[::-1]):
        (paths.CACHE / "pool" / name[:2]).mkdir(parents=True)
        (paths.CACHE / "pool" / name[:2] / name).write_bytes(b"x")
    first = baked.bake("1")
    baked.bake("2")
    needs(monkeypatch, ["top"], [first.id], ["kept_1_all.deb", HASH])
    gc.collect()
    assert left("layers") == {"low", "top"}
    assert left("debs") == {"kept_1_all.deb", "lock"}
    assert left("pool/" + HASH[:2]) == {HASH} and left("pool/" + HASH[::-1][:2]) == set()
    assert first.id in ids()


def test_the_layers_of_artifacts_and_of_promoted_releases_stay() -> None:
    for key in ("master-1", "master-2", "master-3", "node-3"):
        layer(key)
    for version in "123":
        baked.bake(version)
        if version == "1":
            switch.promote(SITE)
    gc.collect()
    assert left("layers") == {"master-1", "master-3", "node-3"}


def booted(artifact: str) -> None:
    node = NodeDir(SITE, "n1")
    node.path.mkdir(parents=True)
    node.remember(State(1, 1, "", 0.0, 0, "tcg", 1.0, artifact, [], "qemu"))


def test_what_a_booted_node_stands_on_stays() -> None:
    first = baked.bake("1")
    baked.bake("2")
    layer("low")
    layer("up", "low")
    booted(str(first.images["node"].disk("qcow2")))
    gc.collect()
    assert first.id in ids() and left("layers") == set()
    layer("low")
    layer("up", "low")
    NodeDir(SITE, "n1").remove()
    booted("golden/node.site:up")
    gc.collect()
    assert first.id not in ids() and left("layers") == {"low", "up"}


def test_a_node_that_was_kept_stands_on_its_disk_too() -> None:
    first = baked.bake("1")
    baked.bake("2")
    node = NodeDir(SITE, "n1")
    rundir.write(node.base, [str(first.images["node"].disk("qcow2")), 1, 2, 3])
    gc.collect()
    assert first.id in ids()


def test_old_logs_and_leftovers_of_killed_commands_go() -> None:
    for name, days in (("old.log", 8), ("new.log", 1)):
        (paths.CACHE / "log").mkdir(exist_ok=True)
        (paths.CACHE / "log" / name).write_text("x")
        aged(paths.CACHE / "log" / name, days)
    (model.folder(SITE) / ".0123.partial").mkdir(parents=True)
    for name, days in (("old", 2), ("under way", 0.5)):
        fetched = model.folder(SITE) / model.FETCHED / name
        fetched.mkdir(parents=True)
        aged(fetched, days)
    gc.collect()
    assert left("log") == {"new.log"}
    assert [path.name for path in fetched.parent.iterdir()] == ["under way"]
    assert not (model.folder(SITE) / ".0123.partial").exists()


def test_a_dry_run_tells_and_takes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    layer("one")
    baked.bake("1")
    old, before = releases.every(SITE)[0], ids()
    baked.bake("2")
    freed = gc.collect(dry_run=True)
    said = capsys.readouterr().out
    assert "layer base one" in said and f"release {old.id}" in said and "would be removed" in said
    assert left("layers") == {"one"} and before < ids()
    assert gc.collect() == freed
    assert left("layers") == set() and old.id not in ids()


def test_with_a_limit_the_oldest_go_until_it_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for number, days in enumerate((3, 2, 1)):
        layer(f"l{number}", days=days)
    monkeypatch.setattr(gc, "MIB", 1000)
    gc.collect("300M")
    assert left("layers") == {"l1", "l2"}
    gc.collect("300M")
    assert left("layers") == {"l1", "l2"}


def test_what_is_needed_stays_above_the_limit_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    layer("one")
    needs(monkeypatch, ["one"])
    monkeypatch.setattr(gc, "MIB", 1000)
    gc.collect("1M")
    assert left("layers") == {"one"}
    assert "more than the limit of 1M" in capsys.readouterr().err


@pytest.mark.parametrize("limit", ["20", "G", "20X", "many", "-5G"])
def test_a_limit_is_a_size(limit: str) -> None:
    with pytest.raises(UserError, match=f"--limit {limit}: not a size such as 512M or 20G"):
        gc.collect(limit)


def test_a_site_that_cannot_tell_keeps_all_it_was_baked_from(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(site: str) -> Needed:
        raise UserError("no package index for release 'wheezy'")

    monkeypatch.setattr(gc, "needed", fail)
    layer("now")
    layer("before")
    layer("forgotten")
    note = paths.CACHE / "latest" / SITE / "base.json"
    note.write_text(json.dumps({"keys": ["now", "before"]}))
    (paths.CACHE / "debs").mkdir()
    (paths.CACHE / "debs" / "any_1_all.deb").write_bytes(b"x")
    gc.collect()
    assert left("layers") == {"now", "before"} and left("debs") == {"any_1_all.deb"}
    assert "no package index" in capsys.readouterr().err


def test_a_file_with_another_link_frees_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_bytes(bytes(100_000))
    alone = weigh.freed([tmp_path / "a"])
    os.link(tmp_path / "a" / "file", tmp_path / "link")
    assert weigh.freed([tmp_path / "a"]) < 100_000 <= alone
    assert weigh.freed([tmp_path / "a", tmp_path / "link"]) == alone
    assert weigh.total([tmp_path]) < 200_000


def test_disks_that_are_in_place_too_free_nothing() -> None:
    made = baked.bake("1")
    assert weigh.freed([made.images["node"].disk("qcow2")]) == 0
    manifest.disk_path(SITE, "node", "qcow2").unlink()
    assert weigh.freed([made.images["node"].disk("qcow2")]) > 0
