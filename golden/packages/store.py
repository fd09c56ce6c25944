"""Files under their own hash: what is there is whole, however its writer ended."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from pathlib import Path

from golden import atomic, errors, paths


def file(pool: Path, sha256: str) -> Path:
    """Where the file with this hash lies. apt takes the name's end for the kind of file, so it is
    that of a package whatever the file is."""
    return pool / "sha256" / sha256[:2] / f"{sha256}.deb"


def is_whole(path: Path, size: int, sha256: str) -> bool:
    """Whether the file `path` is there with this size in bytes and this hash."""
    if not path.is_file() or path.stat().st_size != size:
        return False
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == sha256


def put(pool: Path, whole: Path, sha256: str) -> None:
    """Have the file `whole`, whose hash was checked, in the pool, too."""
    target = file(pool, sha256)
    target.parent.mkdir(parents=True, exist_ok=True)
    _place(whole, target)


def take(pool: Path, target: Path, size: int, sha256: str) -> bool:
    """Put the package of this hash at `target`; False when the pool does not have it.

    A damaged one leaves the pool, and counts as not there.
    """
    source = file(pool, sha256)
    if not source.is_file():
        return False
    if not is_whole(source, size, sha256):
        source.unlink()
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    _place(source, target)
    return True


def copy(source: Path, target: Path, size: int, sha256: str) -> bool:
    """Put the file `source` at `target`, too; False when it is not there with this hash."""
    if not is_whole(source, size, sha256):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    _place(source, target)
    return True


def explain_full_disk(where: Path) -> contextlib.AbstractContextManager[None]:
    """A StageError for a full disk while writing to `where`."""
    hint = "make room (./inv gc --dry-run tells what can go) and do it again"
    return errors.explain_full_disk("pool", paths.shown(where), hint)


def _place(source: Path, target: Path) -> None:
    """One file under two names; a copy where the two are on different file systems."""
    partial = atomic.partial(target)
    try:
        try:
            os.link(source, partial)
        except OSError:
            shutil.copyfile(source, partial)
        partial.replace(target)
        # rename(2) does nothing where both are one file already.
        partial.unlink(missing_ok=True)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
