"""A machine image of 8 MiB for a cloud without the Internet: it boots, says so and halts.

A dump of a whole disk as snf-image wants it (format diskdump): a partition table, one partition
with a file system, and a boot sector whose program needs no kernel and leaves the processor idle.
"""

import json
import os
import struct

from engine import files

SECTOR = 512
START, SECTORS = 2048, 14336  # the partition, 1 to 8 MiB
GREETING = b"\r\nThis machine runs from the tiny image of first boot.\r\n\0"
# 16-bit code of the boot sector, which the BIOS loads to 0x7c00. Each character goes to the screen
# (interrupt 10h, ah=0eh) and to the first serial port (interrupt 14h, ah=1).
CODE = (
    b"\x31\xc0\x8e\xd8\x8e\xd0\xbc\x00\x7c\xfc"  # ds = ss = 0, stack below, forwards
    b"\xbe\x27\x7c"  # si = greeting
    b"\xac\x84\xc0\x74\x11"  # next: al = [si++]; zero: go to halt
    b"\xb4\x0e\xbb\x07\x00\x50\xcd\x10\x58"  # to the screen
    b"\xb4\x01\x31\xd2\xcd\x14"  # to the serial port
    b"\xeb\xea"  # go to next
    b"\xfb\xf4\xeb\xfd"  # halt: wait for interrupts, for ever
)
PROPERTIES = {
    "OSFAMILY": "linux",
    "ROOT_PARTITION": "1",
    "OS": "none",
    "USERS": "root",
    "DESCRIPTION": "Boots, says so and halts",
    "EXCLUDE_ALL_TASKS": "yes",
}


def make(ctx, path):
    """Write the image to `path`. Raises CommandError when no file system can be made."""
    part = path + ".fs"
    with open(part, "wb") as file:
        file.truncate(SECTORS * SECTOR)
    ctx.run(["mke2fs", "-q", "-F", "-t", "ext2", "-L", "tiny", part])
    with open(part, "rb") as file:
        content = file.read()
    files.write(path, boot_sector() + b"\0" * ((START - 1) * SECTOR) + content)
    os.unlink(part)


def boot_sector():
    """Code, greeting, a partition table with one active Linux partition, and the signature."""
    program = CODE + GREETING
    # CHS addresses are of no use at this size to anything of today: their maximum.
    entry = struct.pack("<B3sB3sII", 0x80, b"\xfe\xff\xff", 0x83, b"\xfe\xff\xff", START, SECTORS)
    return program + b"\0" * (446 - len(program)) + entry + b"\0" * 48 + b"\x55\xaa"


def metadata():
    """The text of the metadata file, as kamaki takes it."""
    return (
        json.dumps(
            {
                "disk-format": "diskdump",
                "container-format": "bare",
                "status": "available",
                "properties": PROPERTIES,
            },
            indent=1,
            sort_keys=True,
        )
        + "\n"
    )
