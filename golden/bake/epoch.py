"""The latest time in an image: when the newest of its packages was built.

It comes from the packages, not from a clock, so every bake of the same lock gives the same time. It
is the earliest time that leaves the files of packages unchanged: a compiled Python module records
the time of its source, and is ignored when that differs.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from golden import run
from golden.errors import StageError
from golden.layers.enter import namespaces

# ar(5): the archive's first line, then the first member's name; its time in decimal digits.
MAGIC = b"!<arch>\n"
TIME = slice(24, 36)


def newest(debs: Iterable[Path], below: int = 0) -> int:
    """When the newest of the packages `debs` was built, in seconds since 1970; at least `below`.

    Raises StageError for a file that is not a package.
    """
    return max([below, *map(_built, debs)])


def _built(deb: Path) -> int:
    with deb.open("rb") as file:
        head = file.read(TIME.stop)
    if not head.startswith(MAGIC) or not head[TIME].strip().isdigit():
        raise StageError("bake", f"{deb} is not a Debian package", hint="remove it, and bake again")
    return int(head[TIME])


def clamp(tree: Path, epoch: int, log: Path) -> None:
    """Set the time of every file in `tree` newer than `epoch` to `epoch`, and what compiled Python
    modules record of their sources' times."""
    program = Path(__file__).with_name("bytecode.py")
    restamp = [*namespaces(), sys.executable, "-I", "-S", str(program), str(tree), str(epoch)]
    run.run(restamp, log=log, stage="bake")
    argv = [*namespaces(), "find", str(tree), "-newermt", f"@{epoch}"]
    argv += ["-exec", "touch", "--no-dereference", f"--date=@{epoch}", "{}", "+"]
    run.run(argv, env={"LC_ALL": "C"}, log=log, stage="bake")
