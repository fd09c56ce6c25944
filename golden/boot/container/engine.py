"""Find the Docker engine of this host, and what it allows."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import docker
from docker.errors import APIError, DockerException

from golden.errors import StageError, UserError
from golden.paths import CACHE

SYSTEM = Path("/var/run/docker.sock")
# Where `scripts/host/dockerd start .cache/dockerd` puts it.
OWN = CACHE / "dockerd" / "docker.sock"
# More is useless, and Python 2 and Erlang close every possible file one by one
# (docs/wheezy.md W4.1).
OPEN_FILES = 65536
# Loading a layer of a gigabyte on a slow disk.
ANSWER_SECONDS = 600


def connect() -> docker.DockerClient:
    """Connect to the engine at `socket_path`. Raises UserError when none answers."""
    url = f"unix://{socket_path()}"
    try:
        return docker.DockerClient(base_url=url, version="auto", timeout=ANSWER_SECONDS)
    except DockerException as error:
        raise UserError(
            f"no Docker engine answers at {url} ({_reason(error)}); start the system's with: "
            "service docker start, or one of this project's own with: "
            "scripts/host/dockerd start .cache/dockerd"
        ) from error


def socket_path() -> Path:
    """The socket of the engine that DOCKER_HOST names, else this project's own, else the system's.

    Raises UserError for an engine on another machine.
    """
    url = os.environ.get("DOCKER_HOST")
    if not url:
        return OWN if OWN.exists() else SYSTEM
    if not url.startswith("unix://"):
        raise UserError(
            f"DOCKER_HOST={url}: the container target needs an engine on this machine, whose "
            "folders and addresses it can reach: unset it, or set it to unix://PATH"
        )
    return Path(url.removeprefix("unix://"))


def open_files() -> int:
    """A node's limit of open files: at most the engine's own, which it may not raise."""
    return min(OPEN_FILES, _hard_limit(Path(f"/proc/{_server_pid()}/limits")))


@contextlib.contextmanager
def refusals(doing: str) -> Iterator[None]:
    """Turn the engine's refusals into StageErrors with its own message."""
    try:
        yield
    except APIError as error:
        raise StageError(
            "boot", f"the Docker engine refused to {doing}: {error.explanation}"
        ) from (error)


def _server_pid() -> int:
    # The process that listens (socket(7), SO_PEERCRED): the engine, or an init that started it.
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(socket_path()))
        credentials = link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[0])


def _hard_limit(limits: Path) -> int:
    try:
        found = re.search(r"^Max open files\s+\S+\s+(\d+)", limits.read_text(), re.MULTILINE)
    except OSError:
        # A normal user may not look into a process of root; the system's engine has plenty.
        return OPEN_FILES
    return int(found.group(1)) if found else OPEN_FILES


def _reason(error: DockerException) -> str:
    """The innermost message of a chain of wrapped errors."""
    cause: BaseException = error
    while cause.__cause__ or cause.__context__:
        cause = cause.__cause__ or cause.__context__ or cause
    return str(cause)
