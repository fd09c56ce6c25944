from __future__ import annotations

import fcntl
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden.layers.workspace import Workspace
from tests.unit.layers import tiny_tree


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree in which a shell runs; tests must not change it."""
    return tiny_tree.make(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace whose bake is alive for the length of the test."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    with (folder / "alive").open("wb") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        (folder / "busy").touch()
        yield Workspace(folder, alive)
