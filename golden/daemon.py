"""Start, record, find and stop processes that outlive the command that started them.

A record is valid only in the folder where it was written, so that a copied checkout leaves the
original's processes alone, and only for the very process that was started: same pid, same start
time, same boot of the host.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from golden import atomic, run
from golden.errors import StageError

STOP_SECONDS = 5.0
START_SECONDS = 60.0
POLL_SECONDS = 0.05
TAIL_LINES = 12


@dataclass(frozen=True)
class Process:
    """One process; `started` is in clock ticks since the boot `boot_id` of the host."""

    pid: int
    started: int
    boot_id: str

    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self.boot_id == boot_id() and start_ticks(self.pid) == self.started

    def wait(self, seconds: float) -> None:
        """Return when the process has ended, or after `seconds`."""
        deadline = time.monotonic() + seconds
        while self.is_alive() and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)

    def kill(self) -> None:
        """Send SIGKILL, and return when the process has ended."""
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
            self.wait(STOP_SECONDS)

    def end(self, grace: float = STOP_SECONDS) -> None:
        """Send SIGTERM, then SIGKILL if it still runs after `grace` seconds."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            # Asked again each time: the pid must still be the process that we started.
            if self.is_alive():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.pid, number)
                self.wait(grace)


def identify(pid: int) -> Process:
    """The process `pid` as it runs now; `is_alive` is False if it has ended."""
    return Process(pid, start_ticks(pid) or 0, boot_id())


def start(
    words: run.Argv,
    *,
    name: str,
    log: Path,
    ready: Callable[[], bool],
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Process:
    """Start `words` with its output in a new file `log`; return when `ready` is true.

    Raises StageError with its last output when it exits early or is not ready in START_SECONDS.
    """
    log.unlink(missing_ok=True)
    child = run.start(words, cwd=cwd, env=env, log=log, stage="boot")
    deadline = time.monotonic() + START_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        if ready():
            return identify(child.pid)
        time.sleep(POLL_SECONDS)
    ended = child.poll() is not None
    run.end(child)
    raise StageError(
        "boot",
        f"{name} {'ended as soon as it was started' if ended else 'does not answer'}",
        command=[os.fspath(word) for word in words],
        code=child.returncode if ended else None,
        tail=log.read_text(errors="replace").splitlines()[-TAIL_LINES:],
        log=log,
    )


def settled(seconds: float = 0.5) -> Callable[[], bool]:
    """For `start`: a program that does not signal that it is ready, but exits soon if it fails."""
    deadline = time.monotonic() + seconds
    return lambda: time.monotonic() >= deadline


def running(record: Path) -> Process | None:
    """The process that `remember` wrote to `record`, if it still runs."""
    known = read(record)
    if known is None:
        return None
    process = Process(**known)
    return process if process.is_alive() else None


def remember(record: Path, process: Process) -> None:
    """Write `process` to the file `record`, for `running` and `end`."""
    write(record, asdict(process))


def end(record: Path) -> None:
    """Stop the process of `record` if it still runs, and remove the record."""
    if process := running(record):
        process.end()
    record.unlink(missing_ok=True)


def write(path: Path, record: Mapping[str, Any]) -> None:
    """Write `record` as JSON, atomically, for `read` in this very folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {**record, "folder": identity(path.parent)}
    atomic.write(path, json.dumps(content, indent=1) + "\n")


def read(path: Path) -> dict[str, Any] | None:
    """What `write` wrote; None without a record, or if it was copied along with its folder."""
    try:
        found: dict[str, Any] = json.loads(path.read_text())
        return found if found.pop("folder") == identity(path.parent) else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def identity(folder: Path) -> str:
    """The identity of a folder: a copy has another one, a renamed folder keeps it."""
    found = folder.stat()
    return f"{found.st_dev}:{found.st_ino}"


def boot_id() -> str:
    """The ID of this boot of the host."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def start_ticks(pid: int) -> int | None:
    """The start time of the process `pid` (proc(5), field 22); None if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        # A zombie has ended, and its parent has not looked yet; but while other threads of it are
        # on their way out, its files are open and locked.
        ended = fields[0] == "Z" and len([*Path(f"/proc/{pid}/task").iterdir()]) == 1
    except OSError:
        return None
    return None if ended else int(fields[19])
