from __future__ import annotations

from pathlib import Path

import pytest

from golden.definition import Site
from golden.packages import AptState, Resolver
from tests.unit.wheezy.archive import Archive, build
from tests.unit.wheezy.checkout import example
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
