"""The argv prefix that runs a command inside a layer's tree: unshare(1), then `inside`."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from golden import run

INSIDE = Path(__file__).with_name("inside.py")

_NAMESPACES = ("--mount", "--pid", "--fork", "--kill-child")
# A tree being made sees neither the network nor the names of the host.
_HERMETIC = ("--net", "--uts", "--ipc")
# A normal user becomes root of a namespace with the ids that /etc/subuid grants (newuidmap).
_USER = ("--user", "--map-root-user", "--map-auto")


@dataclass(frozen=True)
class View:
    """A tree seen from inside: `lower` are the layers below, top first; `upper` takes writes.

    It appears at the folder `at`; `work` is overlayfs's scratch folder. With `chroot` the tree is
    the command's root, with `binds` as (folder of the host, place in the tree, below /run), and
    `shared` ones that it may write to, and `environment` is all of its environment; without it, a
    command sees the host with the environment of its caller, and the tree at `at`.
    `alive` and `busy` are the files whose locks the bake and the command hold (see `workspace`).
    """

    at: Path
    lower: tuple[Path, ...]
    alive: Path
    busy: Path
    upper: Path | None = None
    work: Path | None = None
    chroot: bool = False
    binds: tuple[tuple[Path, str], ...] = ()
    shared: tuple[tuple[Path, str], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    def prefix(self, name: str, *, machine: bool = False) -> list[str]:
        """The argv to put before a command; `name` distinguishes views of the same tree.

        With `machine` it is for root of another machine, which has the same folders.
        """
        self.at.mkdir(parents=True, exist_ok=True)
        spec = self.at.with_name(f"{self.at.name}.{name}.json")
        user = os.geteuid() != 0
        spec.write_text(json.dumps({**asdict(self), "user": user}, default=os.fspath))
        words = namespaces(self.chroot, user=user and not machine)
        python = "/usr/bin/python3" if machine else sys.executable
        return [*words, python, "-I", "-S", str(INSIDE), str(spec)]


def namespaces(hermetic: bool = False, user: bool | None = None) -> list[str]:
    """unshare(1) with the options that this user (or root of another machine, with `user` false)
    and this kind of work need."""
    user = os.geteuid() != 0 if user is None else user
    words = ["unshare", *(_USER if user else ()), *_NAMESPACES]
    return [*words, *(_HERMETIC if hermetic else ()), "--"]


def remove(paths: Sequence[Path]) -> None:
    """Delete trees, including files of ids that only a namespace may touch."""
    if paths:
        run.run([*namespaces(), "rm", "-rf", "--one-file-system", "--", *paths], stage="bake")


def size(tree: Path) -> int:
    """The bytes that a tree takes on disk, whoever owns its files."""
    argv = [*namespaces(), "du", "--summarize", "--block-size=1", "--one-file-system", str(tree)]
    return int(run.run(argv, stage="bake", apart=True).out.split()[0])
