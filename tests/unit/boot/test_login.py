"""The ssh configuration and the question whether sshd answers."""

from __future__ import annotations

import dataclasses
import os
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from golden import daemon, run, rundir
from golden.boot import login
from golden.errors import UserError
from golden.keys import secrets
from golden.rundir import NodeDir, State
from tests.unit.small_site import small_site

SITE = small_site()


@pytest.fixture
def booted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """n1 of the site runs (as this very process), n2 does not."""
    monkeypatch.setattr(rundir, "CACHE", tmp_path)
    monkeypatch.setattr(secrets, "SECRETS", tmp_path / "secrets")
    secrets.ensure(SITE)
    ticks = daemon.start_ticks(os.getpid()) or 0
    state = State(os.getpid(), ticks, daemon.boot_id(), 0.0, 2201, "tcg", 6.0, "/x", [], "qemu")
    NodeDir(SITE.name, "n1").remember(state)
    return tmp_path


def seen_by_ssh(config: Path, host: str) -> dict[str, str]:
    lines = run.run(["ssh", "-G", "-F", config, host]).out.splitlines()
    return {key: value for key, _, value in (line.partition(" ") for line in lines)}


def test_ssh_itself_reads_the_configuration(booted: Path) -> None:
    found = seen_by_ssh(login.write_config(SITE), "n1")
    assert (found["hostname"], found["port"], found["user"]) == ("127.0.0.1", "2201", "root")
    assert found["identityfile"] == str(secrets.load(SITE).operator_key)
    assert found["hostkeyalias"] == "n1.small.example"
    assert found["stricthostkeychecking"] == "true"


def test_only_running_nodes_have_an_entry(booted: Path) -> None:
    text = login.write_config(SITE).read_text()
    assert "Host n1 n1.small.example\n" in text
    assert "Host n2" not in text


def test_host_keys_are_known_beforehand(booted: Path) -> None:
    login.write_config(SITE)
    known = rundir.site_dir(SITE.name) / "known_hosts"
    assert "n1.small.example" in run.run(["ssh-keygen", "-F", "n1.small.example", "-f", known]).out


def test_a_folder_too_deep_has_no_shared_connection(
    booted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = booted / ("d" * 90)
    (booted / "run").rename(deep)
    monkeypatch.setattr(rundir, "site_dir", lambda site: deep / site)
    text = login.write_config(SITE).read_text()
    assert "ControlMaster" not in text
    assert "too long for a socket's address" in text


def test_a_node_that_is_off_says_how_to_boot_it(booted: Path) -> None:
    with pytest.raises(UserError, match=r"n2 of site small is not running.*\./inv boot"):
        login.command(SITE.name, "n2")


def test_a_command_goes_through_the_configuration(booted: Path) -> None:
    config = rundir.ssh_config(SITE.name)
    assert login.command(SITE.name, "n1") == ["ssh", "-F", str(config), "n1"]
    assert login.command(SITE.name, "n1", "uptime; id")[-2:] == ["--", "uptime; id"]


@pytest.fixture
def server() -> Iterator[Callable[[Callable[[socket.socket], None]], int]]:
    """Listens on 127.0.0.1 and treats each connection as told; gives the port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def start(treat: Callable[[socket.socket], None]) -> int:
        def serve() -> None:
            link, _ = listener.accept()
            treat(link)

        threading.Thread(target=serve, daemon=True).start()
        port: int = listener.getsockname()[1]
        return port

    yield start
    listener.close()


def test_sshd_answers(server: Callable[[Callable[[socket.socket], None]], int]) -> None:
    assert login.probe(server(lambda link: link.sendall(b"SSH-2.0-OpenSSH\r\n"))) == "answers"


def test_a_node_that_refuses(server: Callable[[Callable[[socket.socket], None]], int]) -> None:
    assert login.probe(server(lambda link: link.close())) == "closed"


def test_a_node_without_network(server: Callable[[Callable[[socket.socket], None]], int]) -> None:
    held = []
    assert login.probe(server(held.append), timeout=0.2) == "silent"


def test_a_machine_that_is_gone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert login.probe(port) == "closed"


def test_a_node_behind_another_machine(booted: Path) -> None:
    ticks = daemon.start_ticks(os.getpid()) or 0
    state = State(os.getpid(), ticks, daemon.boot_id(), 0.0, 2201, "kvm", 1.0, "/x", [], "qemu")
    jump = "ssh -o BatchMode=yes root@between"
    NodeDir(SITE.name, "n1").remember(dataclasses.replace(state, jump=jump))
    found = seen_by_ssh(login.write_config(SITE), "n1")
    assert found["proxycommand"] == f"{jump} -W [%h]:%p"
    assert (found["hostname"], found["port"]) == ("127.0.0.1", "2201")


@pytest.mark.parametrize(
    ("script", "answer"),
    [
        ('[ "$2" = "[127.0.0.1]:2201" ] && echo SSH-2.0-node', "answers"),
        ("echo 'channel 0: open failed' >&2; exit 1", "closed"),
        ("sleep 100", "silent"),
    ],
)
def test_asking_through_another_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, answer: str
) -> None:
    program = tmp_path / "jump"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setattr(login, "JUMP_SECONDS", 2.0)
    assert login.probe(2201, jump=str(program)) == answer
