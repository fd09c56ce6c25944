"""Files of the checkout that change together, or not at all, however the process ends.

ROOT/.cache/bump/
    applying/       while files are being replaced: the old ones. When the process that made it is
                    gone, the next one restores them.
    done-0001/ …    complete bumps, for `undo`, the newest last
    .lock           held by the process at work

Each is a folder with record.json (what it was, and the hash of each file before and after) and
before/, which holds the files that there were. A rename of the folder is the moment that counts.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock

from golden import atomic, log, paths
from golden.errors import UserError
from golden.layers.model import digest

RECORD = "record.json"
# Path below the checkout, and the file's new content; None: it goes.
Writes = Mapping[str, bytes | None]


@dataclass(frozen=True)
class Done:
    """A bump that can be undone; `what` describes it."""

    folder: Path
    what: str
    files: Mapping[str, Mapping[str, str | None]]

    def before(self) -> dict[str, bytes | None]:
        """The files as they were before it."""
        return {
            name: (self.folder / "before" / name).read_bytes() if hashes["before"] else None
            for name, hashes in self.files.items()
        }


class Journal:
    """The journal of the checkout at `root`."""

    def __init__(self, root: Path = paths.ROOT) -> None:
        self.root = root
        self.folder = root / ".cache" / "bump"
        self._applying = self.folder / "applying"

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Be the only process at work; first restores what a killed one left half done."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / ".lock"):
            self._settle()
            yield

    def settle(self) -> None:
        """Restore what a killed run left half done."""
        if self._applying.exists():
            with self.held():
                pass

    def apply(self, writes: Writes, what: str) -> None:
        """Write all files or none; kept for `undo`, described as `what`."""
        self._begin(writes, what)
        self._write(writes)
        numbers = [int(path.name.partition("-")[2]) for path in self.folder.glob("done-*")]
        self._applying.rename(self.folder / f"done-{max(numbers, default=0) + 1:04}")

    def last(self) -> Done:
        """The bump that `undo` would undo. Raises UserError when there is none, or when a file that
        it changed was edited since."""
        found = sorted(self.folder.glob("done-*"))
        if not found:
            raise UserError("--undo: no bump was made in this checkout, or all were undone already")
        done = _read(found[-1])
        edited = [
            name for name, hashes in done.files.items() if self._hash(name) != hashes["after"]
        ]
        if edited:
            raise UserError(
                f"--undo: {', '.join(edited[:3])}{' and more' if edited[3:] else ''} changed after "
                f"the bump ({done.what}), and that would be lost: take those edits out first "
                "(git diff), then undo"
            )
        return done

    def undo(self, done: Done) -> None:
        """Restore the files from before `done`, which `last` found."""
        before = done.before()
        self._begin(before, f"undo of {done.what}")
        self._write(before)
        # From here on it counts as undone: `done` stays at a moment where both are there.
        done.folder.rename(self._applying / "undone")
        _remove(self._applying, self.folder / ".gone")

    def _begin(self, writes: Writes, what: str) -> None:
        fresh = self.folder / ".begun"
        shutil.rmtree(fresh, ignore_errors=True)
        files: dict[str, Any] = {}
        for name, content in writes.items():
            files[name] = {"before": self._hash(name), "after": _hash_of(content)}
            if files[name]["before"]:
                atomic.write(fresh / "before" / name, (self.root / name).read_bytes(), durable=True)
        atomic.write(fresh / RECORD, json.dumps({"what": what, "files": files}), durable=True)
        fresh.rename(self._applying)
        _sync(self.folder)

    def _write(self, writes: Writes) -> None:
        for name, content in writes.items():
            path = self.root / name
            if content is None:
                path.unlink(missing_ok=True)
                _remove_empty(path.parent, self.root)
            else:
                mode = path.stat().st_mode & 0o777 if path.exists() else 0o644
                atomic.write(path, content, mode=mode, durable=True)

    def _settle(self) -> None:
        shutil.rmtree(self.folder / ".gone", ignore_errors=True)
        if not self._applying.exists():
            return
        done = _read(self._applying)
        for name in done.files:
            # What atomic.write was at.
            for partial in (self.root / name).parent.glob(f".{Path(name).name}.*"):
                partial.unlink()
        if not (self._applying / "undone").exists():
            self._write(done.before())
            log.warn(f"a run was interrupted ({done.what}): its files are restored")
        _remove(self._applying, self.folder / ".gone")

    def _hash(self, name: str) -> str | None:
        path = self.root / name
        return digest(path.read_bytes()) if path.is_file() else None


def _read(folder: Path) -> Done:
    record = json.loads((folder / RECORD).read_text())
    return Done(folder, record["what"], record["files"])


def _hash_of(content: bytes | None) -> str | None:
    return None if content is None else digest(content)


def _remove(folder: Path, gone: Path) -> None:
    """Remove `folder`, which is whole until it is gone."""
    shutil.rmtree(gone, ignore_errors=True)
    folder.rename(gone)
    shutil.rmtree(gone)


def _remove_empty(folder: Path, root: Path) -> None:
    while folder != root and not (folder.is_dir() and any(folder.iterdir())):
        if folder.is_dir():
            folder.rmdir()
        folder = folder.parent


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
