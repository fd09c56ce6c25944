"""The site `example` with a folder of packages, as the tests' archive has none of GRNET's: real
apt, from the definitions to the lock and a bake without the folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from golden import lock, paths
from golden.bake.disk import Disk
from golden.definition import Site
from golden.definition.resolve import with_packages
from golden.errors import UserError
from golden.lock import locked, making
from golden.lock import pool as fill
from golden.packages import AptState, Resolver, fetch
from golden.recipe import Recipes, resolve
from golden.render import render
from tests.unit.wheezy.hosts import Host
from tests.unit.wheezy.packages import Deb, File, catalogue, put_theirs

# Debian's own is 0.14.5: a newer one, which must lose.
OLDER = Deb("gunicorn", "0.12.0-1", "synnefo", files={"/usr/bin/gunicorn": File(b"own\n", 0o755)})


@pytest.fixture
def debs(site: Site, tmp_path: Path) -> Path:
    """GRNET's packages at the pinned versions, and a gunicorn."""
    place = tmp_path / "own debs"
    put_theirs(place, (*catalogue(), OLDER), site.release.pins)
    return place


@pytest.fixture
def given(site: Site, debs: Path) -> Site:
    """The site with that folder, and without the flat repository."""
    bare = replace(site.release, sources=site.release.sources[:2])
    return replace(site, release=with_packages(bare, site.name, str(debs)))


def recipes(site: Site, *, offline: bool = False) -> tuple[Recipes, AptState]:
    _, resolver = locked.resolver(site.release, offline=offline)
    return resolve(site, render(site), resolver, site.kinds), resolver.state


def test_the_folder_goes_before_the_sources(given: Site, host: Host) -> None:
    made, state = recipes(given)
    found = {each.name: each for each in made.kinds["node1"][-1].all_packages()}
    assert found["gunicorn"].version == OLDER.version
    origins = lock.origins(None, state, found.values())
    assert origins["snf-common"] == origins["gunicorn"] == "packages/"
    assert "openssl" not in origins


def test_the_lock_is_the_sites_own_and_has_each_hash(given: Site, site: Site, host: Host) -> None:
    made = making.make(given)
    assert made.release == "wheezy.example"
    common = made.by_name()["snf-common"]
    assert common.source == "packages/" and len(common.sha256) == 64
    lock.write(made, host.root)
    assert lock.load(site.release) is None, "that of the release is another"


def test_the_pool_keeps_them_for_a_bake_without_the_folder(
    given: Site, debs: Path, host: Host
) -> None:
    lock.write(making.make(given), host.root)
    fill.fill(given)
    release = replace(given.release)
    debs.rename(debs.with_name("gone"))
    away = replace(given, release=release)
    made, state = recipes(away, offline=True)
    packages = made.kinds["node1"][-1].all_packages()
    held = lock.load(release)
    assert lock.origins(held, state, packages)["snf-common"] == "packages/"
    fetch(Resolver(state), made.kinds["node1"][-2].packages, made.kinds["node1"][-2].below)


def test_what_was_put_there_since_the_lock_is_seen(given: Site, debs: Path, host: Host) -> None:
    lock.write(making.make(given), host.root)
    openssl = next(deb for deb in catalogue() if deb.name == "openssl")
    newer = replace(openssl, version="9.9-1", files={"/usr/bin/openssl": File(b"9\n", 0o755)})
    (debs / newer.file).write_bytes(newer.bytes())
    made, state = recipes(given)
    found = {each.name: each.version for each in made.kinds["node1"][-1].all_packages()}
    assert found["openssl"] == "9.9-1"
    assert "/narrow/" in state.log.read_text()


def replaced(debs: Path) -> None:
    (file,) = debs.glob("snf-common_*.deb")
    other = next(deb for deb in catalogue() if deb.file == file.name)
    file.write_bytes(replace(other, files={"/usr/lib/x": File(b"other\n")}).bytes())


def removed(debs: Path) -> None:
    (file,) = debs.glob("snf-common_*.deb")
    file.unlink()


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (replaced, r"other bytes than are locked: snf-common 0\.16\.2\S+ \(locked: 0\.16\.2"),
        (removed, r"has no longer snf-common 0\.16\.2-1~wheezy; put them back, or lock"),
    ],
)
@pytest.mark.parametrize("kind", ["strict", "follow"])
def test_what_is_not_as_locked_is_one_sentence(
    spoil: object, message: str, kind: str, given: Site, debs: Path, host: Host
) -> None:
    lock.write(making.make(given), host.root)
    spoil(debs)  # type: ignore[operator]
    follows = replace(given, release=replace(given.release, lock=kind))  # type: ignore[arg-type]
    with pytest.raises(UserError, match=message) as caught:
        recipes(follows)
    assert "./inv lock --site example --packages" in str(caught.value)


def test_a_file_that_changes_under_the_bake_is_named(given: Site, debs: Path, host: Host) -> None:
    made, state = recipes(given)
    replaced(debs)
    layers = [each for each in made.kinds["node1"] if "snf-common" in each.packages.names]
    with pytest.raises(UserError, match=r"snf-common\S+ is gone or was changed just now"):
        fetch(Resolver(state), layers[0].packages, layers[0].below)


def test_the_manifest_says_which_they_are(given: Site, host: Host) -> None:
    made, state = recipes(given)
    packages = {each for recipe in made.all() for each in recipe.all_packages()}
    origins = lock.origins(None, state, packages)
    disk = Disk(given, given.kinds[1], "qcow2", made, origins)
    assert disk.origins["snf-pithos-app"] == "packages/"
    assert str(paths.ROOT) not in str(disk.origins)
