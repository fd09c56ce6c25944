"""The bytes of a published layer: recorded when it is baked, compared when it is used again.

`tree.sums` in a layer's folder has a line for each path of its tree: type and mode, owner, time,
the SHA-256 of its content, path as JSON. The SHA-256 of that file stands for the whole tree. The
*stamp* of a tree takes no reading: inodes, sizes and times, of them st_ctime, which the kernel sets
at every change and no program can. `call` runs the work in the namespace that shows the tree's real
owners.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from golden.layers import enter
from golden.layers.overlay import CAPABILITY, attribute, is_opaque, walk
from golden.paths import ROOT
from golden.run import run

TREE, SUMS = "tree", "tree.sums"


def call(work: str, folder: Path) -> str:
    """`record`, `compare` or `stamp` of the layer in `folder`. Raises StageError."""
    if os.geteuid() == 0:
        return WORKS[work](folder)
    program = f"import sys; from golden.layers import content; content.show('{work}', sys.argv[1])"
    words = [sys.executable, "-c", program, str(folder)]
    return run([*enter.namespaces(), *words], cwd=ROOT, stage="layers", apart=True).out.strip()


def record(folder: Path) -> str:
    """Write tree.sums; returns its SHA-256."""
    content = "".join(lines(folder / TREE)).encode()
    (folder / SUMS).write_bytes(content)
    return hashlib.sha256(content).hexdigest()


def compare(folder: Path) -> str:
    """The first path that is not what tree.sums says; empty when all are."""
    known = (folder / SUMS).read_text().splitlines(keepends=True)
    found = list(lines(folder / TREE))
    differ = ((line.startswith("40"), _path(line)) for line in set(known) ^ set(found))
    # A file before the folder around it, whose time changes with it.
    return min(differ, default=(False, ""))[1]


def _path(line: str) -> str:
    return str(json.loads(line.split(" ", 4)[4]))


def stamp(folder: Path) -> str:
    """Stands for the inodes, sizes and times of everything in the tree."""
    found = hashlib.sha256()
    for _, name, status in walk(str(folder / TREE), ""):
        facts = (status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
        found.update(f"{name}\0{facts}\0".encode("utf-8", "surrogateescape"))
    return found.hexdigest()


def lines(tree: Path) -> Iterator[str]:
    """The lines of tree.sums."""
    for path, name, status in walk(str(tree), ""):
        owner = f"{status.st_uid}:{status.st_gid}"
        sums = hashlib.sha256(b"\0".join(_content(path, status))).hexdigest()
        yield f"{status.st_mode:o} {owner} {int(status.st_mtime)} {sums} {json.dumps(name)}\n"


def _content(path: str, status: os.stat_result) -> list[bytes]:
    if stat.S_ISREG(status.st_mode):
        return [attribute(path, CAPABILITY), Path(path).read_bytes()]
    if stat.S_ISLNK(status.st_mode):
        return [os.fsencode(Path(path).readlink())]
    if stat.S_ISDIR(status.st_mode):
        return [b"opaque" if is_opaque(path) else b""]
    return [str(status.st_rdev).encode()]


def show(work: str, folder: str) -> None:
    """Print the answer, in the process that `call` starts."""
    sys.stdout.write(WORKS[work](Path(folder)))


WORKS = {"record": record, "compare": compare, "stamp": stamp}
