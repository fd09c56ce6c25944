"""Files of stacked layers as overlayfs shows them, read in place: nothing is mounted.

overlayfs marks what a layer deletes with character devices 0/0, and what it replaces as a whole
with an attribute (filesystems/overlayfs.rst, "whiteouts and opaque directories"). `merged` reads
everything, `Stack` single paths.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol, TypeVar

from golden.errors import StageError

# With real root the first, in a user namespace the second.
OPAQUE = ("trusted.overlay.opaque", "user.overlay.opaque")
# ping and others hold the right to open raw sockets in it.
CAPABILITY = "security.capability"
_MOST_LINKS = 40  # Linux follows as many: path_resolution(7)
# A longer text is not compared line by line: nobody reads such a difference.
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


T = TypeVar("T", bound="Stacked")


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
        """Whether running it grants rights: setuid, setgid, capabilities."""
        bits = self.status.st_mode & (stat.S_ISUID | stat.S_ISGID)
        return self.kind == "file" and bool(bits or attribute(self.file, CAPABILITY))

    @property
    def whiteout(self) -> bool:
        """Whether the layer deletes what has this name below."""
        return is_whiteout(self.status)

    @property
    def opaque(self) -> bool:
        """Whether the layer replaces the whole folder of this name below."""
        return self.kind == "directory" and is_opaque(self.file)

    def content(self) -> bytes:
        """The bytes of a file, the target of a link, the numbers of a device."""
        if self.kind == "link":
            return os.fsencode(self.file.readlink())
        if self.kind == "device":
            return str(self.status.st_rdev).encode()
        return self.file.read_bytes() if self.kind == "file" else b""

    def text(self) -> str | None:
        """Its text; None where it is not text, or too long."""
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
        stack(found, ((name, Entry(Path(file), at)) for file, name, at in walk(str(layer), "/")))
    return found


class Stacked(Protocol):
    """One path of a layer, for `stack`."""

    @property
    def kind(self) -> str: ...
    @property
    def whiteout(self) -> bool: ...
    @property
    def opaque(self) -> bool: ...


def stack(found: dict[str, T], layer: Iterable[tuple[str, T]]) -> None:
    """Put `layer`, (path, entry) of all it has, on top of what is `found` below it."""
    hidden: list[str] = []
    added: dict[str, T] = {}
    for name, entry in layer:
        if entry.whiteout:
            found.pop(name, None)
            hidden.append(name + "/")
            continue
        old = found.get(name)
        if entry.opaque or (old and old.kind == "directory" != entry.kind):
            hidden.append(name + "/")
        added[name] = entry
    if hidden:
        places = tuple(hidden)
        for name in [name for name in found if name.startswith(places)]:
            del found[name]
    found.update(added)


@dataclass(frozen=True)
class Stack:
    """Single paths of the file system that `layers` make together, the top one first."""

    layers: Sequence[Path]

    def resolve(self, path: str) -> str | None:
        """The absolute `path` with all links resolved; None when nothing is there."""
        links = 0
        done, left = PurePosixPath("/"), [part for part in path.split("/") if part]
        while left:
            place = done / left.pop(0)
            if place.name == "..":
                done = done.parent
                continue
            here = self._lookup(place)
            if here is None or links > _MOST_LINKS:
                return None
            if not here.is_symlink():
                done = place
                continue
            links += 1
            target = str(here.readlink())
            left = [*(part for part in target.split("/") if part), *left]
            done = PurePosixPath("/") if target.startswith("/") else done
        return str(done)

    def find(self, path: str) -> Path | None:
        """Where the file `path` lies on this host; None when there is none."""
        real = self.resolve(path)
        here = self._lookup(PurePosixPath(real)) if real else None
        return here if here and here.is_file() else None

    def holds(self, path: str) -> bool:
        """Whether there is a file `path`, and it is not empty."""
        here = self.find(path)
        return here is not None and here.stat().st_size > 0

    def link(self, path: str) -> str | None:
        """The target of the link `path`; None when it is not a link."""
        here = self._lookup(PurePosixPath(path))
        return str(here.readlink()) if here and here.is_symlink() else None

    def read(self, path: str) -> bytes:
        """The content of the file `path`. Raises StageError when there is no such file."""
        here = self.find(path)
        if here is None:
            raise StageError("layers", f"the baked tree has no {path}")
        return here.read_bytes()

    def _lookup(self, path: PurePosixPath) -> Path | None:
        """`path` in the top layer that has it, links not followed; None where it was deleted."""
        for layer in self.layers:
            place, hidden = layer, False
            for part in path.parts[1:]:
                place, above = place / part, place
                hidden = hidden or (above != layer and is_opaque(above))
                try:
                    status = place.lstat()
                except (FileNotFoundError, NotADirectoryError):
                    break
                if is_whiteout(status):
                    return None
            else:
                return place
            # Something else than a folder hides the folder of the same name below, too.
            if hidden or not stat.S_ISDIR(above.lstat().st_mode):
                return None
        return None


def walk(folder: str, prefix: str) -> Iterator[tuple[str, str, os.stat_result]]:
    """(path, `prefix` + relative name, status) of all below `folder`, sorted, folders first."""
    with os.scandir(folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        name = prefix + entry.name
        found = entry.stat(follow_symlinks=False)
        yield entry.path, name, found
        if stat.S_ISDIR(found.st_mode):
            yield from walk(entry.path, name + "/")


def is_whiteout(status: os.stat_result) -> bool:
    """Whether the layer deletes what has this name below."""
    return stat.S_ISCHR(status.st_mode) and status.st_rdev == 0


def is_opaque(folder: str | Path) -> bool:
    """Whether the layer replaces the whole folder of this name below."""
    return any(attribute(folder, key) == b"y" for key in OPAQUE)


def attribute(path: str | Path, key: str) -> bytes:
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
