from __future__ import annotations

from pathlib import Path

import pytest

from golden import rundir
from golden.rundir import NodeDir
from tests.unit.backup.machines import SITE, disks, generation


@pytest.fixture(autouse=True)
def home(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A host on which both nodes of the site have a state."""
    monkeypatch.setattr(rundir, "CACHE", own_home / "cache")
    generation("abc", monkeypatch)
    for node in SITE.nodes:
        files = NodeDir("small", node.name)
        files.path.mkdir(parents=True)
        files.claim("qemu")
        for disk in disks(node.name):
            disk.write_bytes(f"{disk.name} of {node.name}".encode() * 1000)
    return own_home
