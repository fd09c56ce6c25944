"""The times inside a file system: none of them is the time of the bake.

mke2fs of e2fsprogs 1.47.0 does not support SOURCE_DATE_EPOCH (1.47.1 does). E2FSPROGS_FAKE_TIME
sets the time of the superblock and of each file's creation; the atime and ctime of a copied file
are still the host's, so debugfs sets them afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from golden import run
from golden.disk.layout import PARTITION_START
from golden.errors import StageError

FIELDS = ("atime", "ctime")
FIRST = 11  # inodes before it are the file system's own (Linux: fs/ext4/ext4.h)

_COUNT = re.compile(r"^Inode count: +(\d+)$", re.MULTILINE)
_FREE = re.compile(r"^  Free inodes: ([\d, -]+)$", re.MULTILINE)
# What debugfs says besides an error: its version, and each command.
_ORDINARY = re.compile(r"debugfs \d|debugfs: set_inode_field ")


def environment(epoch: int) -> dict[str, str]:
    """Environment in which e2fsprogs takes `epoch` (seconds since 1970) for now; 0: the clock."""
    return {"E2FSPROGS_FAKE_TIME": str(epoch)} if epoch else {}


def settle(disk: Path, epoch: int) -> None:
    """Set atime and ctime of every file in the partition of `disk` to `epoch`.

    Raises StageError when that fails.
    """
    script = "".join(
        f"set_inode_field <{inode}> {field} @{epoch}\n" for inode in used(disk) for field in FIELDS
    )
    result = _run(disk, epoch, ["debugfs", "-w", "-f", "-"], script)
    # Its exit status says nothing about single commands.
    errors = [line for line in result.splitlines() if line and not _ORDINARY.match(line)]
    if errors:
        raise StageError("disk", "debugfs could not set the times of files", tail=errors[:12])


def used(disk: Path) -> Iterator[int]:
    """The numbers of all inodes in use by files."""
    found = _run(disk, 0, ["dumpe2fs"])
    count = _COUNT.search(found)
    if count is None:
        raise StageError("disk", f"dumpe2fs does not say how many inodes {disk} has")
    free: set[int] = set()
    for line in _FREE.findall(found):
        for word in filter(None, line.split(", ")):
            first, _, last = word.strip().partition("-")
            free.update(range(int(first), int(last or first) + 1))
    return (inode for inode in range(FIRST, int(count[1]) + 1) if inode not in free)


def _run(disk: Path, epoch: int, argv: list[str], script: str = "") -> str:
    # By its name alone: libext2fs takes the first question mark in a path for the start of options.
    place = f"{disk.name}?offset={PARTITION_START}"
    env = {"LC_ALL": "C", **environment(epoch)}
    return run.run([*argv, place], cwd=disk.parent, env=env, stdin=script, stage="disk").out
