"""The state volume as a real disk, in a mount namespace: formatted, bound, taken over, refused."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.boot.state_node import Node, attached

pytestmark = pytest.mark.slow


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[str]:
    """A blank disk of 32 MiB."""
    file = tmp_path / "disk"
    with file.open("wb") as blank:
        blank.truncate(32 << 20)
    with attached(file) as device:
        yield device


def digest(disk: str) -> str:
    return hashlib.sha256(Path(disk).read_bytes()).hexdigest()


def test_a_blank_disk_keeps_what_a_later_system_disk_finds(tmp_path: Path, disk: str) -> None:
    first = Node(tmp_path / "first", disk, "small-n1-abc")
    assert first.bind("rows") == (0, ["of-image", "rows"], True)
    left = [path.name for path in (first.root / "var/lib/db").iterdir()]
    assert left == ["of-image"], "nothing is on the system disk"
    assert first.bind() == (0, ["of-image", "rows"], True), "at the next boot, too"
    later = Node(tmp_path / "later", disk, "small-n1-abc", "13")
    (later.root / "var/lib/db/of-newer").mkdir()
    assert later.bind("more") == (0, ["more", "of-image", "of-newer", "rows"], True)
    before = digest(disk)
    assert Node(tmp_path / "older", disk, "small-n1-abc").bind() == (1, [], False)
    other = Node(tmp_path / "other", disk, "small-n2-abc")
    assert other.bind() == (1, [], False)
    assert other.why().startswith("the state volume is of small-n1-abc, and this is small-n2-abc;")
    assert digest(disk) == before, "a disk that is refused stays as it is, to the last byte"


def test_a_disk_with_anything_on_it_is_left_alone(tmp_path: Path, disk: str) -> None:
    for command in (["mkfs.ext4", "-q", "-L", "mine"], ["mkswap"]):
        subprocess.run([*command, disk], check=True, capture_output=True)
        before = digest(disk)
        node = Node(tmp_path / "node", disk, "small-n1-abc")
        assert node.bind() == (1, [], False)
        assert "holds something else" in node.why() and digest(disk) == before
