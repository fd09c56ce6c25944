"""A node's application on real gunicorn, as its configuration starts it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from golden import run
from tests.unit.standins import services
from tests.unit.standins.conftest import Cloud

# What Apache adds.
PROXIED = {"X-Forwarded-Proto": "https"}
HOSTS = {node: f"https://{node}.rehearsal.test" for node in ("node1", "node2")}
HOOK = "etc/synnefo/gunicorn-hooks/gunicorn-archipelago.py"


@contextlib.contextmanager
def gunicorn(cloud: Cloud, node: str, port: int) -> Iterator[Path]:
    """Serve the node's application on a loopback port; its log is the value."""
    words = [f"--bind=127.0.0.1:{port}", "--workers=2", "--worker-class=gevent"]
    words += [f"--config={cloud.root / HOOK}", "synnefo.webproject.wsgi:application"]
    env = cloud.environment(node) | {"DJANGO_SETTINGS_MODULE": "synnefo.settings"}
    log = cloud.place / f"gunicorn-{node}.log"
    server = run.start(["/usr/bin/python3", "/usr/bin/gunicorn", *words], env=env, log=log)
    try:
        services.wait(port)
        yield log
    finally:
        run.end(server)
