"""The bytes of a published layer: recorded when it is baked, compared when it is used again; and
the list of all that an image holds, from the records of its layers.

`tree.sums` in a layer's folder has a line for each path of its tree, a `Row` as JSON. The SHA-256
of that file stands for the whole tree. The *stamp* of a tree takes no reading: inodes, sizes and
times, of them st_ctime, which the kernel sets at every change and no program can. `call` runs the
work in the namespace that shows the tree's real owners.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from golden.layers import enter
from golden.layers.overlay import CAPABILITY, KINDS, attribute, is_opaque, stack, walk
from golden.paths import ROOT
from golden.run import run

TREE, SUMS = "tree", "tree.sums"
# Read by scripts/check/drift.py; what lies elsewhere at run time is no part of an image.
LIST = "etc/golden/inventory"
_ELSEWHERE = ("proc", "sys", "dev", "run", "tmp")
_LISTED = {"file": "f", "directory": "d", "link": "l"}
_OPAQUE = "opaque"


class Row(NamedTuple):
    """One path of a layer: `time` in seconds since 1970; `content` is the SHA-256 of a file, the
    target of a link, the number of a device; `mark` a file's capabilities, or that a folder
    replaces the one below."""

    name: str
    mode: int
    uid: int
    gid: int
    time: int
    content: str
    mark: str

    @property
    def kind(self) -> str:
        """file, directory, link, device, pipe or socket."""
        return KINDS[stat.S_IFMT(self.mode)]

    @property
    def whiteout(self) -> bool:
        """Whether the layer deletes what has this name below."""
        return stat.S_ISCHR(self.mode) and self.content == "0"

    @property
    def opaque(self) -> bool:
        """Whether the layer replaces the whole folder of this name below."""
        return self.mark == _OPAQUE


def call(work: str, folder: Path, *below: Path) -> str:
    """`record`, `compare`, `stamp` or `write_list` of the layer in `folder`. Raises StageError."""
    if os.geteuid() == 0:
        return WORKS[work](folder, *below)
    program = "import sys; from golden.layers import content; content.show(*sys.argv[1:])"
    words = [sys.executable, "-c", program, work, str(folder), *map(str, below)]
    return run([*enter.namespaces(), *words], cwd=ROOT, stage="layers", apart=True).out.strip()


def record(folder: Path) -> str:
    """Write tree.sums; returns its SHA-256."""
    content = "".join(map(_line, rows(folder / TREE))).encode()
    (folder / SUMS).write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def compare(folder: Path) -> str:
    """The first path that is not what tree.sums says; empty when all are."""
    differ = set(_recorded(folder)) ^ set(rows(folder / TREE))
    # A file before the folder around it, whose time changes with it.
    return min(((row.kind == "directory", row.name) for row in differ), default=(False, ""))[1]


def stamp(folder: Path) -> str:
    """Stands for the inodes, sizes and times of everything in the tree."""
    found = hashlib.sha256()
    for _, name, status in walk(str(folder / TREE), ""):
        facts = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        found.update(f"{name}\0{facts}\0".encode("utf-8", "surrogateescape"))
    return found.hexdigest()


def write_list(folder: Path, *below: Path) -> str:
    """Write to the tree in `folder` what it and the layers `below`, top first, hold together.

    A line for each file, folder and link: type, mode, uid, gid, path, and a file's SHA-256 or a
    link's target, between tabs.
    """
    found: dict[str, Row] = {}
    for layer in (*map(_recorded, reversed(below)), rows(folder / TREE)):
        stack(found, ((row.name, row) for row in layer))
    lines = [
        "d\t755\t0\t0\t/\t",
        *(_listed(row) for _, row in sorted(found.items()) if _is_listed(row)),
    ]
    text = "".join(f"{line}\n" for line in lines)
    (folder / TREE / LIST).write_bytes(text.encode("utf-8", "surrogateescape"))
    return ""


def _is_listed(row: Row) -> bool:
    return row.kind in _LISTED and row.name.split("/", 1)[0] not in _ELSEWHERE


def _listed(row: Row) -> str:
    mode = stat.S_IMODE(row.mode)
    return f"{_LISTED[row.kind]}\t{mode:o}\t{row.uid}\t{row.gid}\t/{row.name}\t{row.content}"


def rows(tree: Path) -> Iterator[Row]:
    """The rows of tree.sums."""
    for path, name, status in walk(str(tree), ""):
        content, mark = _content(path, status)
        owner = (status.st_uid, status.st_gid)
        yield Row(name, status.st_mode, *owner, int(status.st_mtime), content, mark)


def _content(path: str, status: os.stat_result) -> tuple[str, str]:
    if stat.S_ISREG(status.st_mode):
        sums = hashlib.sha256(Path(path).read_bytes()).hexdigest()
        return sums, attribute(path, CAPABILITY).hex()
    if stat.S_ISLNK(status.st_mode):
        return os.fspath(Path(path).readlink()), ""
    if stat.S_ISDIR(status.st_mode):
        return "", _OPAQUE if is_opaque(path) else ""
    return str(status.st_rdev), ""


def _line(row: Row) -> str:
    return json.dumps(row) + "\n"


def _recorded(folder: Path) -> Iterator[Row]:
    with (folder / SUMS).open() as lines:
        yield from (Row(*json.loads(line)) for line in lines)


def show(work: str, *folders: str) -> None:
    """Print the answer, in the process that `call` starts."""
    sys.stdout.write(WORKS[work](*map(Path, folders)))


WORKS = {"record": record, "compare": compare, "stamp": stamp, "write_list": write_list}
