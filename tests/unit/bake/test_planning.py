"""Which layers and disks a plan calls stale, and why."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from golden import manifest, releases
from golden.bake import disk, planning
from golden.bake.disk import Disk
from golden.bake.planning import Plan
from golden.definition import Site
from golden.layers import Store
from golden.recipe import Recipes
from tests.unit.recipe.test_recipe import World, recipes, site

__all__ = ["site"]  # a fixture


@pytest.fixture
def store(home: Path) -> Store:
    return Store(home / ".cache")


def disks(site: Site, made: Recipes, fmt: str = "qcow2") -> list[Disk]:
    return [Disk(site, kind, fmt, made) for kind in site.kinds]


def seen(site: Site, made: Recipes, store: Store, fmt: str = "qcow2") -> Plan:
    return planning.make(site, disks(site, made, fmt), made, store)


def stale(plan: Plan) -> list[tuple[str, tuple[str, ...]]]:
    return [(step.name, step.reasons) for step in plan.stale]


def bake_all(site: Site, made: Recipes, store: Store, home: Path) -> None:
    """As if everything had been baked."""
    for recipe in made.all():
        folder = home / "work" / recipe.layer.key
        (folder / "tree").mkdir(parents=True)
        store.publish(site.name, recipe.layer, folder, 2.0, {})
    for each in disks(site, made):
        path = manifest.disk_path(site.name, each.kind.name, "qcow2")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("disk")
        record: dict[str, Any] = {
            "file": path.name,
            "key": each.key,
            "length": 4,
            "bytes": 4,
            "sha256": manifest.sha256(path),
            "inputs": each.inputs,
            "seconds": {"all": 9.0},
        }
        facts = {"tree": each.tree_key, "packages": {}, "layers": []}
        manifest.write(site.name, each.kind.name, "qcow2", record, facts)


def test_without_anything_baked_all_is_stale(site: Site, store: Store) -> None:
    plan = seen(site, recipes(site), store)
    assert {stale.reasons for stale in plan.stale} == {
        ("never baked here", "layer kernel below it changes")[:1],
        ("no qcow2 disk was baked here",),
    }
    assert {"kernel", "master.disk", "member.disk"} <= {step.name for step in plan.stale}


def test_with_everything_baked_nothing_is_stale(site: Site, store: Store, home: Path) -> None:
    made = recipes(site)
    bake_all(site, made, store, home)
    plan = seen(site, made, store)
    assert plan.stale == ()
    assert {step.state for step in plan.steps} == {"up to date"}


def test_a_plan_says_why_in_words(site: Site, store: Store, home: Path) -> None:
    bake_all(site, recipes(site), store, home)
    world = World()
    world.versions["dns"] = "2"
    plan = seen(site, recipes(site, world), store)
    assert {stale.name: stale.reasons for stale in plan.stale} == {
        "master.platform": ("package dns: 1 → 2",),
        "master.site": ("layer master.platform below it changes",),
        "master.disk": ("layer master.platform changes",),
    }
    assert plan.stale[0].seconds == 2.0


def test_a_disk_that_is_gone_or_cut_is_made_again(site: Site, store: Store, home: Path) -> None:
    made = recipes(site)
    bake_all(site, made, store, home)
    manifest.disk_path(site.name, "master", "qcow2").write_text("di")
    plan = seen(site, made, store)
    assert stale(plan) == [("master.disk", ("the file is gone or damaged",))]


def test_a_larger_image_makes_its_disk_stale_and_no_layer(
    site: Site, store: Store, home: Path
) -> None:
    bake_all(site, recipes(site), store, home)
    larger = replace(site.kinds[0], image_size_mib=4096)
    grown = replace(site, kinds=(larger, site.kinds[1]))
    plan = seen(grown, recipes(grown), store)
    assert stale(plan) == [("master.disk", ("the image's size changed",))]


def test_a_layer_that_was_pruned_is_missed_only_by_a_stale_disk(
    site: Site, store: Store, home: Path
) -> None:
    made = recipes(site)
    bake_all(site, made, store, home)
    record = home / ".cache/layers" / made.base.layer.key / "layer.json"
    record.unlink()
    assert seen(site, made, store).stale == ()
    raw = planning.make(site, disks(site, made, "raw")[:1], made, store)
    assert stale(raw) == [
        ("base", ("its tree is no longer in the cache",)),
        ("master.disk", ("no raw disk was baked here",)),
    ]


def test_a_disk_that_a_release_keeps_is_taken_back(site: Site, store: Store, home: Path) -> None:
    made = recipes(site)
    bake_all(site, made, store, home)
    releases.record(site.name, {kind.name: disk.settings(site, kind) for kind in site.kinds})
    manifest.disk_path(site.name, "master", "qcow2").unlink()
    plan = seen(site, made, store)
    assert (plan.stale, [kept.image.kind for kept in plan.kept]) == ((), ["master"])
    releases.take_back(plan.kept[0])
    plan = seen(site, made, store)
    assert (plan.stale, plan.kept) == ((), ())


def test_fifty_nodes_of_two_kinds_cost_what_two_nodes_do(site: Site, store: Store) -> None:
    member = site.nodes[1]
    more = tuple(replace(member, name=f"n{number}") for number in range(3, 51))
    large = replace(site, nodes=(*site.nodes, *more))
    few, many = (seen(each, recipes(each), store).stale for each in (site, large))
    assert len(large.nodes) == 50 and many == few
