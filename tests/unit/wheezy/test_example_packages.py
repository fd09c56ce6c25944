"""Resolve, pin, verify and fetch the packages of the site `example`: real apt, the tests' Wheezy.

It proves what our own code and data do with an archive built like Wheezy's: three sources, a flat
one among them, an expired signer, packages from three layers, exact versions, order of work.
It does not prove that Debian's real packages have just these dependencies: see packages.yaml.
"""

from __future__ import annotations

import gzip
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from golden.definition import Site, load
from golden.errors import UserError
from golden.packages import AptState, Package, Resolver, fetch
from golden.recipe import Recipe, Recipes, lacking, resolve
from golden.render import render
from tests.unit.wheezy.archive import Archive, sign
from tests.unit.wheezy.checkout import example
from tests.unit.wheezy.packages import catalogue


@pytest.fixture(scope="module")
def recipes(site: Site, resolver: Resolver) -> Recipes:
    return resolve(site, render(site), resolver, site.kinds)


def in_image(recipes: Recipes, kind: str) -> dict[str, Package]:
    """All packages of an image, each exactly once."""
    stack = recipes.stack(kind)
    found = [package for recipe in stack for package in recipe.packages.packages]
    essential = recipes.kernel.essential
    assert essential is not None
    found += essential.packages
    by_name = {package.name: package for package in found}
    assert len(by_name) == len(found)
    return by_name


@pytest.mark.parametrize("kind", ["node1", "node2"])
def test_an_image_holds_what_its_roles_ask_for(site: Site, recipes: Recipes, kind: str) -> None:
    wanted = next(each for each in site.kinds if each.name == kind)
    asked = {
        name for layer in ("base", "platform", "synnefo") for name in site.packages(wanted, layer)
    }
    assert asked | {site.release.kernel} <= in_image(recipes, kind).keys()


@pytest.mark.parametrize("kind", ["node1", "node2"])
def test_pinned_versions_win_over_newer_ones(site: Site, recipes: Recipes, kind: str) -> None:
    found = in_image(recipes, kind)
    pins = site.release.pins
    wrong = {n: found[n].version for n in pins.keys() & found.keys() if found[n].version != pins[n]}
    assert wrong == {}
    # Most of the pinned set is on each node, so that the line above says something.
    assert len(pins.keys() & found.keys()) >= 15


def test_pinned_versions_win_over_debians_own(recipes: Recipes) -> None:
    found = in_image(recipes, "node1")
    assert found["python-scapy"].version == "2.2.0+rfc6355-1"
    assert (
        found["python-nfqueue"].uri.startswith("copy:/")
        and "/synnefo/" in found["python-nfqueue"].uri
    )


def test_without_pins_the_newest_would_come(site: Site, tmp_path: Path) -> None:
    loose = AptState(replace(site.release, pins={}), tmp_path)
    loose.refresh()
    (found,) = (
        p for p in Resolver(loose).resolve(["snf-common"]).packages if p.name == "snf-common"
    )
    assert found.version == "0.169.2-1~wheezy"


@pytest.mark.parametrize(
    ("pins", "locked", "message"),
    [
        (
            {},
            "snf-common",
            r"snf-common 0\.16.* locked in \S+/wheezy\.lock\.json: .*\./inv lock, or",
        ),
        (
            {"snf-common": "0.16.2-1~wheezy"},
            "",
            r" pinned: change the pins in \S+/wheezy\.yaml$",
        ),
    ],
)
def test_versions_held_against_one_another_are_named(
    site: Site, tmp_path: Path, pins: dict[str, str], locked: str, message: str
) -> None:
    release = replace(site.release, pins=pins)
    state = AptState(release, tmp_path, locked={locked: "0.16.2-1~wheezy"} if locked else {})
    state.refresh()
    with pytest.raises(UserError, match=message):
        Resolver(state).resolve(["snf-common", "snf-cyclades-app"])


def test_what_the_bake_begins_with_is_known(recipes: Recipes) -> None:
    assert recipes.kernel.essential is not None
    essential = {deb.name for deb in catalogue() if deb.essential}
    assert essential | {"apt", "passwd"} <= recipes.kernel.essential.names
    # Which is why scripts that run before packages.sh must do without it.
    assert "adduser" not in recipes.kernel.essential.names


def test_security_updates_come_from_their_suite(recipes: Recipes) -> None:
    found = in_image(recipes, "node2")
    assert found["openssl"].version == "1.0.1t-1+deb7u4"
    assert "/debian-security/" in found["openssl"].uri


def steps_are_in_order(recipe: Recipe, needs: dict[str, set[str]]) -> None:
    ready = {package.name for package in recipe.below}
    unpacked: set[str] = set()
    for step in recipe.packages.steps:
        if step.action == "unpack":
            unpacked |= set(step.names)
            continue
        # One call of dpkg configures its packages in the order of their dependencies by itself.
        ready |= set(step.names)
        assert set(step.names) <= unpacked
        for name in step.names:
            assert needs[name] <= ready, f"{recipe.name}: {name} before {needs[name] - ready}"
    assert recipe.packages.names <= ready


def test_every_layer_is_installed_in_the_order_of_dependencies(
    recipes: Recipes, archive: Archive
) -> None:
    needs = dependencies(archive)
    for recipe in recipes.all():
        steps_are_in_order(recipe, needs)


def dependencies(archive: Archive) -> dict[str, set[str]]:
    """Name to names, out of the indexes that apt reads."""
    found: dict[str, set[str]] = {}
    for path in archive.place.rglob("Packages.gz"):
        for text in gzip.decompress(path.read_bytes()).decode().split("\n\n"):
            fields = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
            words = fields.get("Depends", "").split(", ") if fields else []
            if fields:
                found[fields["Package"]] = {word.split()[0] for word in words if word}
    return found


def test_every_deb_arrives_whole(site: Site, recipes: Recipes, resolver: Resolver) -> None:
    for recipe in recipes.all():
        if recipe.essential:
            fetch(resolver, recipe.essential, ())
        fetch(resolver, recipe.packages, recipe.below)
    debs = resolver.state.debs
    for package in in_image(recipes, "node1").values():
        assert (debs / package.file).stat().st_size == package.size


def copied(archive: Archive, place: Path) -> Archive:
    shutil.copytree(archive.place, place)
    return Archive(place)


def test_a_changed_release_is_refused(archive: Archive, tmp_path: Path) -> None:
    other = copied(archive, tmp_path / "archive")
    head = other.release_file("synnefo")
    head.write_text(head.read_text().replace("GRNET", "FORGE"))
    with pytest.raises(UserError, match="no package index for release 'wheezy'"):
        AptState(example(other).release, tmp_path / "cache").refresh()
    assert "BADSIG" in (tmp_path / "cache/log/apt.log").read_text()


def test_another_key_of_the_same_name_is_refused(archive: Archive, tmp_path: Path) -> None:
    other = copied(archive, tmp_path / "archive")
    sign(other)
    release = replace(example(other).release, keyring=str(archive.keyring))
    with pytest.raises(UserError, match="no package index"):
        AptState(release, tmp_path / "cache").refresh()
    assert "NO_PUBKEY" in (tmp_path / "cache/log/apt.log").read_text()


def test_without_the_wrapper_the_expired_key_is_refused(site: Site, tmp_path: Path) -> None:
    strict = replace(site.release, accept_expired_keys=False)
    with pytest.raises(UserError, match="no package index"):
        AptState(strict, tmp_path).refresh()
    assert "EXPKEYSIG" in (tmp_path / "log/apt.log").read_text()


def test_a_changed_package_is_refused(archive: Archive, tmp_path: Path) -> None:
    other = copied(archive, tmp_path / "archive")
    (deb,) = (other.place / "synnefo/wheezy").glob("snf-common_0.16.2-*.deb")
    content = bytearray(deb.read_bytes())
    content[-1] ^= 1
    deb.write_bytes(content)
    state = AptState(example(other).release, tmp_path / "cache")
    state.refresh()
    resolver = Resolver(state)
    with pytest.raises(UserError, match="did not deliver the packages"):
        fetch(resolver, resolver.resolve(["snf-common"]), ())


def test_without_the_flat_repository_the_missing_packages_are_named(
    site: Site, tmp_path: Path
) -> None:
    release = replace(site.release, sources=site.release.sources[:2])
    state = AptState(release, tmp_path)
    state.refresh()
    resolver = Resolver(state)
    with pytest.raises(UserError) as caught:
        resolve(replace(site, release=release), render(site), resolver, site.kinds)
    head, *rows, whole, hint = str(caught.value).splitlines()
    lost = {row.split()[0]: row.replace(",", "").split()[1:] for row in rows}
    assert lost.keys() == {"base", "node1.synnefo", "node2.synnefo"}
    assert {"snf-ganeti", "ganeti2"} == set(lost["base"])
    assert {"archipelago", "snf-cyclades-app", "kamaki"} <= set(lost["node1.synnefo"])
    assert all(name not in lost["node1.synnefo"] for name in ("python-psycopg2", "qemu-kvm"))
    count = len({name for names in lost.values() for name in names})
    assert head.startswith(f"site example: {count} packages and files are missing")
    assert (
        whole == "layers that have all they ask for by name: kernel, node1.platform, node2.platform"
    )
    assert "images/releases/wheezy.yaml" in hint and "--packages FOLDER" in hint
    assert len(str(caught.value)) < 24 * 100, "it fits a screen"


def test_a_file_that_is_not_on_this_host_is_named_too(site: Site, resolver: Resolver) -> None:
    committed = replace(site, kinds=load("example").kinds)
    text = lacking.explain(site, lacking.lacking(committed, resolver.state))
    assert re.search(r"\n  node1.synnefo +/srv/golden/snf_image_helper_image-0\.18\.1", text)
    assert lacking.explain(site, lacking.lacking(site, resolver.state)) == ""
