"""The state volume as a real disk, in a mount namespace: formatted, bound, taken over, refused."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden.paths import SCRIPTS

pytestmark = pytest.mark.slow

# Runs `bind` as a node whose root is argv[1]; its disk called golden-state is argv[2].
NODE = """\
import json, os, sys
root, device, instance = sys.argv[1:4]
sys.path.insert(0, {code!r})
import firstboot
from engine import seed, state_volume
state_volume.Volume._device = lambda self: device
seed.find = lambda run, root: seed.Seed(instance, {{}})
seed.refuse_other = lambda found, image: None
os.environ["FIRSTBOOT_ROOT"] = root
code = firstboot.main(["bind"])
data = os.path.join(root, "var/lib/db")
for name in sys.argv[4:]:
    open(os.path.join(data, name), "w").close()
writable = os.access(data, os.W_OK) and not os.statvfs(data).f_flag & os.ST_RDONLY
print(json.dumps([code, sorted(os.listdir(data)), writable]))
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[str]:
    """A blank disk of 32 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root attaches a file as a disk")
    file = tmp_path / "disk"
    with file.open("wb") as blank:
        blank.truncate(32 << 20)
    attached = subprocess.run(
        ["losetup", "--find", "--show", file], capture_output=True, text=True, check=False
    )
    if attached.returncode:
        pytest.skip(f"this host has no loop devices: {attached.stderr.strip()}")
    yield attached.stdout.strip()
    subprocess.run(["losetup", "--detach", attached.stdout.strip()], check=True)


class Node:
    """A fresh system disk in `root`, of a node called `instance`."""

    def __init__(self, root: Path, disk: str, instance: str, debian: str = "12") -> None:
        self.root, self.disk, self.instance = root, disk, instance
        shutil.rmtree(root, ignore_errors=True)
        for folder in ("etc/golden", "var/lib/db/of-image", "var/log", "run", "srv"):
            (root / folder).mkdir(parents=True)
        for name in ("passwd", "group"):
            shutil.copy(f"/etc/{name}", root / "etc" / name)
        record = {"state": ["/var/lib/db"], "versions": {"debian": debian}}
        (root / "etc/golden/image.json").write_text(json.dumps(record))

    def bind(self, *written: str) -> tuple[int, list[str], bool]:
        """One boot, which writes files into the state: exit code, its files, whether writable."""
        program = NODE.format(code=str(SCRIPTS / "firstboot"))
        words = ["unshare", "--mount", "--propagation", "private", "--", sys.executable, "-B", "-c"]
        done = subprocess.run(
            [*words, program, self.root, self.disk, self.instance, *written],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        code, names, writable = json.loads(done.stdout.splitlines()[-1])
        return code, names, writable

    def why(self) -> str:
        """Why the disk was refused."""
        return (self.root / "run/golden-state.refused").read_text()


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
