"""Let the root file system fill its partition: an image has one size, the disks of machines others.

The installer of real machines makes the partition as large as the disk and leaves the file system
as it was baked, since the kernel grows a mounted one safely: power may fail at any moment.
"""

import os
import struct

from engine import files

GUIDE = ()
SERVICES = ()

# Linux: Documentation/filesystems/ext4/super.rst.
SUPERBLOCK = 1024
MAGIC = 0xEF53
# A last group of blocks that is too small for its own tables is left out by resize2fs.
GROUP = 32768 * 4096
# Kernel 3.2 writes the tables of every new group at once: minutes for terabytes.
SECONDS = 3600


def done(ctx):
    device = _device(ctx)
    return device is None or (
        files.device_bytes(ctx, device) - _file_system(ctx.path(device)) < GROUP
    )


def run(ctx):
    ctx.run(["resize2fs", os.path.realpath(ctx.path(_device(ctx)))], timeout=SECONDS)


def _device(ctx):
    """The partition of an ext4 root; None in a container, whose root is none."""
    for line in files.read(ctx.path("/proc/mounts")).splitlines():
        source, place, kind = line.split()[:3]
        if place == "/" and kind == "ext4" and os.path.exists(ctx.path(source)):
            return source
    return None


def _file_system(device):
    """Bytes of the file system on it."""
    with open(device, "rb") as file:
        start = file.read(2 * SUPERBLOCK)[SUPERBLOCK:]
    (blocks,) = struct.unpack_from("<I", start, 4)
    (shift,) = struct.unpack_from("<I", start, 24)
    (magic,) = struct.unpack_from("<H", start, 56)
    if magic != MAGIC:
        raise ValueError("no ext4 superblock on " + device)
    return blocks << (10 + shift)
