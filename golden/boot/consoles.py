"""Start the process that follows a node's console, writes its log and serves its socket."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from golden import daemon
from golden.daemon import Process
from golden.paths import ROOT
from golden.rundir import NodeDir


def serve(module: str, words: Sequence[str], files: NodeDir) -> Process:
    """Start `module` with `words`, the console's log and its socket.

    Returns once no output of the machine can be missed. Raises StageError when the process ends
    before that, or takes too long.
    """
    files.console_socket.unlink(missing_ok=True)
    # Without site-packages it is small; and a PYTHONPATH could not name a folder with a colon.
    argv: list[str | Path] = [sys.executable, "-S", "-m", module, *words]
    return daemon.start(
        [*argv, files.console, files.console_socket],
        name=f"the console of {files.node}",
        log=files.log,
        cwd=ROOT,
        ready=files.console_socket.exists,
    )
