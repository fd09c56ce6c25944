"""The stand-in packages, built and unpacked: what several tests run programs from."""

from __future__ import annotations

from pathlib import Path

from golden import run
from golden.packages import standins


def unpacked(place: Path) -> Path:
    """Build all packages below `place` and unpack them into one tree there; returns the tree."""
    built = standins.build(place / "repository", "0.16.2")
    for package in built.packages:
        run.run(["dpkg-deb", "-x", built.folder / standins.file_name(package), place / "root"])
    return place / "root"
