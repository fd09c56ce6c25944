"""Which layers a site has, what each is made of, and what makes which of them stale."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from golden.definition import Kind, Site, User
from golden.packages import Package, Resolution, Resolver, Step
from golden.recipe import Recipes, resolve
from golden.render import RenderedFile, RenderedKind, Rendering
from tests.unit.small_site import small_site

# What depends on what in this little world.
DEPENDS = {
    "dns": ("libnet",),
    "nfs": ("libnet",),
    "?essential": ("libc", "bash"),
    "snf-app": ("snf-common", "python-web"),
}


class World:
    """Stands for a Resolver over DEPENDS; every package has the same version unless said."""

    def __init__(self) -> None:
        self.versions: dict[str, str] = {}

    def resolve(
        self, names: Iterable[str], below: Sequence[Package] = (), also: Iterable[str] = ()
    ) -> Resolution:
        asked = set(names)
        there = {package.name for package in below}
        named = {*asked, *also}
        wanted = {*named, *(d for name in named for d in DEPENDS.get(name, ()))}
        chosen = sorted(name for name in wanted - there if not name.startswith("?"))
        packages = tuple(self._package(name, name in asked) for name in chosen)
        return Resolution(packages, (Step("unpack", tuple(chosen)),) if chosen else ())

    def resolve_essential(self, names: Iterable[str]) -> Resolution:
        return replace(self.resolve(names), steps=())

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
                path: RenderedFile(text, Path("x"))
                for path, text in (files or {"/etc/web": b"x"}).items()
            },
            {},
            {},
        )
        for kind in site.kinds
    }
    resolver = cast(Resolver, world or World())
    return resolve(site, Rendering(site, rendered), resolver, site.kinds)


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
    wanted = {"libc", "bash", "apt", "passwd", "linux", "udev", "web", "libnet", "dns"}
    assert names(top.all_packages()) == wanted


def test_an_image_is_its_kinds_layers_on_the_shared_ones(site: Site) -> None:
    stack = [recipe.name for recipe in recipes(site).stack("member")]
    assert stack == ["member.site", "member.platform", "base", "initramfs", "kernel"]


def test_a_kind_without_packages_of_its_own_has_no_platform_layer(site: Site) -> None:
    member = with_packages(site.kinds[1], "udev", "web")
    made = recipes(replace(site, kinds=(site.kinds[0], member)))
    assert [recipe.name for recipe in made.kinds["member"]] == ["member.site"]


@pytest.fixture
def synnefo(site: Site) -> Site:
    """The master carries snf-app, too, whose set is pinned as one."""
    pins = {"snf-app": "0.16.2-1", "snf-common": "0.16.2-1"}
    kind = site.kinds[0]
    role = replace(kind.roles[0], name="app", layer="synnefo", packages=("snf-app",))
    master = replace(kind, roles=(*kind.roles, role))
    return replace(site, release=replace(site.release, pins=pins), kinds=(master, site.kinds[1]))


def test_what_synnefo_needs_of_others_has_a_layer_below_it(synnefo: Site) -> None:
    stack = recipes(synnefo).kinds["master"]
    assert {recipe.name: names(recipe.packages.packages) for recipe in stack} == {
        "master.platform": {"dns"},
        "master.libraries": {"python-web"},
        "master.synnefo": {"snf-app", "snf-common"},
        "master.site": set(),
    }


def test_a_new_synnefo_changes_its_layer_and_those_above(synnefo: Site) -> None:
    world = World()
    world.versions.update({"snf-app": "2", "snf-common": "2"})
    after = recipes(synnefo, world)
    assert changed(recipes(synnefo), after) == {"master.synnefo", "master.site"}


def test_a_library_that_brings_synnefo_with_it_stays_above(
    synnefo: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DEPENDS, "python-web", ("snf-common",))
    stack = [recipe.name for recipe in recipes(synnefo).kinds["master"]]
    assert stack == ["master.platform", "master.synnefo", "master.site"]


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
