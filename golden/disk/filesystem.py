"""The root file system: ext4 that kernel 3.2, GRUB 1.99 and e2fsck 1.42 read.

`mke2fs -d` fills it from a folder, so nothing is ever mounted. The feature list is wheezy's own
mke2fs.conf (docs/wheezy.md W5.2), written out in full after `none` because the host's mke2fs.conf
adds what the old tools refuse (W5.1, W5.3); `verify` proves it on the result.
"""

from __future__ import annotations

import struct
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from golden import run
from golden.disk import times
from golden.disk.layout import MIB, PARTITION_START
from golden.errors import StageError, UserError

LABEL = "golden-root"
BLOCK = 4096
FEATURES = (
    "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,flex_bg,sparse_super,"
    "large_file,huge_file,uninit_bg,dir_nlink,extra_isize"
)
JOURNAL_MIB = 64  # less on a disk too small for it: an eighth

# Bits of the superblock's feature words that the old readers know (Linux: fs/ext4/ext4.h).
INCOMPAT_KNOWN = 0x0002 | 0x0040 | 0x0200  # filetype, extents, flex_bg
RO_COMPAT_KNOWN = 0x007B  # sparse_super … extra_isize, without metadata_csum (0x400)

_NO_ROOM = ("Could not allocate block", "Could not allocate inode", "No free space")


@dataclass(frozen=True)
class Superblock:
    """What the superblock says: feature words, label, and blocks of `BLOCK` bytes."""

    incompat: int
    ro_compat: int
    blocks: int
    free: int
    label: str
    identity: uuid.UUID

    @property
    def used_mib(self) -> int:
        """MiB in use, journal and inode tables included."""
        return (self.blocks - self.free) * BLOCK // MIB


def make(
    disk: Path,
    tree: Path,
    size_mib: int,
    identity: uuid.UUID,
    enter: Sequence[str] = (),
    log: Path | None = None,
    label: str = LABEL,
    epoch: int = 0,
) -> Superblock:
    """Put `tree` into a file system in the partition of `disk`, which is `size_mib` MiB large.

    `enter` is the argv prefix of a command that sees `tree` with its real owners. UUID and
    directory hash seed are `identity`. With an `epoch` (seconds since 1970) all times except the
    files' mtimes are that one, and equal trees give equal bytes, because mke2fs sorts the names in
    a folder. Raises UserError when the tree does not fit.
    """
    blocks = (size_mib * MIB - PARTITION_START) // BLOCK
    argv = [*enter, *_mke2fs(disk, tree, size_mib, identity, label), str(blocks)]
    env = {"LC_ALL": "C", **times.environment(epoch)}
    result = run.run(argv, env=env, log=log, check=False, stage="disk")
    if result.code != 0:
        if any(sign in result.out for sign in _NO_ROOM):
            raise UserError(_too_small(tree, size_mib, enter))
        raise StageError(
            "disk",
            "no space left on the host's disk"
            if "No space left on device" in result.out
            else "the file system could not be made",
            command=[str(word) for word in argv],
            code=result.code,
            tail=result.out.splitlines()[-12:],
            log=log,
        )
    if epoch:
        times.settle(disk, epoch)
    return verify(disk)


def _mke2fs(
    disk: Path, tree: Path, size_mib: int, identity: uuid.UUID, label: str
) -> list[str | Path]:
    # The file is sparse, so its inode tables are zero already: without the last word the guest's
    # kernel would zero them in the background of its first boot.
    extended = f"offset={PARTITION_START},hash_seed={identity},assume_storage_prezeroed=1"
    options = ["-q", "-F", "-t", "ext4", "-b", str(BLOCK), "-I", "256", "-m", "1"]
    options += ["-O", FEATURES, "-L", label, "-U", str(identity), "-E", extended]
    options += ["-J", f"size={min(JOURNAL_MIB, size_mib // 8)}", "-i", "16384", "-G", "16"]
    return ["mke2fs", *options, "-d", tree, disk]


def _too_small(tree: Path, size_mib: int, enter: Sequence[str]) -> str:
    size = run.run([*enter, "du", "-sxm", tree], check=False, stage="disk", apart=True).out.split()
    tree_mib = int(size[0]) if size else size_mib
    # A tenth for the file system's own tables and fragments, and a free quarter to work in.
    wanted = int((tree_mib + JOURNAL_MIB) * 1.35) + 1
    return (
        f"the image's tree of {tree_mib} MiB does not fit into a disk of {size_mib} MiB: "
        f"set image.size of its definition in images/kinds/ to {wanted}M or more"
    )


def superblock(disk: Path) -> Superblock:
    """Read the superblock of the file system in the partition of `disk` (ext4 on-disk layout)."""
    with disk.open("rb") as file:
        file.seek(PARTITION_START + 1024)
        raw = file.read(1024)
    blocks, _reserved, free = struct.unpack_from("<III", raw, 0x04)
    magic = struct.unpack_from("<H", raw, 0x38)[0]
    if magic != 0xEF53:
        raise StageError("disk", f"no ext4 file system at 1 MiB of {disk}")
    _compat, incompat, ro_compat = struct.unpack_from("<III", raw, 0x5C)
    label = raw[0x78:0x88].rstrip(b"\0").decode("ascii", "replace")
    return Superblock(incompat, ro_compat, blocks, free, label, uuid.UUID(bytes=raw[0x68:0x78]))


def verify(disk: Path) -> Superblock:
    """The superblock of `disk`. Raises StageError when kernel 3.2 or GRUB 1.99 cannot read it."""
    found = superblock(disk)
    unknown = (found.incompat & ~INCOMPAT_KNOWN, found.ro_compat & ~RO_COMPAT_KNOWN)
    if any(unknown):
        raise StageError(
            "disk",
            f"the file system of {disk} has features that kernel 3.2 or GRUB 1.99 cannot read: "
            f"incompat {unknown[0]:#x}, ro_compat {unknown[1]:#x}",
            hint="this mke2fs adds features of its own; use e2fsprogs 1.46 to 1.47",
        )
    return found
