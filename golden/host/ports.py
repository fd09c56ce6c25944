"""Ports of this machine that nothing has."""

from __future__ import annotations

import random
import socket

from golden.errors import StageError

# Below the ports that Linux gives to outgoing connections (ip_local_port_range: 32768 to
# 60999), so that none of those takes one between its choice and its use, or while a machine
# that has it is switched off.
CHOICE = range(20000, 32000)
KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM)


def free_port() -> int:
    """A port of 127.0.0.1 that is free for TCP and for UDP.

    Chosen at random, so that two who ask at once get two. Raises StageError if all are in use.
    """
    for port in random.sample(CHOICE, len(CHOICE)):
        if all(_is_free(port, kind) for kind in KINDS):
            return port
    raise StageError(
        "boot",
        f"no port of 127.0.0.1 from {CHOICE[0]} to {CHOICE[-1]} is free; `ss -lntu` says whose",
    )


def _is_free(port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
