"""The control protocol, against a small server that speaks it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from golden.boot import sockets
from golden.errors import StageError
from tests.unit.boot.listening import listening


def served(path: Path, answers: Callable[[str], list[Any]]) -> None:
    """Serve one connection on `path`: a greeting, then what `answers` gives for each command."""
    listener = listening(path)

    def serve() -> None:
        link, _ = listener.accept()
        with listener, link, link.makefile("rw") as stream:
            stream.write('{"QMP": {}}\n')
            stream.flush()
            for line in stream:
                for answer in answers(json.loads(line)["execute"]):
                    stream.write(json.dumps(answer) + "\n")
                stream.flush()

    threading.Thread(target=serve, daemon=True).start()


def test_an_answer_is_found_among_events(tmp_path: Path) -> None:
    event = {"event": "RTC_CHANGE"}
    served(tmp_path / "qmp.sock", lambda name: [event, {"return": {"asked": name}}])
    assert sockets.command(tmp_path / "qmp.sock", "query-status") == {"asked": "query-status"}


def test_a_refusal_is_said(tmp_path: Path) -> None:
    def answers(name: str) -> list[Any]:
        return [{"return": {}} if name == "qmp_capabilities" else {"error": {"desc": "no such"}}]

    served(tmp_path / "qmp.sock", answers)
    with pytest.raises(StageError, match="refused quit: no such"):
        sockets.command(tmp_path / "qmp.sock", "quit")


def test_a_socket_may_lie_deeper_than_an_address_is_long(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    served(deep / "qmp.sock", lambda name: [{"return": {}}])
    assert sockets.command(deep / "qmp.sock", "quit") == {}


def test_nobody_there_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        sockets.command(tmp_path / "qmp.sock", "quit")
