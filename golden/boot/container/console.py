"""Serve a container's console as QEMU serves that of its machine; see `main`.

The container's output goes to a file and to the clients of a Unix socket; what they type goes to
the container. The process ends with the container's stream. It outlives `inv boot`, and imports
nothing but the standard library and `golden.boot.relay`, to stay small.
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
        """Send a request; return the answer. Raises OSError with the message of a refusal."""
        self.request(method, place, headers=headers)
        answer = self.getresponse()
        if answer.status not in (101, 200):
            reason = answer.read(answer.length or 0).decode("utf-8", "replace")
            raise OSError(f"{method} {place}: {answer.status} {reason}")
        return answer


def main(argv: list[str]) -> int:
    """ENGINE-SOCKET CONTAINER SINCE LOG CONSOLE-SOCKET.

    The log begins with the output since SINCE (seconds since the epoch). The console's socket
    appears once no output of the container can be missed.
    """
    engine, container, since, log, served = argv
    with open(log, "wb", buffering=0) as file:  # noqa: PTH123
        file.write(said(engine, container, since))
        with attached(engine, container) as link, relay.listening(Path(served)) as server:
            relay.Relay(file.fileno(), server).serve(link.fileno())
    return 0


def said(engine: str, container: str, since: str) -> bytes:
    """The container's output since then (Docker's API, ContainerLogs)."""
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
