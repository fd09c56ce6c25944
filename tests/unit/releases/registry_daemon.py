"""Debian's docker-registry on a port of loopback, and a line to it that a test can cut."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from golden import run
from golden.host.ports import free_port

USER, PASSWORD = "reader", "secret"
# bcrypt of the password with the least rounds, as htpasswd -B writes it.
_HTPASSWD = f"{USER}:$2b$04$temvZ3fy4bezyOsyXrvOAe7CaoARAy4PusUJeiCwO8jLonel5FEGm\n"


@contextlib.contextmanager
def running(folder: Path, *, guarded: bool = False) -> Iterator[str]:
    """A registry with its data in `folder`, which answers a `guarded` one's user alone; its host
    and port."""
    folder.mkdir(parents=True)
    (folder / "htpasswd").write_text(_HTPASSWD)
    basic = {"htpasswd": {"realm": "lab", "path": str(folder / "htpasswd")}}
    host = f"127.0.0.1:{free_port()}"
    config = {
        "version": "0.1",
        "log": {"level": "warn"},
        "storage": {
            "filesystem": {"rootdirectory": str(folder / "data")},
            "delete": {"enabled": True},
        },
        "http": {"addr": host, "secret": "of this test"},
        **({"auth": basic} if guarded else {}),
    }
    (folder / "config.yml").write_text(json.dumps(config))
    words = ["docker-registry", "serve", folder / "config.yml"]
    daemon = run.start(words, log=folder / "log")
    try:
        _await(host)
        yield host
    finally:
        run.end(daemon)


def _await(host: str) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        with contextlib.suppress(requests.ConnectionError):
            requests.get(f"http://{host}/v2/", timeout=5)
            return
        time.sleep(0.05)
    raise TimeoutError(host)


def stored(folder: Path, sha256: str) -> Path:
    """The file in which the registry keeps a blob."""
    return folder / f"data/docker/registry/v2/blobs/sha256/{sha256[:2]}/{sha256}/data"


class Line:
    """Goes between a client and the registry at `host`; `cut` breaks it after so many bytes."""

    def __init__(self, host: str) -> None:
        name, _, port = host.partition(":")
        self._to = (name, int(port))
        self._left: dict[str, float] = {"up": float("inf"), "down": float("inf")}
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.host = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self.carried = {"up": 0, "down": 0}
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self, way: str, after: float) -> None:
        """Break what goes `up` to the registry, or `down` from it; infinity mends it."""
        self._left[way] = after
        self.carried = {"up": 0, "down": 0}

    def close(self) -> None:
        """Take no more."""
        self._listening.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = socket.create_connection(self._to)
                for way, ends in {"up": (client, server), "down": (server, client)}.items():
                    threading.Thread(target=self._carry, args=(way, *ends), daemon=True).start()

    def _carry(self, way: str, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while piece := source.recv(1 << 16):
                piece = piece[: int(min(self._left[way], len(piece)))]
                target.sendall(piece)
                self.carried[way] += len(piece)
                self._left[way] -= len(piece)
                if self._left[way] <= 0:
                    break
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
