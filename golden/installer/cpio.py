"""Archives that the kernel unpacks as an initramfs ("newc"; linux: driver-api/early-userspace).

The same entries give the same bytes: no times, owner root, sorted by name.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

_TRAILER = "TRAILER!!!"


@dataclass(frozen=True)
class File:
    """A file's content, and whether it is executable."""

    content: bytes
    executable: bool = False


# The target of a symbolic link.
Link = str


def archive(entries: Mapping[str, File | Link]) -> bytes:
    """The archive of `entries` (keyed by path, no leading slash) and of their parent folders."""
    folders = {
        str(parent) for name in entries for parent in PurePosixPath(name).parents if parent.name
    }
    parts = [_entry(name, 0o755 | stat.S_IFDIR, b"") for name in sorted(folders)]
    parts += [_entry(name, *_mode_and_content(entries[name])) for name in sorted(entries)]
    return b"".join(parts) + _entry(_TRAILER, 0, b"")


def _mode_and_content(entry: File | Link) -> tuple[int, bytes]:
    if isinstance(entry, str):
        return 0o777 | stat.S_IFLNK, entry.encode()
    return stat.S_IFREG | (0o755 if entry.executable else 0o644), entry.content


def _entry(name: str, mode: int, data: bytes) -> bytes:
    # inode, mode, uid, gid, links, time, size, device and special device, name's length, checksum
    numbers = [0, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    header = b"070701" + "".join(f"{number:08X}" for number in numbers).encode()
    return _padded(header + name.encode() + b"\0") + _padded(data)


def _padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)
