"""The partition table: msdos, one active Linux partition from 1 MiB to the end.

An msdos label, because BIOS GRUB then has the gap before the partition for itself, and because a
raw image written to a larger disk leaves no stale backup header (docs/wheezy.md W5.6).
"""

from __future__ import annotations

import uuid
from pathlib import Path

from golden import run

SECTOR = 512
MIB = 1024 * 1024
PARTITION_START = MIB

SFDISK_INPUT = """\
label: dos
label-id: 0x{signature:08x}
unit: sectors
start={start}, type=83, bootable
"""


def partition(disk: Path, size_mib: int, identity: uuid.UUID, log: Path | None = None) -> None:
    """Make `disk` a sparse file of `size_mib` MiB with its partition table.

    The disk signature derives from `identity`: the same input gives the same bytes.
    """
    with disk.open("wb") as file:
        file.truncate(size_mib * MIB)
    signature = identity.fields[0] or 1
    text = SFDISK_INPUT.format(signature=signature, start=PARTITION_START // SECTOR)
    # --no-reread: the file is no block device; --no-tell-kernel for the same reason.
    argv: list[str | Path] = ["sfdisk", "--quiet", "--no-reread", "--no-tell-kernel", disk]
    run.run(argv, stdin=text, log=log, stage="disk")
