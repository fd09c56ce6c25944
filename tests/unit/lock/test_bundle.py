"""A pool goes out as one file and comes in whole, or not at all."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import pytest

from golden import lock, paths
from golden.definition import Site
from golden.errors import StageError, UserError
from golden.keys import signing
from golden.lock import Lock, Locked, bundle
from golden.lock import pool as fill
from golden.packages import store
from tests.unit.small_site import small_site

FILES = {"web": b"the web server" * 999, "lib": b"a library" * 50_000}


@dataclass(frozen=True)
class World:
    """A site whose lock has two packages, and its pool."""

    site: Site
    pool: Path
    out: Path


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    site = small_site()
    packages = tuple(
        Locked(name, "1", "all", len(content), hashlib.sha256(content).hexdigest(), "bookworm main")
        for name, content in FILES.items()
    )
    held = Lock(site.release.name, packages)
    monkeypatch.setattr(paths, "CACHE", tmp_path / "one")
    monkeypatch.setattr(paths, "SECRETS", tmp_path / "secrets")
    monkeypatch.setattr(lock, "load", lambda _: held)
    pool = paths.CACHE / "pool"
    for name, content in FILES.items():
        deb = tmp_path / f"{name}.deb"
        deb.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        assert store.copy(deb, store.pooled(pool, digest), len(content), digest)
    fill.write_index(pool, site.release.name, "".join(f"SHA256: {p.sha256}\n" for p in packages))
    return World(site, pool, tmp_path / "pool.tar")


def files(pool: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(pool)): path.read_bytes()
        for path in sorted(pool.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def elsewhere(world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """As on another host: an empty cache."""
    monkeypatch.setattr(paths, "CACHE", world.out.parent / "two")
    return paths.CACHE / "pool"


def test_what_goes_out_comes_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle.pack(world.site, world.out)
    key = world.out.parent / "key.pem"
    key.write_bytes(signing.public_key())
    pool = elsewhere(world, monkeypatch)
    monkeypatch.setattr(paths, "SECRETS", world.out.parent / "others")
    with pytest.raises(UserError, match=r"its signature does not fit.*--key"):
        bundle.unpack(world.out)
    assert files(pool) == {}
    bundle.unpack(world.out, key)
    assert files(pool) == files(world.pool)
    assert fill.missing(pool, fill.held(world.site)) == []


def test_a_flipped_byte_anywhere_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle.pack(world.site, world.out)
    pool = elsewhere(world, monkeypatch)
    whole = world.out.read_bytes()
    places = [whole.index(each) for each in (b'"release"', *FILES.values(), b"SHA256: ")]
    for place in places:
        broken = bytearray(whole)
        broken[place + 3] ^= 1
        world.out.write_bytes(broken)
        with pytest.raises(UserError, match=r"pool\.tar: .*nothing was taken from it"):
            bundle.unpack(world.out)
        assert files(pool) == {}


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.9])
def test_a_file_cut_short_is_refused(
    world: World, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle.pack(world.site, world.out)
    pool = elsewhere(world, monkeypatch)
    whole = world.out.read_bytes()
    world.out.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UserError, match="nothing was taken from it"):
        bundle.unpack(world.out)
    assert files(pool) == {}


def test_a_full_disk_leaves_the_pool_as_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle.pack(world.site, world.out)
    pool = elsewhere(world, monkeypatch)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundle, "_extract", full)
    with pytest.raises(StageError, match=r"no space left on the disk of .*\n.*make room"):
        bundle.unpack(world.out)
    assert files(pool) == {}


def test_what_a_killed_import_left_goes(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle.pack(world.site, world.out)
    pool = elsewhere(world, monkeypatch)
    left = pool / ".import-killed" / "sha256"
    left.mkdir(parents=True)
    bundle.unpack(world.out)
    assert not left.parent.exists()


def test_a_pool_with_a_damaged_file_does_not_go_out(world: World) -> None:
    file = store.pooled(world.pool, hashlib.sha256(FILES["web"]).hexdigest())
    file.write_bytes(FILES["web"][:-1] + b"X")
    with pytest.raises(UserError, match=r"has damaged: web; .*\./inv pool.fill"):
        bundle.pack(world.site, world.out)
    assert not world.out.exists()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, world: World) -> None:
    with pytest.raises(UserError, match="No such file"):
        bundle.unpack(tmp_path / "absent.tar")
    with pytest.raises(UserError, match="Is a directory"):
        bundle.unpack(tmp_path)
