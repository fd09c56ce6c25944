"""Files that appear complete or not at all, however the writer ends."""

from __future__ import annotations

import ctypes
import os
import shutil
import threading
from pathlib import Path


def partial(target: Path, kind: str = "new") -> Path:
    """The name beside `target` of a file that becomes it: `kind`, of this process and thread alone.

    No such file is there, and what killed processes left under theirs is gone.
    """
    # The dot: who lists the folder passes it over.
    head = f".{target.name}."
    for path in target.parent.iterdir():
        pid, *more = path.name.removeprefix(head).split(".")
        ours = path.name.startswith(head) and pid.isdigit() and len(more) == 2
        if ours and not Path("/proc", pid).exists():
            path.unlink(missing_ok=True)
    own = target.with_name(f"{head}{os.getpid()}.{threading.get_ident()}.{kind}")
    own.unlink(missing_ok=True)
    return own


def write(path: Path, content: str | bytes, *, mode: int = 0o644, durable: bool = False) -> None:
    """Replace the content of `path` in one step, creating missing folders.

    `mode` holds from the first byte on, less the umask. `durable` waits for the disk: for what
    cannot be made again after a power cut. An OSError names the file.
    """
    data = content.encode() if isinstance(content, str) else content
    path.parent.mkdir(parents=True, exist_ok=True)
    new = partial(path)
    try:
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
            file.write(data)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        new.replace(path)
    except BaseException as error:
        new.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # write(2) knows none
        raise


def flush(*files: Path) -> None:
    """Wait until the disk has the content of `files`; that of a folder is its names."""
    for path in files:
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def exchange(one: Path, other: Path) -> None:
    """Swap two paths of one file system in one step."""
    # renameat2(2): the current folder, and RENAME_EXCHANGE.
    here, exchanging = -100, 2
    libc = ctypes.CDLL(None, use_errno=True)
    words = (here, os.fsencode(one), here, os.fsencode(other), exchanging)
    if libc.renameat2(*words) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), str(one), None, str(other))


def put(folder: Path, target: Path) -> None:
    """Move `folder` to `target` in one step, replacing a folder that is there."""
    if target.exists():
        exchange(folder, target)
        shutil.rmtree(folder)
    else:
        folder.rename(target)
