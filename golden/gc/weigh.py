"""The space that files take and would free: none while a file has another hard link."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

BLOCK = 512  # stat(2): the unit of st_blocks


def total(paths: Iterable[Path]) -> int:
    """The bytes on disk of everything below `paths`, counting each file once."""
    seen = {(found.st_dev, found.st_ino): found.st_blocks for found in _all(paths)}
    return sum(seen.values()) * BLOCK


def freed(paths: Iterable[Path]) -> int:
    """The bytes freed by removing all of `paths`."""
    left: dict[tuple[int, int], int] = {}
    blocks = 0
    for found in _all(paths):
        name = (found.st_dev, found.st_ino)
        is_folder = found.st_nlink > 1 and stat.S_ISDIR(found.st_mode)
        left[name] = left.get(name, 1 if is_folder else found.st_nlink) - 1
        if left[name] == 0:
            blocks += found.st_blocks
    return blocks * BLOCK


def _all(paths: Iterable[Path]) -> Iterator[os.stat_result]:
    for path in paths:
        try:
            yield path.lstat()
        except FileNotFoundError:
            continue
        if path.is_dir() and not path.is_symlink():
            yield from _below(path)


def _below(folder: Path) -> Iterator[os.stat_result]:
    try:
        entries = list(os.scandir(folder))
    except PermissionError:
        # A folder of another id, of a layer that a normal user baked: it is small.
        return
    for entry in entries:
        yield entry.stat(follow_symlinks=False)
        if entry.is_dir(follow_symlinks=False):
            yield from _below(Path(entry.path))
