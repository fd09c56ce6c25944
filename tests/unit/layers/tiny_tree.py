"""A tree of a few megabytes in which a shell runs, out of the host's own programs."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from golden import run

PROGRAMS = ("sh", "sleep", "cat", "mkdir", "touch", "rm", "dd", "sync", "ls", "id", "hostname")


def make(tree: Path) -> Path:
    """Fill `tree` with PROGRAMS and the libraries they need."""
    for name in PROGRAMS:
        program = run.which(name)
        assert program is not None, f"this host has no {name}"
        _copy(program.resolve(), tree / "usr/bin" / name)
        for library in _libraries(program):
            _copy(library, tree / str(library).lstrip("/"))
    (tree / "bin").symlink_to("usr/bin")
    return tree


def _libraries(program: Path) -> list[Path]:
    told = run.run(["ldd", program]).out
    return [Path(path) for path in re.findall(r"(/\S+) \(0x", told)]


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        shutil.copy(source, target)
