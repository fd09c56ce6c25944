"""The scripts that run inside a node, here on made-up files and a made-up broker."""

from __future__ import annotations

import importlib
import json
import socket
import struct
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from golden import run
from golden.paths import SCRIPTS
from tests.unit.pythons import PYTHONS

FOLDER = SCRIPTS / "check"
NAMES = (
    "guest",
    "amqp",
    "files",
    "system",
    "hygiene",
    "reach",
    "web",
    "cloud",
    "daemons",
    "tenant",
    "packets",
    "drift",
    "done",
    "effective",
)

# They import modules that have another name in each Python.
BOTH = ("reach.py", "web.py")


@pytest.fixture(scope="module")
def scripts() -> Iterator[dict[str, ModuleType]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        yield {name: importlib.import_module(name) for name in NAMES}
    for name in NAMES:
        del sys.modules[name]


def test_scripts_are_python_2_7_and_3() -> None:
    vermin = Path(sys.executable).with_name("vermin")
    argv = [
        vermin,
        "-q",
        "-t=2.7-",
        "-t=3.11-",
        "--violations",
        "--no-tips",
        "--backport",
        "argparse",
    ]
    plain = [path for path in sorted(FOLDER.glob("*.py")) if path.name not in BOTH]
    result = run.run([*argv, *plain], check=False)
    assert result.code == 0, result.out


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("0100007F", "127.0.0.1"),
        ("00000000", "0.0.0.0"),
        ("016433C6", "198.51.100.1"),
        ("0" * 32, "::"),
        ("00000000000000000000000001000000", "::1"),
        ("0000000000000000FFFF0000016433C6", "::ffff:198.51.100.1"),
    ],
)
def test_addresses_of_proc_net(scripts: dict[str, Any], word: str, text: str) -> None:
    assert scripts["system"].address(word) == text


@pytest.mark.parametrize(
    ("field", "state"), [("", "empty"), ("!", "locked"), ("*", "locked"), ("$6$x$y", "set")]
)
def test_password_states(scripts: dict[str, Any], field: str, state: str) -> None:
    assert scripts["system"].password_state(field) == state


def test_rpcbind_s_ports_of_both_protocols(scripts: dict[str, Any]) -> None:
    said = """\
   program version netid     address                service    owner
    100000    4    local     /run/rpcbind.sock      portmapper superuser
    100024    1    tcp       0.0.0.0.238.43         status     107
    100024    1    udp6      ::.205.223             status     107
    100024    1    tcp6      ::.139.97              status     107
"""
    ports = [("tcp", 35681), ("tcp", 60971), ("udp", 52703)]
    assert scripts["system"].registered(said) == ports
    assert scripts["system"].registered("rpcinfo: can't contact rpcbind") == []


def test_own_listener_is_seen(scripts: dict[str, Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert ["tcp", "127.0.0.1", server.getsockname()[1]] in scripts["system"].ports()


def test_paths_are_described(scripts: dict[str, Any], tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_text("hello\n")
    file.chmod(0o640)
    link.symlink_to("file")
    found = scripts["files"].main({"paths": [str(tmp_path), str(file), str(link), "/nowhere"]})
    assert found["/nowhere"] is None
    assert found[str(tmp_path)]["kind"] == "directory"
    assert found[str(link)] | {"mode": ""} == found[str(link)] | {"kind": "link", "mode": ""}
    assert (found[str(file)]["mode"], found[str(file)]["kind"]) == ("0640", "file")
    assert found[str(file)]["sha256"].startswith("5891b5b522d5df08")


@pytest.fixture
def searched(scripts: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for folder in ("etc", "log"):
        (tmp_path / folder).mkdir()
    monkeypatch.setattr(scripts["hygiene"], "SEARCHED", (str(tmp_path),))
    monkeypatch.setattr(scripts["hygiene"], "PRIVATE_TOO", (str(tmp_path),))
    return tmp_path


def test_secrets_are_found_where_they_must_not_be(scripts: dict[str, Any], searched: Path) -> None:
    def put(name: str, text: str, mode: int) -> str:
        path = searched / name
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    put("etc/private", "password = s3cr3t", 0o600)
    open_file = put("etc/open", "password = s3cr3t", 0o644)
    undone = put("etc/undone", "password = @@SECRET:line:database_password@@", 0o600)
    put("etc/key", "-----BEGIN RSA PRIVATE KEY-----\n", 0o640)
    key = put("etc/open-key", "-----BEGIN RSA PRIVATE KEY-----\n", 0o644)
    found = scripts["hygiene"].secrets(["s3cr3t"], ())
    wanted = {"placeholders": [undone], "readable": [open_file], "logged": [], "keys": [key]}
    assert found == wanted


def test_a_secret_in_a_log_is_found(
    scripts: dict[str, Any], monkeypatch: pytest.MonkeyPatch, searched: Path
) -> None:
    hygiene = scripts["hygiene"]
    path = searched / "log" / "firstboot.log"
    path.write_text("s3cr3t")
    path.chmod(0o600)
    monkeypatch.setattr(hygiene, "LOGS", (str(searched / "log"),))
    assert hygiene.secrets(["s3cr3t"], ())["logged"] == [str(path)]


def test_the_comment_of_a_public_key_does_not_hide_a_twin(
    scripts: dict[str, Any], tmp_path: Path
) -> None:
    digests = set()
    for name in ("node1", "node2"):
        path = tmp_path / f"{name}.pub"
        path.write_text(f"ssh-rsa AAAA root@{name}\n")
        digests.add(scripts["hygiene"].key_digest(str(path)))
    assert len(digests) == 1


class Broker(threading.Thread):
    """Speaks as much AMQP as a login needs; lets in the password `right`."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]

    def run(self) -> None:
        link = self.server.accept()[0]
        with link:
            assert link.recv(8) == b"AMQP\x00\x00\x09\x01"
            self.send(link, 10, b"\x00\x09" + struct.pack("!I", 0))
            if b"\x00user\x00right" not in self.receive(link):
                reason = b"ACCESS_REFUSED"
                close = struct.pack("!HB", 403, len(reason)) + reason + struct.pack("!HH", 0, 0)
                return self.send(link, 50, close)
            self.send(link, 30, struct.pack("!HIH", 2047, 131072, 60))
            assert self.receive(link)[4:12] == struct.pack("!HIH", 2047, 131072, 60)
            assert self.receive(link)[4:6] == b"\x01/"
            self.send(link, 41, b"\x00")
        return None

    def send(self, link: socket.socket, method: int, arguments: bytes) -> None:
        payload = struct.pack("!HH", 10, method) + arguments
        link.sendall(struct.pack("!BHI", 1, 0, len(payload)) + payload + b"\xce")

    def receive(self, link: socket.socket) -> bytes:
        size = struct.unpack("!BHI", link.recv(7))[2]
        return link.recv(size + 1, socket.MSG_WAITALL)[:-1]


@pytest.mark.parametrize(("password", "said"), [("right", "ok"), ("wrong", "403 ACCESS_REFUSED")])
def test_login_at_a_broker(scripts: dict[str, Any], password: str, said: str) -> None:
    broker = Broker()
    broker.start()
    one = {"host": "127.0.0.1", "port": broker.port, "user": "user", "vhost": "/"}
    assert scripts["reach"].broker({**one, "password": password}) == said
    broker.join(5)


def test_a_broker_that_is_away(scripts: dict[str, Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    one = {"host": "127.0.0.1", "port": port, "user": "u", "password": "p", "vhost": "/"}
    assert "refused" in scripts["reach"].broker(one)


def test_a_command_that_hangs_is_killed(scripts: dict[str, Any]) -> None:
    code, _ = scripts["guest"].run(["sleep", "60"], timeout=0.2)
    assert code < 0


def test_a_missing_program_is_told(scripts: dict[str, Any]) -> None:
    assert (
        scripts["guest"].run(["no-such-program"])[1] == "no-such-program: No such file or directory"
    )


def test_the_password_reaches_psql_by_its_environment(
    scripts: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    psql = tmp_path / "psql"
    psql.write_text('#!/bin/sh\n[ "$PGPASSWORD" = right ] || { echo "FATAL: $*"; exit 2; }\n')
    psql.chmod(0o755)
    path = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    monkeypatch.setattr(scripts["guest"], "ENVIRONMENT", path)
    one = {"host": "h", "user": "u", "database": "d"}
    assert scripts["reach"].database({**one, "password": "right"}) == "ok"
    said = scripts["reach"].database({**one, "password": "s3cr3t"})
    assert said.startswith("FATAL") and "s3cr3t" not in said


@pytest.mark.parametrize("version", PYTHONS)
@pytest.mark.parametrize("name", NAMES)
def test_scripts_load(version: str, name: str) -> None:
    result = run.run(
        [PYTHONS[version], "-c", f"import {name}"],
        cwd=FOLDER,
        env={"PYTHONDONTWRITEBYTECODE": "1"},
        check=False,
    )
    assert result.code == 0, result.out


def test_what_is_bound_from_a_state_volume_is_searched_and_no_other_mount(
    scripts: dict[str, Any], searched: Path
) -> None:
    another = searched.stat().st_dev + 1
    kept = (str(searched / "log"),)
    names = ("log", "log/below", "log.old", "etc")
    is_part = scripts["hygiene"].is_part
    parts = [is_part(str(searched / name), another, kept) for name in names]
    assert parts == [True, True, False, False]


def test_a_folder_that_goes_while_it_is_searched_is_no_error(
    scripts: dict[str, Any], searched: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hygiene = scripts["hygiene"]
    monkeypatch.setattr(hygiene.os, "walk", lambda top: iter([(top, ["gone"], ["gone.txt"])]))
    assert list(hygiene.searched(())) == []
    assert not hygiene.is_part(str(searched / "gone"), 1, ())


PLAIN = """
import json, sys, amqp
print(repr(amqp.plain(*json.loads(sys.argv[1])) == b"\\0synnefo\\0p\\xc3\\xa4 w"))
"""


@pytest.mark.parametrize("version", PYTHONS)
def test_a_password_of_any_text_reaches_the_broker(version: str) -> None:
    words = json.dumps(["synnefo", "pä w"])
    env = {"PYTHONPATH": str(FOLDER), "PYTHONDONTWRITEBYTECODE": "1"}
    said = run.run([PYTHONS[version], "-c", PLAIN, words], env=env)
    assert said.out.strip() == "True"
