"""Starting the process that keeps a node's console: it writes the log and serves the socket."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from golden import run
from golden.errors import StageError
from golden.paths import ROOT
from golden.rundir import NodeDir

# A libvirt daemon on a busy host takes its time to hand a console out.
START_SECONDS = 60.0


def serve(program: Path, words: Sequence[str | Path], files: NodeDir) -> int:
    """Start `program` with `words`, the console's log and its socket; its pid.

    Returns once nothing that the machine says can be missed. Raises StageError when it ends before
    that, or takes too long.
    """
    files.console_socket.unlink(missing_ok=True)
    files.log.unlink(missing_ok=True)
    argv: list[str | Path] = [
        sys.executable,
        "-P",
        "-S",
        program,
        *words,
        files.console,
        files.console_socket,
    ]
    child = run.start(argv, env={"PYTHONPATH": str(ROOT)}, log=files.log, stage="boot")
    deadline = time.monotonic() + START_SECONDS
    while not files.console_socket.exists():
        if child.poll() is not None or time.monotonic() > deadline:
            run.end(child)
            said = files.log.read_text(errors="replace").splitlines()[-12:]
            raise StageError(
                "boot", f"the console of {files.node} cannot be served", tail=said, log=files.log
            )
        time.sleep(0.02)
    return child.pid
