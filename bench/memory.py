"""Peak memory of a process and all its descendants, by sampling /proc."""

from __future__ import annotations

import threading
from collections import defaultdict
from pathlib import Path

SAMPLE_SECONDS = 0.25
PAGE_KIB = 4


class Peak:
    """Samples while used as a context; `mib` is the highest sum seen.

    Counts anonymous and shared-memory pages of every descendant of `root` (file pages are cache the
    kernel takes back). A burst shorter than SAMPLE_SECONDS can be missed.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.mib = 0.0

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(SAMPLE_SECONDS):
            self.mib = max(self.mib, sum(map(_private_kib, descendants(self._root))) / 1024)


def descendants(root: int) -> list[int]:
    """The pids below `root`, without it."""
    children: dict[int, list[int]] = defaultdict(list)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            children[_parent(entry)].append(int(entry.name))
    found: list[int] = []
    front = [root]
    while front:
        front = [child for pid in front for child in children[pid]]
        found += front
    return found


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rsplit(") ", 1)[1].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return -1


def _private_kib(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    wanted = ("RssAnon:", "RssShmem:")
    return sum(int(line.split()[1]) for line in status.splitlines() if line.startswith(wanted))
