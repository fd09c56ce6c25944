"""The console's server, against an engine that is a thread of this test."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from golden.boot.container import console
from tests.waiting import heard, until

UPGRADED = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\n\r\n"
LOGS = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\nbefore\n\r\n0\r\n\r\n"


class FakeEngine:
    """Answers one request for logs and one to attach; `terminal` is the attached connection."""

    def __init__(self, path: Path, attach: bytes = UPGRADED) -> None:
        self.path, self.attach = path, attach
        self.requests: list[str] = []
        self.terminal: socket.socket | None = None
        self.server = socket.socket(socket.AF_UNIX)
        self.server.bind(str(path))
        self.server.listen()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        for answer in (LOGS, self.attach):
            link = self.server.accept()[0]
            self.requests.append(link.recv(4096).decode().splitlines()[0])
            link.sendall(answer)
            if answer is LOGS:
                link.close()
            self.terminal = link


class Served:
    """A console server in a thread."""

    def __init__(self, folder: Path) -> None:
        self.engine = FakeEngine(folder / "engine.sock")
        self.log, self.socket = folder / "console.log", folder / "console.sock"
        words = [str(self.engine.path), "c1", "12.5", str(self.log), str(self.socket)]
        self.thread = threading.Thread(target=console.main, args=(words,), daemon=True)
        self.thread.start()
        until(self.socket.exists)

    def client(self) -> socket.socket:
        link = socket.socket(socket.AF_UNIX)
        link.connect(str(self.socket))
        link.settimeout(5)
        return link

    @property
    def terminal(self) -> socket.socket:
        assert self.engine.terminal is not None
        return self.engine.terminal


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    # The server goes to its folder, which this process must leave again.
    monkeypatch.chdir(tmp_path)
    served = Served(tmp_path)
    yield served
    served.terminal.close()


def test_everything_said_is_in_the_log_from_power_on(served: Served) -> None:
    assert served.engine.requests == [
        "GET /containers/c1/logs?stdout=1&stderr=1&since=12.5 HTTP/1.1",
        "POST /containers/c1/attach?stream=1&stdin=1&stdout=1&stderr=1 HTTP/1.1",
    ]
    served.terminal.sendall(b"INIT: version 3.06 booting\r\n")
    until(lambda: served.log.read_bytes() == b"before\nINIT: version 3.06 booting\r\n")


def test_those_who_look_see_it_and_what_they_type_arrives(served: Served) -> None:
    with served.client() as first, served.client() as second:
        first.sendall(b"root\n")
        assert heard(served.terminal.fileno(), b"\n") == b"root\n"
        served.terminal.sendall(b"Password:")
        assert heard(first.fileno(), b":") == heard(second.fileno(), b":") == b"Password:"
    # Nobody looks any more; the log goes on.
    served.terminal.sendall(b" bye")
    until(lambda: served.log.read_bytes().endswith(b"Password: bye"))


def test_it_ends_with_the_container(served: Served) -> None:
    served.terminal.shutdown(socket.SHUT_RDWR)
    served.thread.join(5)
    assert not served.thread.is_alive() and not served.socket.exists()


def test_a_refused_connection_is_an_error(tmp_path: Path) -> None:
    refusing = FakeEngine(tmp_path / "engine.sock", b"HTTP/1.1 404 Not Found\r\n\r\n")
    assert console.said(str(refusing.path), "c1", "0") == b"before\n"
    with pytest.raises(OSError, match=r"POST /containers/c1/attach.*: 404"):
        console.attached(str(refusing.path), "c1")
