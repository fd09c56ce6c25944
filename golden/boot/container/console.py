"""Serves a container's console as QEMU serves that of its machine: python3 console.py, see `main`.

Everything the container says goes to a file and to whoever is connected to a Unix socket; what
those type goes to the container. It ends with the container's stream. A process of its own, because
it outlives `inv boot`; with nothing but the standard library and `golden.relay`, so that it is
small.
"""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from golden import relay


def main(argv: list[str]) -> int:
    """ENGINE-SOCKET CONTAINER SINCE LOG CONSOLE-SOCKET.

    SINCE, in seconds since the epoch, is from when on what was said already belongs to the log.
    The console's socket appears when nothing that the container says can be missed any more.
    """
    engine, container, since, log, served = argv
    with open(log, "wb", buffering=0) as file:  # noqa: PTH123
        for piece in said(engine, container, since):
            file.write(piece)
        with attached(engine, container) as link, relay.listening(Path(served)) as server:
            relay.Relay(file.fileno(), server).serve(link.fileno())
    return 0


def said(engine: str, container: str, since: str) -> list[bytes]:
    """What the container has said since then (Docker's API, ContainerLogs)."""
    query = f"stdout=1&stderr=1&since={since}"
    with _ask(engine, f"GET /containers/{container}/logs?{query}", "Connection: close") as link:
        head, body = _head(link), b""
        chunked = b"transfer-encoding: chunked" in head.lower()
        while piece := link.recv(65536):
            body += piece
    return _unchunked(body) if chunked else [body]


def attached(engine: str, container: str) -> socket.socket:
    """A connection to the container's terminal, both ways (Docker's API, ContainerAttach)."""
    query = "stream=1&stdin=1&stdout=1&stderr=1"
    upgrade = "Connection: Upgrade\r\nUpgrade: tcp"
    link = _ask(engine, f"POST /containers/{container}/attach?{query}", upgrade)
    head = _head(link)
    if b" 101 " not in head.partition(b"\r\n")[0] + b" ":
        raise OSError(head.decode("utf-8", "replace"))
    return link


def _ask(engine: str, request: str, header: str) -> socket.socket:
    link = socket.socket(socket.AF_UNIX)
    link.connect(engine)
    link.sendall(f"{request} HTTP/1.1\r\nHost: docker\r\n{header}\r\n\r\n".encode())
    return link


def _head(link: socket.socket) -> bytes:
    """The head of the answer and nothing more: what follows is the console's."""
    text = b""
    while not text.endswith(b"\r\n\r\n"):
        piece = link.recv(1)
        if not piece:
            break
        text += piece
    return text


def _unchunked(body: bytes) -> list[bytes]:
    """RFC 9112, 7.1: each chunk has its length in front, in hexadecimal."""
    pieces: list[bytes] = []
    while body:
        length, _, body = body.partition(b"\r\n")
        number = int(length or b"0", 16)
        pieces.append(body[:number])
        body = body[number + 2 :]
    return pieces


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
