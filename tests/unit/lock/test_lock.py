"""A lock: its file, who edited it, and what is held against it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from golden import definition, lock, paths
from golden.definition.models import Release
from golden.errors import UserError
from golden.lock import Change, Lock, Locked, locked, model
from golden.packages.model import Package
from golden.recipe import builder_image
from tests.unit.small_site import small_site

A, B = "a" * 64, "b" * 64
WEB = Locked("web", "1:1.0-1", "amd64", 10, A, "bookworm main")
LIB = Locked("lib", "2", "all", 20, B, "bookworm-security main")
OWN = Locked("snf-own", "0.16.2+standin", "all", 0, "", model.STANDIN)


@pytest.fixture
def release() -> Release:
    """A release whose lock is strict."""
    return small_site().release


@pytest.fixture
def held(release: Release) -> Lock:
    """A lock of three packages."""
    return Lock(release.name, (WEB, LIB, OWN))


def package(locked: Locked, **changed: str) -> Package:
    facts = {"version": locked.version, "sha256": locked.sha256 or A, **changed}
    return Package(
        locked.name, facts["version"], "amd64", "f", "http://m/f", 1, facts["sha256"], True
    )


def test_a_lock_is_read_as_it_was_written_one_package_a_line(
    tmp_path: Path, release: Release, held: Lock
) -> None:
    file = lock.write(held, tmp_path)
    found = lock.load(release, tmp_path)
    assert found is not None
    assert [each.name for each in found.packages] == ["lib", "snf-own", "web"]
    assert set(found.packages) == set(held.packages)
    assert [line for line in file.read_text().splitlines() if '"web"' in line] == [
        '{"name": "web", "version": "1:1.0-1", "architecture": "amd64", "size": 10, '
        f'"sha256": "{A}", "source": "bookworm main"}}'
    ]


def test_no_file_is_no_lock(tmp_path: Path, release: Release) -> None:
    assert lock.load(release, tmp_path) is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("1:1.0-1", "1:1.0-2", r"lock\.json:2: the checksum is not that of the packages"),
        ('"size": 20', '"size":20', r"lock\.json:4: this was changed"),
        (" main", ' main"', r"lock\.json:4: this is not JSON"),
        ('"size": 20', '"sizes": 20', r"lock\.json:1: this is not a lock"),
        ('"size": 20, ', "", r"lock\.json:1: this is not a lock"),
        ("\n]}\n", "\n]}\n\n", r"lock\.json:7: this was changed"),
    ],
)
def test_what_was_edited_by_hand_is_refused(
    tmp_path: Path, release: Release, held: Lock, old: str, new: str, message: str
) -> None:
    file = lock.write(held, tmp_path)
    text = file.read_text().replace(old, new)
    file.write_text(text)
    with pytest.raises(
        UserError, match=rf"(?s){message}.*git checkout \S+/bookworm\.lock\.json.*\./inv lock"
    ):
        lock.load(release, tmp_path)
    assert file.read_text() == text


def test_the_lock_of_another_release_is_refused(tmp_path: Path, release: Release) -> None:
    lock.write(Lock("other", (WEB,)), tmp_path)
    shutil.move(lock.path("other", tmp_path), lock.path(release.name, tmp_path))
    with pytest.raises(UserError, match="this is the lock of release 'other'"):
        lock.load(release, tmp_path)


def test_a_lock_that_mixes_synnefo_is_refused(tmp_path: Path, release: Release) -> None:
    pinned = replace(release, pins={"snf-common": "0.16.2-1", "snf-app": "0.16.2-1"})
    mixed = Lock(
        release.name,
        (replace(WEB, name="snf-common", version="0.16.2-1"), replace(LIB, name="snf-app")),
    )
    lock.write(mixed, tmp_path)
    with pytest.raises(UserError, match=r"lock\.json: Synnefo's packages must have one.*snf-app 2"):
        lock.load(pinned, tmp_path)


def test_a_killed_write_leaves_the_old_lock(
    tmp_path: Path, release: Release, held: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = lock.write(held, tmp_path)
    before = file.read_bytes()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        lock.write(Lock(release.name, (WEB,)), tmp_path)
    assert file.read_bytes() == before


def test_what_is_as_locked_passes(release: Release, held: Lock) -> None:
    lock.require(release, held, map(package, held.packages), offline=True)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (package(WEB, version="1:1.1"), r"what is locked: web 1:1\.0-1 \(but 1:1\.1\)"),
        (package(WEB, sha256=B), r"web 1:1\.0-1 \(but other bytes of that version\)"),
        (package(replace(WEB, name="new")), r"not in the lock: new 1:1\.0-1"),
    ],
)
def test_a_strict_lock_refuses_what_is_not_in_it(
    release: Release, held: Lock, found: Package, message: str
) -> None:
    with pytest.raises(UserError, match=rf"{message}.*\./inv lock"):
        lock.require(release, held, [found], offline=False)


def test_one_that_follows_the_mirror_warns_once(
    release: Release, held: Lock, capsys: pytest.CaptureFixture[str]
) -> None:
    locked._warn.cache_clear()
    follows = replace(release, lock="follow")
    for _ in range(2):
        lock.require(follows, held, [package(WEB, version="1:1.1")], offline=False)
    told = " ".join(capsys.readouterr().err.split())
    assert told.count("web 1:1.0-1 (but 1:1.1)") == 1
    with pytest.raises(UserError, match="--offline takes nothing else"):
        lock.require(follows, held, [package(WEB, version="1:1.1")], offline=True)


def test_a_stand_in_is_held_to_its_version_alone(release: Release, held: Lock) -> None:
    lock.require(release, held, [package(OWN, sha256=B)], offline=False)
    with pytest.raises(UserError, match=r"snf-own 0\.16\.2\+standin \(but 0\.17\+standin\)"):
        lock.require(release, held, [package(OWN, version="0.17+standin")], offline=False)


def test_changes_are_told_by_name(held: Lock) -> None:
    new = Lock(held.release, (replace(WEB, version="1:1.1"), OWN, replace(LIB, name="more")))
    assert lock.changes(held, new) == (
        Change("lib", "2", ""),
        Change("more", "", "2"),
        Change("web", "1:1.0-1", "1:1.1"),
    )
    assert lock.changes(held, held) == ()


@pytest.mark.parametrize("name", definition.sites())
def test_a_committed_lock_has_every_package_that_roles_of_today_ask_for(name: str) -> None:
    site = definition.load(name)
    held = lock.load(site.release, paths.ROOT)
    if held is None:
        # No source in reach serves these.
        assert site.release.lock_name in ("wheezy", "wheezy-base", "bullseye.real")
        return
    asked = {
        package
        for kind in site.kinds
        for layer in ("base", "platform", "synnefo")
        for package in site.packages(kind, layer)  # type: ignore[arg-type]
    }
    if name == builder_image.SITE:
        asked |= builder_image.packages()
    assert asked | {site.release.kernel, "apt"} <= held.by_name().keys()
