"""Give compiled Python modules in a tree the time that their sources are about to get.

A .pyc records the time of its source. Where a maintainer script writes a source during the bake, as
pycompile does for namespace packages (`__init__.py` of python-support's and dh_python2's), that is
the time of the bake: the record would differ from one bake to the next, and after `epoch.clamp` it
would fit no more, so that every program compiled the module anew.

bytecode.py TREE EPOCH    in namespaces that may write to TREE
"""

import struct
import sys
from pathlib import Path

# First two bytes of a .pyc, a number: 3.x counts from 3000, 2.x is far above. From 3.7 on (PEP 552)
# flags come before the time, and bit 0 says that a hash is in its place.
PYTHON_2, PYTHON_3_7 = 20000, 3390


def place(head: bytes) -> int | None:
    """Where in a .pyc that begins with `head` (12 bytes) the time of its source stands."""
    if len(head) < 12 or head[2:4] != b"\r\n":
        return None
    version = int.from_bytes(head[:2], "little")
    if version >= PYTHON_2 or version < PYTHON_3_7:
        return 4
    return None if head[4] & 1 else 8


def restamp(tree: Path, epoch: int) -> None:
    """Bring later times in the .pyc and .pyo files of `tree` down to `epoch`, in Unix seconds."""
    for path in tree.rglob("*.py[co]"):
        if path.is_file() and not path.is_symlink():
            _restamp(path, epoch)


def _restamp(path: Path, epoch: int) -> None:
    with path.open("r+b") as file:
        head = file.read(12)
        at = place(head)
        if at is not None and struct.unpack_from("<I", head, at)[0] > epoch:
            file.seek(at)
            file.write(struct.pack("<I", epoch))


if __name__ == "__main__":
    restamp(Path(sys.argv[1]), int(sys.argv[2]))
