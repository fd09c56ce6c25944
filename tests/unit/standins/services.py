"""Real services for the slow tests, thrown away afterwards; nothing of the host's is touched."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from golden import run
from golden.host.ports import free_port
from tests.unit.standins.site import PASSWORD

POSTGRESQL = Path("/usr/lib/postgresql/15/bin")
RABBITMQ = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


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
    (place / "password").write_text(PASSWORD)
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
            env = {"PGPASSWORD": PASSWORD}
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
