"""Files that appear whole or not at all, however the writer ends."""

from __future__ import annotations

import ctypes
import os
import shutil
import threading
from pathlib import Path


def write(path: Path, content: str | bytes, *, mode: int = 0o644, durable: bool = False) -> None:
    """Give `path` its new content in one step; its folder is made where it is missing.

    `mode` holds from the first byte on, less the umask. `durable` waits for the disk: for what
    cannot be made again after a power cut.
    """
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    # The dot: who lists the folder passes it over. The ids: two writers do not share it.
    partial = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    partial.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def exchange(one: Path, other: Path) -> None:
    """Let two paths of one file system, whatever they are, change their names in one step."""
    # renameat2(2): the current folder, and RENAME_EXCHANGE.
    here, exchanging = -100, 2
    libc = ctypes.CDLL(None, use_errno=True)
    words = (here, os.fsencode(one), here, os.fsencode(other), exchanging)
    if libc.renameat2(*words) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(one), None, str(other))


def put(folder: Path, target: Path) -> None:
    """Move `folder` to `target` in one step, also when a folder is there: that one goes."""
    if target.exists():
        exchange(folder, target)
        shutil.rmtree(folder)
    else:
        folder.rename(target)
