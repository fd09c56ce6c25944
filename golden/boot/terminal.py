"""Connect a person's terminal to a node's serial console, through the machine's socket."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import sys
import termios
import tty
from collections.abc import Iterator

from golden import log
from golden.boot import sockets
from golden.rundir import NodeDir

LEAVE = b"\x1d"  # Ctrl-]
RECALL_BYTES = 4000


def attach(site: str, node: str) -> None:
    """Connect the terminal to the console of `node` until Ctrl-] or the machine's end."""
    files = NodeDir(site, node)
    log.info(f"console of {node}, leave with Ctrl-]")
    with _raw_terminal(), sockets.connected(files.console_socket, timeout=None) as link:
        # What was said before: the socket itself has no memory.
        os.write(1, files.console.read_bytes()[-RECALL_BYTES:])
        _bridge(link)


def _bridge(link: socket.socket) -> None:
    listening: list[int] = [link.fileno(), 0]
    while True:
        ready, _, _ = select.select(listening, [], [])
        if link.fileno() in ready:
            data = link.recv(4096)
            if not data:
                return
            os.write(1, data)
        if 0 in ready:
            typed = os.read(0, 1024)
            keys, leave, _ = typed.partition(LEAVE)
            link.sendall(keys)
            if leave:
                return
            if not typed:
                # Input from a file or /dev/null has ended; go on showing.
                listening.remove(0)


@contextlib.contextmanager
def _raw_terminal() -> Iterator[None]:
    """Send each key to the node at once, Ctrl-C too; restore the terminal afterwards."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(0)
    try:
        tty.setraw(0)
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)
