"""What apt meets in the world outside: a mirror that goes silent, a disk that fills."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from golden import paths
from golden.errors import FullDiskError, StageError

# Each lasts Acquire::http::Timeout, 30 s unless the host says otherwise, and apt would go through
# them file by file: hours for a whole site.
MOST_STALLS = 4
_FULL = ("No space left on device", "You don't have enough free space in")


def watching() -> Callable[[str], None]:
    """What to do with each line of apt: StageError where a mirror stays silent."""
    seen: list[str] = []

    def on_line(line: str) -> None:
        if silence([line]):
            seen.append(line)
        if len(seen) == MOST_STALLS:
            raise StageError("packages", "the mirror went silent", tail=seen)

    return on_line


def silence(lines: Sequence[str]) -> str:
    """That a mirror went silent, in words, if apt says so; its own summary gives other reasons."""
    stalls = [line.strip() for line in lines if line.startswith(" ") and "timed out" in line]
    return f"it went silent ({stalls[-1]})" if stalls else ""


def in_words(error: StageError, where: Path) -> StageError:
    """`error` of an apt that writes below `where`; a FullDiskError, if that was it."""
    if not any(words in line for line in error.tail for words in _FULL):
        return error
    return FullDiskError(
        "packages",
        f"no space left on the disk of {paths.shown(where)}",
        log=error.log,
        hint="make room (./inv gc --dry-run tells what can go) and do it again: what arrived whole "
        "is kept",
    )
