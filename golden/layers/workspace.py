"""Where layers are made: one bake at a time, which clears what a killed one left."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shlex
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from filelock import FileLock, Timeout

from golden import log
from golden.errors import StageError, UserError
from golden.layers import enter
from golden.paths import shown

# `inside` looks every second whether its bake is alive.
ORPHAN_SECONDS = 15.0
LOCK, OWNER = "bake.lock", "bake.owner"


@dataclass(frozen=True)
class Workspace:
    """The folder of one running bake. `lock` is its open `alive` file, locked while it lives.

    A workspace in another one has links to that one's files; here they are the files themselves,
    because the machine that makes a layer gets them by their paths (`golden.bake.machine`).
    """

    folder: Path
    lock: IO[bytes]

    @property
    def alive(self) -> Path:
        """Locked by the bake itself."""
        return (self.folder / "alive").resolve()

    @property
    def busy(self) -> Path:
        """Locked (shared) by every command inside a tree."""
        return (self.folder / "busy").resolve()

    def abandon(self) -> None:
        """Make every command inside a tree end within about a second (see `inside.watch`)."""
        fcntl.flock(self.lock, fcntl.LOCK_UN)

    def inner(self, name: str) -> Workspace:
        """A workspace in this one, for layers of the same names."""
        folder = self.scratch(name)
        for file in (self.alive, self.busy):
            (folder / file.name).symlink_to(file)
        return Workspace(folder, self.lock)

    def scratch(self, name: str) -> Path:
        """A new empty folder for the layer `name`."""
        scratch = self.folder / name
        scratch.mkdir()
        return scratch


@contextlib.contextmanager
def working(cache: Path) -> Iterator[Workspace]:
    """Be the only bake in `cache`: wait for another one, then clear what killed ones left.

    Raises StageError when something that a killed bake started does not end, UserError when the
    file systems below `cache` cannot do what a bake needs.
    """
    with one_bake(cache):
        work, layers = cache / "work", cache / "layers"
        _clear(work)
        work.mkdir(exist_ok=True)
        layers.mkdir(exist_ok=True)
        _require_usable(work, layers)
        with _living(work) as workspace:
            workspace.busy.touch()
            yield workspace


@contextlib.contextmanager
def joined(cache: Path) -> Iterator[Workspace]:
    """Work in `cache` beside others that have joined, while no bake of its own goes on there.

    Waits for such a bake; raises as `working`.
    """
    work, layers = cache / "work", cache / "layers"
    for folder in (work, layers):
        folder.mkdir(parents=True, exist_ok=True)
    # The lock of `one_bake`, which filelock takes with flock(2), and for itself alone.
    with (cache / LOCK).open("ab") as lock:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _clear(work)
            _require_usable(work, layers)
        fcntl.flock(lock, fcntl.LOCK_SH)
        _own(cache)
        with _living(work) as workspace:
            workspace.busy.touch()
            yield workspace


@contextlib.contextmanager
def guest(host: Path) -> Iterator[Workspace]:
    """A workspace in `host`, the folder of the bake that this process works for; what it runs ends
    with this process, too."""
    with _living(host) as workspace:
        workspace.busy.symlink_to(host / "busy")
        yield workspace


@contextlib.contextmanager
def _living(place: Path) -> Iterator[Workspace]:
    """A workspace in `place` that is alive during the block, without its file `busy` yet."""
    folder = place / f"{os.getpid()}-{time.time_ns()}"
    folder.mkdir()
    with (folder / "alive").open("wb") as alive:
        fcntl.flock(alive, fcntl.LOCK_EX)
        try:
            yield Workspace(folder, alive)
        finally:
            enter.remove([folder])


@contextlib.contextmanager
def one_bake(cache: Path) -> Iterator[None]:
    """Be the only process that changes the results of bakes in `cache`; waits for another one."""
    cache.mkdir(parents=True, exist_ok=True)
    lock = FileLock(cache / LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        owner = cache / OWNER
        who = owner.read_text().strip() if owner.is_file() else "another process"
        log.info(f"waiting for another bake to end ({who})")
        lock.acquire()
    try:
        _own(cache)
        yield
    finally:
        lock.release()


def _own(cache: Path) -> None:
    (cache / OWNER).write_text(f"process {os.getpid()} since {time.strftime('%H:%M:%S')}")


def _require_usable(work: Path, layers: Path) -> None:
    """Raise UserError unless programs can run in `work`, and folders move from it to `layers`."""
    if os.statvfs(work).f_flag & os.ST_NOEXEC:
        raise UserError(
            f"{shown(work)} is mounted noexec, and a bake runs programs there: mount it without "
            "noexec, or set GOLDEN_HOME to another place"
        )
    probe, target = work / "probe", layers / ".probe"
    probe.touch()
    try:
        probe.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        raise UserError(
            f"{shown(work)} and {shown(layers)} are on different file systems, and a finished "
            "layer must move from one to the other in one step: put both on one"
        ) from None
    finally:
        probe.unlink(missing_ok=True)
    target.unlink()


def _clear(work: Path) -> None:
    """Remove what killed bakes left; the caller is the only bake."""
    left = sorted(work.glob("*")) if work.is_dir() else []
    for folder in left:
        _wait_until_idle(folder / "busy")
    if left:
        log.detail(f"removing the remains of {len(left)} interrupted bakes in {work}")
        enter.remove(left)


def _wait_until_idle(busy: Path) -> None:
    if not busy.exists():
        return
    end = time.monotonic() + ORPHAN_SECONDS
    with busy.open() as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > end:
                    raise StageError(
                        "bake",
                        f"a process of an interrupted bake is still running in {busy.parent}",
                        hint=f"find it with: fuser -v {shlex.quote(str(busy))}",
                    ) from None
                time.sleep(0.2)
