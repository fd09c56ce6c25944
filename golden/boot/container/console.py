"""Serves a container's console as QEMU serves that of its machine; see `main`.

Everything the container says goes to a file and to whoever is connected to a Unix socket; what
those type goes to the container. It ends with the container's stream. A process of its own, because
it outlives `inv boot`; with nothing but the standard library and `golden.boot.relay`, so that it is
small.
"""

from __future__ import annotations

import socket
import sys
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

from golden.boot import relay


class Engine(HTTPConnection):
    """A connection to a Docker engine at the Unix socket `path`."""

    def __init__(self, path: str) -> None:
        super().__init__("docker")
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self._path)

    def ask(self, method: str, place: str, headers: dict[str, str]) -> HTTPResponse:
        """The answer to a request. Raises OSError, with the engine's words, for a refusal."""
        self.request(method, place, headers=headers)
        answer = self.getresponse()
        if answer.status not in (101, 200):
            reason = answer.read(answer.length or 0).decode("utf-8", "replace")
            raise OSError(f"{method} {place}: {answer.status} {reason}")
        return answer


def main(argv: list[str]) -> int:
    """ENGINE-SOCKET CONTAINER SINCE LOG CONSOLE-SOCKET.

    SINCE, in seconds since the epoch, is from when on what was said already belongs to the log.
    The console's socket appears when nothing that the container says can be missed any more.
    """
    engine, container, since, log, served = argv
    with open(log, "wb", buffering=0) as file:  # noqa: PTH123
        file.write(said(engine, container, since))
        with attached(engine, container) as link, relay.listening(Path(served)) as server:
            relay.Relay(file.fileno(), server).serve(link.fileno())
    return 0


def said(engine: str, container: str, since: str) -> bytes:
    """What the container has said since then (Docker's API, ContainerLogs)."""
    query = f"stdout=1&stderr=1&since={since}"
    return (
        Engine(engine)
        .ask("GET", f"/containers/{container}/logs?{query}", {"Connection": "close"})
        .read()
    )


def attached(engine: str, container: str) -> socket.socket:
    """A connection to the container's terminal, both ways (Docker's API, ContainerAttach)."""
    link = Engine(engine)
    query = "stream=1&stdin=1&stdout=1&stderr=1"
    upgrade = {"Connection": "Upgrade", "Upgrade": "tcp"}
    # The answer's own reader holds nothing back: the container is started afterwards.
    link.ask("POST", f"/containers/{container}/attach?{query}", upgrade)
    return link.sock


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
