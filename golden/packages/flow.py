"""How fast a mirror delivers, and when that is so slow that waiting is no use."""

from __future__ import annotations

import stat
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

# apt gives up where nothing comes at all (Acquire::http::Timeout); of a byte now and then it never
# tires.
WINDOW_SECONDS = 120.0
LEAST_BYTES_A_SECOND = 1000
SAY_EVERY_SECONDS = 5.0


class Flow:
    """Asked every second (golden.run's `watch`) while apt fetches; `measure` counts bytes there.

    `say` is told of it: "34 of 117 MB, 2.1 MB/s", where `total` bytes will come.
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
        """Why there is no use in waiting on; empty while there is."""
        now, there = time.monotonic(), self._measure()
        self._seen.append((now, there))
        while now - self._seen[1][0] >= WINDOW_SECONDS:
            self._seen.popleft()
        since, was = self._seen[0]
        rate = (there - was) / max(now - since, 0.001)
        if now - self._said >= SAY_EVERY_SECONDS:
            self._said = now
            self._say(f"{there / 1e6:.0f} of {self._total / 1e6:.0f} MB, {rate / 1e6:.1f} MB/s")
        # Less where the count began anew, as for an index that came and was unpacked elsewhere.
        if now - since >= WINDOW_SECONDS and 0 <= rate < LEAST_BYTES_A_SECOND:
            return f"it sends less than {LEAST_BYTES_A_SECOND / 1000:.0f} kB a second"
        return ""


def in_folder(folder: Path) -> int:
    """The bytes of the files in `folder` and in its folder for what comes, `partial`."""
    return sum(length(path) for place in (folder, folder / "partial") for path in place.glob("*"))


def of_files(folder: Path, names: frozenset[str]) -> int:
    """The bytes that have come of the files called so."""
    return sum(length(place / name) for name in names for place in (folder, folder / "partial"))


def length(path: Path) -> int:
    """The bytes of a file; 0 where there is none."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return 0  # it was moved just now
    return found.st_size if stat.S_ISREG(found.st_mode) else 0
