"""Lock, pool and a resolution offline for the site `example`: real apt, the tests' Wheezy.

The mirror is a folder; test_lock_pool_faults has one that misbehaves.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from golden import lock, paths
from golden.definition import Site
from golden.errors import UserError
from golden.lock import Lock, bundle, locked, making
from golden.lock import pool as fill
from golden.packages import fetch, store
from golden.recipe import Recipes, resolve
from golden.render import render
from tests.unit.wheezy.hosts import Host, at


def recipes(site: Site, *, offline: bool) -> Recipes:
    found, resolver = locked.resolver(site.release, offline=offline)
    made = resolve(site, render(site), resolver, site.kinds)
    if found:
        packages = [package for each in made.all() for package in each.all_packages()]
        locked.require(site.release, found, packages, offline=offline)
    return made


def unpinned(site: Site) -> Site:
    """What resolves to the newest where no lock says otherwise."""
    return replace(site, release=replace(site.release, pins={}))


def elsewhere(site: Site) -> Site:
    """The site on a host whose mirror answers nobody."""
    dead = tuple(replace(each, mirror="http://127.0.0.1:9") for each in site.release.sources)
    return replace(site, release=replace(site.release, mirror="http://127.0.0.1:9", sources=dead))


def test_a_lock_says_where_each_package_is_from_and_names_no_mirror(held: Lock) -> None:
    found = held.by_name()
    assert found["openssl"].source == "wheezy/updates main"
    assert found["snf-common"].source == "wheezy/"
    assert found["sysvinit"].source == "wheezy main"
    assert all(each.source and each.sha256 and each.size for each in held.packages)
    assert "//" not in held.text() and str(paths.ROOT) not in held.text()


def test_the_locked_version_wins_over_a_newer_one(site: Site, host: Host) -> None:
    lock.write(making.make(site), host.root)
    found = recipes(unpinned(site), offline=False)
    packages = {each.name: each.version for each in found.kinds["node1"][-1].all_packages()}
    assert packages["snf-common"] == site.release.pins["snf-common"]


def test_what_a_lock_was_made_of_is_not_resolved_again(site: Site, held: Lock, host: Host) -> None:
    log = host.cache / "log" / "apt.log"
    asked = log.read_text().count(" install -y ")
    assert asked > 0
    recipes(site, offline=False)
    recipes(site, offline=False)
    told = log.read_text()
    assert told.count(" install -y ") == asked
    assert told.count("preferences=/dev/null policy") == 2, "once without a lock, once with it"


def test_offline_needs_the_pool_alone_and_makes_the_same_layers(
    site: Site, held: Lock, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    loose = unpinned(site)
    online = recipes(loose, offline=False)
    fill.fill(site)
    bundle.pack(site, host.root / "pool.tar")
    at(host.root / "other" / "cache", monkeypatch)
    with pytest.raises(UserError, match=r"no package index|--offline|locate"):
        recipes(elsewhere(loose), offline=True)
    bundle.unpack(host.root / "pool.tar")
    there = elsewhere(loose)
    offline = recipes(there, offline=True)
    # The site's layer holds the mirror's name; all below it are the same.
    for one, other in zip(online.all(), offline.all(), strict=True):
        if not one.name.endswith(".site"):
            assert one.layer.key == other.layer.key, one.name
    _, resolver = locked.resolver(there.release, offline=True)
    for recipe in offline.all():
        fetch(resolver, recipe.packages, recipe.below)
    assert {path.suffix for path in resolver.state.debs.iterdir() if path.is_file()} == {".deb"}


def test_what_the_mirror_lost_comes_from_the_pool(site: Site, held: Lock, host: Host) -> None:
    loose = unpinned(site)
    before = recipes(loose, offline=False)
    less = [each for each in loose.release.sources if "updates" not in each.suite]
    lost = replace(loose, release=replace(loose.release, sources=tuple(less)))
    with pytest.raises(UserError, match=r"do not have what is locked: .*openssl"):
        recipes(lost, offline=False)
    fill.fill(site)
    after = recipes(lost, offline=False)
    assert [each.layer.key for each in after.all()] == [each.layer.key for each in before.all()]


def test_what_no_source_has_is_named(site: Site, host: Host) -> None:
    made = making.make(site)
    gone = replace(made.by_name()["openssl"], version="1.0.1t-1+deb7u3", sha256="a" * 64)
    old = tuple(gone if each.name == "openssl" else each for each in made.packages)
    lock.write(Lock(made.release, old), host.root)
    before = lock.path(made.release, host.root).read_bytes()
    with pytest.raises(
        UserError, match=r"wheezy\.lock\.json: the sources do not have .*openssl 1.*\./inv lock"
    ):
        recipes(site, offline=False)
    with pytest.raises(
        UserError, match=r"not in the sources.*: openssl 1\.0\.1t-1\+deb7u3; lock the"
    ):
        fill.fill(site)
    assert lock.path(made.release, host.root).read_bytes() == before
    assert host.files() == {}


def test_a_full_pool_asks_no_source(
    site: Site, held: Lock, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill.fill(site)
    monkeypatch.setattr(fill, "AptState", None)
    fill.fill(site)
    file = store.pooled(host.cache / "pool", held.by_name()["openssl"].sha256)
    whole = file.read_bytes()
    file.write_bytes(whole[:-1] + b"X")
    with pytest.raises(TypeError, match="NoneType"):
        fill.fill(site)
    assert fill.lacking(host.cache / "pool", held) == ["openssl"]


def test_a_damaged_file_of_the_pool_is_named_offline_and_fetched_online(
    site: Site, held: Lock, host: Host
) -> None:
    fill.fill(site)
    web = held.by_name()["openssl"]
    file = store.pooled(host.cache / "pool", web.sha256)
    file.write_bytes(file.read_bytes()[:-1] + b"X")
    loose = unpinned(site)
    _, resolver = locked.resolver(loose.release, offline=True)
    with pytest.raises(UserError, match=r"--offline: the pool lacks, or has damaged, openssl"):
        for recipe in recipes(loose, offline=True).all():
            fetch(resolver, recipe.packages, recipe.below)
    fill.fill(site)
    assert store.is_whole(file, web.size, web.sha256)
