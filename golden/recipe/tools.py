"""The host's tools that influence the images, by version; and our own code, by hash."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from golden import paths, run
from golden.layers.model import digest

# Debian packages of the host. Layers: what unpacks and drives. Disks: what writes them.
_LAYERS = ("dpkg", "packer", "tar")
_DISKS = ("e2fsprogs", "fdisk", "grub-pc-bin")

_LAYER_CODE = (
    *("golden/layers/inside.py", "golden/bake/bootstrap.py", "golden/bake/epoch.py"),
    *("golden/layers/content.py", "golden/layers/overlay.py"),
    *("packer/source.null.pkr.hcl", "packer/build.tree.pkr.hcl"),
)
_DISK_CODE = ("golden/disk",)


@functools.cache
def versions() -> Mapping[str, str]:
    """The versions of all tools by package; a tool that is not installed is not among them."""
    argv = ["dpkg-query", "--show", "--showformat=${Package} ${Version}\n", *_LAYERS, *_DISKS]
    rows = map(str.split, run.run(argv, check=False, apart=True).out.splitlines())
    return {row[0]: row[1] for row in rows if len(row) == 2}


@functools.cache
def for_layers() -> Mapping[str, str]:
    """The tools' part of a layer's key."""
    return {**_chosen(_LAYERS), "the bake's own code": _code(_LAYER_CODE)}


@functools.cache
def for_disks() -> Mapping[str, str]:
    """The tools' part of a disk's key."""
    return {**_chosen(_DISKS), "the disk's own code": _code(_DISK_CODE)}


def _chosen(names: tuple[str, ...]) -> dict[str, str]:
    return {name: versions().get(name, "not installed") for name in names}


def _code(names: Sequence[str]) -> str:
    sources = [paths.ROOT / name for name in names]
    files = [
        file
        for source in sources
        for file in (sorted(source.rglob("*.py")) if source.is_dir() else [source])
    ]
    return digest(b"".join(file.name.encode() + b"\0" + file.read_bytes() for file in files))


class Revision(NamedTuple):
    """The commit of the checkout, and whether files differ from it; or `why` it has none."""

    commit: str
    dirty: bool
    why: str = ""

    def to_json(self) -> dict[str, str | bool]:
        """The record in a manifest."""
        record: dict[str, str | bool] = {"revision": self.commit, "dirty": self.dirty}
        return {**record, "why": self.why} if self.why else record


@functools.cache
def git_revision() -> Revision:
    """The revision of the checkout: never that of a repository around it, or of GIT_DIR."""
    if run.which("git") is None:
        return Revision("", True, "git is not installed")
    top = _git("rev-parse", "--show-toplevel")
    if top.code != 0:
        foreign = "dubious ownership" in top.err
        why = "git does not trust its owner" if foreign else "the checkout is no git repository"
        return Revision("", True, why)
    if Path(top.out.removesuffix("\n")).resolve() != paths.ROOT:
        return Revision("", True, "the checkout is part of another git repository")
    head = _git("rev-parse", "--verify", "HEAD")
    if head.code != 0:
        return Revision("", True, "the repository has no commit")
    return Revision(head.out.strip(), bool(_git("status", "--porcelain").out.strip()))


def _git(*words: str) -> run.Result:
    # What a hook or a user sets to point git elsewhere: git rev-parse --local-env-vars.
    names = ("DIR", "WORK_TREE", "INDEX_FILE", "COMMON_DIR", "OBJECT_DIRECTORY", "NAMESPACE")
    argv = ["env", *(f"--unset=GIT_{name}" for name in names), "git", *words]
    return run.run(argv, cwd=paths.ROOT, env={"LC_ALL": "C"}, check=False, apart=True)
