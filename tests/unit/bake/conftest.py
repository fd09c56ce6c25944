from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from golden import paths
from golden.bake.layer import Builder
from golden.host import resources
from golden.layers import Store, Workspace
from golden.packages import Resolver
from tests.unit.layers import tiny_tree
from tests.unit.small_site import small_site


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree in which a shell runs; tests must not change it."""
    return tiny_tree.make(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for caches and artifacts."""
    # Deeper than the address of a Unix socket is long, as a checkout may lie.
    deep = tmp_path / ("deep" * 30)
    deep.mkdir()
    monkeypatch.setattr(paths, "CACHE", deep / ".cache")
    monkeypatch.setattr(paths, "ARTIFACTS", deep / ".artifacts")
    monkeypatch.setattr(paths, "SECRETS", deep / ".secrets")
    # What a test bakes is small, and how full the disk of this host is, is not its matter.
    monkeypatch.setattr(resources, "DISK_BAKE", 0)
    return deep


@pytest.fixture
def builder(home: Path) -> Iterator[Builder]:
    """A builder for layers that need no packages; its scripts lie in <home>/scripts."""
    with builder_at(home) as builder:
        yield builder


@contextlib.contextmanager
def builder_at(home: Path) -> Iterator[Builder]:
    """A builder below `home`, for layers that need no packages."""
    for name in ("scripts", "debs", ".cache/work/1"):
        (home / name).mkdir(parents=True)
    folder = home / ".cache/work/1"
    held = {"debs": home / "debs", "pool": home / "pool", "release": small_site().release}
    held["config"] = home / "apt.conf"
    state = type("State", (), held)()
    resolver = cast(Resolver, type("Resolver", (), {"state": state})())
    with (folder / "alive").open("wb") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        (folder / "busy").touch()
        workspace = Workspace(folder, alive)
        store = Store(home / ".cache")
        yield Builder(small_site(), store, workspace, resolver, home / "scripts")


def nothing(*_: Any) -> None:
    """For `say`."""
