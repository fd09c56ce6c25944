"""Relay a console to a log and to the clients of a Unix socket, who may type.

For the small processes that outlive `inv boot`, hence nothing but the standard library.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
from collections.abc import Iterator
from pathlib import Path


class Relay:
    """One console: its output goes to the file `log` and to the clients of `server`."""

    def __init__(self, log: int, server: socket.socket) -> None:
        self._log, self._server = log, server
        self._clients: list[socket.socket] = []

    def serve(self, link: int) -> None:
        """Relay until the console closes its end of `link`, a file descriptor."""
        while True:
            watched: list[int | socket.socket] = [link, self._server, *self._clients]
            ready, _, _ = select.select(watched, [], [])
            if link in ready:
                piece = said(link)
                if not piece:
                    return
                os.write(self._log, piece)
                self._clients = [client for client in self._clients if _sent(client, piece)]
            if self._server in ready:
                self._clients.append(self._server.accept()[0])
            for client in [client for client in self._clients if client in ready]:
                self._pass_on(client, link)

    def _pass_on(self, client: socket.socket, link: int) -> None:
        with contextlib.suppress(ConnectionError):
            if typed := client.recv(4096):
                while typed:
                    typed = typed[os.write(link, typed) :]
                return
        self._clients.remove(client)
        client.close()


def said(link: int, most: int = 65536) -> bytes:
    """The bytes from `link`; none at its end, which a terminal reports as an error (EIO)."""
    try:
        return os.read(link, most)
    except OSError:
        return b""


@contextlib.contextmanager
def listening(path: Path) -> Iterator[socket.socket]:
    """A server at the Unix socket `path`, which is removed afterwards."""
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as server:
        # The address of a Unix socket holds 107 bytes, a project folder may be deeper.
        os.chdir(path.parent)
        server.bind(path.name)
        server.listen()
        yield server
    path.unlink(missing_ok=True)


def _sent(client: socket.socket, piece: bytes) -> bool:
    try:
        # A terminal that nobody reads must not hold up the log.
        return client.send(piece, socket.MSG_DONTWAIT) == len(piece)
    except OSError:
        return False
