"""The one time that a bake writes into an image: when the newest of its packages was built.

It follows from what the layer is made of, not from a clock, so it is the same in every bake of the
same lock. And it is the earliest such time that leaves all files of packages as they are: a
compiled Python module holds the time of its source, and is worth nothing when that is another one.
"""

from __future__ import annotations

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

    Raises StageError for a file that is no package.
    """
    return max([below, *map(_built, debs)])


def _built(deb: Path) -> int:
    with deb.open("rb") as file:
        head = file.read(TIME.stop)
    if not head.startswith(MAGIC) or not head[TIME].strip().isdigit():
        raise StageError("bake", f"{deb} is no Debian package", hint="remove it, and bake again")
    return int(head[TIME])


def clamp(tree: Path, epoch: int, log: Path) -> None:
    """Give everything in `tree` that was written after `epoch` that time."""
    argv = [*namespaces(), "find", str(tree), "-newermt", f"@{epoch}"]
    argv += ["-exec", "touch", "--no-dereference", f"--date=@{epoch}", "{}", "+"]
    run.run(argv, env={"LC_ALL": "C"}, log=log, stage="bake")
