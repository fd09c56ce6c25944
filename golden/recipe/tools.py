"""The host's tools that leave their mark on what is baked, by version; and our own code by hash."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path

from golden import paths, run
from golden.layers.model import digest

# Debian packages of the host. Layers: what unpacks and drives. Disks: what writes them.
_LAYERS = ("dpkg", "packer", "tar")
_DISKS = ("e2fsprogs", "fdisk", "grub-pc-bin", "qemu-utils")

_LAYER_CODE = ("golden/layers/inside.py", "golden/bake/bootstrap.py", "golden/bake/epoch.py")
_DISK_CODE = ("golden/disk",)
_PACKER = ("source.null.pkr.hcl", "build.tree.pkr.hcl")


@functools.cache
def versions() -> Mapping[str, str]:
    """The versions of all tools by package; a tool that is not installed is not among them."""
    shown = run.run(
        ["dpkg-query", "--show", "--showformat=${Package} ${Version}\n", *_LAYERS, *_DISKS],
        check=False,
    )
    rows = (line.split() for line in shown.out.splitlines() if line.startswith((*_LAYERS, *_DISKS)))
    return {row[0]: row[1] for row in rows if len(row) == 2}


@functools.cache
def of_layers() -> Mapping[str, str]:
    """What the key of a layer holds of the tools."""
    hcl = [paths.PACKER / name for name in _PACKER]
    return {**_chosen(_LAYERS), "the bake's own code": _code([*map(_source, _LAYER_CODE), *hcl])}


@functools.cache
def of_disks() -> Mapping[str, str]:
    """What the key of a disk holds of the tools."""
    return {**_chosen(_DISKS), "the disk's own code": _code(map(_source, _DISK_CODE))}


def _chosen(names: tuple[str, ...]) -> dict[str, str]:
    return {name: versions().get(name, "not installed") for name in names}


def _source(name: str) -> Path:
    return paths.ROOT / name


def _code(sources: list[Path] | map[Path]) -> str:
    files = [
        file
        for source in sources
        for file in (sorted(source.rglob("*.py")) if source.is_dir() else [source])
    ]
    return digest(b"".join(file.name.encode() + b"\0" + file.read_bytes() for file in files))


@functools.cache
def git_revision() -> tuple[str, bool]:
    """The commit of the checkout, and whether files differ from it; ("", True) outside of git."""
    head = run.run(["git", "rev-parse", "HEAD"], cwd=paths.ROOT, check=False)
    if head.code != 0:
        return "", True
    changes = run.run(["git", "status", "--porcelain"], cwd=paths.ROOT, check=False)
    return head.out.strip(), bool(changes.out.strip())
