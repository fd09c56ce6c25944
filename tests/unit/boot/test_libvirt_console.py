"""The server of a console, with a `virsh` that is a shell script."""

from __future__ import annotations

import os
import socket
import threading
from pathlib import Path

import pytest

from golden.boot.libvirt import console
from tests.waiting import heard, until

# `console` hangs up at the line "hang up", as a broken connection does.
VIRSH = """#!/bin/sh
case "$*" in
*domstate*) cat "$FOLDER/state"; exit 0 ;;
*console*) [ ! -e "$FOLDER/refuse" ] || { echo "error: refused"; exit 1; } ;;
esac
echo "connected $*" >> "$FOLDER/calls"
stty raw -echo
printf 'Connected to domain\\nEscape character is ^] (Ctrl + ])\\n'
printf 'a word\\r\\n'
while read -r line; do
    [ "$line" != "hang up" ] || exit 0
    printf 'typed <%s>\\r\\n' "$line"
done
"""


class Served:
    """A console's server in a thread; `code` is how it ended."""

    def __init__(self, folder: Path) -> None:
        self.log, self.socket = folder / "console.log", folder / "console.sock"
        self.code: int | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        words = ["qemu:///system", "n1", str(self.log), str(self.socket)]
        self.code = console.main(words)

    def says(self, text: str) -> bool:
        return self.log.exists() and text in self.log.read_bytes().decode()


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    program = tmp_path / "bin" / "virsh"
    program.parent.mkdir()
    program.write_text(VIRSH)
    program.chmod(0o755)
    (tmp_path / "state").write_text("running\n")
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("FOLDER", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(console, "AGAIN_SECONDS", 0.1)
    monkeypatch.setattr(console, "OPENING_SECONDS", 0.0)
    return tmp_path


def test_what_is_said_and_typed_passes_until_the_machine_is_off(folder: Path) -> None:
    served = Served(folder)
    until(served.socket.exists)
    until(lambda: served.says("a word\r\n"))
    # What virsh itself says of the connection is not the machine's.
    assert not served.says("Escape")
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(served.socket))
        client.sendall(b"hello\n")
        until(lambda: served.says("typed <hello>\r\n"))
        assert heard(client.fileno(), b"\n") == b"typed <hello>\r\n"
        (folder / "state").write_text("shut off\n")
        client.sendall(b"hang up\n")
        served.thread.join(10)
    assert served.code == 0
    assert not served.socket.exists()


def test_a_connection_that_breaks_is_made_again(folder: Path) -> None:
    served = Served(folder)
    until(served.socket.exists)
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(served.socket))
        client.sendall(b"hang up\n")
        calls = folder / "calls"
        until(lambda: calls.read_text().count("connected") == 2)
        # The first takes the console from whoever has it, the others wait for it.
        assert ["--force" in line for line in calls.read_text().splitlines()] == [True, False]
        until(lambda: served.log.read_text().count("a word") == 2)
        client.sendall(b"still here\n")
        until(lambda: served.says("typed <still here>"))
        (folder / "state").write_text("shut off\n")
        client.sendall(b"hang up\n")
        served.thread.join(10)
    assert served.code == 0


def test_a_console_that_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "refuse").touch()
    served = Served(folder)
    served.thread.join(10)
    assert served.code == 1
    assert "error: refused" in capsys.readouterr().err
