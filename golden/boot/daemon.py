"""Processes that outlive `inv boot`: started, found again by their record, ended by `inv down`.

A record is believed as that of a node is (golden.boot.rundir): same pid, start time, host boot.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

from golden import run, rundir
from golden.errors import StageError

STOP_SECONDS = 5.0


def start(words: list[str], record: Path, log: Path, cwd: Path | None = None) -> int:
    """Start `words`, remember the process in `record`, and return its pid."""
    child = run.start(words, cwd=cwd, log=log, stage="boot")
    told = {
        "pid": child.pid,
        "started": rundir.start_ticks(child.pid),
        "boot_id": rundir.boot_id(),
    }
    rundir.write(record, told)
    return child.pid


def running(record: Path) -> int | None:
    """The pid of the process of `record`, when it is still that one."""
    told = rundir.read(record)
    if not isinstance(told, dict) or told.get("boot_id") != rundir.boot_id():
        return None
    pid = int(told["pid"])
    return pid if rundir.start_ticks(pid) == told["started"] is not None else None


def end(record: Path) -> bool:
    """End the process of `record`, gently first; False when it had ended."""
    found = running(record) is not None
    for number in (signal.SIGTERM, signal.SIGKILL):
        pid = running(record)
        if pid is None:
            break
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        _wait(record)
    record.unlink(missing_ok=True)
    return found


def stays(record: Path, words: list[str], log: Path, seconds: float = 0.5) -> None:
    """Raise StageError with its last words when the process ends within `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if running(record) is None:
            tail = log.read_text(errors="replace").splitlines()[-12:]
            raise StageError(
                "boot", f"{words[0]} ended as soon as it was started", command=words, tail=tail
            )
        time.sleep(0.05)


def _wait(record: Path) -> None:
    deadline = time.monotonic() + STOP_SECONDS
    while running(record) is not None and time.monotonic() < deadline:
        time.sleep(0.05)
