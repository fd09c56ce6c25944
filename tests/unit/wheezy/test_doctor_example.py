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
from golden.doctor import archive
from golden.errors import UserError
from golden.host import Finding, Host
from golden.packages import AptState, Resolver
from tests.unit.doctor.conftest import MAPS, TEXTS, healthy

RELEASE = "images/releases/wheezy.yaml"


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, cache: Path) -> Any:
    """The findings by name, with the apt state of `cache`."""
    monkeypatch.setattr("golden.packages.AptState", functools.partial(AptState, cache=cache))

    def findings(site: Site, host: Host) -> dict[str, Finding]:
        return {one.name: one for one in doctor.examine(site, host, probe=lambda: "tcg")}

    return findings


def with_maps(maps: str) -> Host:
    texts = {**TEXTS, "/proc/self/maps": maps}
    return healthy(text=lambda path: texts.get(str(path), ""))


def built(site: Site, builder: Any) -> Site:
    return replace(site, release=replace(site.release, builder=builder))


def test_a_kernel_with_the_page_may_bake_a_tree(ask: Any, site: Site) -> None:
    found = ask(site, with_maps(MAPS))["builder"]
    assert (found.ok, found.needed) == (False, True)
    assert "disk, because its glibc calls the vsyscall page" in found.detail
    assert "this kernel has one (xonly)" in found.detail
    assert found.fix == f"sed -i 's/^builder: disk/builder: tree/' {RELEASE}"
    # The command does what it says with the file as committed.
    assert "\nbuilder: disk\n" in (paths.ROOT / RELEASE).read_text()


def test_a_kernel_without_the_page_must_be_started_with_it(ask: Any, site: Site) -> None:
    found = ask(site, with_maps(""))["builder"]
    assert not found.ok and "this kernel has none" in found.detail
    assert "vsyscall=xonly" in found.fix and "reboot" in found.fix


@pytest.mark.parametrize(("maps", "ok"), [(MAPS, True), ("", False)])
def test_as_a_tree_the_page_decides(ask: Any, site: Site, maps: str, ok: bool) -> None:
    found = ask(built(site, "tree"), with_maps(maps))
    assert found["builder"].ok
    assert (found["vsyscall"].ok, found["vsyscall"].needed) == (ok, True)


def test_a_copy_on_this_host_counts_as_a_mirror(ask: Any, site: Site, resolver: Resolver) -> None:
    found = ask(site, healthy(exists=Path.exists))
    assert found["mirror"].detail == "answers for wheezy, wheezy/updates, wheezy/"
    assert found["pinned packages"].detail == f"all {len(site.release.pins)} are there"
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
    state = AptState(release, tmp_path)
    assert archive.asked(state) is None
    state.refresh()
    found = archive.pinned(release.pins, archive.asked(state), release.name)
    assert not found.ok and found.needed and RELEASE in found.detail
    assert "archipelago 0.4.1-1~wheezy" in found.detail


def test_without_an_index_the_pins_are_an_open_question(site: Site) -> None:
    found = archive.pinned(site.release.pins, None, site.release.name)
    assert (found.ok, found.needed) == (False, False)


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
    nowhere = replace(site.release, sources=sources, builder="tree")
    text = refused(replace(site, release=nowhere), monkeypatch, home)
    why = "The repository 'copy:/nowhere wheezy Release' does not have a Release file"
    assert f"no package index for release 'wheezy': {why}; " in text
    assert RELEASE in text


def test_a_bake_by_the_disk_builder_says_what_to_do(
    site: Site, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = refused(site, monkeypatch, home)
    assert text.startswith(f"{RELEASE}: builder: disk: ")
    assert "builder: tree" in text
