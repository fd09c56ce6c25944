"""The installer and the host that it was netbooted from, as golden/installer/__init__.py has it."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from golden.definition.files import Disk
from tests.unit.installer.machine import Machine, boots, holds

RULE = Disk(serial="S1")


class Server(ThreadingHTTPServer):
    """Serves a bundle's folder, keeps what is reported, and fails as often as a test asks for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.asked: Counter[str] = Counter()
        self.tokens: list[str | None] = []
        self.reports: list[tuple[str, dict[str, Any]]] = []
        self.failures = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/bundle"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name = self.path.removeprefix("/bundle/")
        self.server.asked[name] += 1
        if name.startswith("seed/"):
            self.server.tokens.append(self.headers["X-Golden-Token"])
        if self.server.failures:
            self.server.failures -= 1
            self.send_error(503)
            return
        content = (self.server.folder / name).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.reports.append((self.path, json.loads(body)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(machine: Machine) -> Iterator[Server]:
    made = Server(machine.stick)
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    machine.words(f"golden.source={made.url}", "golden.token=T0ken")
    yield made
    made.shutdown()
    made.server_close()


def test_over_the_network_every_line_reaches_the_host(machine: Machine, server: Server) -> None:
    image = machine.bundle(RULE)
    disk = machine.disk("vda", 100, "S1")
    done = machine.install()
    assert done.code == 0, done.out
    assert boots(disk)
    assert holds(disk, image)
    assert [report for _, report in server.reports] == done.events
    # Before the manifest is read, nobody knows which node this is.
    assert {path for path, _ in server.reports} == {"/bundle/report/", "/bundle/report/n1"}
    assert server.reports[-1][0] == "/bundle/report/n1"


def test_the_seed_is_asked_for_once_and_with_the_token(machine: Machine, server: Server) -> None:
    machine.bundle(RULE)
    machine.disk("vda", 100, "S1")
    assert machine.install().code == 0
    assert server.tokens == ["T0ken"]
    assert server.asked["seed/n1"] == 1


def test_a_host_that_fails_for_a_moment_is_asked_again(machine: Machine, server: Server) -> None:
    machine.bundle(RULE)
    machine.disk("vda", 100, "S1")
    server.failures = 3
    assert machine.install().code == 0
    assert server.asked["manifest"] == 4


def test_a_host_that_fails_for_good_leaves_the_disk_alone(machine: Machine, server: Server) -> None:
    machine.bundle(RULE)
    machine.disk("vda", 100, "S1")
    server.failures = 1000
    done = machine.install()
    assert (done.code, done.last["state"]) == (1, "failed")
    assert "the manifest cannot be had from http://" in done.last["detail"]
    assert machine.writes() == 0


def test_over_the_network_a_refusal_names_the_option(machine: Machine, server: Server) -> None:
    machine.bundle(RULE)
    disk = machine.disk("vda", 100, "S1", b"\1" * 1024)
    assert "./inv boot --target metal --force S1" in machine.install().last["detail"]
    disk.write_bytes(bytes(100 * 1024 * 1024))
    assert machine.install().code == 0
    machine.bundle(RULE, node=1)
    machine.words(f"golden.source={server.url}", "golden.node=n2")
    assert "./inv boot --target metal --reinstall" in machine.install().last["detail"]


def test_an_installed_node_tells_so_and_takes_no_seed(machine: Machine, server: Server) -> None:
    machine.bundle(RULE)
    machine.disk("vda", 100, "S1")
    assert machine.install().code == 0
    server.reports.clear()
    assert machine.install().code == 3
    assert server.asked["seed/n1"] == 1
    assert server.reports[-1][1]["step"] == "installed"
    assert server.reports[-1][1]["state"] == "done"
