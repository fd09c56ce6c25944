"""Asking a node: a stand-in for ssh runs the command here, or fails as ssh does."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from golden import run
from golden.check.connection import Connection, UnreachableError
from golden.errors import StageError, UserError

# Drops ssh's options and the node's name, keeps what follows `--`.
HERE = '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec sh -c "$*"\n'
AWAY = "#!/bin/sh\necho 'ssh: connect to host node1 port 22: No route to host' >&2\nexit 255\n"


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "ssh"
    program.write_text(HERE)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return program


@pytest.fixture
def connection(ssh: Path, tmp_path: Path) -> Connection:
    return Connection(tmp_path / "ssh_config")


def test_scripts_answer_through_a_noisy_login(ssh: Path, connection: Connection) -> None:
    ssh.write_text(HERE.replace("exec sh", "echo Warning: added the host key >&2; exec sh"))
    answer = connection.ask("node1", sys.executable, ["files"], {"paths": ["/", "/nowhere"]})
    assert answer["files"]["/nowhere"] is None
    assert answer["files"]["/"]["kind"] == "directory"


def test_nothing_of_the_request_is_on_the_command_line(ssh: Path, connection: Connection) -> None:
    shown = ssh.with_name("shown")
    ssh.write_text(HERE.replace("#!/bin/sh\n", f'#!/bin/sh\necho "$*" > {shown}\n'))
    connection.ask("node1", sys.executable, ["files"], {"paths": ["/s3cr3t"]})
    assert "s3cr3t" not in shown.read_text()


def test_a_node_that_is_away_is_told_in_ssh_s_words(ssh: Path, connection: Connection) -> None:
    ssh.write_text(AWAY)
    with pytest.raises(UnreachableError, match=r"node1: ssh: connect to host.* No route to host"):
        connection.run("node1", "true")


def test_a_node_that_hangs_is_given_up(connection: Connection) -> None:
    with pytest.raises(UnreachableError, match=r"node1: no end after 0 s"):
        connection.run("node1", "sleep 60", timeout=0.3)


def test_a_script_that_fails_shows_its_last_lines(connection: Connection) -> None:
    with pytest.raises(StageError, match="KeyError: 'paths'"):
        connection.ask("node1", sys.executable, ["files"], {})


HOSTILE = [
    "",
    "@facts ",
    "@facts {",
    "@facts []",
    "@facts null",
    '@facts {"other": 1}',
    "@facts " + "[" * 99999,
    '@facts {"files": NaN',
    "\x1b[2J\x07@facts true",
]


@pytest.mark.parametrize("said", HOSTILE, ids=range(len(HOSTILE)))
def test_an_answer_that_is_none_is_an_error(ssh: Path, connection: Connection, said: str) -> None:
    answer = ssh.with_name("answer")
    answer.write_text(said + "\n\x1b]0;title\x07red\n")
    ssh.write_text(f"#!/bin/sh\ncat > /dev/null\ncat {answer}\n")
    with pytest.raises(StageError, match="a script of scripts/check failed there"):
        connection.ask("node1", sys.executable, ["files"], {"paths": []})
    with pytest.raises(UnreachableError, match="node1: it does not tell the time"):
        connection.clock_offset("node1")


def test_an_answer_torn_at_any_byte_is_an_error(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = '@facts {"files": {"/": null}}'
    for place in range(len(whole)):
        said = run.Result(0, whole[:place], 0.0)
        monkeypatch.setattr(connection, "run", lambda *_, said=said, **__: said)
        with pytest.raises(StageError, match="a script of scripts/check failed there"):
            connection.ask("node1", sys.executable, ["files"], {"paths": []})


def test_the_clock_of_this_host_agrees_with_itself(connection: Connection) -> None:
    offset, uncertainty = connection.clock_offset("node1")
    assert abs(offset) <= uncertainty < 5


def test_a_site_that_is_not_booted_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("golden.check.connection.CACHE", tmp_path)
    with pytest.raises(UserError, match=r"\./inv boot --site rehearsal"):
        Connection.to("rehearsal")
