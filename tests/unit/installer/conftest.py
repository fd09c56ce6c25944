from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.installer.machine import Machine

MEMORY = Path("/dev/shm")
SHELLS = {"dash": ("dash",), "busybox": ("busybox", "sh")}


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where this host allows: every write of the installer is flushed."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else tmp_path) as folder:
        yield Path(folder)


@pytest.fixture(params=SHELLS)
def machine(request: pytest.FixtureRequest, memory: Path) -> Machine:
    """A machine with a stick and no disk, its scripts run by each shell."""
    return Machine(memory / "root", SHELLS[request.param])


@pytest.fixture
def one_machine(memory: Path) -> Machine:
    """The same with one shell: for tests that install very often."""
    return Machine(memory / "root", SHELLS["dash"])
