"""A node whose state volume is a real disk, in a mount namespace of its own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden.paths import SCRIPTS

# Runs `bind` as a node whose root is argv[1]; its disk called golden-state is argv[2], if any.
NODE = """\
import json, os, sys
root, device, instance = sys.argv[1:4]
sys.path.insert(0, {code!r})
import firstboot
from engine import seed, state_disk
if device:
    state_disk.find = lambda root: device
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


@contextlib.contextmanager
def attached(file: Path, *options: str) -> Iterator[str]:
    """`file`, or by losetup's options a part of it, as a block device."""
    if os.geteuid() != 0:
        pytest.skip("only root attaches a file as a disk")
    words = ["losetup", *options, "--find", "--show", str(file)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"this host has no loop devices: {done.stderr.strip()}")
    try:
        yield done.stdout.strip()
    finally:
        subprocess.run(["losetup", "--detach", done.stdout.strip()], check=True)


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
