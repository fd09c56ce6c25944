"""Connect to QEMU's sockets, and speak its control protocol (QMP)."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from golden.errors import StageError

ANSWER_SECONDS = 10.0


@contextlib.contextmanager
def connected(path: Path, timeout: float | None = ANSWER_SECONDS) -> Iterator[socket.socket]:
    """Connect to the Unix socket `path`, however long that is. Raises OSError."""
    # A socket's address holds 107 bytes, a project folder may be deeper: go through an open folder.
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(timeout)
            link.connect(f"/proc/self/fd/{folder}/{path.name}")
            yield link
    finally:
        os.close(folder)


def command(path: Path, name: str) -> dict[str, Any]:
    """Send a QMP command; return its answer. Raises OSError, StageError for a refusal."""
    with connected(path) as link, link.makefile("rw", encoding="utf-8") as stream:
        json.loads(stream.readline())  # the greeting
        _ask(stream, "qmp_capabilities")
        return _ask(stream, name)


def _ask(stream: Any, name: str) -> dict[str, Any]:
    stream.write(json.dumps({"execute": name}) + "\n")
    stream.flush()
    for line in stream:
        answer: dict[str, Any] = json.loads(line)
        if "return" in answer:
            found: dict[str, Any] = answer["return"]
            return found
        if "error" in answer:
            raise StageError("boot", f"QEMU refused {name}: {answer['error'].get('desc')}")
    raise ConnectionResetError(f"QEMU closed the connection instead of answering {name}")
