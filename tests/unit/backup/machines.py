"""The state of a site whose machines' disks are small files."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from golden import daemon
from golden.keys import secrets
from golden.rundir import NodeDir, State
from tests.unit.small_site import small_site

SITE = small_site()


def generation(name: str, patch: pytest.MonkeyPatch) -> None:
    """Let the site's secrets be that set."""
    patch.setattr(secrets, "load", lambda site: SimpleNamespace(generation=name))


def disks(node: str) -> tuple[Path, Path]:
    files = NodeDir("small", node)
    return files.kept, files.data


def content() -> list[bytes]:
    """All state of both nodes."""
    return [disk.read_bytes() for node in SITE.nodes for disk in disks(node.name)]


def change() -> None:
    for node in SITE.nodes:
        for disk in disks(node.name):
            disk.write_bytes(b"later")


def turn_on(node: str) -> None:
    """The node's machine is this very process."""
    ticks = daemon.start_ticks(os.getpid()) or 0
    NodeDir("small", node).remember(
        State(os.getpid(), ticks, daemon.boot_id(), 0.0, 2201, "tcg", 6.0, "/x", [], "qemu")
    )


def everything(folder: Path) -> dict[str, bytes]:
    """All files below `folder`, but locks."""
    found = (path for path in folder.rglob("*") if path.suffix != ".lock")
    return {str(path): path.read_bytes() for path in found if path.is_file()}


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
