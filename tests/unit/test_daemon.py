"""When a process that was started counts as ended."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from golden import daemon

# Its first thread ends at once, another holds its files until it may go.
LEADERLESS = """
import ctypes, sys, threading
threading.Thread(target=sys.stdin.read).start()
ctypes.CDLL(None).pthread_exit(None)
"""


def test_a_process_runs_until_its_last_thread_has_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", LEADERLESS], stdin=subprocess.PIPE) as child:
        stat = Path(f"/proc/{child.pid}/stat")
        while stat.read_text().rpartition(") ")[2][0] != "Z":
            time.sleep(0.01)
        assert len([*Path(f"/proc/{child.pid}/task").iterdir()]) > 1
        started = daemon.start_ticks(child.pid)
        assert started, "QEMU is killed, and its disks are still locked"
        child.kill()
        process = daemon.Process(child.pid, started, daemon.boot_id())
        process.wait(10)
        assert not process.is_alive()
