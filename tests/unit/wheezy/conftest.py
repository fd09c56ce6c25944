from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden import lock, paths
from golden.definition import Site
from golden.lock import Lock, locked, making
from golden.packages import AptState, Resolver
from tests.unit.wheezy.archive import Archive, build
from tests.unit.wheezy.checkout import example
from tests.unit.wheezy.hosts import Host, at
from tests.unit.wheezy.mirror import Mirror, serving
from tests.unit.wheezy.packages import catalogue


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """The tests' Wheezy, made once; tests do not change it."""
    return build(tmp_path_factory.mktemp("wheezy") / "archive", catalogue())


@pytest.fixture(scope="session")
def site(archive: Archive) -> Site:
    return example(archive)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def resolver(site: Site, cache: Path) -> Resolver:
    """An apt state with the index of the archive."""
    state = AptState(site.release, cache)
    state.refresh()
    return Resolver(state)


@pytest.fixture
def host(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    known = functools.partial(lock.load, root=tmp_path)
    monkeypatch.setattr(making.definition, "load_all", lambda _: [site])
    monkeypatch.setattr(lock, "load", known)
    monkeypatch.setattr(locked, "load", known)
    monkeypatch.setattr(paths, "SECRETS", tmp_path / "secrets")
    at(tmp_path / "cache", monkeypatch)
    return Host(tmp_path, tmp_path / "cache")


@pytest.fixture
def held(site: Site, host: Host) -> Lock:
    """The lock of today, in its place."""
    made = making.make(site)
    lock.write(made, host.root)
    return made


@pytest.fixture
def mirror(archive: Archive) -> Iterator[Mirror]:
    with serving(archive) as server:
        yield server
