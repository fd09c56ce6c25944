"""kill -9 during inv lock, pool and bump: release file, lock and pool are as they were or whole,
and the next run goes through. Real processes and apt, the tests' Wheezy on a mirror on loopback."""

from __future__ import annotations

import hashlib
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from golden import run
from tests.integration.wheezy.checkout import Checkout, make
from tests.unit.wheezy.archive import Archive, build
from tests.unit.wheezy.mirror import Mirror, serving
from tests.unit.wheezy.packages import catalogue

pytestmark = pytest.mark.slow

RELEASE, LOCK = "images/releases/wheezy.yaml", "images/releases/wheezy.lock.json"
SITE = ("--site", "example")
LOCKING, POOLING, UNDOING = ("lock", *SITE), ("pool", *SITE), ("bump", *SITE, "--undo")
BUMPING = ("bump", *SITE, "--package", "openssl=1.0.1e-2+deb7u20", "--downgrade")
# Shares of the time that a whole run takes.
MOMENTS = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0)


@dataclass(frozen=True)
class Served(Archive):
    """The archive at the address of a mirror."""

    base: str

    def url(self, part: str) -> str:
        return f"{self.base}/{part}"


@dataclass(frozen=True)
class World:
    """A checkout whose release is served by `mirror`."""

    checkout: Checkout
    mirror: Mirror

    def inv(self, *words: str) -> str:
        """Let a run go through; what it said."""
        told = self.checkout.inv(*words)
        assert told.code == 0, told.out
        return told.out

    def definition(self) -> dict[str, bytes]:
        """Everything that a bump or a lock may touch; a name with a dot is of no definition."""
        folders = (self.checkout.root / name for name in ("images", "rendered"))
        files = (path for folder in folders for path in folder.rglob("[!.]*") if path.is_file())
        return {str(path.relative_to(self.checkout.root)): path.read_bytes() for path in files}

    def without(self, *names: str) -> None:
        """As if these caches had never been."""
        for name in names:
            shutil.rmtree(self.checkout.root / ".cache" / name, ignore_errors=True)

    def require_whole(self) -> None:
        """Every file of the pool under the name of its hash is what that says."""
        for path in (self.checkout.root / ".cache/pool/sha256").glob("*/[!.]*"):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.stem

    def start(self, *words: str) -> run.Process:
        argv = [sys.executable, "-m", "invoke", *words]
        env = {"GOLDEN_HOME": str(self.checkout.root), "PYTHONDONTWRITEBYTECODE": "1"}
        log = self.checkout.root / ".cache/killed.log"
        return run.start(argv, cwd=self.checkout.root, env=env, log=log)

    def killed(self, when: Callable[[], bool], *words: str) -> None:
        """Start a run, and kill it, and it alone, at the moment that `when` says."""
        child = self.start(*words)
        while not when() and child.poll() is None:
            time.sleep(0.005)
        child.kill()
        child.wait()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    place = tmp_path_factory.mktemp("killed")
    archive = build(place / "archive", catalogue())
    with serving(archive) as mirror:
        made = World(make(place / "checkout", Served(archive.place, mirror.url)), mirror)
        made.inv("render", *SITE)
        yield made


def after(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() >= end


def timed(world: World, *words: str) -> float:
    began = time.monotonic()
    world.inv(*words)
    return time.monotonic() - began


def test_lock(world: World) -> None:
    world.without("apt")
    seconds = timed(world, *LOCKING)
    locked = world.definition()
    lock = world.checkout.root / LOCK
    text = lock.read_text()
    for share in MOMENTS:
        lock.unlink()
        world.without("apt")
        world.killed(after(seconds * share), *LOCKING)
        if lock.exists():
            assert lock.read_text() == text, f"killed at {share:.0%}"
        world.inv(*LOCKING)
        assert world.definition() == locked


def test_lock_while_the_mirror_is_silent(world: World) -> None:
    world.inv(*LOCKING)
    locked = world.definition()
    world.mirror.fails("stall", "Release")
    world.killed(world.mirror.waits.is_set, *LOCKING)
    assert world.definition() == locked
    world.mirror.recovers()
    assert "warning" not in world.inv(*LOCKING)
    assert world.definition() == locked


def test_pool(world: World) -> None:
    world.inv(*LOCKING)
    seconds = timed(world, *POOLING)
    for share in MOMENTS:
        world.without("debs", "pool")
        world.killed(after(seconds * share), *POOLING)
        world.require_whole()
        world.inv(*POOLING)
        world.require_whole()
        assert "missing: 0 MB" in world.inv("pool.status", "--site", "example")


def test_pool_in_the_middle_of_a_file(world: World) -> None:
    world.inv(*LOCKING)
    world.without("debs", "pool")
    world.mirror.fails("stall", "_amd64.deb")
    world.killed(world.mirror.waits.is_set, *POOLING)
    world.require_whole()
    world.mirror.recovers()
    world.mirror.asked.clear()
    told = world.inv(*POOLING)
    world.require_whole()
    assert "missing: 0 MB" in told
    assert any(begin for _, begin in world.mirror.asked), "it goes on where it was"


def test_bump(world: World) -> None:
    world.inv(*LOCKING)
    before = world.definition()
    world.inv(*BUMPING)
    world.inv(*UNDOING)
    seconds = timed(world, *BUMPING)
    bumped = world.definition()
    assert {name for name in bumped if bumped[name] != before.get(name)} > {RELEASE, LOCK}
    world.inv(*UNDOING)
    assert world.definition() == before
    ends = []
    for share in MOMENTS:
        world.killed(after(seconds * share), *BUMPING)
        # Whoever reads the definition next finds it whole.
        world.inv("pool.status", "--site", "example")
        ends.append(world.definition() == bumped)
        assert ends[-1] or world.definition() == before, f"killed at {share:.0%}"
        world.inv(*BUMPING)
        assert world.definition() == bumped
        world.inv(*UNDOING)
        assert world.definition() == before
    assert not all(ends)
