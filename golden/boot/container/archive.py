"""Packed layers as an archive of `docker load` (moby, image/spec/v1.2.md), in pieces."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from golden import paths, run
from golden.layers import View, Workspace

BUFFER = 1 << 20


def pack_command(workspace: Workspace, name: str, tree: Path) -> list[str]:
    """The command, run in paths.ROOT, that packs the layer `tree` into the file named behind it."""
    at = workspace.scratch(f"{name}.image") / "root"
    view = View(at=at, lower=(tree,), alive=workspace.alive, busy=workspace.busy)
    program = [sys.executable, "-m", "golden.layers.layertar"]
    return [*view.prefix("pack"), *program, str(view.at)]


def packed(words: Sequence[str], archive: Path) -> str:
    """Have `words`, a pack_command, write `archive`; returns its hash, by which images name it."""
    run.run([*words, archive], cwd=paths.ROOT, stage="image")
    with archive.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()


def pieces(
    tag: str, facts: Mapping[str, Any], hashes: Sequence[str], archives: Sequence[Path]
) -> Iterator[bytes]:
    """An archive of the image `tag` with the layers `hashes`, lowest first. It holds `archives`,
    which are the upper ones; those below an engine must have. `facts` are more of its configuration
    ("config": how it runs). Equal arguments give equal bytes."""
    names = [f"{number}/layer.tar" for number in range(len(hashes))]
    rootfs = {"type": "layers", "diff_ids": [*hashes]}
    config = {"architecture": "amd64", "os": "linux", **facts, "rootfs": rootfs}
    listing = [{"Config": "config.json", "RepoTags": [tag], "Layers": names}]
    for name, content in (("config.json", config), ("manifest.json", listing)):
        data = json.dumps(content).encode()
        yield from _member(name, len(data), io.BytesIO(data))
    for name, archive in zip(names[-len(archives) :], archives, strict=True):
        with archive.open("rb") as file:
            yield from _member(name, archive.stat().st_size, file)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _member(name: str, size: int, file: io.BufferedIOBase) -> Iterator[bytes]:
    head = tarfile.TarInfo(name)
    head.size = size
    yield head.tobuf()
    while piece := file.read(BUFFER):
        yield piece
    yield bytes(-size % tarfile.BLOCKSIZE)
