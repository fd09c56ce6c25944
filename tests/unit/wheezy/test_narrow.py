"""The index of locked packages alone: the same answers, and no fewer, with real apt."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from golden.definition import Site
from golden.errors import UserError
from golden.lock import Lock
from golden.packages import AptState, Resolver, narrow
from golden.packages.model import Resolution
from golden.recipe import resolve
from golden.render import render


def state(site: Site, cache: Path, versions: dict[str, str]) -> AptState:
    made = AptState(site.release, cache, locked=versions)
    made.refresh()
    return made


def answers(site: Site, resolver: Resolver) -> list[Resolution]:
    return [each.packages for each in resolve(site, render(site), resolver, site.kinds).all()]


def asked(apt: AptState) -> list[bool]:
    """Of each resolution, whether apt had the locked packages alone in view."""
    return ["narrow" in line for line in apt.log.read_text().splitlines() if " install -y " in line]


def test_what_is_locked_is_found_as_in_the_whole_index(
    site: Site, held: Lock, tmp_path: Path
) -> None:
    whole, few = (state(site, tmp_path / name, dict(held.versions)) for name in ("a", "b"))
    assert answers(site, Resolver(whole)) == answers(site, Resolver(few, known=held.versions))
    assert not any(asked(whole)) and all(asked(few)) and asked(few)


def test_what_the_lock_lacks_is_found_all_the_same(site: Site, held: Lock, tmp_path: Path) -> None:
    fewer = {name: version for name, version in held.versions.items() if name != "openssl"}
    apt = state(site, tmp_path, fewer)
    resolver = Resolver(apt, known=fewer)
    assert {package.name for package in resolver.resolve(["openssl"]).packages} >= {"openssl"}
    assert asked(apt)[0] and not asked(apt)[-1]
    with pytest.raises(UserError, match="Unable to locate package no-such-one"):
        resolver.resolve(["no-such-one"])


def test_what_is_to_move_is_in_view_in_every_version(
    site: Site, held: Lock, tmp_path: Path
) -> None:
    fewer = {name: version for name, version in held.versions.items() if name != "openssl"}
    apt = state(site, tmp_path, fewer)
    found = Resolver(apt, known=held.versions).resolve(["openssl"]).by_name()
    assert found["openssl"].version == held.versions["openssl"] and all(asked(apt))


def test_a_locked_version_that_is_gone_gives_way_to_what_there_is(
    site: Site, held: Lock, tmp_path: Path
) -> None:
    apt = state(site, tmp_path, {**held.versions, "openssl": "1.0.0-gone"})
    found = Resolver(apt, known=held.versions).resolve(["openssl"]).by_name()
    assert found["openssl"].version == held.versions["openssl"] and all(asked(apt))


def test_a_pin_may_stand_for_several_versions(site: Site, held: Lock, tmp_path: Path) -> None:
    loose = replace(site, release=replace(site.release, pins={"openssl": "1.0*"}))
    apt = state(loose, tmp_path, dict(held.versions))
    found = Resolver(apt, known=held.versions).resolve(["openssl"]).by_name()
    assert found["openssl"].version == held.versions["openssl"] and all(asked(apt))


def test_another_lock_or_index_makes_it_anew_and_the_former_goes(
    site: Site, held: Lock, tmp_path: Path
) -> None:
    apt = state(site, tmp_path, dict(held.versions))
    first = apt.narrow(held.versions)
    assert apt.narrow(held.versions) == first
    head = apt.index_files()[0]
    head.write_bytes(head.read_bytes() + b"\n")
    assert apt.narrow(held.versions) != first
    assert len(list((apt.folder / "narrow").iterdir())) == 1


def test_nothing_locked_leaves_every_package_in_view(site: Site, tmp_path: Path) -> None:
    assert state(site, tmp_path, {}).narrow(["openssl"]) == ()


def test_what_a_killed_run_left_goes_and_what_is_this_hosts_stays_whole(tmp_path: Path) -> None:
    lists = tmp_path / "lists"
    lists.mkdir()
    (lists / "m_Packages").write_text(
        "Package: web\nVersion: 1\n\nPackage: web\nVersion: 2\n\nPackage: else\nVersion: 1\n"
    )
    (lists / "m_Release").write_text("Suite: stable\n")
    (tmp_path / "narrow/.key.1.1.new/lists").mkdir(parents=True)
    own = "Package: own\nVersion: 1\n"
    (lists / "own_Packages").write_text(own)
    narrow.make(lists, {"web": "2"}, tmp_path / "narrow/key", {own.encode()})
    assert [each.name for each in (tmp_path / "narrow").iterdir()] == ["key"]
    made = tmp_path / "narrow/key/lists"
    assert (made / "m_Packages").read_text() == "Package: web\nVersion: 2\n"
    assert (made / "own_Packages").read_text() == own
    assert (made / "m_Release").read_text() == "Suite: stable\n"
