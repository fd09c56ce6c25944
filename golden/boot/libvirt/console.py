"""Serve a machine's console as QEMU serves its own; see `main`.

libvirt streams a console over any connection, but to one reader at a time: this process is that
reader, and people connect to its socket to read or type. It ends with the machine, and outlives
`inv boot`.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from golden import run
from golden.boot import relay
from golden.errors import StageError

# Printed by `virsh console` when it is about to open the stream.
CONNECTED = b"Escape character is"
ENVIRONMENT = {"LC_ALL": "C"}
# The stream is open by then; the machine is still paused, or has not said a word.
OPENING_SECONDS = 0.5
AGAIN_SECONDS = 5.0
# How long a daemon that does not answer is asked whether the machine still runs.
LOST_SECONDS = 900.0
OFF = ("shut off", "crashed")
# As in `virsh`, which would need more than the standard library.
MISSING = ("failed to get domain", "Domain not found")


def main(argv: list[str]) -> int:
    """URI DOMAIN LOG CONSOLE-SOCKET: the socket appears when the console is connected."""
    uri, domain, log, served = argv
    virsh = ["virsh", "--connect", uri]
    with open(log, "ab", buffering=0) as file:  # noqa: PTH123
        # An earlier server of this console may have died unheard.
        child, terminal = _connect([*virsh, "console", "--force", domain])
        if child is None:
            return 1
        with relay.listening(Path(served)) as server:
            through = relay.Relay(file.fileno(), server)
            while child is not None:
                through.serve(terminal)
                _close(child, terminal)
                child, terminal = _again(virsh, domain)
    return 0


def _connect(words: list[str]) -> tuple[run.Process | None, int]:
    """A connected `virsh console` and its terminal; None if refused, with the reason on stderr."""
    child, terminal = run.on_terminal(words, env=ENVIRONMENT)
    said = b""
    while not (CONNECTED in said and said.endswith(b"\n")):
        piece = relay.said(terminal, 1)
        if not piece:
            sys.stderr.write(said.decode("utf-8", "replace"))
            _close(child, terminal)
            return None, -1
        said += piece
    time.sleep(OPENING_SECONDS)
    return child, terminal


def _again(virsh: list[str], domain: str) -> tuple[run.Process | None, int]:
    """Reconnect while the machine runs: a connection may break, or be taken over."""
    answered = time.monotonic()
    while time.monotonic() - answered < LOST_SECONDS:
        try:
            state = _ask([*virsh, "domstate", domain])
        except StageError as error:
            if any(words in str(error) for words in MISSING):
                return None, -1
        else:
            answered = time.monotonic()
            if state in OFF:
                return None, -1
            child, terminal = _connect([*virsh, "console", domain])
            if child is not None:
                return child, terminal
        time.sleep(AGAIN_SECONDS)
    return None, -1


def _ask(words: list[str]) -> str:
    return run.run(words, env=ENVIRONMENT, timeout=60, apart=True).out.strip()


def _close(child: run.Process, terminal: int) -> None:
    os.close(terminal)
    run.end(child)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
