"""A Unix socket that tests listen on, in a folder as deep as it may be."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def listening(path: Path) -> socket.socket:
    """A socket that listens at `path`, whose address alone would be too long in a deep folder."""
    folder = os.open(path.parent, os.O_PATH)
    server = socket.socket(socket.AF_UNIX)
    try:
        server.bind(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)
    server.listen()
    return server
