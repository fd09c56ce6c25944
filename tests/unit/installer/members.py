"""Beginnings of disks that are part of something bigger, as blkid knows them."""

from __future__ import annotations

import struct

MIB = 1024 * 1024


def raid_member() -> bytes:
    """A member of a Linux RAID of version 1.2 (linux: uapi/linux/raid/md_p.h, mdp_super_1)."""
    block = bytearray(256)
    struct.pack_into("<II", block, 0, 0xA92B4EFC, 1)
    block[16:36] = b"u" * 16 + b"name"
    struct.pack_into("<Q", block, 144, 8)  # where it lies, in sectors
    total = sum(word for (word,) in struct.iter_unpack("<I", block))
    struct.pack_into("<I", block, 216, (total & 0xFFFFFFFF) + (total >> 32))
    content = bytearray(4 * MIB)
    content[4096 : 4096 + len(block)] = block
    return bytes(content)


def zfs_member() -> bytes:
    """A vdev's first label with its ring of uberblocks (openzfs: uberblock_impl.h)."""
    content = bytearray(4 * MIB)
    for number in range(128):
        struct.pack_into("<QQ", content, (128 + number) * 1024, 0x00BAB10C, 5000)
    return bytes(content)
