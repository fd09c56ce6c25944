"""The questions that findings ask of this host. Tests pass another `Host`."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from golden import run
from golden.errors import StageError
from golden.paths import HOME

ANSWER_SECONDS = 5.0


def _text(path: Path) -> str:
    """The file's text; empty if it does not exist."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _free(path: Path) -> int:
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def _says(*argv: str) -> str | None:
    try:
        result = run.run(argv, check=False, timeout=ANSWER_SECONDS, apart=True)
    except StageError:
        return None
    return result.out if result.code == 0 else None


def _addresses(name: str) -> tuple[str, ...]:
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except OSError:
        return ()
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def _http_status(url: str) -> int | str:
    # Imported here: it costs 100 ms, which the quick examination before a bake does not have.
    import requests

    try:
        return requests.head(url, timeout=ANSWER_SECONDS, allow_redirects=True).status_code
    except requests.RequestException as error:
        return type(error).__name__


@dataclass(frozen=True)
class Host:
    """Questions to a host, each a replaceable function.

    `text` reads a file ("" when absent), `says` runs a command (None when it fails or is absent),
    `free` gives bytes left where a path is or would be, `addresses` resolves a name, `http_status`
    is a status code or the name of what went wrong.
    """

    uid: int = field(default_factory=os.getuid)
    user: str = field(default_factory=lambda: pwd.getpwuid(os.getuid()).pw_name)
    home: Path = HOME
    python: tuple[int, int] = (sys.version_info[0], sys.version_info[1])
    prefix: Path = Path(sys.prefix)
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    which: Callable[[str], Path | None] = run.which
    exists: Callable[[Path], bool] = Path.exists
    text: Callable[[Path], str] = _text
    free: Callable[[Path], int] = _free
    says: Callable[..., str | None] = _says
    addresses: Callable[[str], tuple[str, ...]] = _addresses
    http_status: Callable[[str], int | str] = _http_status
