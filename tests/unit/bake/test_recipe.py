"""Which layers a site has, what each is made of, and what makes which of them stale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from golden import manifest, releases
from golden.bake import disk, planning
from golden.bake.recipe import Cook, Recipes
from golden.definition import Kind, Site, User
from golden.layers import Store
from golden.packages import Package, Resolution, Resolver, Step
from golden.render import RenderedFile, RenderedKind, Rendering
from tests.unit.small_site import small_site

# What depends on what in this little world.
DEPENDS = {"dns": ("libnet",), "nfs": ("libnet",), "?essential": ("libc", "bash")}


class World:
    """Stands for a Resolver over DEPENDS; every package has the same version unless said."""

    def __init__(self) -> None:
        self.versions: dict[str, str] = {}

    def resolve(
        self, names: Iterable[str], below: Sequence[Package] = (), also: Iterable[str] = ()
    ) -> Resolution:
        asked = set(names)
        there = {package.name for package in below}
        wanted = {*asked, *also, *(d for name in asked for d in DEPENDS.get(name, ()))}
        chosen = sorted(name for name in wanted - there if not name.startswith("?"))
        packages = tuple(self._package(name, name in asked) for name in chosen)
        return Resolution(packages, (Step("unpack", tuple(chosen)),) if chosen else ())

    def _package(self, name: str, asked: bool) -> Package:
        version = self.versions.get(name, "1")
        return Package(name, version, "all", f"{name}_{version}.deb", "", 1, "a" * 64, asked)


def with_packages(kind: Kind, *names: str) -> Kind:
    role = replace(kind.roles[0], packages=names, services=("cron",))
    return replace(kind, roles=(role, *kind.roles[1:]))


@pytest.fixture
def site() -> Site:
    """Kinds "master" and "member": both want udev and web, each one thing of its own."""
    plain = small_site()
    master = with_packages(plain.kinds[0], "udev", "web", "dns")
    member = with_packages(plain.kinds[1], "udev", "web", "nfs")
    release = replace(plain.release, mirror="http://m.example/debian", kernel="linux")
    return replace(plain, release=release, kinds=(master, member))


def recipes(
    site: Site, world: World | None = None, files: Mapping[str, bytes] | None = None
) -> Recipes:
    rendered = {
        kind.name: RenderedKind(
            kind,
            {
                path: RenderedFile(text, "0644", "root", "root", Path("x"))
                for path, text in (files or {"/etc/web": b"x"}).items()
            },
            {},
            {},
        )
        for kind in site.kinds
    }
    cook = Cook(site, Rendering(site, rendered), cast(Resolver, world or World()))
    return cook.recipes(site.kinds)


def names(packages: Iterable[Package]) -> set[str]:
    return {package.name for package in packages}


def test_the_layers_of_a_site_and_their_parents(site: Site) -> None:
    made = recipes(site)
    assert {r.name: r.layer.parent.name if r.layer.parent else None for r in made.all()} == {
        "kernel": None,
        "initramfs": "kernel",
        "base": "kernel",
        "master.platform": "base",
        "master.site": "master.platform",
        "member.platform": "base",
        "member.site": "member.platform",
    }


def test_what_all_kinds_get_is_in_the_base_and_only_there(site: Site) -> None:
    made = recipes(site)
    assert names(made.kernel.packages.packages) == {"linux", "udev"}
    # libnet comes with dns here and with nfs there: common to both all the same.
    assert names(made.base.packages.packages) == {"web", "libnet"}
    assert names(made.kinds["master"][0].packages.packages) == {"dns"}
    assert names(made.kinds["member"][0].packages.packages) == {"nfs"}


def test_the_top_layer_knows_every_package_of_the_image(site: Site) -> None:
    top = recipes(site).kinds["master"][-1]
    wanted = {"libc", "bash", "apt", "linux", "udev", "web", "libnet", "dns"}
    assert names(top.all_packages()) == wanted


def test_an_image_is_its_kinds_layers_on_the_shared_ones(site: Site) -> None:
    stack = [recipe.name for recipe in recipes(site).stack("member")]
    assert stack == ["member.site", "member.platform", "base", "initramfs", "kernel"]


def test_a_kind_without_packages_of_its_own_has_no_platform_layer(site: Site) -> None:
    member = with_packages(site.kinds[1], "udev", "web")
    made = recipes(replace(site, kinds=(site.kinds[0], member)))
    assert [recipe.name for recipe in made.kinds["member"]] == ["member.site"]


def changed(before: Recipes, after: Recipes) -> set[str]:
    keys = {recipe.name: recipe.layer.key for recipe in before.all()}
    return {recipe.name for recipe in after.all() if keys.get(recipe.name) != recipe.layer.key}


def test_the_same_definition_gives_the_same_keys(site: Site) -> None:
    assert changed(recipes(site), recipes(site)) == set()


def test_a_new_version_changes_its_layer_and_those_above(site: Site) -> None:
    world = World()
    world.versions["dns"] = "2"
    assert changed(recipes(site), recipes(site, world)) == {"master.platform", "master.site"}


def test_a_new_kernel_changes_everything(site: Site) -> None:
    world = World()
    world.versions["linux"] = "2"
    after = recipes(site, world)
    assert changed(recipes(site), after) == {recipe.name for recipe in after.all()}


def test_a_rendered_file_changes_the_site_layers_only(site: Site) -> None:
    after = recipes(site, files={"/etc/web": b"y"})
    assert changed(recipes(site), after) == {"master.site", "member.site"}


def test_a_user_changes_the_lowest_layer(site: Site) -> None:
    user = User(name="synnefo", uid=200, group="synnefo", gid=200)
    role = replace(site.kinds[0].roles[0], users=(user,))
    master = replace(site.kinds[0], roles=(role, *site.kinds[0].roles[1:]))
    assert "kernel" in changed(recipes(site), recipes(replace(site, kinds=(master, site.kinds[1]))))


@pytest.fixture
def store(home: Path) -> Store:
    return Store(home / ".cache")


def bake_all(site: Site, made: Recipes, store: Store, home: Path) -> None:
    """As if everything had been baked."""
    for recipe in made.all():
        folder = home / "work" / recipe.layer.key
        (folder / "tree").mkdir(parents=True)
        store.publish(site.name, recipe.layer, folder, 2.0, {})
    for kind in site.kinds:
        path = manifest.disk_path(site.name, kind.name, "qcow2")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("disk")
        record: dict[str, Any] = {
            "file": path.name,
            "key": disk.identity(site, kind, "qcow2", made),
            "length": 4,
            "bytes": 4,
            "sha256": manifest.sha256(path),
            "inputs": disk.inputs(site, kind, "qcow2"),
            "seconds": {"all": 9.0},
        }
        tree = disk.tree_identity(kind, made)
        manifest.write(site.name, kind.name, "qcow2", record, {"tree": tree, "packages": {}})


def test_without_anything_baked_all_is_stale(site: Site, store: Store) -> None:
    plan = planning.make(site, site.kinds, "qcow2", recipes(site), store)
    assert {stale.reasons for stale in plan.stale} == {
        ("never baked here", "layer kernel below it changes")[:1],
        ("no qcow2 disk was baked here",),
    }
    assert {"kernel", "master.disk", "member.disk"} <= plan.names()


def test_with_everything_baked_nothing_is_stale(site: Site, store: Store, home: Path) -> None:
    made = recipes(site)
    bake_all(site, made, store, home)
    plan = planning.make(site, site.kinds, "qcow2", made, store)
    assert plan.stale == ()
    assert [artifact.kind for artifact in plan.current] == ["master", "member"]


def test_a_plan_says_why_in_words(site: Site, store: Store, home: Path) -> None:
    bake_all(site, recipes(site), store, home)
    world = World()
    world.versions["dns"] = "2"
    plan = planning.make(site, site.kinds, "qcow2", recipes(site, world), store)
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
    plan = planning.make(site, site.kinds, "qcow2", made, store)
    assert [(s.name, s.reasons) for s in plan.stale] == [
        ("master.disk", ("the file is gone or damaged",))
    ]


def test_a_larger_image_makes_its_disk_stale_and_no_layer(
    site: Site, store: Store, home: Path
) -> None:
    bake_all(site, recipes(site), store, home)
    larger = replace(site.kinds[0], image_size_mib=4096)
    grown = replace(site, kinds=(larger, site.kinds[1]))
    plan = planning.make(grown, grown.kinds, "qcow2", recipes(grown), store)
    assert [(s.name, s.reasons) for s in plan.stale] == [
        ("master.disk", ("the image's size changed",))
    ]


def test_a_layer_that_was_pruned_is_missed_only_by_a_stale_disk(
    site: Site, store: Store, home: Path
) -> None:
    made = recipes(site)
    bake_all(site, made, store, home)
    record = home / ".cache/layers" / made.base.layer.key / "layer.json"
    record.unlink()
    assert planning.make(site, site.kinds, "qcow2", made, store).stale == ()
    raw = planning.make(site, site.kinds[:1], "raw", made, store)
    assert [(s.name, s.reasons) for s in raw.stale] == [
        ("base", ("its tree is no longer in the cache",)),
        ("master.disk", ("no raw disk was baked here",)),
    ]


def test_a_disk_that_a_release_keeps_is_taken_back(site: Site, store: Store, home: Path) -> None:
    made = recipes(site)
    bake_all(site, made, store, home)
    releases.record(site.name, {kind.name: disk.settings(site, kind) for kind in site.kinds})
    manifest.disk_path(site.name, "master", "qcow2").unlink()
    plan = planning.make(site, site.kinds, "qcow2", made, store)
    assert (plan.stale, [kept.image.kind for kept in plan.kept]) == ((), ["master"])
    releases.take_back(plan.kept[0])
    plan = planning.make(site, site.kinds, "qcow2", made, store)
    assert (plan.stale, plan.kept, len(plan.current)) == ((), (), 2)


def test_fifty_nodes_of_two_kinds_cost_what_two_nodes_do(site: Site, store: Store) -> None:
    member = site.nodes[1]
    more = tuple(replace(member, name=f"n{number}") for number in range(3, 51))
    large = replace(site, nodes=(*site.nodes, *more))
    few, many = (
        planning.make(each, each.kinds, "qcow2", recipes(each), store).names()
        for each in (site, large)
    )
    assert len(large.nodes) == 50 and many == few
