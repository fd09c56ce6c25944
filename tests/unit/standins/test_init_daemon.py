"""What the stand-ins' init scripts share starts, asks and stops a script by its pid file alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from golden import run
from golden.packages.standins import STANDINS

SHARED = STANDINS / "snf-common/files/usr/lib/synnefo/init-daemon"
# init-d-script(5), which calls what an init script overrides. Its own commands want to know the
# program: Debian 11's have no `DAEMON=none` for a script (read: sysvinit 2.96-7).
LIBRARY = """
. /lib/lsb/init-functions
own() {{ echo "$1 of the library was called" >&2; exit 9; }}
do_start_cmd() {{ own do_start_cmd; }}
do_stop_cmd() {{ own do_stop_cmd; }}
do_status() {{ own do_status; }}
do_start() {{ do_start_cmd_override; }}
do_stop() {{ do_stop_cmd_override; }}
NAME=daemon PIDFILE={pidfile}
START_ARGS="--background --make-pidfile --startas {program}"
enabled() {{ true; }}
. {shared}
do_"$1"_override
"""
Script = Callable[[str], int]


@pytest.fixture
def pidfile(tmp_path: Path) -> Path:
    return tmp_path / "daemon.pid"


@pytest.fixture
def script(tmp_path: Path, pidfile: Path) -> Iterator[Script]:
    program, text = tmp_path / "daemon", tmp_path / "script"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o755)
    text.write_text(LIBRARY.format(pidfile=pidfile, program=program, shared=SHARED))

    def act(action: str) -> int:
        return run.run(["/bin/sh", text, action], check=False).code

    yield act
    act("stop_cmd")


def test_a_daemon_is_started_once_and_stopped(script: Script, pidfile: Path) -> None:
    assert script("status") == 3
    assert script("start") == 0
    first = pidfile.read_text()
    assert (script("start"), pidfile.read_text(), script("status")) == (0, first, 0)
    assert (script("stop_cmd"), pidfile.exists(), script("status")) == (0, False, 3)
    assert script("stop_cmd") == 0


def test_a_restart_brings_another_process(script: Script, pidfile: Path) -> None:
    script("start")
    first = pidfile.read_text()
    assert (script("restart"), script("status")) == (0, 0)
    assert pidfile.read_text() != first
