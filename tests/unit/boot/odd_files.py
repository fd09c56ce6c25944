"""A folder with files of every sort that a node's state may hold, and all that they are."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import struct
from pathlib import Path
from typing import Any

SPARSE_BYTES = 32 << 20
# An ACL in the kernel's form (linux/posix_acl_xattr.h): the version, then tag, permission and id.
_ROWS = ((1, 6, -1), (2, 6, 1234), (4, 4, -1), (0x10, 6, -1), (0x20, 4, -1))
ACL = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *row) for row in _ROWS)
# cap_net_raw, for a file's programs (linux/capability.h, revision 2).
CAPABILITY = bytes.fromhex("0100000200200000" + "00" * 12)


def fill(folder: Path) -> None:
    """Make the files; those of other owners only as root."""
    deep = folder / "var/lib/postgresql/15/main"
    deep.mkdir(parents=True)
    (folder / "golden-state.json").write_text('{"instance": "small-n1-abc"}')
    (deep / "PG_VERSION").write_text("15\n")
    os.utime(deep / "PG_VERSION", ns=(1, 1234567890123456789))
    os.link(deep / "PG_VERSION", folder / "hard link")
    (folder / "link").symlink_to("x" * 200)
    (folder / "link to the mark").symlink_to("./golden-state.json")
    (folder / "dangling").symlink_to("/nowhere/at all")
    Path(os.fsdecode(os.fsencode(folder) + b"/new\nline \xff -rf *")).write_bytes(os.urandom(9000))
    (folder / ".hidden").touch(mode=0o600)
    os.mkfifo(folder / "fifo", 0o620)
    with (folder / "sparse").open("wb") as file:
        file.truncate(SPARSE_BYTES)
        file.seek(SPARSE_BYTES // 2)
        file.write(b"in the middle")
    (folder / "empty").mkdir()
    deep.chmod(0o700)
    (folder / "var").chmod(0o2711)
    if os.geteuid() == 0:
        _of_others(folder, deep)
    os.utime(folder, ns=(1, 1500000000500000001))


def _of_others(folder: Path, deep: Path) -> None:
    os.chown(deep / "PG_VERSION", 105, 64000)
    os.chown(folder / "link", 77, 88, follow_symlinks=False)
    (folder / "setuid").touch(mode=0o755)
    os.chown(folder / "setuid", 12, 34)
    (folder / "setuid").chmod(0o4755)
    os.setxattr(folder / "setuid", "security.capability", CAPABILITY)
    os.setxattr(folder / "empty", "system.posix_acl_default", ACL)
    os.setxattr(folder / ".hidden", "system.posix_acl_access", ACL)
    # A root in a container may make no device, and not every tmpfs takes a user's attributes.
    with contextlib.suppress(OSError):
        os.mknod(folder / "device", stat.S_IFCHR | 0o640, os.makedev(1, 3))
    with contextlib.suppress(OSError):
        os.setxattr(folder / ".hidden", "user.note", b"\0\xff\n")


def facts(folder: Path) -> dict[str, Any]:
    """{path: all that it is} of the folder and everything in it, but its room on the disk."""
    return {str(path.relative_to(folder)): _facts(path) for path in (folder, *folder.rglob("*"))}


def _facts(path: Path) -> dict[str, Any]:
    found = path.lstat()
    names = sorted(os.listxattr(path, follow_symlinks=False))
    known = {
        "mode": stat.filemode(found.st_mode),
        "owner": (found.st_uid, found.st_gid),
        "links": found.st_nlink,
        "modified": found.st_mtime_ns,
        "device": found.st_rdev,
        "attributes": {name: os.getxattr(path, name, follow_symlinks=False) for name in names},
    }
    if path.is_symlink():
        return known | {"target": str(path.readlink())}
    if path.is_file():
        with path.open("rb") as file:
            return known | {"sha256": hashlib.file_digest(file, "sha256").hexdigest()}
    return known
