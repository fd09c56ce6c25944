"""Packs a layer for a container image: python -m golden.layers.layertar TREE ARCHIVE

What overlayfs marks as deleted or replaced (`overlay`) are files named .wh.NAME and .wh..wh..opq in
an image's layer (OCI image-spec, layer.md, "Whiteouts"). It is a program, because it runs in the
namespace that shows the tree's real owners. ARCHIVE may be /dev/fd/N. Equal trees give equal
archives.
"""

from __future__ import annotations

import os
import sys
import tarfile

from golden.layers.overlay import CAPABILITY, attribute, is_opaque, is_whiteout, walk

BUFFER = 1 << 20


def pack(tree: str, archive: str) -> None:
    """Write the layer whose files lie in `tree` to the file `archive`."""
    with (
        open(archive, "wb", buffering=BUFFER) as file,
        tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT, bufsize=BUFFER) as tar,
    ):
        for path, name, found in walk(tree, ""):
            _add(tar, path, name, found)


def _add(tar: tarfile.TarFile, path: str, name: str, found: os.stat_result) -> None:
    if is_whiteout(found):
        tar.addfile(_deletion(name, ".wh." + os.path.basename(name)))
        return
    # It knows the second name of a file from the first, and no sockets, where nobody listens.
    member = tar.gettarinfo(path, name)
    if member is None:
        return
    # Ids alone: the names are those of the host.
    member.uname = member.gname = ""
    member.mtime = int(member.mtime)
    if not member.isreg():
        tar.addfile(member)
        if member.isdir() and is_opaque(path):
            tar.addfile(_deletion(name + "/", ".wh..wh..opq"))
        return
    if capability := attribute(path, CAPABILITY):
        # As GNU tar and Docker write and read it: bytes in a pax header.
        key = "SCHILY.xattr." + CAPABILITY
        member.pax_headers = {key: capability.decode("utf-8", "surrogateescape")}
    with open(path, "rb") as content:
        tar.addfile(member, content)


def _deletion(name: str, mark: str) -> tarfile.TarInfo:
    folder = os.path.dirname(name)
    member = tarfile.TarInfo(f"{folder}/{mark}" if folder else mark)
    member.mode = 0o600
    return member


if __name__ == "__main__":
    pack(sys.argv[1], sys.argv[2])
