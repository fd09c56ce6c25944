"""The partition table."""

from __future__ import annotations

import struct
import uuid
from pathlib import Path

from golden.disk import layout

IDENTITY = uuid.UUID("4e200a7a-15dd-5f7d-9450-51915837240a")


def first_sector(folder: Path) -> bytes:
    disk = folder / "disk.raw"
    layout.partition(disk, 64, IDENTITY)
    with disk.open("rb") as file:
        return file.read(layout.SECTOR)


def test_one_active_linux_partition_from_one_mebibyte_to_the_end(tmp_path: Path) -> None:
    entry = first_sector(tmp_path)[446:462]
    active, kind = entry[0], entry[4]
    start, length = struct.unpack("<II", entry[8:16])
    assert (active, kind) == (0x80, 0x83)
    assert start * layout.SECTOR == layout.MIB
    assert (start + length) * layout.SECTOR == 64 * layout.MIB


def test_the_disk_signature_derives_from_the_identity(tmp_path: Path) -> None:
    assert struct.unpack("<I", first_sector(tmp_path)[440:444])[0] == 0x4E200A7A


def test_the_file_is_sparse(tmp_path: Path) -> None:
    disk = tmp_path / "disk.raw"
    layout.partition(disk, 4096, IDENTITY)
    assert disk.stat().st_size == 4096 * layout.MIB
    assert disk.stat().st_blocks * 512 < layout.MIB
