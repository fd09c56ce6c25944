"""The files of an image, read from its layers as overlayfs shows them, but not mounted."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from golden.boot.container.layertar import CAPABILITY, OPAQUE, walk

# Beyond this a text is told by its size: nobody reads such a difference.
LONGEST = 1 << 20
KINDS = {
    stat.S_IFREG: "file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "link",
    stat.S_IFCHR: "device",
    stat.S_IFBLK: "device",
    stat.S_IFIFO: "pipe",
    stat.S_IFSOCK: "socket",
}


@dataclass(frozen=True)
class Entry:
    """One path of an image; `file` is where its content lies on this host."""

    file: Path
    status: os.stat_result

    @property
    def kind(self) -> str:
        """file, directory, link, device, pipe or socket."""
        return KINDS[stat.S_IFMT(self.status.st_mode)]

    @property
    def mode(self) -> str:
        """Four octal digits."""
        return f"{stat.S_IMODE(self.status.st_mode):04o}"

    @property
    def size(self) -> int:
        """Bytes of a file, 0 of anything else."""
        return self.status.st_size if self.kind == "file" else 0

    @property
    def privileged(self) -> bool:
        """Whether who runs it gets rights that he had not: setuid, setgid, capabilities."""
        bits = self.status.st_mode & (stat.S_ISUID | stat.S_ISGID)
        return self.kind == "file" and bool(bits or attribute(self.file, CAPABILITY))

    def content(self) -> bytes:
        """The bytes of a file, the target of a link, the numbers of a device."""
        if self.kind == "link":
            return os.fsencode(self.file.readlink())
        if self.kind == "device":
            return str(self.status.st_rdev).encode()
        return self.file.read_bytes() if self.kind == "file" else b""

    def text(self) -> str | None:
        """What a person can read of it; None of what is no text, or too long."""
        if self.size > LONGEST:
            return None
        try:
            found = self.content().decode()
        except UnicodeDecodeError:
            return None
        return None if "\0" in found else found


Tree = dict[str, Entry]


def merged(layers: Sequence[Path], below: Tree | None = None) -> Tree:
    """{absolute path: entry} of all `layers`, the lowest first, on top of `below`."""
    found = dict(below or {})
    for layer in layers:
        _add(found, layer)
    return found


def _add(found: Tree, layer: Path) -> None:
    hidden: list[str] = []
    added: Tree = {}
    for file, name, status in walk(str(layer), "/"):
        if stat.S_ISCHR(status.st_mode) and status.st_rdev == 0:
            found.pop(name, None)
            hidden.append(name + "/")
            continue
        old = found.get(name)
        is_folder = stat.S_ISDIR(status.st_mode)
        if (old and old.kind == "directory" and not is_folder) or (
            is_folder and any(attribute(Path(file), key) == b"y" for key in OPAQUE)
        ):
            hidden.append(name + "/")
        added[name] = Entry(Path(file), status)
    if hidden:
        places = tuple(hidden)
        for name in [name for name in found if name.startswith(places)]:
            del found[name]
    found.update(added)


def attribute(path: Path, key: str) -> bytes:
    """An extended attribute; empty where there is none."""
    try:
        return os.getxattr(path, key, follow_symlinks=False)
    except OSError:
        return b""


def names(tree: Tree, database: str) -> dict[int, str]:
    """{id: name} of the image's /etc/passwd or /etc/group."""
    rows = [line.split(":") for line in lines(tree, database)]
    return {int(row[2]): row[0] for row in rows if len(row) > 2}


def lines(tree: Tree, path: str) -> list[str]:
    """The lines of a file of the image; none where it has no such file."""
    entry = tree.get(path)
    return (entry.text() or "").splitlines() if entry and entry.kind == "file" else []
