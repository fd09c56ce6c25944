from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from golden.releases import registry
from tests.unit.releases.registry_daemon import Line, running


@pytest.fixture(autouse=True)
def home(own_home: Path) -> Path:
    """A home of its own for artifacts and caches, with a signing key."""
    return own_home


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("registry") / "own"


@pytest.fixture(scope="session")
def host(data: Path) -> Iterator[str]:
    with running(data) as found:
        yield found


@pytest.fixture
def line(host: str) -> Iterator[Line]:
    made = Line(host)
    yield made
    made.close()


@pytest.fixture
def repo(host: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A repository of its own for each test; blobs of others are not seen in it."""
    monkeypatch.setattr(registry, "CHUNK", 1 << 20)
    return f"{host}/lab/images/{request.node.name.split('[')[0]}"
