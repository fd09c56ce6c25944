"""What `inv plan` shows of every layer and disk, as lines, JSON and a file that a bake obeys."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from golden import manifest
from golden.bake import planfile, planning
from golden.bake.planfile import PlanFile
from golden.bake.planning import Plan
from golden.definition import Site
from golden.errors import UserError
from golden.layers import Store
from golden.recipe import Recipes
from tests.unit.bake.test_planning import bake_all, seen, store
from tests.unit.recipe.test_recipe import World, recipes, site

__all__ = ["site", "store"]  # fixtures


def newer(**versions: str) -> World:
    world = World()
    world.versions.update(versions)
    return world


def states(found: Plan) -> dict[str, str]:
    return {step.name: step.state for step in found.steps}


def test_every_layer_and_disk_is_listed(site: Site, store: Store, home: Path) -> None:
    made = recipes(site)
    bake_all(site, made, store, home)
    found = seen(site, made, store)
    names = [*(recipe.name for recipe in made.all()), "master.disk", "member.disk"]
    assert states(found) == dict.fromkeys(names, "up to date")
    assert (found.seconds, found.fetch_bytes, found.disk_bytes) == (0.0, 0, 0)


def test_what_a_new_version_means(site: Site, store: Store, home: Path) -> None:
    bake_all(site, recipes(site), store, home)
    found = seen(site, recipes(site, newer(dns="2")), store)
    assert [step.name for step in found.stale] == ["master.platform", "master.site", "master.disk"]
    # Each 2 s for a layer, 9 s for a disk; they wait for each other.
    assert found.seconds == 2.0 + 2.0 + 9.0
    # One package, whose file is not in the cache.
    assert found.fetch_bytes == 1
    assert found.disk_bytes is not None and found.disk_bytes >= 4


def test_layers_that_do_not_wait_for_each_other_take_the_longest_time(
    site: Site, store: Store, home: Path
) -> None:
    bake_all(site, recipes(site), store, home)
    found = seen(site, recipes(site, newer(dns="2", nfs="2")), store)
    assert len(found.stale) == 6
    assert found.seconds == 13.0


def test_what_was_never_baked_takes_nobody_knows_how_long(site: Site, store: Store) -> None:
    found = seen(site, recipes(site), store)
    assert set(states(found).values()) == {"stale"}
    assert (found.seconds, found.disk_bytes) == (None, None)


def test_a_layer_that_no_disk_needs_is_not_stale(site: Site, store: Store, home: Path) -> None:
    made = recipes(site)
    bake_all(site, made, store, home)
    (home / ".cache/layers" / made.base.layer.key / "layer.json").unlink()
    assert seen(site, made, store).step("base").state == "not needed"


def test_a_slip_in_a_name_gets_the_nearest(site: Site, store: Store) -> None:
    found = seen(site, recipes(site), store)
    with pytest.raises(UserError, match=r"no layer or disk 'master\.dsik'; did you mean"):
        found.step("master.dsik")


def test_the_lines_and_the_json_say_the_same(
    site: Site, store: Store, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bake_all(site, recipes(site), store, home)
    found = seen(site, recipes(site, newer(dns="2")), store)
    planning.show(found)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(found.steps) + 1
    line = next(line for line in lines if line.startswith("master.platform"))
    assert " ".join(line.split()) == "master.platform stale about 2 s package dns: 1 → 2"
    assert lines[-1].startswith("site small: 3 to bake, about 13 s; 0 MB to fetch; about 0 MB of")
    data = json.loads(json.dumps(found.to_json()))
    assert data["seconds"] == 13.0
    assert {item["name"]: item["state"] for item in data["items"]} == states(found)


@pytest.fixture
def plan(site: Site, store: Store, home: Path) -> Callable[..., PlanFile]:
    """Writes a plan of what is given to a file, and reads it again."""

    def write(made: Recipes) -> PlanFile:
        planfile.write(home / "plan.json", seen(site, made, store))
        return planfile.read(home / "plan.json")

    return write


def test_a_plan_holds_as_long_as_nothing_moved(
    site: Site, store: Store, home: Path, plan: Callable[..., PlanFile]
) -> None:
    planned = plan(recipes(site))
    assert (planned.site, planned.nodes, planned.format) == ("small", ("n1", "n2"), "qcow2")
    bake_all(site, recipes(site), store, home)
    planned.require(seen(site, recipes(site), store))


def test_a_plan_names_what_moved(site: Site, store: Store, plan: Callable[..., PlanFile]) -> None:
    planned = plan(recipes(site))
    moved = recipes(site, newer(dns="2"), {"/etc/web": b"y"})
    larger = replace(site, kinds=(replace(site.kinds[0], image_size_mib=4096), site.kinds[1]))
    with pytest.raises(UserError) as caught:
        planned.require(seen(larger, moved, store))
    words = str(caught.value)
    for part in (
        "master.platform: package dns: 1 → 2",
        "member.site: file /etc/web changed",
        "master.disk: the image's size: 2048 → 4096",
        "./inv plan --site small --out ",
    ):
        assert part in words
    assert "base:" not in words


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"plan": 9}'])
def test_a_file_that_is_no_plan(home: Path, text: str) -> None:
    (home / "plan.json").write_text(text)
    with pytest.raises(UserError, match="this is no plan; make one with"):
        planfile.read(home / "plan.json")


def test_a_plan_that_is_not_there(home: Path) -> None:
    with pytest.raises(UserError, match="No such file or directory; make one with"):
        planfile.read(home / "plan.json")


@pytest.mark.parametrize(("number", "why"), [(28, "No space left"), (30, "Read-only file system")])
def test_a_disk_that_cannot_take_the_plan_is_one_sentence(
    site: Site, store: Store, home: Path, monkeypatch: pytest.MonkeyPatch, number: int, why: str
) -> None:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(planfile.atomic, "write", fail)
    with pytest.raises(UserError, match=rf"--out .*plan\.json: {why}") as caught:
        planfile.write(home / "plan.json", seen(site, recipes(site), store))
    assert "\n" not in str(caught.value)


def test_a_plan_has_no_place(site: Site, store: Store, home: Path) -> None:
    with pytest.raises(UserError, match="there is no folder"):
        planfile.write(home / "no" / "plan.json", seen(site, recipes(site), store))
    assert not manifest.folder("small", "master").exists()
