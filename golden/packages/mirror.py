"""What apt meets outside: a mirror that is silent or slow, a disk that is full."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from golden import paths
from golden.errors import FullDiskError, StageError

# Each lasts Acquire::http::Timeout, 30 s unless the host says otherwise, and apt would go through
# them file by file: hours for a whole site.
MOST_STALLS = 4
# apt gives up where nothing comes at all, but never on a byte now and then.
WINDOW_SECONDS = 120.0
LEAST_BYTES_A_SECOND = 1000
SAY_EVERY_SECONDS = 5.0
_FULL = ("No space left on device", "You don't have enough free space in")


class Flow:
    """Measures every second (golden.run's `watch`) how fast bytes come.

    `measure` counts them; `say` gets the progress towards `total`: "34 of 117 MB, 2.1 MB/s".
    """

    def __init__(
        self,
        measure: Callable[[], int],
        total: int = 0,
        say: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._measure, self._total, self._say = measure, total, say
        self._seen = deque([(time.monotonic(), measure())])
        self._said = 0.0

    def __call__(self) -> str:
        """Why waiting is of no use; empty while it is."""
        now, there = time.monotonic(), self._measure()
        self._seen.append((now, there))
        while now - self._seen[1][0] >= WINDOW_SECONDS:
            self._seen.popleft()
        since, was = self._seen[0]
        rate = (there - was) / max(now - since, 0.001)
        if now - self._said >= SAY_EVERY_SECONDS:
            self._said = now
            self._say(f"{there / 1e6:.0f} of {self._total / 1e6:.0f} MB, {rate / 1e6:.1f} MB/s")
        # Negative where the count began anew: an index was unpacked elsewhere.
        if now - since >= WINDOW_SECONDS and 0 <= rate < LEAST_BYTES_A_SECOND:
            return f"it sends less than {LEAST_BYTES_A_SECOND / 1000:.0f} kB a second"
        return ""


def arrived(folder: Path, names: Collection[str] = ()) -> int:
    """The bytes of the files `names` (of all) in `folder`, and of those that are under way."""
    places = (folder, folder / "partial")
    files = [p / n for p in places for n in names] or [f for p in places for f in p.glob("*")]
    return sum(map(size, files))


def size(file: Path) -> int:
    """The bytes of a file; 0 where there is none."""
    try:
        return file.stat().st_size if file.is_file() else 0
    except FileNotFoundError:
        return 0  # it was moved just now


def watching() -> Callable[[str], None]:
    """A reader of apt's lines that raises StageError when a mirror stays silent."""
    seen: list[str] = []

    def on_line(line: str) -> None:
        if silence([line]):
            seen.append(line)
        if len(seen) == MOST_STALLS:
            raise StageError("packages", "the mirror went silent", tail=seen)

    return on_line


def silence(lines: Sequence[str]) -> str:
    """That a mirror went silent, if apt says so; its own summary gives other reasons."""
    stalls = [line.strip() for line in lines if line.startswith(" ") and "timed out" in line]
    return f"it went silent ({stalls[-1]})" if stalls else ""


def explain(error: StageError, where: Path) -> StageError:
    """`error` of an apt that writes below `where`; a FullDiskError, if that was it."""
    if not any(words in line for line in error.tail for words in _FULL):
        return error
    return FullDiskError(
        "packages",
        f"no space left on the disk of {paths.shown(where)}",
        log=error.log,
        hint="make room (./inv gc --dry-run shows what can go) and run it again: what arrived "
        "whole is kept",
    )
