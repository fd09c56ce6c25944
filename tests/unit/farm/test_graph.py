"""From the plans of many sites to tasks: what they share is one task."""

from __future__ import annotations

import pickle
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from golden.bake import planning
from golden.bake.disk import Disk
from golden.bake.planning import Plan
from golden.definition import Kind, Site
from golden.errors import FullDiskError, StageError, UserError
from golden.farm import graph
from golden.farm.facts import require_same
from golden.farm.model import Brief, Made
from golden.layers import Store
from golden.recipe import Recipes
from tests.unit.recipe.test_recipe import recipes, site, with_packages

__all__ = ["site"]  # a fixture

SITES = [f"s{number}" for number in range(10)]


def of_three_kinds(site: Site) -> Site:
    third: Kind = replace(with_packages(site.kinds[1], "udev", "web", "dns", "nfs"), name="third")
    return replace(site, kinds=(*site.kinds, third))


def baked(site: Site, home: Path, of: Recipes | None = None) -> tuple[Plan, tuple[Disk, ...]]:
    layers = of or recipes(site, files={"/etc/hostname": site.name.encode()})
    disks = tuple(Disk(site, kind, "qcow2", layers) for kind in site.kinds)
    return planning.make(site, disks, layers, Store(home)), disks


made: list[Plan] = []


@pytest.fixture
def plans(site: Site, own_home: Path) -> list[Plan]:
    """Those of ten sites of three kinds, none of which was baked; made once for all tests."""
    three = of_three_kinds(site)
    if not made:
        made.extend(baked(replace(three, name=name), own_home)[0] for name in SITES)
    return made


def test_what_ten_sites_of_three_kinds_share_is_made_once(plans: list[Plan]) -> None:
    found = graph.tasks(plans)
    steps = Counter(task.step.rpartition(".")[2] for task in found)
    # Each site has files of its own: thirty such layers, and disks.
    assert steps == {
        **{"kernel": 1, "initramfs": 1, "base": 1, "platform": 3},
        **{"site": 30, "disk": 30},
    }
    assert len(found) == len({task.key for task in found}) == len({task.label for task in found})


def test_a_task_comes_after_those_it_needs(plans: list[Plan]) -> None:
    seen = set[str]()
    for task in graph.tasks(plans):
        assert set(task.needs) <= seen, task
        seen.add(task.key)
    # A disk waits for all its layers, also those that another site's plan brought.
    last = next(task for task in graph.tasks(plans) if task.label == "s9:third.disk")
    assert sum(key.startswith("layer-") for key in last.needs) == 5


def test_one_site_alone_needs_no_prefix(plans: list[Plan]) -> None:
    assert {"base", "master.site", "third.disk"} <= {task.label for task in graph.tasks(plans[:1])}


def test_disks_of_the_same_bytes_are_two(site: Site, own_home: Path) -> None:
    same = recipes(site)
    two = [baked(replace(site, name=name), own_home, same)[0] for name in SITES[:2]]
    assert sum(task.is_disk for task in graph.tasks(two)) == 4


OFFERS = [{}, {"root": 1}, {"root": 0, "disk": 99999}, {"root": 1, "disk": 3500}]


@pytest.mark.parametrize("offer", OFFERS)
def test_what_no_worker_offers_is_said_at_once(plans: list[Plan], offer: graph.Resources) -> None:
    found = graph.tasks(plans)
    with pytest.raises(UserError, match=r'start one with: dask worker --resources "root=1 disk='):
        graph.require_offered(found, {"tls://198.51.100.1:1": offer})
    graph.require_offered(found, {"a": offer, "b": {"root": 1, "disk": 20000}})


def test_other_versions_on_a_host_are_one_sentence() -> None:
    ours = {"Python": "3.11.2", "the locks": "a" * 64}
    require_same(ours, {"w1": {**ours, "more": "1"}, "w2": ours})
    with pytest.raises(UserError, match=r"worker w2: Python is 3\.12\.1 there and 3\.11\.2 here"):
        require_same(ours, {"w1": ours, "w2": {**ours, "Python": "3.12.1"}})
    with pytest.raises(UserError, match=r"the locks is unknown there and a{12}… here: bring both"):
        require_same(ours, {"w1": {"Python": "3.11.2"}})


def test_a_brief_travels_whole(site: Site, own_home: Path) -> None:
    _, disks = baked(of_three_kinds(site), own_home)
    brief = Brief("bake-1", disks, False, own_home, Made("h:1", {}, 7), {})
    there: Brief = pickle.loads(pickle.dumps(brief))
    names = ["kernel", "base", "third.platform", "third.site"]
    assert [recipe.name for recipe in there.chain("third.site")] == names
    assert there.disk("third.disk").key == brief.disk("third.disk").key
    assert there.held.__sizeof__() == 7


@pytest.mark.parametrize("kind", [StageError, FullDiskError])
def test_the_error_of_a_worker_is_told_as_one_of_this_host(kind: type[StageError]) -> None:
    error = kind("bake", "failed", command=["a", "b"], code=3, tail=["x"], log=Path("/l"), hint="h")
    error.message += " (on worker w1)"
    there = pickle.loads(pickle.dumps(error))
    assert type(there) is kind and str(there) == str(error) and "on worker w1" in str(there)
