"""Real services for the slow tests, thrown away afterwards; nothing of the host's is touched."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from golden import run

POSTGRESQL = Path("/usr/lib/postgresql/15/bin")
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def free_port() -> int:
    """A TCP port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait(port: int, seconds: float = 60) -> None:
    """Until something listens on the port."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.2)
    raise TimeoutError(f"nothing listens on {port} after {seconds} s")


@contextlib.contextmanager
def postgresql() -> Iterator[int]:
    """A cluster of its own on a loopback port, with the guide's user and databases."""
    place, port = Path(tempfile.mkdtemp(prefix="standins-pg-")), free_port()
    place.chmod(0o755)
    # PostgreSQL refuses to run as root.
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    prefix = user if os.geteuid() == 0 else []
    if prefix:
        shutil.chown(place, "postgres", "postgres")
    (place / "password").write_text("databasepw1")
    data = place / "data"
    words = [
        "--auth=scram-sha-256",
        f"--pwfile={place}/password",
        "--username=synnefo",
        "--no-sync",
    ]
    run.run([*prefix, POSTGRESQL / "initdb", "-D", data, *words])
    where = ["-p", str(port), "-k", place, "-h", "127.0.0.1", "-F"]
    server = run.start([*prefix, POSTGRESQL / "postgres", "-D", data, *where], log=place / "log")
    try:
        wait(port)
        for name in ("snf_apps", "snf_pithos"):
            env = {"PGPASSWORD": "databasepw1"}
            connection = ["-h", "127.0.0.1", "-p", str(port), "-U", "synnefo"]
            for _ in range(50):
                made = run.run([POSTGRESQL / "createdb", *connection, name], env=env, check=False)
                if made.code == 0:
                    break
                time.sleep(0.2)
        yield port
    finally:
        run.end(server)
        shutil.rmtree(place)


@contextlib.contextmanager
def rabbitmq() -> Iterator[int]:
    """A broker of its own on loopback ports, whose only user is the guide's."""
    place, port, mapper = Path(tempfile.mkdtemp(prefix="standins-mq-")), free_port(), free_port()
    config = place / "rabbitmq.conf"
    config.write_text("default_user = synnefo\ndefault_pass = brokerpw1\n")
    env = {
        "HOME": str(place),
        "ERL_EPMD_PORT": str(mapper),
        "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODENAME": "standins@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
        "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(free_port()),
        "RABBITMQ_CONFIG_FILE": str(config),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(place / "plugins"),
    }
    env |= {f"RABBITMQ_{name}_BASE": str(place) for name in ("MNESIA", "LOG")}
    env["RABBITMQ_PID_FILE"] = str(place / "pid")
    server = run.start([RABBITMQ], env=env, log=place / "log")
    try:
        wait(port)
        yield port
    finally:
        run.end(server, 20)
        # Erlang's name server outlives the broker that started it.
        run.run(["epmd", "-port", str(mapper), "-kill"], env=env, check=False)
        shutil.rmtree(place)


@dataclass
class Ganeti:
    """A RAPI that records what it is asked; only as much of Ganeti as Cyclades talks to."""

    name: str = "ganeti.node1.rehearsal.test"
    password: str = "rapipassword1"
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    port: int = 0

    def answer(self, method: str, path: str) -> Any:
        if path == "/2/info":
            return {"name": self.name, "enabled_disk_templates": ["drbd", "plain"]}
        if (method, path) == ("GET", "/2/groups"):
            return [{"name": "default", "uri": "/2/groups/default"}]
        if (method, path) == ("GET", "/2/networks"):
            made = [
                body["network_name"] for _, p, body in self.asked if p == "/2/networks" and body
            ]
            return [{"name": name, "uri": ""} for name in made]
        return len(self.asked)


@contextlib.contextmanager
def ganeti() -> Iterator[Ganeti]:
    """Serve a Ganeti on a loopback port."""
    cluster = Ganeti()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            expected = base64.b64encode(f"cyclades:{cluster.password}".encode()).decode()
            allowed = self.headers.get("Authorization") == f"Basic {expected}"
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            body = json.loads(data) if data else None
            cluster.asked.append((self.command, self.path, body))
            answer = json.dumps(cluster.answer(self.command, self.path)).encode()
            self.send_response(200 if allowed else 401)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_PUT = do_POST = do_DELETE = handle_any  # noqa: N815

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    cluster.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield cluster
    finally:
        server.shutdown()
        server.server_close()
