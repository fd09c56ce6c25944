"""Packs one layer as a container image wants it: python -m golden.layers.layertar TREE ARCHIVE

What overlayfs marks as deleted or replaced (`overlay`) are files named .wh.NAME and .wh..wh..opq in
an image's layer (OCI image-spec, layer.md, "Whiteouts"). A program of its own, because it runs in
the namespace where the tree's owners are right. ARCHIVE may be /dev/fd/N. Equal trees give equal
archives.
"""

from __future__ import annotations

import os
import stat
import sys
import tarfile

from golden.layers.overlay import CAPABILITY, attribute, is_opaque, is_whiteout, walk

BUFFER = 1 << 20


def pack(tree: str, archive: str) -> None:
    """Write the layer whose files lie in `tree` to the file `archive`."""
    seen: dict[tuple[int, int], str] = {}
    with (
        open(archive, "wb", buffering=BUFFER) as file,
        tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT, bufsize=BUFFER) as tar,
    ):
        for path, name, found in walk(tree, ""):
            add(tar, path, name, found, seen)


def add(
    tar: tarfile.TarFile,
    path: str,
    name: str,
    found: os.stat_result,
    seen: dict[tuple[int, int], str],
) -> None:
    """Add one path; `seen` remembers the first name of each file that has several."""
    if is_whiteout(found):
        tar.addfile(_deletion(name, ".wh." + os.path.basename(name)))
        return
    if stat.S_ISSOCK(found.st_mode):
        return  # nobody listens there any more, and tar knows none
    member = _member(name, found)
    if stat.S_ISLNK(found.st_mode):
        member.linkname = os.readlink(path)
    elif stat.S_ISREG(found.st_mode):
        _add_file(tar, path, member, found, seen)
        return
    tar.addfile(member)
    if stat.S_ISDIR(found.st_mode) and is_opaque(path):
        tar.addfile(_deletion(name + "/", ".wh..wh..opq"))


def _add_file(
    tar: tarfile.TarFile,
    path: str,
    member: tarfile.TarInfo,
    found: os.stat_result,
    seen: dict[tuple[int, int], str],
) -> None:
    first = seen.setdefault((found.st_dev, found.st_ino), member.name)
    if found.st_nlink > 1 and first != member.name:
        member.type, member.linkname = tarfile.LNKTYPE, first
        tar.addfile(member)
        return
    capability = attribute(path, CAPABILITY)
    if capability:
        # As GNU tar and Docker write and read it: bytes in a pax header.
        key = "SCHILY.xattr." + CAPABILITY
        member.pax_headers = {key: capability.decode("utf-8", "surrogateescape")}
    member.size = found.st_size
    with open(path, "rb") as file:
        tar.addfile(member, file)


_TYPES = {
    stat.S_IFREG: tarfile.REGTYPE,
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
}


def _member(name: str, found: os.stat_result) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type = _TYPES[stat.S_IFMT(found.st_mode)]
    member.mode = stat.S_IMODE(found.st_mode)
    member.uid, member.gid = found.st_uid, found.st_gid
    member.mtime = int(found.st_mtime)
    if member.type in (tarfile.CHRTYPE, tarfile.BLKTYPE):
        member.devmajor, member.devminor = os.major(found.st_rdev), os.minor(found.st_rdev)
    return member


def _deletion(name: str, mark: str) -> tarfile.TarInfo:
    folder = os.path.dirname(name)
    member = tarfile.TarInfo(f"{folder}/{mark}" if folder else mark)
    member.mode = 0o600
    return member


if __name__ == "__main__":
    pack(sys.argv[1], sys.argv[2])
