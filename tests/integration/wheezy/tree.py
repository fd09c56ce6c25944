"""A root file system of real Wheezy, of any architecture, in which programs are run.

`./inv test --wheezy-tree DIR` names it. Nothing in DIR changes: what a program writes goes to a
folder of the test. A foreign architecture runs through qemu-user-static, registered for the test
alone: binfmt_misc belongs to its user namespace (Linux 6.7).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from golden import run
from golden.errors import StageError

VARIABLE = "GOLDEN_WHEEZY_TREE"
# e_machine of the ELF header (elf(5)) and the name in qemu-NAME-static.
NATIVE, FOREIGN = (62, 3), {20: "ppc", 40: "arm", 183: "aarch64", 8: "mips", 2: "sparc"}
MASK = b"\xff" * 7 + b"\x00" + b"\xff" * 8 + b"\xff\xfe\xff\xff"
SCRIPT = """\
tree=$1 place=$2; shift 2
ip link set lo up
if [ -n "$FORMAT" ]; then
    mount -t binfmt_misc none /proc/sys/fs/binfmt_misc
    printf %s "$FORMAT" >/proc/sys/fs/binfmt_misc/register
fi
mount -t overlay overlay -o "userxattr,lowerdir=$tree,upperdir=$place/upper,workdir=$place/work" \
    "$place/root"
mount --rbind /dev "$place/root/dev"
mount -t proc proc "$place/root/proc"
mount -t tmpfs tmpfs "$place/root/run"
exec chroot "$place/root" /usr/bin/env -i HOME=/root LC_ALL=C \
    PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"
"""


@dataclass(frozen=True)
class Tree:
    """The file system in `folder`; what is written there goes below `place`."""

    folder: Path
    place: Path

    def has(self, path: str) -> bool:
        """Whether it has a program `path`."""
        return os.path.lexists(self.folder / path.lstrip("/"))

    def put(self, path: str, content: str | bytes, mode: int = 0o644) -> None:
        """Write a file."""
        target = self.place / "upper" / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
        target.chmod(mode)

    def put_all(self, files: Mapping[str, Path]) -> None:
        """Copy files, with their modes."""
        for path, source in files.items():
            self.put(path, source.read_bytes(), source.stat().st_mode & 0o777)

    def read(self, path: str) -> str:
        """A file as it is now."""
        for top in (self.place / "upper", self.folder):
            if (file := top / path.lstrip("/")).is_file():
                return file.read_text(errors="replace")
        raise FileNotFoundError(path)

    def run(self, *argv: str, check: bool = True, timeout: float = 600) -> run.Result:
        """What a program of the tree prints; StageError when it fails."""
        words = ["unshare", "--user", "--map-root-user", "--mount", "--pid", "--fork"]
        words += ["--kill-child", "--net", "--uts", "sh", "-ec", SCRIPT, "sh"]
        env = {"FORMAT": self.format()}
        places = [str(self.folder), str(self.place)]
        return run.run([*words, *places, *argv], env=env, check=check, timeout=timeout)

    def sh(self, script: str, check: bool = True) -> run.Result:
        """A script in its /bin/sh."""
        return self.run("/bin/sh", "-ec", script, check=check)

    def format(self) -> str:
        """What binfmt_misc is to know of the tree's programs; nothing where this host runs them."""
        head = (self.folder / "bin/bash").resolve().read_bytes()[:20]
        order = "<" if head[5] == 1 else ">"
        (machine,) = struct.unpack_from(f"{order}H", head, 18)
        if machine in NATIVE:
            return ""
        magic = head[:7] + b"\0" * 9 + struct.pack(f"{order}HH", 2, machine)
        mask = MASK if order == ">" else MASK[:16] + b"\xfe\xff\xff\xff"
        qemu = run.which(f"qemu-{FOREIGN[machine]}-static")
        if qemu is None:
            raise StageError("test", "qemu-user-static is not installed", hint="apt-get install it")
        shown = ("".join(f"\\x{byte:02x}" for byte in word) for word in (magic, mask))
        return f":wheezy:M::{':'.join(shown)}:{qemu}:F"


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """The tree that the run was given; without one the test is skipped, and says so."""
    if not (name := os.environ.get(VARIABLE)):
        pytest.skip("no tree of Wheezy was given: ./inv test --wheezy-tree DIR")
    for folder in ("upper", "work", "root"):
        (tmp_path / folder).mkdir()
    found = Tree(Path(name).resolve(), tmp_path)
    # Git and some archives keep no empty folders.
    for path in ("proc", "sys", "dev", "run", "tmp", "etc/dpkg/dpkg.cfg.d", "var/lib/dpkg/updates"):
        (tmp_path / "upper" / path).mkdir(parents=True, exist_ok=True)
    return found
