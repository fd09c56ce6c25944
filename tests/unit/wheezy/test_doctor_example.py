"""What `inv doctor` and `inv bake` say of the site `example`: what a host needs for Wheezy."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from golden import bake as baking
from golden import doctor, paths
from golden.definition import Site, load
from golden.definition.resolve import with_packages
from golden.doctor import unserved
from golden.errors import UserError
from golden.host import Finding, Host
from golden.packages import AptState, Resolver
from tests.unit.doctor.conftest import healthy
from tests.unit.wheezy.packages import File, catalogue

RELEASE = "images/releases/wheezy.yaml"


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, cache: Path) -> Any:
    """The findings by name, with the apt state of `cache`."""
    state = functools.partial(AptState, cache=cache)
    monkeypatch.setattr("golden.doctor.unserved.AptState", state)

    def findings(site: Site, host: Host) -> dict[str, Finding]:
        return {one.name: one for one in doctor.examine(site, host, probe=lambda: "tcg")}

    return findings


def test_a_copy_on_this_host_counts_as_a_mirror(ask: Any, site: Site, resolver: Resolver) -> None:
    found = ask(site, healthy(exists=Path.exists))
    assert found["mirror"].detail == "answers for wheezy, wheezy/updates, wheezy/"
    assert found["packages"].ok, found["packages"].detail
    assert found["keyring"].ok


def test_each_source_that_does_not_answer_is_named(ask: Any) -> None:
    site = load("example")
    found = ask(site, healthy(http_status=lambda url: "ConnectionError"))["mirror"]
    assert not found.ok and found.needed
    for place in ("debian/dists/wheezy/Release", "debian-security/dists/wheezy/updates/Release"):
        assert f"http://archive.debian.org/{place}: ConnectionError" in found.detail
    assert "file:///" in found.detail


def test_a_flat_copy_that_is_not_there_is_named(ask: Any, site: Site) -> None:
    found = ask(site, healthy(exists=lambda path: "synnefo" not in path.parts))["mirror"]
    assert not found.ok and found.detail.count("no such file") == 1
    assert "/synnefo/wheezy/Release: no such file" in found.detail


def test_a_missing_keyring_names_its_package(ask: Any, site: Site) -> None:
    gone = Path(site.release.keyring)
    found = ask(site, healthy(exists=lambda path: path != gone))["keyring"]
    assert not found.ok and found.package == "debian-archive-keyring"


def test_pins_that_no_source_has_are_named(site: Site, tmp_path: Path) -> None:
    release = replace(site.release, sources=site.release.sources[:2])
    bare = replace(site, release=release)
    state = AptState(release, tmp_path)
    state.refresh()
    lost = {one.name: one for one in unserved.look(bare, state)}
    assert lost["archipelago"].version == "0.4.1-1~wheezy"
    assert lost["archipelago"].roles == ("archipelago",)
    assert lost["archipelago"].source == "grnet/archipelago, debian/0.4.1-1wheezy (2015-07-21)"
    assert lost["libxseg0"].roles == (unserved.NEEDED_BY_THOSE,)
    # Debian has one, and not the pinned version.
    assert lost["python-scapy"].version == "2.2.0+rfc6355-1"
    assert "openssl" not in lost
    found = unserved.finding("example", list(lost.values()))
    assert not found.ok and found.needed and "--packages DIR" in found.fix


def test_what_the_folder_has_is_not_missing(site: Site, tmp_path: Path) -> None:
    (tmp_path / "debs").mkdir()
    tool = next(deb for deb in catalogue() if deb.name == "archipelago")
    whole = replace(tool, files={"/usr/bin/archipelago": File(b"x")})
    (tmp_path / "debs" / tool.file).write_bytes(whole.bytes())
    release = with_packages(site.release, site.name, str(tmp_path / "debs"))
    release = replace(release, sources=release.sources[:2])
    state = AptState(release, tmp_path / "cache")
    state.refresh()
    lost = {one.name for one in unserved.look(replace(site, release=release), state)}
    assert "archipelago" not in lost and "snf-common" in lost


def test_without_an_index_what_was_never_debians_fits_one_screen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Which is what an operator sees of `example`, whose archive answers nobody here."""
    site = load("example")
    lost = unserved.look(site, AptState(site.release, tmp_path))
    unserved.show(site, lost)
    told = capsys.readouterr().out.splitlines()
    assert 30 <= len(lost) == len(told) - 2 <= 45
    assert site.release.pins.keys() - {one.name for one in lost} == set()
    assert max(map(len, told)) < 180
    assert all(one.source for one in lost if not one.name.startswith("blktap-dkms"))


def test_stand_ins_are_there(tmp_path: Path) -> None:
    site = load("rehearsal")
    assert (
        unserved.look(
            replace(site, release=replace(site.release, sources=())),
            AptState(replace(site.release, sources=()), tmp_path),
        )
        == []
    )


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Where this test's bake would write."""
    for name in ("ARTIFACTS", "CACHE"):
        monkeypatch.setattr(paths, name, tmp_path / name)
    state = functools.partial(AptState, cache=tmp_path / "CACHE")
    monkeypatch.setattr("golden.lock.locked.AptState", state)
    return tmp_path


def refused(site: Site, monkeypatch: pytest.MonkeyPatch, home: Path) -> str:
    """What a bake of `site` ends with; it leaves neither layers nor artifacts."""
    with pytest.raises(UserError) as caught:
        baking.bake(site)
    assert not (home / "ARTIFACTS").exists()
    assert [p for name in ("layers", "work", "latest") for p in (home / "CACHE").glob(name)] == []
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_bake_without_the_archive_ends_with_one_sentence(
    site: Site, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = (replace(site.release.sources[0], mirror="file:///nowhere"),)
    nowhere = replace(site.release, sources=sources)
    text = refused(replace(site, release=nowhere), monkeypatch, home)
    why = "The repository 'copy:/nowhere wheezy Release' does not have a Release file"
    assert f"no package index for release 'wheezy': {why}; " in text
    assert RELEASE in text
