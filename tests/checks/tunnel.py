"""Ways through a node to the site behind it, by an ssh connection of their own."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from golden import run


@contextmanager
def tunnel(config: Path, node: str, to: str = "") -> Iterator[int]:
    """The port on this host that leads from `node` to `to` (host:port); of a SOCKS proxy without.

    `config` is ssh's. Names are resolved on the node.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    options = ["-o", "BatchMode=yes", "-o", "ExitOnForwardFailure=yes", "-o", "ControlPath=none"]
    way = ("-L", f"127.0.0.1:{port}:{to}") if to else ("-D", f"127.0.0.1:{port}")
    argv = ["ssh", "-F", str(config), *options, "-N", *way, node]
    child = run.start(argv)
    try:
        _wait(port)
        yield port
    finally:
        run.end(child)


def _wait(port: int, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 5).close()
            return
        except OSError:
            assert time.monotonic() < end, f"ssh did not open its port within {seconds:.0f} s"
            time.sleep(0.3)
