"""Package files that are whole or not there, and the head of a repository of them on this host."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from golden import atomic, errors, paths


def pooled(pool: Path, sha256: str) -> Path:
    """Where the file with this hash lies; apt takes the name's end for the kind of file."""
    return pool / "sha256" / sha256[:2] / f"{sha256}.deb"


def is_whole(path: Path, size: int, sha256: str) -> bool:
    """Whether the file `path` is there with this size in bytes and this hash."""
    if not path.is_file() or path.stat().st_size != size:
        return False
    return sha256_of(path) == sha256


def sha256_of(path: Path) -> str:
    """The SHA-256 of the file `path`."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def copy(source: Path, target: Path, size: int, sha256: str, *, link: bool = True) -> bool:
    """Put `source` at `target`, too; False when it is not whole (see `is_whole`).

    One file under two names; a copy where they are on different file systems, or without `link`:
    of a file that others may write to.
    """
    if not is_whole(source, size, sha256):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = atomic.partial(target)
    try:
        try:
            if not link:
                raise OSError
            os.link(source, partial)
        except OSError:
            shutil.copyfile(source, partial)
        partial.replace(target)
    finally:
        # rename(2) does nothing where both are one file already.
        partial.unlink(missing_ok=True)
    return True


def release_file(label: str, suite: str, files: Mapping[str, bytes]) -> str:
    """The Release file of a flat repository, which tells apt the hashes of `files`."""
    hashes = [
        f" {hashlib.sha256(content).hexdigest()} {len(content)} {name}\n"
        for name, content in files.items()
    ]
    return f"Origin: golden\nLabel: {label}\nSuite: {suite}\nSHA256:\n{''.join(hashes)}"


def explain_full_disk(where: Path) -> contextlib.AbstractContextManager[None]:
    """A StageError for a full disk while writing to `where`."""
    hint = "make room (./inv gc --dry-run shows what can go) and run it again"
    return errors.explain_full_disk("pool", paths.shown(where), hint)
