"""A person at a console: what was said before, what is said now, what is typed."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from golden import daemon, run, rundir
from golden.paths import ROOT
from golden.rundir import NodeDir, State
from tests.unit.boot.listening import listening

ATTACH = "from golden.boot import terminal; terminal.attach('small', 'n1')"


HERE = {"PYTHONPATH": str(ROOT)}


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(rundir, "CACHE", tmp_path / ".cache")
    return tmp_path


@pytest.fixture
def node(home: Path) -> Iterator[Callable[[], bytes]]:
    """A node that runs (as this process) and greets at its console; tells what was typed there."""
    files = NodeDir("small", "n1")
    ticks = daemon.start_ticks(os.getpid()) or 0
    files.remember(
        State(os.getpid(), ticks, daemon.boot_id(), 0.0, 1, "tcg", 6.0, "/x", [], "qemu")
    )
    files.console.write_bytes(b"said before\n")
    typed: list[bytes] = []
    listener = listening(files.console_socket)

    def serve() -> None:
        link, _ = listener.accept()
        # The person may leave before the greeting has come, or without having read it.
        with link, contextlib.suppress(ConnectionResetError):
            with contextlib.suppress(BrokenPipeError):
                link.sendall(b"login: ")
            while data := link.recv(100):
                typed.append(data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()

    def told() -> bytes:
        thread.join(10)
        return b"".join(typed)

    yield told
    listener.close()


def attached(home: Path, keys: bytes) -> run.Result:
    environment = HERE | {"GOLDEN_HOME": str(home)}
    return run.run([sys.executable, "-c", ATTACH], stdin=keys, env=environment, timeout=30)


def test_shows_the_past_and_the_present_until_control_bracket(
    home: Path, node: Callable[[], bytes]
) -> None:
    out = attached(home, b"\x1d").out
    assert "said before" in out
    assert "leave with Ctrl-]" in out


def test_what_is_typed_reaches_the_node(home: Path, node: Callable[[], bytes]) -> None:
    attached(home, b"root\n\x1dnot this")
    assert node() == b"root\n"


def test_input_that_ended_is_no_reason_to_stop_showing() -> None:
    near, far = socket.socketpair()
    far.sendall(b"from the node")
    far.shutdown(socket.SHUT_WR)
    script = (
        "import socket; from golden.boot import terminal;"
        f"terminal._bridge(socket.socket(fileno={near.fileno()}))"
    )
    with near, far:
        argv = [sys.executable, "-c", script]
        result = run.run(argv, env=HERE, stdin=b"", pass_fds=[near.fileno()], timeout=30)
    assert result.out == "from the node"
