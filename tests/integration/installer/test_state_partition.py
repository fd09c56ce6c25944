"""State on a real machine: what the installer lays out, the node fills, and new installs keep."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from golden.definition.files import Disk
from tests.integration.boot.state_node import Node, attached
from tests.unit.installer.machine import MIB, Machine, holds, picture

pytestmark = pytest.mark.slow

RULE = Disk(serial="S1", root="64M", state="32M")
STATE = 95 * MIB
AGAIN = ("golden.source=stick", "golden.reinstall=yes")


def digest(disk: Path, size: int = -1, start: int = 0) -> str:
    with disk.open("rb") as file:
        file.seek(start)
        return hashlib.sha256(file.read(size)).hexdigest()


@contextmanager
def booted(disk: Path, root: Path, instance: str) -> Iterator[Node]:
    """A node whose system is on `disk`; the kernel's view of its partitions is played."""
    node = Node(root, "", instance)
    place = root / "sys/devices/block/vda"
    for number, start in ((1, 2048), (4, STATE // 512)):
        (place / f"vda{number}").mkdir(parents=True)
        (place / f"vda{number}/start").write_text(f"{start}\n")
        (place / f"vda{number}/partition").write_text(f"{number}\n")
    number = root.stat().st_dev
    (root / "sys/dev/block").mkdir(parents=True)
    (root / f"sys/dev/block/{os.major(number)}:{os.minor(number)}").symlink_to(place / "vda1")
    (root / "dev").mkdir()
    (root / "dev/vda").symlink_to(disk)
    with attached(disk, "--offset", str(STATE), "--sizelimit", str(32 * MIB)) as device:
        (root / "dev/vda4").symlink_to(device)
        yield node


def test_state_outlives_new_installs_of_its_own_node_alone(tmp_path: Path) -> None:
    machine = Machine(tmp_path / "machine", ("dash",))
    machine.bundle(RULE)
    disk = machine.disk("vda", 128, "S1")
    assert machine.install().code == 0
    with booted(disk, tmp_path / "first", "small-n1-0a") as node:
        assert node.bind("rows") == (0, ["of-image", "rows"], True)
    state = digest(disk, 32 * MIB, STATE)
    newer = bytearray(picture())
    newer[34 * MIB : 35 * MIB] = b"2" * MIB
    machine.bundle(RULE, bytes(newer))
    machine.words(*AGAIN)
    assert machine.install().code == 0
    assert holds(disk, bytes(newer)) and digest(disk, 32 * MIB, STATE) == state
    with booted(disk, tmp_path / "second", "small-n1-0a") as node:
        assert node.bind() == (0, ["of-image", "rows"], True)
    before = digest(disk)
    machine.bundle(RULE, instance="other-n1-0b")
    refused = machine.install()
    assert (refused.code, digest(disk)) == (2, before)
    assert "vda has the state of small-n1-0a, and this is other-n1-0b" in refused.last["detail"]
    machine.words(*AGAIN, "golden.wipe=S1")
    assert machine.install().code == 0
    with booted(disk, tmp_path / "third", "other-n1-0b") as node:
        assert node.bind() == (0, ["of-image"], True)
